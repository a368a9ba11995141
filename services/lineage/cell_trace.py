"""From the records that count in a cell to the partners' events and the decisions that let them through. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ketenbus import codec
from ketenbus.events import RegistrationRecorded
from services.lineage.answers import CellLineage, CountedRecord, LetThrough, Outcome, Rested
from services.lineage.names import MONITORING, REGISTRATION, Names
from services.lineage.store import DecisionRow, Held, StandingRow, Told
from streams.disclose.store import StoredFact
from streams.disclose.tokens import EventName
from streams.monitoring.fold import Cell

View = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything read for one cell, all of one moment."""

    told: Mapping[str, Told]
    values: Mapping[EventName, bytes]
    held: Sequence[Held]
    links: Sequence[tuple[str, str]]
    facts: Mapping[EventName, StoredFact]
    standings: Sequence[StandingRow]
    decisions: Sequence[DecisionRow]


def number_in(value: bytes) -> str | None:
    """Return the record number that an event of the registration is about, or None when it is no such event."""
    event = codec.decode(value)
    return event.subject if isinstance(event, RegistrationRecorded) else None


def readable(names: Names, view: View, tokens: Iterable[str]) -> dict[str, EventName]:
    """Return by token the event it stands for in that view, for the tokens that are that view's."""
    read = {token: names.tokens(*view).read(token) for token in tokens}
    return {token: name for token, name in read.items() if isinstance(name, EventName)}


def trace(cell: Cell, adds: Mapping[str, int], evidence: Evidence, names: Names, limit: int) -> CellLineage:
    """Return what the figure rests on; whatever does not hold together is named in `breaks`, never passed over."""
    tracer = _Tracer(evidence, names)
    found = [record for token, counts in sorted(adds.items()) if (record := tracer.record(token, counts)) is not None]
    reports = {(r.event.publisher, r.event.id): r for record in found for r in record.reports}
    links = {(r.event.publisher, r.event.id): r for record in found for r in record.links}
    return CellLineage(
        *cell,
        value=sum(adds.values()),
        records=len(adds),
        reports=len(reports),
        subjects=len({r.event.subject for r in reports.values()}),
        links=len(links),
        let_through=_let_through([*reports.values(), *links.values(), *(record.told_by for record in found)]),
        counted=tuple(found[:limit]),
        breaks=tuple(tracer.breaks),
    )


def _let_through(rested: Iterable[Rested]) -> tuple[LetThrough, ...]:
    counter = Counter((r.outcome.ground, r.event.type) for r in rested if r.outcome.ground is not None)
    rows = [LetThrough(ground, event_type, count) for (ground, event_type), count in counter.items()]
    return tuple(sorted(rows, key=lambda row: (row.type, -row.events, row.ground.activity)))


@dataclass
class _Tracer:
    evidence: Evidence
    names: Names
    breaks: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        ev = self.evidence
        self.by_number: dict[str, list[Held]] = {}
        for row in ev.held:
            self.by_number.setdefault(row.number, []).append(row)
        self.links_of: dict[str, list[str]] = {}
        for number, event in ev.links:
            self.links_of.setdefault(number, []).append(event)
        self.standing = {(s.name, s.recipient, s.purpose): s for s in ev.standings}
        self.history: dict[EventName, list[DecisionRow]] = {}
        for decision in ev.decisions:
            self.history.setdefault(decision.name, []).append(decision)

    def record(self, token: str, counts: int) -> CountedRecord | None:
        told = self.evidence.told[token]
        told_by = self._rested(f"record {token}", MONITORING, told.event)
        if told_by is None:
            return None
        name = readable(self.names, MONITORING, [told.event])[told.event]
        if self.names.tokens(*MONITORING).read(token) != name.subject:
            self.breaks.append(f"record {token}: event {told_by.event.id} is about another record")
        number = number_in(self.evidence.values.get(name, b""))
        held = self.by_number.get(number or "", [])
        reports = tuple(dict.fromkeys(row.report for row in held if row.report is not None))
        if not reports:
            self.breaks.append(f"record {token}: the registration holds no report for it")
        for version in {row.version for row in held} - {told.version}:
            self.breaks.append(
                f"record {token}: the registration is at version {version}, the Rapporteur at {told.version}"
            )
        links = self._all(f"record {token}", self.links_of.get(number or "", ()))
        return CountedRecord(
            record=token,
            counts=counts,
            version=told.version,
            told_by=told_by,
            reports=self._all(f"record {token}", reports),
            links=tuple({(r.event.publisher, r.event.id): r for r in links}.values()),
        )

    def _all(self, whose: str, tokens: Iterable[str]) -> tuple[Rested, ...]:
        found = (self._rested(whose, REGISTRATION, token) for token in tokens)
        return tuple(sorted((r for r in found if r is not None), key=lambda r: (r.event.type, r.event.id)))

    def _rested(self, whose: str, view: View, token: str) -> Rested | None:
        name = readable(self.names, view, [token]).get(token)
        if name is None:
            self.breaks.append(f"{whose}: {token} is no event of the view of {view[0]}")
            return None
        fact = self.evidence.facts.get(name)
        standing = self.standing.get((name, *view))
        if fact is None or standing is None:
            what = "event" if fact is None else "decision on"
            self.breaks.append(f"{whose}: the log holds no {what} {name.id}")
            return None
        if standing.outcome != "delivered":
            self.breaks.append(f"{whose}: rests on {name.id}, which is now {standing.outcome}")
        outcome: Outcome = self.names.outcome(fact.type, standing, self.history.get(name, ()))
        return Rested(self.names.event(fact), outcome)
