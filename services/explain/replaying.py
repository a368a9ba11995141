"""Every decision again, from its record: on which of the subject's facts the same answer comes out. Pure.

The record of a decision holds its outcome, mask, activity and reasons, not which facts it knew. Those are found: a subject's facts
have one order, that of the log, and what a decision knew is what the log held of the subject until then, so the decisions on
one candidate belong to ever longer beginnings of that order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from consent.activities import Register
from consent.explain import explain
from consent.grounds import decided
from consent.known import Fact
from consent.policy import Case, Decision
from services.explain.answers import Answer, Evidence


@dataclass(frozen=True, slots=True)
class Recorded:
    """One decision on one candidate as it is kept; `number` is its place among all decisions."""

    number: int
    decided_at: datetime
    decision: Decision
    kind: str | None
    change: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands for one candidate now, and every decision that led there, oldest first."""

    decision: Decision
    in_view: bool
    history: Sequence[Recorded]


def position(origin: str) -> tuple[int, int]:
    """Return a log record's partition and offset from its coordinates.

    >>> position("ketenlog/3/17")
    (3, 17)
    """
    _, partition, offset = origin.rsplit("/", 2)
    return int(partition), int(offset)


def answer(register: Register, case: Case, facts: Sequence[Fact], standing: Standing) -> Answer:
    """Return the answer for one candidate with its history; `facts` are all of the subject, in the log's order."""
    recipient, purpose = standing.decision.recipient, standing.decision.purpose
    first = next((number for number, fact in enumerate(facts, start=1) if fact.ref == case.ref), len(facts) + 1)
    again = {
        known: decided(register, case, facts[:known], recipient, purpose) for known in range(first, len(facts) + 1)
    }
    history = []
    known = first
    for recorded in standing.history:
        at = next((k for k in range(known, len(facts) + 1) if again[k] == recorded.decision), None)
        known = known if at is None else at
        history.append(_evidence(register, case, facts, recorded, at))
    return Answer(
        recipient=recipient,
        purpose=purpose,
        in_view=standing.in_view,
        in_force=bool(history)
        and standing.decision == standing.history[-1].decision == again.get(len(facts), standing.decision),
        history=tuple(history),
    )


def _evidence(register: Register, case: Case, facts: Sequence[Fact], recorded: Recorded, at: int | None) -> Evidence:
    decision = recorded.decision
    return Evidence(
        number=recorded.number,
        decided_at=recorded.decided_at,
        outcome=decision.outcome,
        reasons=decision.reasons,
        mask=decision.mask_name,
        activity=decision.activity,
        kind=recorded.kind,
        change=recorded.change,
        replays=at is not None,
        known=at or 0,
        of=len(facts),
        explanation=None if at is None else explain(register, case, facts[:at], decision),
    )
