"""`./ketenbus emergency list`: every use of emergency access, how far its review is, and what is overdue."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from consent.days import day_of
from consent.emergency import REVIEWERS
from consent.emergency_words import FINDINGS
from consent.numbers import Number
from consent.wording import Words, code
from services.emergency.reading import uses
from services.emergency.seen import Seen, State
from services.lineage.store import snapshot
from services.register.reading import numbers
from streams.runtime import settings as runtime

STATES: Mapping[State, Words] = {
    "open": Words("wacht op beoordeling", "waits for review"),
    "overdue": Words("TE LAAT beoordeeld", "review OVERDUE"),
    "reviewed": Words("beoordeeld", "reviewed"),
    "taken-back": Words("teruggenomen", "taken back"),
}
STYLES: Mapping[State, str] = {"open": "yellow", "overdue": "bold red", "reviewed": "green", "taken-back": "dim"}


def list(settings_path: Path, *, only_overdue: bool, as_json: bool, language: str, console: Console) -> bool:
    """Print every use, oldest first; return whether no review is overdue."""
    term = numbers()["emergency-review-days"]
    found = asyncio.run(_uses(runtime.load(settings_path), term.value))
    shown = [one for one in found if one.state == "overdue" or not only_overdue]
    if as_json:
        told = {"review_days": term.value, "review_days_status": term.status, "uses": [asdict(one) for one in shown]}
        print(json.dumps(told, default=str, indent=2))
    else:
        print_uses(console, shown, term, language)
    return all(one.state != "overdue" for one in found)


async def _uses(settings: runtime.ProcessorSettings, days: int) -> tuple[Seen, ...]:
    async with snapshot(settings.dsn) as connection:
        return await uses(connection, day_of(datetime.now(UTC)), days)


def print_uses(console: Console, shown: Iterable[Seen], term: Number, language: str) -> None:
    """Print the uses as a table, and the term they are held to."""
    rows = [*shown]
    if rows:
        console.print(_table(rows, language))
    else:
        console.print(Words("Geen gebruik van noodtoegang.", "No use of emergency access.").said(language))
    asked = Words(f", een open instelling (vraag {term.question})", f", an open setting (question {term.question})")
    sure = asked.said(language) if term.status == "open" else ""
    said = Words(f"Termijn voor de beoordeling: {term.value} dagen", f"Term of review: {term.value} days").said(
        language
    )
    console.print(f"{said}{sure}.", soft_wrap=True)


def _table(rows: Iterable[Seen], language: str) -> Table:
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    heads = (
        Words("gebruik", "use"), Words("gebruikt op", "used on"), Words("beoordelen voor", "review by"), Words("stand", "state"),
        Words("beoordelaars", "reviewers"), Words("grond", "ground"), Words("melder", "publisher"),
        Words("plaatsingen", "placements"),
    )  # fmt: skip
    for head in heads:
        grid.add_column(head.said(language), no_wrap=head.en != "ground")
    for one in rows:
        state = (FINDINGS[one.finding] if one.finding else STATES[one.state]).said(language)
        grid.add_row(
            escape(one.id), str(one.used_on), str(one.due_on), f"[{STYLES[one.state]}]{state}[/]",
            f"{one.reviewers}/{REVIEWERS}", code("emergency-ground", one.ground).said(language),
            code("publisher-kind", one.publisher_kind).said(language), str(len(one.placements)),
        )  # fmt: skip
    return grid
