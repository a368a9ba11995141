"""Each rule of the register changed in turn: what sees it, and that one that nothing sees is told."""

from __future__ import annotations

from typing import Any

import pytest
import typer

from consent.activities import Activity, Register, Rules, register
from consent.proofs import linking
from consent.proofs.claims import Known
from consent.proofs.words import enumerated
from ketenbus.contract import contract
from services.cli import policy
from services.policy import mutating
from services.policy.mutating import GOLDEN, Caught, catch, mutants
from tests.consent_facts import the_register
from tests.registers import lawless

KNOWN = Known(contract().types, enumerated(2).steps.keys(), linking.steps(1).keys())
EVERY = {m.name: m for m in mutants(the_register())}


def caught(*names: str) -> list[Caught]:
    return list(catch(the_register(), KNOWN, [EVERY[name] for name in names]))


@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("registratie-toestemming/1 consent required -> none", "registration-others"),
        ("registratie-toestemming/1 consent required -> required-or-safety", "safety-placement-only"),
        ("registratie-opsporing/1 deleted", "3.5 row 6"),
        ("registratie-opsporing/1 publishers - kmar", "3.5 row 6"),
        ("plaatsing-opvang/1 consent required-or-safety -> none", "3.5 row 5"),
        ("plaatsing-opvang/1 purpose OPSPORING", "care-to-authorities"),
        ("uitvoering-aangifte/1 types + signal-raised", "signals"),
        ("monitoring-tellingen/1 types + victim-reported", "monitoring-persons"),
        ("uitvoering-aangifte/1 mask + narrative", "story-stays"),
        ("rule withhold_superseded: False", "gone-never-delivered"),
        ("rule withhold_retracted: False", "gone-never-delivered"),
    ],
)
def test_a_weaker_rule_is_seen_by_more_than_the_written_table(name: str, by: str) -> None:
    [found] = caught(name)
    assert by in found.by
    assert GOLDEN in found.by
    assert found.beside_the_table


def test_a_change_that_no_prohibition_speaks_of_is_seen_by_the_written_table() -> None:
    [found] = caught("hulp-verblijf/1 recalls False")
    assert (found.by, found.beside_the_table, found.idle) == ((GOLDEN,), False, False)


def test_a_change_that_no_event_can_meet_is_told_as_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    def unchecked(rows: list[Any], rules: Any) -> Register:
        return lawless(map(Activity.model_validate, rows), Rules.model_validate(rules))

    monkeypatch.setattr(mutating, "register", unchecked)
    [found] = caught("hulp-verblijf/1 publishers + om")
    assert (found.by, found.idle) == ((GOLDEN,), True)


def test_a_register_that_is_refused_is_seen() -> None:
    [found] = caught("registratie-opsporing/1 publishers + gemeente")
    assert found.by == ("refused by the register",)


def test_every_rule_of_every_activity_is_changed() -> None:
    for activity in the_register().activities:
        whats = {name.removeprefix(f"{activity.ref} ") for name in EVERY if name.startswith(f"{activity.ref} ")}
        kinds = {what.split(" ")[0] for what in whats}
        assert kinds >= {"deleted", "consent", "mask", "publishers", "types", "recipient", "purpose", "in", "recalls"}
    assert {n for n in EVERY if n.startswith("rule")} == {
        "rule withhold_superseded: False",
        "rule withhold_retracted: False",
    }


def test_a_mutant_that_nothing_sees_survives_and_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mutating, "_text", lambda law: "")
    monkeypatch.setattr(policy, "mutants", lambda law: [EVERY["hulp-verblijf/1 recalls False"]])
    with pytest.raises(typer.Exit) as ended:
        policy.mutate_register(only="hulp-verblijf")
    told = capsys.readouterr().out
    assert ended.value.exit_code == 1
    assert "SURVIVES  hulp-verblijf/1 recalls False: \n" in told


def test_the_command_shows_each_mutant_with_what_sees_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ["hulp-verblijf/1 consent required -> required-or-safety", "plaatsing-opvang/1 deleted"]
    monkeypatch.setattr(policy, "mutants", lambda law: [EVERY[name] for name in few])
    with pytest.raises(typer.Exit) as ended:
        policy.mutate_register(only="hulp-verblijf")
    told = capsys.readouterr().out
    assert ended.value.exit_code == 0
    assert "seen      hulp-verblijf/1 consent required -> required-or-safety: safety-placement-" in told
    assert "mutants 1: seen by more than the written table 1" in told
    assert told.splitlines()[-1].endswith("surviving 0")


def test_changing_nothing_is_caught_by_nothing() -> None:
    law: Any = the_register()
    same = mutating.Mutant(
        "same", tuple(a.model_dump() for a in law.activities), law.rules.model_dump(), frozenset(law.views())
    )
    [found] = catch(register([a.model_dump() for a in law.activities], law.rules.model_dump()), KNOWN, [same])
    assert found.by == ()
