"""The monitoring tables, counted from the Rapporteur's zone by the declarations in `streams/monitoring/tables`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg
import yaml

from ketenbus.contract import contract
from ketenbus.errors import ConfigurationError
from streams.monitoring.figures import Told, told, value
from streams.monitoring.fold import Cell, Table, count, tables
from streams.monitoring.store import CODES, registered
from streams.runtime.settings import LAW, ProcessorSettings

FIGURES = Path(__file__).parents[2] / "streams" / "monitoring" / "figures.yaml"
NUMBERED = re.compile(r"(\d+)\.(\d+)(.*)")


def declared(folder: Path = LAW["tables"]) -> tuple[Table, ...]:
    """Return the declared tables in order of their number; raises ConfigurationError with the file that is wrong."""
    found: list[Table] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            found += tables([yaml.safe_load(path.read_text("utf-8"))])
        except ValueError as error:
            raise ConfigurationError(f"table {path.name}: {error}") from error
    return tuple(sorted(found, key=lambda table: _numbered(table.table)))


def _numbered(name: str) -> tuple[int, int, str]:
    """Return what puts 2.4a-fairwork after 2.4a and 2.10 after 2.9."""
    found = NUMBERED.fullmatch(name)
    return (int(found[1]), int(found[2]), found[3]) if found else (0, 0, name)


def told_in_text(path: Path = FIGURES) -> tuple[Told, ...]:
    """Return the declared figures that are told in words; raises ConfigurationError naming what is wrong."""
    try:
        return told(yaml.safe_load(path.read_text("utf-8")))
    except ValueError as error:
        raise ConfigurationError(f"figures {path.name}: {error}") from error


async def figures(settings: ProcessorSettings) -> dict[Cell, float]:
    """Return every cell as it stands now, and beside them every figure told in words, under `figures.TOLD`."""
    counted = await cells(settings)
    return {**counted, **{figure.cell: value(figure, counted) for figure in told_in_text()}}


async def cells(settings: ProcessorSettings) -> dict[Cell, int]:
    """Return every cell of every declared table as it stands now."""
    connection = await asyncpg.connect(settings.dsn)
    try:
        records = await registered(connection)
    finally:
        await connection.close()
    counted: dict[Cell, int] = {}
    for table in declared(settings.law_file("tables")):
        counted |= count(table, records, contract().codelists)
    return counted


async def contents(settings: ProcessorSettings) -> list[str]:
    """Return what every record in force says, without any number, id or time.

    One line of JSON each: ["registration-recorded", reports, forms, sectors of sexual, of labour and of criminal
    exploitation, Dublin indications, sex, nationality, age group, age]; the lists sorted.
    """
    connection = await asyncpg.connect(settings.dsn)
    try:
        rows = await connection.fetch(
            "SELECT DISTINCT ON (record) content FROM version WHERE stands ORDER BY record, version DESC"
        )
    finally:
        await connection.close()
    return [_content(json.loads(row["content"])) for row in rows if row["content"] is not None]


def _content(record: Mapping[str, Any]) -> str:
    lists = (sorted(record["reports"], key=str), *(sorted(record.get(name, ())) for name in ("forms", *CODES)))
    said = (record[name] for name in ("sex", "nationality", "age_group", "age_at_report"))
    return json.dumps(["registration-recorded", *lists, *said], separators=(",", ":"), ensure_ascii=False)
