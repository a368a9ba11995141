"""What is known of one subject: sets that only grow, merged by union, in any order, any number of times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import partial
from operator import attrgetter

from consent.days import span
from consent.periods import waits
from ketenbus.events import (
    ConsentBegun,
    ConsentExpired,
    ConsentGiven,
    ConsentRefused,
    ConsentUnobtainable,
    ConsentWithdrawn,
    EmergencyAccessReviewed,
    EmergencyAccessUsed,
    EventRetracted,
    FactQuarantined,
    GuardianAppointed,
    GuardianEnded,
    PlacementMoved,
    VictimReported,
)
from ketenbus.values import Event


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """An event's name within a subject: its publisher and its id."""

    oin: str
    id: str


@dataclass(frozen=True, slots=True)
class Fact:
    """An admitted event of one subject, with what its envelope says."""

    ref: Ref
    time: datetime
    event: Event


@dataclass(frozen=True, slots=True)
class Scope:
    """What a word is about; None is all of it. An organisation is one of its recipient."""

    recipient: str | None
    organisation: str | None
    purpose: str | None
    field_class: str | None
    phase: str | None


@dataclass(frozen=True, slots=True)
class Said:
    """One consent fact: a grant or a refusal; a grant that `waits` counts only once its period has begun."""

    ref: Ref
    grants: bool
    scope: Scope
    giver: tuple[str, str | None]
    age_group: str
    earliest: datetime | None
    latest: datetime | None
    counts: bool
    waits: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """One event's word about another: that it is withdrawn or taken back, or that its period began or ended."""

    ref: Ref
    target: Ref


@dataclass(frozen=True, slots=True)
class Unobtainable:
    """Consent could not be asked, for this scope."""

    ref: Ref
    purpose: str | None
    recipient: str | None


@dataclass(frozen=True, slots=True)
class Guardian:
    """Someone holds office as a guardian from a day on."""

    ref: Ref
    guardian: str
    appointed_on: date


@dataclass(frozen=True, slots=True)
class GuardianEnd:
    """A guardianship ends on a day."""

    ref: Ref
    target: Ref
    ended_on: date


@dataclass(frozen=True, slots=True)
class Aged:
    """One event's word that the person was a minor, or an adult, on a day."""

    ref: Ref
    day: date


@dataclass(frozen=True, slots=True)
class Use:
    """One officer opened the placement data on a recorded ground, from a day on."""

    ref: Ref
    officer: str
    used_on: date


@dataclass(frozen=True, slots=True)
class Review:
    """One reviewer's finding on a use of emergency access."""

    ref: Ref
    target: Ref
    reviewer: str
    justified: bool


@dataclass(frozen=True, slots=True)
class Corrected:
    """One event's place in a chain of corrections."""

    type: str
    ref: Ref
    time: datetime
    corrects: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """What one subject's facts teach about consent, age, emergency access, corrections and retractions."""

    said: frozenset[Said] = frozenset()
    withdrawals: frozenset[Ended] = frozenset()
    begun: frozenset[Ended] = frozenset()
    expired: frozenset[Ended] = frozenset()
    unobtainable: frozenset[Unobtainable] = frozenset()
    guardians: frozenset[Guardian] = frozenset()
    guardians_ended: frozenset[GuardianEnd] = frozenset()
    minors: frozenset[Aged] = frozenset()
    adults: frozenset[Aged] = frozenset()
    uses: frozenset[Use] = frozenset()
    reviews: frozenset[Review] = frozenset()
    chain: frozenset[Corrected] = frozenset()
    retractions: frozenset[Ended] = frozenset()
    quarantined: frozenset[Ref] = frozenset()
    admitted: frozenset[Ref] = frozenset()

    def __or__(self, other: Known) -> Known:
        return merged((self, other))


_KINDS = tuple(attrgetter(kind.name) for kind in fields(Known))


