"""Each rule of precedence broken in turn: Cedar is seen to say something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

import consent.precedence as engine
from consent import emergency, narrowing
from consent.emergency import Looked
from consent.known import Known
from consent.proofs.agreement import openings, part_somewhere
from consent.proofs.cedar import Cedar
from services.policy.law import raw_law
from tests.consent_facts import the_register


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    """What the engine keeps of a person was found by its rules: with others it is found again."""
    kept = (engine.spoken, narrowing.stands, emergency.first_opened)
    for found in kept:
        found.forget()
    yield
    for found in kept:
        found.forget()


FAULTS: dict[str, Callable[..., Any]] = {
    "_is_later": lambda grant, refusal: True,
    "_specificity": lambda said: (said.scope.purpose is not None, said.scope.recipient is not None),
    "has_authority": lambda said: True,
    "_is_about": lambda said, recipient, *rest: said.scope.recipient in (None, recipient),
    "chain_of": lambda known: lambda node: node,
    "superseded": lambda known: frozenset(),
    "retracted": lambda known: frozenset(),
    "_out_of_office": lambda known, gone: frozenset(),
    "_of_another_age": lambda known, gone: frozenset(),
    "_ended": lambda known, gone, said: {},
    "_by_giver": lambda said: {s.giver: [t for t in said if t.giver == s.giver] for s in said},
}


def counting_the_officer(known: Known) -> Iterator[Looked]:
    for use in known.uses:
        of = [r for r in known.reviews if r.target == use.ref]
        yield Looked(use, frozenset(r.reviewer for r in of), frozenset(r.reviewer for r in of if not r.justified))


#: What of emergency access is broken, and how.
EMERGENCY: dict[str, Any] = {"REVIEWERS": 1, "standing": counting_the_officer} | {
    name: FAULTS[name] for name in ("chain_of", "superseded")
}


@pytest.mark.parametrize(("name", "fault"), [*EMERGENCY.items(), ("REVIEWERS", 3)])
def test_a_fault_in_emergency_access_is_seen(name: str, fault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emergency, name, fault)
    law = raw_law()
    assert any(openings(Cedar(law.activities, law.rules)))


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_a_rule_of_precedence_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, name, FAULTS[name])
    law = raw_law()
    cedar = Cedar(law.activities, law.rules)
    assert part_somewhere(the_register(), cedar, 4000, most_words=2 if name == "_specificity" else 1)


@pytest.mark.parametrize("forgotten", ["minors", "adults", "begun", "expired"])
def test_a_kind_of_fact_that_is_not_heard_is_seen(forgotten: str, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = engine.heard

    def deaf(known: Known, *scope: str) -> engine.Heard:
        return heard(replace(known, **{forgotten: frozenset()}), *scope)

    monkeypatch.setattr(engine, "heard", deaf)
    law = raw_law()
    cedar = Cedar(law.activities, law.rules)
    assert part_somewhere(the_register(), cedar, 4000, most_words=1)
