"""What had happened by an instant, and what was known at one: the two ways to ask how things stood then. Pure.

*As of* an instant asks for the world: only what had happened by then, by all that is known now, also what came in late.
*As known at* an instant asks for the bus: only what was admitted by then. Both only choose among facts, so what they give
is judged as any set of facts is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from consent.days import span
from consent.known import Fact, Ref
from consent.policy import Case

#: What opens something counts from when it had surely happened.
OPENS = frozenset({"consent-given", "consent-begun", "emergency-access-used"})
#: What closes something counts from when it may have happened.
CLOSES = frozenset(
    {"consent-refused", "consent-withdrawn", "consent-expired", "consent-unobtainable", "emergency-access-reviewed"}
)
#: The name of no event, so that no correction or retraction is about it.
_NOBODYS = Ref("", "")


@dataclass(frozen=True, slots=True)
class Admitted:
    """A fact, and when the bus admitted it."""

    fact: Fact
    at: datetime


def as_of(facts: Iterable[Fact], instant: datetime) -> tuple[Fact, ...]:
    """Return the facts that say how things stood at an instant, in their order.

    What is not known counts against sharing: a refusal or a withdrawal that may have been said by then counts, at an
    unknown time always; a grant counts only once it was surely said, at an unknown time from when its source recorded
    it. What speaks of no moment of its own, but of another event, an age, an office or an unreadable record, counts
    whenever it was said: it tells now how that was then.

    Law: a grant, refusal or withdrawal that was surely said after the instant changes nothing; a later instant loses no fact.
    """
    return tuple(fact for fact in facts if _had_happened(fact, instant))


def as_known_at(facts: Iterable[Admitted], instant: datetime) -> tuple[Fact, ...]:
    """Return the facts that the bus had admitted at an instant, in their order.

    Law: at the end of time these are all facts; what is admitted later changes nothing.
    """
    return tuple(one.fact for one in facts if one.at <= instant)


def standing(case: Case) -> Case:
    """Return the case as long as nothing ended the event itself: for asking whether consent and law let it through.

    Who delivered an event that was corrected or taken back afterwards delivered what was said then (our reading).
    """
    return replace(case, ref=_NOBODYS)


def _had_happened(fact: Fact, instant: datetime) -> bool:
    event = fact.event
    if event.TYPE not in OPENS | CLOSES:
        return True
    earliest, latest = span(getattr(event, "occurred_at", None), getattr(event, "occurred_precision", "UNKNOWN"))
    if earliest is not None and earliest > instant:
        return False
    return event.TYPE in CLOSES or min(latest or fact.time, fact.time) <= instant
