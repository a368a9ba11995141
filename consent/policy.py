"""Who may get what, on which ground: one candidate judged against the register and what is known.

It takes no clock: only facts change an answer (architecture, section 6).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from consent.activities import Activity, Register
from consent.chains import retracted, superseded
from consent.known import Known, Ref
from consent.precedence import Consent, consent

Outcome = Literal["delivered", "withheld", "pending"]


@dataclass(frozen=True, slots=True)
class Case:
    """The event to judge, as far as a decision may look: never anything sealed."""

    ref: Ref
    type: str
    publisher_kind: str
    day: date
    safety_recorded: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """The judgement of one candidate: outcome, the mask's classes, the activity and the reasons."""

    recipient: str
    purpose: str
    outcome: Outcome
    mask: tuple[str, ...]
    activity: str
    reasons: tuple[str, ...]

    @property
    def mask_name(self) -> str:
        """The classes that travel, as one word: `neutral+quasi`; empty when nothing travels."""
        return "+".join(self.mask)


def decide(register: Register, case: Case, known: Known) -> tuple[Decision, ...]:
    """Return a decision for every candidate of the event, in order of recipient and purpose."""
    gone = _gone(register, case, known)
    return tuple(
        _judge(register, case, known, recipient, purpose, gone)
        for recipient, purpose in register.candidates(case.type, case.day)
    )


def _gone(register: Register, case: Case, known: Known) -> str | None:
    if register.rules.withhold_retracted and case.ref in retracted(known):
        return "retracted"
    if register.rules.withhold_superseded and case.ref in superseded(known):
        return "superseded"
    return None


def _judge(register: Register, case: Case, known: Known, recipient: str, purpose: str, gone: str | None) -> Decision:
    activity = register.activity(case.type, case.publisher_kind, recipient, purpose, case.day)
    if activity is None:
        return Decision(recipient, purpose, "withheld", (), "", ("no-activity",))
    if gone is not None:
        return Decision(recipient, purpose, "withheld", (), activity.ref, (gone,))
    outcome, reason = _ground(activity, case, known)
    mask = activity.mask if outcome == "delivered" else ()
    return Decision(recipient, purpose, outcome, mask, activity.ref, (reason,))


def _ground(activity: Activity, case: Case, known: Known) -> tuple[Outcome, str]:
    if activity.consent == "none":
        return "delivered", "legal-task"
    state = consent(known, activity.recipient, activity.purpose)
    if state is Consent.GIVEN:
        return "delivered", state.value
    if activity.consent == "required-or-safety" and case.safety_recorded:
        return "delivered", "safety"
    return ("pending" if state is Consent.QUARANTINED else "withheld"), state.value
