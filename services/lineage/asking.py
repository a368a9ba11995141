"""What an auditor asks, read from the stores of one moment and from quarantine; nothing sealed is opened, for there is no key ring here."""

from __future__ import annotations

from collections.abc import Iterable

from ketenbus.contract import contract
from services.lineage import cell_trace, cells, store
from services.lineage.answers import CellLineage
from services.lineage.cell_trace import Evidence, readable
from services.lineage.names import MONITORING, REGISTRATION, Names
from services.monitoring.tables import declared
from streams.disclose.tokens import EventName
from streams.monitoring.store import registered
from streams.runtime.settings import ProcessorSettings, load_partners, load_register


def names_of(settings: ProcessorSettings) -> Names:
    """Return the names an auditor with these settings may translate."""
    law = load_register(settings.law_file("activities.yaml"), settings.law_file("rules.yaml"))
    return Names(load_partners(settings.partners), law, settings.key("views"))


async def cell(settings: ProcessorSettings, table: str, row: str, column: str, limit: int) -> CellLineage:
    """Return what a figure rests on, with `limit` of its records in full.

    Raises ConfigurationError naming the tables, rows or columns there are when the cell is none of them.
    """
    codelists = contract().codelists
    found, wanted = cells.find(declared(settings.law_file("tables")), codelists, (table, row, column))
    names = names_of(settings)
    async with store.snapshot(settings.dsn) as connection:
        adds = cells.counted(found, await registered(connection), codelists, wanted)
        told = await store.told(connection, list(adds))
        told_by = readable(names, MONITORING, (t.event for t in told.values()))
        values = await store.records_told(connection, told_by.values())
        by_record = {t.record: cell_trace.number_in(values.get(told_by[t.event], b"")) for t in told.values() if t.event in told_by}
        held = await store.held(connection, _there(by_record.values()))
        links = await store.links(connection, _there(by_record.values()))
        rested_on = readable(names, REGISTRATION, [*_there(h.report for h in held), *(event for _, event in links)])
        events = [*told_by.values(), *rested_on.values()]
        shown = _shown(sorted(adds)[:limit], by_record, held, links)
        decided = [name for token, name in {**told_by, **rested_on}.items() if token in shown or token in {told[r].event for r in sorted(adds)[:limit] if r in told}]
        evidence = Evidence(
            told, values, held, links,
            await store.facts(connection, events),
            await store.standings(connection, events),
            await store.decisions(connection, decided),
        )  # fmt: skip
    return cell_trace.trace(wanted, adds, evidence, names, limit)
