"""What an auditor asks, read from the stores of one moment and from quarantine; nothing sealed is opened, for there is no key ring here.

Which records a figure counts is asked in the Rapporteur's zone, under its own role: the auditor hears their names, and not
what they say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from consent.activities import Register
from ketenbus.contract import contract
from services.lineage import arrivals, cell_trace, cells, event_trace, store
from services.lineage.answers import CellLineage, EventLineage, PartOf
from services.lineage.cell_trace import Evidence, readable
from services.lineage.event_trace import Found
from services.lineage.names import MONITORING, REGISTRATION, Names
from services.monitoring.tables import declared
from services.quarantine import parked as quarantine
from services.quarantine.reading import read_topic
from services.register.in_force import releases
from streams.admit.judge import stand_in_id
from streams.disclose.tokens import EventName
from streams.monitoring.store import registered
from streams.runtime import topics
from streams.runtime.settings import ProcessorSettings, load_partners


async def names_of(connection: store.Connection, settings: ProcessorSettings) -> Names:
    """Return the names an auditor with these settings may translate, by every register the bus ever went by."""
    return named(settings, (await releases(connection, settings)).registers)


def named(settings: ProcessorSettings, registers: Mapping[str, Register]) -> Names:
    """Return the names an auditor with these settings may translate, by these registers (by fingerprint, the newest last)."""
    return Names(load_partners(settings.partners), registers, settings.key("views"))


async def cell(
    settings: ProcessorSettings, zone: ProcessorSettings, table: str, row: str, column: str, limit: int
) -> CellLineage:
    """Return what a figure rests on, with `limit` of its records in full.

    Raises ConfigurationError naming the tables, rows or columns there are when the cell is none of them.
    """
    codelists = contract().codelists
    found, wanted = cells.find(declared(settings.law_file("tables")), codelists, (table, row, column))
    async with store.snapshot(settings.dsn) as connection:
        names = await names_of(connection, settings)
        async with store.snapshot(zone.dsn, of=connection) as counting:
            adds = cells.counted(found, await registered(counting), codelists, wanted)
        told = {record: told for record, told in (await store.told(connection)).items() if record in adds}
        told_by = readable(names, MONITORING, (t.event for t in told.values()))
        values = await store.records_told(connection, told_by.values())
        numbers = sorted({number for value in values.values() if (number := cell_trace.number_in(value)) is not None})
        held = await store.held(connection, numbers)
        links = await store.links(connection, numbers)
        rested_on = readable(names, REGISTRATION, (*(h.report for h in held if h.report), *(link for _, link in links)))
        events = [*told_by.values(), *rested_on.values()]
        evidence = Evidence(
            told=told,
            values=values,
            held=held,
            links=links,
            facts=await store.facts(connection, events),
            standings=await store.standings(connection, events),
            decisions=await store.decisions(connection, events),
        )
    return cell_trace.trace(wanted, adds, evidence, names, limit)


async def event(settings: ProcessorSettings, event_id: str, source: str | None) -> EventLineage:
    """Return what became of an event, named by its publisher's id or by what any view calls it.

    `source` is a partner's id, an OIN or a CloudEvents source; it is needed only where several publishers used one id.
    Raises ConfigurationError when the bus knows no such event.
    """
    async with store.snapshot(settings.dsn) as connection:
        names = await names_of(connection, settings)
    wanted = arrivals.named(source, names.partners)
    if (read := names.named_by(event_id)) is not None:
        event_id, wanted = read.id, read.oin
    parked = (quarantine.parked(record, names.partners) for record in read_topic(settings, topics.QUARANTINE))
    came = arrivals.quarantined(quarantine.once(parked), event_id)
    came += arrivals.repeated(read_topic(settings, topics.REPEATED), event_id)
    async with store.snapshot(settings.dsn) as connection:
        admitted = dict(await store.admitted(connection, event_id))
        logged = await store.facts_by_id(connection, event_id)
        oin = arrivals.one_publisher(event_id, wanted, {*admitted, *(fact.oin for fact in logged)}, came)
        facts = [fact for fact in logged if fact.oin == oin]
        names_here = [EventName(fact.subject, fact.oin, fact.id) for fact in facts]
        found = Found(
            id=event_id,
            oin=oin,
            admitted_from=admitted.get(oin),
            facts=facts,
            about=await store.facts_about(connection, [fact.subject for fact in facts]),
            stand_ins=await store.stand_ins(connection, [stand_in_id(one, event_id) for one in names.partners]),
            standings=await store.standings(connection, names_here),
            decisions=await store.decisions(connection, names_here),
            part_of=await _part_of(connection, names, names_here),
            arrivals=[a for a in came if a.oin == oin],
        )
    return event_trace.trace(found, names)


async def _part_of(connection: store.Connection, names: Names, events: Sequence[EventName]) -> list[PartOf]:
    """Return the records in force that these events are part of: the chain of a cell the other way."""
    told = await store.told(connection)
    about = {names.tokens(*MONITORING).subject(name.subject) for name in events}
    reports = [names.tokens(*REGISTRATION).event(name) for name in events]
    if numbers := await store.numbers_of(connection, reports):
        told_by = readable(names, MONITORING, (t.event for t in told.values()))
        values = await store.records_told(connection, told_by.values())
        number = {event: cell_trace.number_in(values.get(name, b"")) for event, name in told_by.items()}
        about |= {t.record for t in told.values() if number.get(t.event) in numbers}
    return [PartOf(record, told[record].version) for record in sorted(about & told.keys())]
