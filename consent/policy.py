"""Who may get what, on which ground: one candidate judged against the register and what is known.

It takes no clock: only facts change an answer (architecture, section 6).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from consent.activities import Activity, Register, Rules
from consent.chains import retracted, superseded
from consent.emergency import opens
from consent.known import Known, Ref
from consent.narrowing import Narrowed, Stands, stands
from consent.precedence import Consent
from ketenbus.contract import contract

Outcome = Literal["delivered", "withheld", "pending"]
#: Whether an event stands in its chain of corrections, or what ended it.
Fate = Literal["stands", "superseded", "retracted"]


@dataclass(frozen=True, slots=True)
class Case:
    """The event to judge, as far as a decision may look: never anything sealed.

    `safety_recorded` is the event's own word that an officer recorded a safety ground.
    """

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


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a ruling looks at beside its activity: finite, so that every ruling can be enumerated."""

    consent: Stands
    safety_recorded: bool
    fate: Fate


def decide(register: Register, case: Case, known: Known) -> tuple[Decision, ...]:
    """Return a decision for every candidate of the event, in order of recipient and purpose."""
    fate, safety = fate_of(case.ref, known), is_safety_recorded(case, known)
    decisions = []
    for recipient, purpose in register.candidates(case.type, case.day):
        activity = register.activity(case.type, case.publisher_kind, recipient, purpose, case.day)
        state = how_consent_stands(activity, case.type, known)
        situation = Situation(state, safety, fate)
        decisions.append(ruling(register.rules, activity, recipient, purpose, situation))
    return tuple(decisions)


def is_safety_recorded(case: Case, known: Known) -> bool:
    """Return whether an officer recorded a safety ground: in the event itself, or by a use of emergency access that opens it."""
    return case.safety_recorded or opens(known, case.day)


def fate_of(ref: Ref, known: Known) -> Fate:
    """Return whether an event stands."""
    if ref in retracted(known):
        return "retracted"
    return "superseded" if ref in superseded(known) else "stands"


def how_consent_stands(activity: Activity | None, event_type: str, known: Known) -> Stands:
    """Return how consent stands for what an activity shares of an event of that type; `NONE` where it asks none."""
    if activity is None or activity.consent == "none":
        return Consent.NONE
    return stands(known, activity.recipient, activity.purpose, activity.mask, contract().types[event_type].group)


def asks(activity: Activity | None) -> bool:
    """Return whether a ruling under this activity can differ by how consent stands."""
    return activity is not None and activity.consent != "none"


def ruling(rules: Rules, activity: Activity | None, recipient: str, purpose: str, situation: Situation) -> Decision:
    """Return what holds of one candidate in one situation; without an activity the default is no."""
    if activity is None:
        return Decision(recipient, purpose, "withheld", (), "", ("no-activity",))
    if situation.fate in _withheld_fates(rules):
        return Decision(recipient, purpose, "withheld", (), activity.ref, (situation.fate,))
    outcome, reason = _ground(activity, situation)
    mask: tuple[str, ...] = activity.mask if outcome == "delivered" else ()
    if reason == Narrowed.value and isinstance(situation.consent, Narrowed):
        mask = situation.consent.of(mask)
    return Decision(recipient, purpose, outcome, mask, activity.ref, (reason,))


def _withheld_fates(rules: Rules) -> tuple[Fate, ...]:
    retracts: tuple[Fate, ...] = ("retracted",) if rules.withhold_retracted else ()
    return (*retracts, "superseded") if rules.withhold_superseded else retracts


def _ground(activity: Activity, situation: Situation) -> tuple[Outcome, str]:
    if activity.consent == "none":
        return "delivered", "legal-task"
    if situation.consent is Consent.GIVEN:
        return "delivered", situation.consent.value
    if activity.consent == "required-or-safety" and situation.safety_recorded:
        return "delivered", "safety"  # whatever is refused: else a refusal of all would open more than one of a class
    if isinstance(situation.consent, Narrowed):
        return "delivered", situation.consent.value
    return ("pending" if situation.consent is Consent.QUARANTINED else "withheld"), situation.consent.value
