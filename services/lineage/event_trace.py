"""From one event to everyone who got it and why, and everyone who did not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from consent.policy import asks
from ketenbus import codec
from ketenbus.contract import contract
from ketenbus.errors import CorruptLogError, Unreadable
from ketenbus.events import EmergencyAccessReviewed, EmergencyAccessUsed, FactQuarantined
from services.lineage.answers import Event, EventLineage, NotAdmitted, PartOf, Related
from services.lineage.arrivals import Arrival, oin_of
from services.lineage.names import Names, hashed
from services.lineage.store import DecisionRow, StandingRow
from streams.disclose.binding import logged
from streams.disclose.store import StoredFact

#: How a link reads from the event that holds it, and from the event it names.
LINKS = {
    "corrects": ("corrects", "corrected by"),
    "withdraws": ("withdraws", "withdrawn by"),
    "caused_by": ("caused by", "cause of"),
    "reviews": ("reviews", "reviewed by"),
}
#: What opens a placement without consent, and what can end that.
EMERGENCY = frozenset({EmergencyAccessUsed.TYPE, EmergencyAccessReviewed.TYPE})


@dataclass(frozen=True, slots=True)
class Found:
    """Everything read for one event: itself once per subject it is logged under, and what bears on it."""

    id: str
    oin: str
    admitted_from: str | None = None
    facts: Sequence[StoredFact] = ()
    about: Sequence[StoredFact] = ()
    stand_ins: Sequence[StoredFact] = ()
    standings: Sequence[StandingRow] = ()
    decisions: Sequence[DecisionRow] = ()
    part_of: Sequence[PartOf] = ()
    arrivals: Sequence[Arrival] = ()


def trace(found: Found, names: Names) -> EventLineage:
    """Return what became of the event; every recipient of the register is in exactly one of got, did not, not named."""
    event_type = found.facts[0].type if found.facts else next((a.type for a in found.arrivals if a.type), None)
    events = [logged(fact) for fact in found.facts]
    outcomes = [names.outcome(event_type or "", row, found.decisions) for row in found.standings]
    candidates = {(o.recipient, o.purpose) for o in outcomes}
    verified = bool(found.admitted_from or found.facts or any(a.verified for a in found.arrivals))
    publisher = names.publisher(found.oin, event_type)
    return EventLineage(
        id=found.id,
        publisher=publisher if verified else f"{publisher} (unverified)",
        type=event_type,
        time=events[0].time if events else None,
        admitted_at=events[0].admitted_at if events else None,
        admitted_from=names.event(found.facts[0]).origin if found.facts else found.admitted_from,
        logged_at=tuple(fact.origin for fact in found.facts),
        subjects=tuple(hashed(fact.subject) for fact in found.facts),
        got=tuple(o for o in outcomes if o.reached),
        did_not=tuple(o for o in outcomes if not o.reached),
        not_named=tuple(view for view in names.views() if view not in candidates) if found.facts else (),
        related=tuple(dict.fromkeys((*_related(found, names), *_pending(found, names)))),
        part_of=tuple(found.part_of),
        not_admitted=tuple(_told(found.arrivals)),
    )


def _told(arrivals: Iterable[Arrival]) -> Iterator[NotAdmitted]:
    return iter(sorted((a.told for a in arrivals), key=lambda t: (t.at, t.origin)))


def _related(found: Found, names: Names) -> Iterator[Related]:
    """Yield what this event names, what names it, and what its subject's consent and safety are judged on."""
    consent = any(asks(names.activity(row, found.decisions)) for row in found.standings)
    for fact in found.about:
        is_itself = (fact.oin, fact.id) == (found.oin, found.id)
        if is_itself:
            continue
        event = names.event(fact, beside=found.facts[0].type)
        for name, (forward, back) in LINKS.items():
            if fact.oin == found.oin and _links(fact).get(name) == found.id:
                yield Related(back, event)
            if fact.oin == found.oin and any(_links(own).get(name) == fact.id for own in found.facts):
                yield Related(forward, event)
        if consent and _bears_on_consent(event):
            yield Related("consent is judged on", event)
        if consent and event.type in EMERGENCY:
            yield Related("safety is judged on", event)


def _pending(found: Found, names: Names) -> Iterator[Related]:
    """Yield what keeps its subject's consent pending while this event is in quarantine."""
    for fact in () if found.facts else found.stand_ins:
        event = codec.decode(fact.value)
        if isinstance(event, FactQuarantined) and _is_for(event, found):
            yield Related("what rests on its subject's consent is pending, by", names.event(fact))


def _is_for(event: FactQuarantined, found: Found) -> bool:
    return (oin_of(event.quarantined_source), event.quarantined_id) == (found.oin, found.id)


def _bears_on_consent(event: Event) -> bool:
    declared = contract().types[event.type]
    return declared.group == "consent" or not declared.publishers


def _links(fact: StoredFact) -> Mapping[str, str]:
    event = codec.decode(fact.value)
    if isinstance(event, Unreadable):
        raise CorruptLogError(f"{fact.origin}: a fact in store cannot be read back")
    return {name: said for name in LINKS if isinstance(said := getattr(event, name, None), str)}
