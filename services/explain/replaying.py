"""Every decision again, from its record: on which of the subject's facts the same answer comes out. Pure.

The record of a decision names the register it was taken under and the last record of the log that was known of the subject: what it
knew is all that the log holds of the subject up to there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from consent.activities import Register
from consent.explain import explain
from consent.grounds import decided
from consent.known import Fact
from consent.policy import Case, Decision
from services.explain.answers import Answer, Evidence
from streams.runtime.records import position


@dataclass(frozen=True, slots=True)
class Recorded:
    """One decision on one candidate as it is kept.

    `number` is its place among all decisions, `known_to` the coordinates of the last record that was known of its subject, and
    `register` the fingerprint of the law it was taken under.
    """

    number: int
    decided_at: datetime
    decision: Decision
    kind: str | None
    change: int
    known_to: str
    register: str


@dataclass(frozen=True, slots=True)
class Logged:
    """A fact of the subject, and its partition and offset in the log."""

    place: tuple[int, int]
    fact: Fact


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands for one candidate now, and every decision that led there, oldest first."""

    decision: Decision
    in_view: bool
    history: Sequence[Recorded]


def answer(
    registers: Mapping[str, Register], in_force: str, case: Case, facts: Sequence[Logged], standing: Standing
) -> Answer:
    """Return the answer for one candidate with its history.

    `facts` are all of the subject, in the log's order, `registers` those that are known, by fingerprint, and `in_force` the
    fingerprint of the one that now holds.
    """
    decision = standing.decision
    known = [one.fact for one in facts]
    history = tuple(_evidence(registers.get(one.register), case, facts, one) for one in standing.history)
    now = decided(registers[in_force], case, known, decision.recipient, decision.purpose)
    return Answer(
        recipient=decision.recipient,
        purpose=decision.purpose,
        in_view=standing.in_view,
        in_force=bool(history) and decision == standing.history[-1].decision == now,
        history=history,
    )


def _evidence(register: Register | None, case: Case, facts: Sequence[Logged], recorded: Recorded) -> Evidence:
    decision = recorded.decision
    upto = position(recorded.known_to)
    known = [one.fact for one in facts if one.place <= upto]
    replays = (
        register is not None
        and any(fact.ref == case.ref for fact in known)
        and decided(register, case, known, decision.recipient, decision.purpose) == decision
    )
    return Evidence(
        number=recorded.number,
        decided_at=recorded.decided_at,
        outcome=decision.outcome,
        reasons=decision.reasons,
        mask=decision.mask_name,
        activity=decision.activity,
        kind=recorded.kind,
        change=recorded.change,
        known_to=recorded.known_to,
        register=recorded.register,
        replays=replays,
        known=len(known),
        of=len(facts),
        explanation=explain(register, case, known, decision) if replays and register is not None else None,
    )
