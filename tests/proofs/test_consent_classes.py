"""The compiled table: the same answers as `decide` on every row, and classes that hold every row once."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest

from consent.activities import Register, register
from consent.classes import Class, _states, classes, text
from consent.known import replay
from consent.narrowing import Narrowed, every
from consent.policy import Case, Fate, decide
from consent.precedence import Consent
from consent.proofs.examples import CASE, case_and, example
from consent.table import OTHER, Row, Table, compiled
from tests.consent_facts import given, quarantined, refused, the_register
from tests.unit.test_register_refused import RULES, activity

CHANGING = [
    activity(valid_to=date(2020, 1, 1)),
    activity(version=2, valid_from=date(2020, 1, 1), mask=["neutral", "quasi"]),
    activity(id="other", publishers=["kmar"], consent="required-or-safety", valid_from=date(2018, 1, 1)),
    activity(id="om", recipient="om", valid_to=date(2019, 1, 1)),
]


@cache
def the_table() -> Table:
    return compiled(the_register())


def changing(**rules: Any) -> Register:
    return register(CHANGING, RULES | rules)


def case_of(row: Row, day: date) -> Case:
    return Case(
        CASE, row.type, "unheard-of" if row.publisher == OTHER else row.publisher, day, row.situation.safety_recorded
    )


def agree(law: Register, rows: list[Row], day: Any = lambda row: row.start) -> None:
    """Every row is what `decide` says of facts that make its situation so."""
    table = compiled(law)
    known = {state: replay(example(state)) for state in {row.situation.consent for row in rows}}
    for row in rows:
        s, d = row.situation, row.decision
        case = case_of(row, day(row))
        decided = decide(law, case, known[s.consent] | case_and(s.fate, row.type))
        assert row.decision in decided, row
        assert table.decide(case, known[s.consent] | case_and(s.fate, row.type)) == decided
        key = (row.type, case.publisher_kind, case.day, d.recipient, d.purpose)
        assert table.look_up(*key, s.consent, s.safety_recorded, s.fate) == d


def test_decide_and_the_table_agree_on_every_row() -> None:
    agree(the_register(), list(the_table().rows()))


@pytest.mark.parametrize("off", [{}, {"withhold_superseded": False}, {"withhold_retracted": False}], ids=str)
def test_decide_and_the_table_agree_on_every_row_of_a_register_that_changes(off: dict[str, bool]) -> None:
    law = changing(**off)
    rows = list(compiled(law).rows())
    agree(law, rows)
    agree(law, rows, lambda row: row.end - timedelta(days=1) if row.end else date(2100, 1, 1))


def test_every_row_is_there_once_and_every_candidate_has_every_situation() -> None:
    rows = list(the_table().rows())
    keys = {(r.type, r.publisher, r.start, r.decision.recipient, r.decision.purpose, r.situation) for r in rows}
    assert len(keys) == len(rows)
    states: dict[tuple[Any, ...], set[Any]] = {}
    for r in rows:
        states.setdefault((r.type, r.publisher, r.start, r.decision.recipient, r.decision.purpose), set()).add(
            (r.situation.consent, r.situation.safety_recorded, r.situation.fate)
        )
    masks = {a.mask for a in the_register().activities if a.consent != "none"} | {("neutral",)}
    every_number = {len(set(every(mask))) * 2 * 3 for mask in masks}
    assert {len(found) for found in states.values()} == every_number
    assert {r.situation.consent for r in rows} >= set(Consent)


def test_where_no_consent_is_asked_no_class_is_left_out_for_want_of_it() -> None:
    for need, more in (("none", 0), ("required", 1), ("required-or-safety", 1)):
        law = register([activity(consent=need, mask=["neutral", "quasi"])], RULES)
        of_it = {row.situation.consent for row in compiled(law).rows() if row.decision.activity}
        of_none = {row.situation.consent for row in compiled(law).rows() if not row.decision.activity}
        assert (len(of_it), len(of_none)) == (len(Consent) + more, len(Consent))


def test_what_rests_on_a_legal_task_is_decided_alike_whatever_is_said_of_consent() -> None:
    law = register([activity(mask=["neutral", "quasi"])], RULES)
    case = Case(CASE, "aangifte-filed", "politie", date(2020, 1, 1), False)
    for said in ((), (given(), refused("of-one", field_class="quasi")), (refused(),), (quarantined("q"),)):
        [decision] = decide(law, case, replay(said))
        assert (decision.outcome, decision.mask, decision.reasons) == (
            "delivered",
            ("neutral", "quasi"),
            ("legal-task",),
        )
        assert compiled(law).decide(case, replay(said)) == (decision,)


def test_a_type_or_a_day_that_the_register_does_not_name_has_no_candidates() -> None:
    for name, day in (("no-such-type", date(2020, 1, 1)), ("victim-reported", date(2013, 12, 31))):
        assert the_table().decide(Case(CASE, name, "politie", day, False), replay([])) == ()
        assert (
            the_table().look_up(name, "politie", day, "comensha", "REGISTRATIE", Consent.GIVEN, False, "stands") is None
        )


def holds(one: Class, row: Row) -> bool:
    """Whether a row is in a class."""
    s, d = row.situation, row.decision
    publishers = the_table().kinds if OTHER in one.publishers else one.publishers
    return (
        (one.recipient, one.purpose, one.activity) == (d.recipient, d.purpose, d.activity)
        and row.type in one.types
        and row.publisher in publishers
        and (one.start <= row.start and (one.end is None or (row.end is not None and row.end <= one.end)))
        and s.fate in one.situations.fates
        and s.consent in one.situations.consents
        and s.safety_recorded in one.situations.safety
    )


def test_every_row_is_in_exactly_one_class_that_says_the_same() -> None:
    by_place: dict[tuple[str, str, str], list[Class]] = {}
    for one in classes(the_table()):
        by_place.setdefault((one.recipient, one.purpose, one.activity), []).append(one)
    for row in the_table().rows():
        d = row.decision
        [one] = [c for c in by_place[d.recipient, d.purpose, d.activity] if holds(c, row)]
        said = one.situations
        assert (said.outcome, said.mask) == (d.outcome, d.mask)
        assert d.reasons == (said.reason or row.situation.consent.value,)


def test_periods_under_the_same_activity_are_one_class_and_others_are_not() -> None:
    found = {
        (c.activity, c.start, c.end, c.publishers)
        for c in classes(compiled(changing()))
        if "aangifte-filed" in c.types and c.recipient == "ind"
    }
    assert found == {
        ("one/1", date(2014, 1, 1), date(2020, 1, 1), ("politie",)),
        ("one/2", date(2020, 1, 1), None, ("politie",)),
        ("other/1", date(2018, 1, 1), None, ("kmar",)),
        ("", date(2014, 1, 1), date(2018, 1, 1), ("kmar",)),
        ("", date(2014, 1, 1), None, (OTHER,)),
    }


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"consent": "none"}, "stands, any consent: delivered neutral, legal-task"),
        ({"consent": "required"}, "stands, any but consent or consent-quarantined: withheld, as consent stands"),
        ({"consent": "required-or-safety"}, "stands, any but consent, safety recorded: delivered neutral, safety"),
        ({"mask": ["neutral", "quasi"]}, "stands, any consent: delivered neutral+quasi, legal-task"),
        ({"publishers": ["kmar"]}, "    from kmar"),
        ({"types": ["seponeerd"], "publishers": ["om"]}, "    seponeerd"),
        ({"recalls": False}, "one/1, from 2014-01-01, inferred, not recalled when it ends to stand"),
        (
            {"consent": "required"},
            "one/1, from 2014-01-01, inferred, recalled when it ends to stand, and when a period of consent ends",
        ),
        (
            {"consent": "required", "expiry_recalls": False},
            "one/1, from 2014-01-01, inferred, recalled when it ends to stand, but not when a period of consent ends",
        ),
        (
            {"valid_to": date(2021, 1, 1)},
            "one/1, from 2014-01-01 until 2021-01-01, inferred, recalled when it ends to stand",
        ),
    ],
    ids=str,
)
def test_a_change_of_law_is_a_line_that_says_it(changed: dict[str, Any], line: str) -> None:
    law = register([activity(**changed)], RULES)
    assert f"{line}\n" in text(law, classes(compiled(law)))


def test_what_holds_of_different_publishers_in_one_period_stands_under_one_heading() -> None:
    ends, begins = {"valid_to": date(2020, 1, 1)}, {"valid_from": date(2020, 1, 1), "version": 2}
    moved = {"id": "moved", "types": ["placement-moved"]}
    first = activity(publishers=["politie"], **ends), activity(**moved, publishers=["opvang"], **ends)
    wider = activity(publishers=["politie", "kmar"], **begins)
    wider_moved = activity(**moved, publishers=["opvang", "zorgcoordinator"], **begins)
    law = register([*first, wider, wider_moved], RULES)
    said = text(law, classes(compiled(law)))
    assert said.count("No activity, from 2014-01-01 until 2020-01-01\n") == 1


def test_article_and_source_stand_with_every_activity() -> None:
    said = text(the_register(), classes(the_table()))
    for a in the_register().activities:
        assert f"  article: {' '.join(a.article.split())}\n  source: {' '.join(a.source.split())}\n" in said


def test_what_no_longer_withholds_is_seen_in_the_text() -> None:
    law = register([activity()], RULES | {"withhold_superseded": False})
    said = text(law, classes(compiled(law)))
    assert "stands or superseded, any consent: delivered neutral, legal-task\n" in said
    assert "retracted, any consent: withheld, retracted\n" in said


def test_an_empty_register_shares_nothing() -> None:
    assert list(compiled(register([], RULES)).rows()) == []


FATES: tuple[Fate, ...] = ("stands", "superseded", "retracted")


@pytest.mark.parametrize("fate", FATES)
def test_the_example_of_each_fate_is_one(fate: Fate) -> None:
    from consent.policy import fate_of

    assert fate_of(CASE, case_and(fate, "seponeerd")) == fate


def test_what_is_left_out_is_named() -> None:
    partly = Narrowed(frozenset({"special", "quasi"}))
    assert _states((partly,)) == "consent but for quasi+special"
    assert _states((*tuple(Consent)[1:], partly)) == "any but consent, and consent but for quasi+special"


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "consent"),
        (2, "consent or consent-quarantined"),
        (5, "consent or consent-quarantined or consent-conflict or consent-refused or consent-withdrawn"),
        (
            6,
            "consent or consent-quarantined or consent-conflict or consent-refused or consent-withdrawn or consent-expired",
        ),
        (7, "any but not-explicit or no-authority or consent-unobtainable or no-consent"),
        (8, "any but no-authority or consent-unobtainable or no-consent"),
        (10, "any but no-consent"),
    ],
)
def test_states_are_named_or_most_of_them_by_what_is_missing(count: int, said: str) -> None:
    assert _states(tuple(Consent)[:count]) == said
