"""What is known of one subject: sets that only grow, merged by union, in any order, any number of times.

Source of the precedence rules: architecture, section 6, numbered (1) to (7) there and here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import reduce

from ketenbus.events import (
    ConsentGiven,
    ConsentRefused,
    ConsentUnobtainable,
    ConsentWithdrawn,
    EventRetracted,
    FactQuarantined,
    GuardianAppointed,
    GuardianEnded,
)
from ketenbus.values import Event


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """An event's name within a subject: its publisher and its id."""

    oin: str
    id: str


#: An event in a chain of corrections: its type and its name.
Node = tuple[str, Ref]


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
    earliest: datetime | None
    latest: datetime | None
    counts: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """One event's word that another is withdrawn or taken back."""

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
    withdrawals: frozenset[Ended] = frozenset()
    unobtainable: frozenset[Unobtainable] = frozenset()
    guardians: frozenset[Guardian] = frozenset()
    guardians_ended: frozenset[GuardianEnd] = frozenset()
    chain: frozenset[Corrected] = frozenset()
    retractions: frozenset[Ended] = frozenset()
    quarantined: frozenset[Ref] = frozenset()
    admitted: frozenset[Ref] = frozenset()

    def __or__(self, other: Known) -> Known:
        return Known(
            self.said | other.said,
            self.withdrawals | other.withdrawals,
            self.unobtainable | other.unobtainable,
            self.guardians | other.guardians,
            self.guardians_ended | other.guardians_ended,
            self.chain | other.chain,
            self.retractions | other.retractions,
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
            return known | Known(withdrawals=frozenset({Ended(fact.ref, Ref(fact.ref.oin, event.withdraws))}))
        case ConsentUnobtainable():
            return known | Known(unobtainable=frozenset({Unobtainable(fact.ref, event.purpose, event.recipient)}))
        case GuardianAppointed():
            return known | Known(guardians=frozenset({Guardian(fact.ref, event.guardian, event.appointed_on)}))
        case GuardianEnded():
            end = GuardianEnd(fact.ref, Ref(fact.ref.oin, event.withdraws), event.ended_on)
            return known | Known(guardians_ended=frozenset({end}))
        case EventRetracted():
            return known | Known(retractions=frozenset({Ended(fact.ref, Ref(fact.ref.oin, event.withdraws))}))
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
    earliest, latest = _span(event.occurred_at, event.occurred_precision)
    return Said(ref, grants, event.purpose, event.recipient, giver, event.age_group, earliest, latest, counts)


def _span(at: datetime | None, precision: str) -> tuple[datetime | None, datetime | None]:
    """Return the first and the last instant at which something so dated can have happened; None when unknown."""
    if at is None or precision == "INSTANT":
        return at, at
    first = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if precision == "DAY":
        end = first + timedelta(days=1)
    elif precision == "MONTH":
        first = first.replace(day=1)
        end = (first + timedelta(days=32)).replace(day=1)
    else:
        first = first.replace(month=1, day=1)
        end = first.replace(year=first.year + 1)
    return first, end - timedelta(microseconds=1)


def retracted(known: Known) -> frozenset[Ref]:
    """Return the events that are taken back, by a retraction that stands: the latest of its chain, not taken back itself.

    Read from the latest (time, id) to the earliest: a retraction cannot take back one that was said after it.
    """
    links = [c for c in known.chain if c.type == EventRetracted.TYPE]
    if not links:
        return frozenset()
    root = _chains(links)
    targets = {e.ref: e.target for e in known.retractions}
    taken_back: set[Ref] = set()
    settled: set[Node] = set()
    for c in sorted(links, key=_latest_last, reverse=True):
        chain = root((c.type, c.ref))
        if c.ref not in taken_back and chain not in settled:
            settled.add(chain)
            taken_back.add(targets[c.ref])
    return frozenset(taken_back)


def superseded(known: Known) -> frozenset[Ref]:
    """Return the events that a later one of their chain replaces: in each chain the latest (time, id) stands.

    A chain is what `corrects` joins within one type and publisher; a retracted link still joins, but never stands.
    """
    if not any(c.corrects for c in known.chain):
        return frozenset()
    root, taken_back = _chains(known.chain), retracted(known)
    chains: dict[Node, list[Corrected]] = {}
    for c in known.chain:
        if c.ref not in taken_back:
            chains.setdefault(root((c.type, c.ref)), []).append(c)
    latest = {max(links, key=_latest_last).ref for links in chains.values()}
    return frozenset(c.ref for links in chains.values() for c in links if c.ref not in latest)


def _latest_last(link: Corrected) -> tuple[datetime, str]:
    return link.time, link.ref.id


def _chains(links: Iterable[Corrected]) -> Callable[[Node], Node]:
    """Return what gives every event of a chain the same node."""
    above: dict[Node, Node] = {}

    def root(node: Node) -> Node:
        while node in above:
            node = above[node]
        return node

    for c in links:
        if c.corrects is not None:
            a, b = root((c.type, c.ref)), root((c.type, Ref(c.ref.oin, c.corrects)))
            if a != b:
                above[a] = b
    return root


def consent(known: Known, recipient: str, purpose: str) -> Consent:
    """Return how consent stands for `recipient` and `purpose`; unknown is no (1).

    Law: one more refusal or withdrawal never turns a no into `GIVEN`.
    """
    if known.quarantined - known.admitted:
        return Consent.QUARANTINED
    gone = superseded(known) | retracted(known)
    withdrawn = frozenset(e.target for e in known.withdrawals if e.ref not in gone)
    in_scope = [s for s in known.said if s.ref not in gone and _covers(s, recipient, purpose)]
    without_office = _out_of_office(known, gone)
    givers = _by_giver(in_scope)
    stands = {giver: _speaker(withdrawn, without_office, said) for giver, said in givers.items()}
    refusing = [said for giver, said in givers.items() if stands[giver] is Consent.REFUSED]
    if Consent.GIVEN in stands.values():
        if any(has_authority(s) for said in refusing for s in said if not s.grants):
            return Consent.CONFLICT  # (7)
        return Consent.REFUSED if refusing else Consent.GIVEN  # (6)
    for state in (Consent.REFUSED, Consent.WITHDRAWN, Consent.NOT_EXPLICIT, Consent.NO_AUTHORITY):
        if state in stands.values():
            return state
    unasked = any(u.ref not in gone and _covers(u, recipient, purpose) for u in known.unobtainable)
    return Consent.UNOBTAINABLE if unasked else Consent.NONE


def _covers(said: Said | Unobtainable, recipient: str, purpose: str) -> bool:
    return said.purpose in (None, purpose) and said.recipient in (None, recipient)


def _by_giver(said: Iterable[Said]) -> dict[tuple[str, str | None], list[Said]]:
    givers: dict[tuple[str, str | None], list[Said]] = {}
    for s in said:
        givers.setdefault(s.giver, []).append(s)
    return givers


def _speaker(withdrawn: frozenset[Ref], without_office: frozenset[Ref], said: list[Said]) -> Consent:
    """Return how one speaker's words stand: the most specific level that still says something (3), the latest of it (2)."""
    live = [
        s
        for s in said
        if not s.grants or (s.counts and has_authority(s) and s.ref not in without_office and s.ref not in withdrawn)
    ]
    if not live:
        if any(s.ref in withdrawn for s in said):
            return Consent.WITHDRAWN  # (4)
        return Consent.NOT_EXPLICIT if any(not s.counts for s in said) else Consent.NO_AUTHORITY
    level = max(map(_specificity, live))
    heard = [s for s in live if _specificity(s) == level]
    refusals = [s for s in heard if not s.grants]
    for grant in (s for s in heard if s.grants):
        if all(_is_later(grant, refusal) for refusal in refusals):
            return Consent.GIVEN
    return Consent.REFUSED


def _is_later(grant: Said, refusal: Said) -> bool:
    """Return whether the grant was surely said after the refusal: equal and unknown times are not (2)."""
    return refusal.latest is not None and grant.earliest is not None and refusal.latest < grant.earliest


def _specificity(said: Said) -> tuple[bool, bool]:
    return (said.recipient is not None, said.purpose is not None)


def _out_of_office(known: Known, gone: frozenset[Ref]) -> frozenset[Ref]:
    """Return the words of guardians who were known by number and not in office on the day they spoke (6)."""
    ends = {e.target: e.ended_on for e in known.guardians_ended if e.ref not in gone}
    terms: dict[str, list[tuple[date, date | None]]] = {}
    for g in known.guardians:
        if g.ref not in gone:
            terms.setdefault(g.guardian, []).append((g.appointed_on, ends.get(g.ref)))
    out = set()
    for said in known.said:
        office = terms.get(said.giver[1] or "") if said.giver[0] == "GUARDIAN" else None
        if office is None:
            continue
        if said.earliest is None or said.latest is None:
            out.add(said.ref)  # unknown is no (1)
            continue
        first, last = said.earliest.date(), said.latest.date()
        if not any(start <= first and (end is None or last < end) for start, end in office):
            out.add(said.ref)
    return frozenset(out)


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
