"""Cedar says what we say; and where one of the two is changed, they are seen to differ."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from consent import precedence
from consent.activities import register
from consent.classes import classes
from consent.known import replay
from consent.precedence import Consent, consent
from consent.proofs import cedar
from consent.proofs.agreement import Agreement, compared, raw
from consent.proofs.cedar import Cedar
from consent.proofs.cedar_facts import taught
from consent.proofs.enumeration import disagreements
from consent.proofs.histories import histories
from consent.table import compiled
from services.policy.law import raw_law
from tests.consent_facts import NOON, appointed, ended, given, reported, retracted, the_register, withdrawn


def agreement(count: int = 150, most_words: int = 1, **rules: Any) -> Agreement:
    law, table = raw_law(), compiled(the_register())
    theirs = Cedar(law.activities, law.rules | rules)
    return compared(the_register(), table, classes(table), theirs, count, most_words=most_words)


def test_cedar_and_the_engine_agree_and_both_are_asked() -> None:
    found = agreement()
    assert found.differences == ()
    assert min(found.classes, found.words, found.histories) > 40


def test_they_agree_on_masks_that_are_made_general_and_narrowed() -> None:
    law = raw_law()
    rows = [
        row | {"mask": [f"{c}-generalised" if c in {"neutral", "quasi"} else c for c in row["mask"]]}
        for row in law.activities
        if row["id"] != "monitoring-registratie"
    ]
    made = register(rows, law.rules)
    table = compiled(made)
    found = compared(made, table, classes(table), Cedar(rows, law.rules), 150, most_words=0)
    assert found.differences == ()
    masks = {row.decision.mask for row in table.rows()}
    assert {("neutral-generalised", "quasi-generalised"), ("neutral-generalised", "special")} <= masks


def test_decide_and_the_table_agree_and_where_not_it_is_told() -> None:
    table = compiled(the_register())
    assert list(disagreements(the_register(), table)) == []
    cell = table.cells["victim-reported", "kmar", 1][0]
    key = next(iter(cell.rulings))
    cell.rulings[key] = cell.rulings[(*key[:2], "retracted")]  # type: ignore[index]
    assert list(disagreements(the_register(), table))


def test_a_rule_of_the_register_that_only_one_of_them_keeps_is_seen() -> None:
    assert agreement(1, withhold_superseded=False).differences
    assert agreement(1, withhold_retracted=False).differences


@pytest.mark.parametrize(
    ("field", "value"), [("consent", "none"), ("mask", ["neutral"]), ("publishers", ["ind"]), ("types", ["seponeerd"])]
)
def test_an_activity_that_cedar_reads_otherwise_is_seen(field: str, value: Any) -> None:
    law, table = raw_law(), compiled(the_register())
    [row] = [r for r in law.activities if r["id"] == "registratie-toestemming"]
    row[field] = value
    theirs = Cedar(law.activities, law.rules)
    differences = compared(the_register(), table, classes(table), theirs, 1, most_words=0).differences
    assert differences
    assert "comensha for REGISTRATIE" in str(differences[0])


def test_a_need_of_consent_that_the_translation_does_not_know_is_refused() -> None:
    law = raw_law()
    with pytest.raises(KeyError, match="maybe"):
        Cedar([law.activities[0] | {"consent": "maybe"}], law.rules)


def test_a_policy_that_cedar_cannot_judge_is_an_error_and_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cedar._CONDITIONS, "legal-task", "context.no_such_thing")
    with pytest.raises(ValueError, match="could not judge"):
        agreement(1)


def test_random_histories_are_the_same_for_the_same_seed_and_name_one_event_by_an_id() -> None:
    assert list(histories(20, 1)) == list(histories(20, 1)) != list(histories(20, 2))
    assert all(len({f.ref for f in facts}) == len(facts) for facts in histories(50, 3))


def test_what_is_said_of_chains_as_sets_is_what_the_raw_facts_say() -> None:
    a, b = reported("a"), reported("b", time=NOON.replace(hour=13), corrects="a")
    known = taught(map(raw, [a, b, given("g"), withdrawn("g")]))
    [superseded] = known.superseded
    assert superseded.endswith("/a")
    assert [w.grants for w in known.words] == [True]
    assert len(known.withdrawals) == 1
    assert not taught(map(raw, [a, b, retracted("b")])).superseded


def test_both_judge_an_office_and_a_minority_by_the_dutch_day_and_where_one_does_not_it_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every half hour around the first and the last midnight of an office, and around a day as a minor and one as an adult."""
    law, place = raw_law(), ("comensha", "REGISTRATIE")
    voogd: dict[str, Any] = {"given_by": "GUARDIAN", "giver": "voogd-1", "age_group": "MINOR"}
    office = [appointed("g", "voogd-1", 0), ended("g", 4), reported(age_group="MINOR", reported_on=NOON.date())]
    halves = [NOON + timedelta(minutes=30 * n) for n in range(-24, 9 * 24)]
    mother: dict[str, Any] = {"given_by": "PARENT", "giver": "mother", "age_group": "MINOR"}
    grown = reported("grown", age_group="ADULT", reported_on=NOON.date())
    told = [[*office, given(when=at, **who)] for at in halves for who in (voogd, {})]
    told += [[grown, given(when=at, **mother)] for at in halves]
    theirs = Cedar(law.activities, law.rules).gives(
        [(taught(map(raw, facts)), place, ("signal", "")) for facts in told]
    )
    assert [consent(replay(facts), *place) is Consent.GIVEN for facts in told] == theirs
    assert True in theirs and False in theirs
    monkeypatch.setattr(precedence, "day_of", lambda at: at.date())
    assert [consent(replay(facts), *place) is Consent.GIVEN for facts in told] != theirs