def merged(several: Sequence[Known]) -> Known:
    """Return what all of these teach together.

    All at once: merged two at a time, each of a subject's thousands of facts would copy all those before it.
    """
    return Known(*(frozenset().union(*map(kind, several)) for kind in _KINDS))


def learn(fact: Fact) -> Known:
    """Return what one fact teaches."""
    event = fact.event
    in_chain = Corrected(event.TYPE, fact.ref, fact.time, getattr(event, "corrects", None))
    known = partial(Known, chain=frozenset({in_chain}))
    # Only such a fact can be the repair of one: else a link under the same id would end the wait for a refusal.
    repairs = partial(known, admitted=frozenset({fact.ref}))
    match event:
        case ConsentGiven():
            return repairs(said=frozenset({_granted(fact.ref, event)}))
        case ConsentRefused():
            return repairs(said=frozenset({_refused(fact.ref, event)}))
        case ConsentWithdrawn():
            return repairs(withdrawals=frozenset({Ended(fact.ref, Ref(fact.ref.oin, event.withdraws))}))
        case ConsentUnobtainable():
            return repairs(unobtainable=frozenset({Unobtainable(fact.ref, event.purpose, event.recipient)}))
        case GuardianAppointed():
            return repairs(guardians=frozenset({Guardian(fact.ref, event.guardian, event.appointed_on)}))
        case GuardianEnded():
            end = GuardianEnd(fact.ref, Ref(fact.ref.oin, event.withdraws), event.ended_on)
            return repairs(guardians_ended=frozenset({end}))
        case EventRetracted():
            return repairs(retractions=frozenset({Ended(fact.ref, Ref(fact.ref.oin, event.withdraws))}))
        case VictimReported(age_group="MINOR", reported_on=day) | PlacementMoved(age_group="MINOR", moved_on=day):
            return known(minors=frozenset({Aged(fact.ref, day)}))
        case VictimReported(age_group="ADULT", reported_on=day) | PlacementMoved(age_group="ADULT", moved_on=day):
            return known(adults=frozenset({Aged(fact.ref, day)}))
        case EmergencyAccessUsed():
            return known(uses=frozenset({Use(fact.ref, event.officer, event.used_on)}))
        case EmergencyAccessReviewed(reviewer=reviewer, justified=justified):
            review = Review(fact.ref, Ref(fact.ref.oin, event.reviews), reviewer, justified)
            return known(reviews=frozenset({review}))
        case ConsentBegun():
            return known(begun=frozenset({Ended(fact.ref, _grant(event))}))
        case ConsentExpired():
            return known(expired=frozenset({Ended(fact.ref, _grant(event))}))
        case FactQuarantined():
            oin = event.quarantined_source.split(":")[3]
            return known(quarantined=frozenset({Ref(oin, event.quarantined_id)}))
        case _:
            return known()


def replay(facts: Iterable[Fact]) -> Known:
    """Return what a whole history teaches, in any order.

    Law: `replay` of any permutation with any repeats is the same.
    """
    return merged([learn(fact) for fact in facts])


def _grant(period: ConsentBegun | ConsentExpired) -> Ref:
    return Ref(period.grant_source.split(":")[3], period.grant_id)


def _granted(ref: Ref, event: ConsentGiven) -> Said:
    return _said(ref, event, grants=True, counts=event.explicit and event.unbundled, waits=waits(event))


def _refused(ref: Ref, event: ConsentRefused) -> Said:
    return _said(ref, event, grants=False, counts=True, waits=False)


def _said(ref: Ref, event: ConsentGiven | ConsentRefused, *, grants: bool, counts: bool, waits: bool) -> Said:
    giver = (event.given_by, event.giver)
    scope = Scope(event.recipient, event.recipient_organisation, event.purpose, event.field_class, event.case_phase)
    earliest, latest = span(event.occurred_at, event.occurred_precision)
    return Said(ref, grants, scope, giver, event.age_group, earliest, latest, counts, waits)
