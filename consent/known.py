"""What is known of one subject: sets that only grow, merged by union, in any order, any number of times.

Source of the precedence rules: architecture, section 6, numbered (1) to (7) there and here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import reduce

from ketenbus.events import (
    ConsentGiven,
    ConsentRefused,
    ConsentUnobtainable,
    ConsentWithdrawn,
    EventRetracted,
    FactQuarantined,
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
class Said:
    """One consent fact: a grant or a refusal."""

    ref: Ref
    grants: bool
    purpose: str | None
    recipient: str | None
    giver: tuple[str, str | None]
    age_group: str
    at: datetime | None
    counts: bool


@dataclass(frozen=True, slots=True)
class Corrected:
    """One event's place in a chain of corrections."""

    type: str
    ref: Ref
    time: datetime
    corrects: str | None


class Consent(StrEnum):
    """How consent stands for one recipient and purpose; the values are the reasons that receipts carry."""

    GIVEN = "consent"
    QUARANTINED = "consent-quarantined"
    CONFLICT = "consent-conflict"
    REFUSED = "consent-refused"
    WITHDRAWN = "consent-withdrawn"
    NOT_EXPLICIT = "not-explicit"
    NO_AUTHORITY = "no-authority"
    UNOBTAINABLE = "consent-unobtainable"
    NONE = "no-consent"


@dataclass(frozen=True, slots=True)
class Known:
    """What one subject's facts teach about consent, corrections and retractions."""

    said: frozenset[Said] = frozenset()
    withdrawn: frozenset[Ref] = frozenset()
    unobtainable: frozenset[Ref] = frozenset()
    chain: frozenset[Corrected] = frozenset()
    retracted: frozenset[Ref] = frozenset()
    quarantined: frozenset[Ref] = frozenset()
    admitted: frozenset[Ref] = frozenset()

    def __or__(self, other: Known) -> Known:
        return Known(
            self.said | other.said,
            self.withdrawn | other.withdrawn,
            self.unobtainable | other.unobtainable,
            self.chain | other.chain,
            self.retracted | other.retracted,
            self.quarantined | other.quarantined,
            self.admitted | other.admitted,
        )


def learn(fact: Fact) -> Known:
    """Return what one fact teaches."""
    event = fact.event
    known = Known(
        chain=frozenset({Corrected(event.TYPE, fact.ref, fact.time, getattr(event, "corrects", None))}),
        admitted=frozenset({fact.ref}),
    )
    match event:
        case ConsentGiven():
            return known | Known(said=frozenset({_said(fact.ref, event, True, event.explicit and event.unbundled)}))
        case ConsentRefused():
            return known | Known(said=frozenset({_said(fact.ref, event, False, True)}))
        case ConsentWithdrawn():
            return known | Known(withdrawn=frozenset({Ref(fact.ref.oin, event.withdraws)}))
        case ConsentUnobtainable():
            return known | Known(unobtainable=frozenset({fact.ref}))
        case EventRetracted():
            return known | Known(retracted=frozenset({Ref(fact.ref.oin, event.withdraws)}))
        case FactQuarantined():
            oin = event.quarantined_source.split(":")[3]
            return known | Known(quarantined=frozenset({Ref(oin, event.quarantined_id)}))
        case _:
            return known


def replay(facts: Iterable[Fact]) -> Known:
    """Return what a whole history teaches, in any order.

    Law: `replay` of any permutation with any repeats is the same.
    """
    return reduce(Known.__or__, map(learn, facts), Known())


def _said(ref: Ref, event: ConsentGiven | ConsentRefused, grants: bool, counts: bool) -> Said:
    giver = (event.given_by, event.giver)
    return Said(ref, grants, event.purpose, event.recipient, giver, event.age_group, event.occurred_at, counts)


def superseded(known: Known) -> frozenset[Ref]:
    """Return the events that a later one of their chain replaces: in each chain the latest (time, id) stands.

    A chain is what `corrects` joins within one type and publisher; a retracted link still joins, but never stands.
    """
    rows = {c.ref: c for c in known.chain}
    above: dict[Ref, Ref] = {}

    def root(ref: Ref) -> Ref:
        while ref in above:
            ref = above[ref]
        return ref

    for c in known.chain:
        if c.corrects is None:
            continue
        target = Ref(c.ref.oin, c.corrects)
        if target in rows and rows[target].type != c.type:
            continue
        a, b = root(c.ref), root(target)
        if a != b:
            above[a] = b
    chains: dict[Ref, list[Corrected]] = {}
    if above:
        for c in known.chain:
            if c.ref not in known.retracted:
                chains.setdefault(root(c.ref), []).append(c)
    latest = {max(chain, key=lambda c: (c.time, c.ref.id)).ref for chain in chains.values()}
    return frozenset(c.ref for chain in chains.values() for c in chain if c.ref not in latest)


def consent(known: Known, recipient: str, purpose: str) -> Consent:
    """Return how consent stands for `recipient` and `purpose`; unknown is no (1).

    Law: one more refusal or withdrawal never turns a no into `GIVEN`.
    """
    if known.quarantined - known.admitted:
        return Consent.QUARANTINED
    gone = superseded(known) | known.retracted
    in_scope = [
        s for s in known.said if s.ref not in gone and s.purpose in (None, purpose) and s.recipient in (None, recipient)
    ]
    stands = [_speaker(known, said) for said in _by_giver(in_scope).values()]
    granted, refused = Consent.GIVEN in stands, Consent.REFUSED in stands
    if granted:
        return Consent.CONFLICT if refused else Consent.GIVEN  # (7)
    for state in (Consent.REFUSED, Consent.WITHDRAWN, Consent.NOT_EXPLICIT, Consent.NO_AUTHORITY):
        if state in stands:
            return state
    return Consent.UNOBTAINABLE if known.unobtainable - gone else Consent.NONE


def _by_giver(said: Iterable[Said]) -> dict[tuple[str, str | None], list[Said]]:
    givers: dict[tuple[str, str | None], list[Said]] = {}
    for s in said:
        givers.setdefault(s.giver, []).append(s)
    return givers


def _speaker(known: Known, said: list[Said]) -> Consent:
    """Return how one speaker's words stand: the most specific level that still says something (3), the latest of it (2)."""
    live = [s for s in said if not s.grants or (s.counts and has_authority(s) and s.ref not in known.withdrawn)]
    if not live:
        if any(s.ref in known.withdrawn for s in said):
            return Consent.WITHDRAWN  # (4)
        return Consent.NOT_EXPLICIT if any(not s.counts for s in said) else Consent.NO_AUTHORITY
    level = max(map(_specificity, live))
    heard = [s for s in live if _specificity(s) == level]
    refusals = [s for s in heard if not s.grants]
    for grant in (s for s in heard if s.grants):
        if all(r.at is not None and grant.at is not None and r.at < grant.at for r in refusals):
            return Consent.GIVEN
    return Consent.REFUSED


def _specificity(said: Said) -> tuple[bool, bool]:
    return (said.recipient is not None, said.purpose is not None)


def has_authority(said: Said) -> bool:
    """Return whether the speaker could grant: the person or representative when adult, parent or guardian when minor (6).

    Source: slachtoffermonitor-part1, L1099-1102. An unknown age gives nobody authority (default no).
    """
    match said.age_group:
        case "ADULT":
            return said.giver[0] in ("PERSON", "REPRESENTATIVE")
        case "MINOR":
            return said.giver[0] in ("PARENT", "GUARDIAN")
        case _:
            return False
