"""`./ketenbus lineage cell | event`: from a figure to the events it rests on, from an event to everyone who got it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from services.lineage import asking, printing
from streams.runtime import settings as runtime


def cell(
    settings_path: Path,
    table: str,
    row: str,
    column: str,
    limit: int = 5,
    as_json: bool = False,
    console: Console | None = None,
) -> None:
    """Print what a cell rests on: counts first, then `limit` of its records."""
    zone = runtime.load(settings_path.with_name("monitoring.json"))
    answer = asyncio.run(asking.cell(runtime.load(settings_path), zone, table, row, column, limit))
    if as_json:
        print(json.dumps(asdict(answer), default=str, indent=2))
    else:
        printing.print_cell(console or Console(), answer)


def event(
    settings_path: Path,
    event_id: str,
    source: str | None = None,
    as_json: bool = False,
    console: Console | None = None,
) -> None:
    """Print everyone who got an event, everyone who did not, and why; the id is its publisher's or any view's."""
    answer = asyncio.run(asking.event(runtime.load(settings_path), event_id, source))
    if as_json:
        print(json.dumps(asdict(answer), default=str, indent=2))
    else:
        printing.print_event(console or Console(), answer)
