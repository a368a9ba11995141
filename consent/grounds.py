"""Which facts an answer rests on: as few as give the same answer again."""

from __future__ import annotations

from collections.abc import Iterable

from consent.activities import Register
from consent.known import Fact, replay
from consent.policy import Case, Decision, decide
from ketenbus.contract import contract
from ketenbus.events import EmergencyAccessReviewed, EmergencyAccessUsed

#: The types that a decision on another event can rest on.
_BEARING = frozenset(
    name for name, declared in contract().types.items() if declared.group in {"consent", "correction", "bus"}
) | {EmergencyAccessUsed.TYPE, EmergencyAccessReviewed.TYPE}


def decided(register: Register, case: Case, facts: Iterable[Fact], recipient: str, purpose: str) -> Decision | None:
    """Return the decision on one candidate, or None where no activity in force names it."""
    found = decide(register, case, replay(facts))
    return next((d for d in found if (d.recipient, d.purpose) == (recipient, purpose)), None)


def rests_on(register: Register, case: Case, facts: Iterable[Fact], decision: Decision) -> tuple[Fact, ...]:
    """Return the facts a decision rests on, by time: leave any of them out and the answer is another.

    Law: these facts alone give the same decision.
    """
    kept = sorted(facts, key=lambda fact: (fact.time, fact.ref))
    likely = [fact for fact in kept if case.type == fact.event.TYPE or fact.event.TYPE in _BEARING]
    if decided(register, case, likely, decision.recipient, decision.purpose) == decision:
        kept = likely  # most facts of a long history bear on nothing: leave them out at once
    before = len(kept) + 1
    while len(kept) < before:  # a fact may be needed only as long as another is there
        before = len(kept)
        for fact in tuple(kept):
            without = [other for other in kept if other is not fact]
            if decided(register, case, without, decision.recipient, decision.purpose) == decision:
                kept = without
    return tuple(kept)
