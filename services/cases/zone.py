"""CoMensha's registration and the Rapporteur's figures, read in their own spaces, each as itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import asyncpg

from services.cases.heard import Registered
from services.monitoring import tables
from streams.monitoring.fold import Cell
from streams.runtime.settings import ProcessorSettings

#: Every table that holds what the registration knows; its reading position and its key are not about anyone.
TABLES = ("told", "report", "identity_key", "link", "unlink", "record", "record_subject")


async def registered(registration: ProcessorSettings, messages: int) -> Registered:
    """Return what CoMensha's registration holds now, and a hash over every row of its tables.

    Law: two moments with the same hash hold the same rows, content and all.
    """
    connection = await asyncpg.connect(registration.dsn)
    try:
        rows: list[str] = []
        for table in TABLES:
            rows += [f"{table} {row['row']}" for row in await connection.fetch(f"SELECT t::text AS row FROM {table} t")]
        persons = await connection.fetchval("SELECT count(*) FROM record WHERE NOT ended")
        reports = await connection.fetchval("SELECT count(*) FROM report WHERE stands")
    finally:
        await connection.close()
    digest = hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()
    return Registered(persons, reports, messages, digest)


async def cells(monitoring: ProcessorSettings, wanted: Iterable[Cell]) -> dict[Cell, int]:
    """Return these cells as the Rapporteur counts them now."""
    counted = await tables.cells(monitoring)
    return {cell: counted[cell] for cell in wanted}
