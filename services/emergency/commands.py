"""`./ketenbus emergency list | told`: every use of emergency access, how far its review is, and what is overdue."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from consent.days import day_of
from consent.emergency import REVIEWERS
from consent.emergency_words import FINDINGS
from consent.numbers import Number
from consent.wording import Words, code
from ketenbus.settings import PartnerSettings
from services.emergency.reading import uses
from services.emergency.seen import Seen, State
from services.emergency.told import NOT_TOLD, uses_told
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


@dataclass(frozen=True, slots=True)
class Asked:
    """How the uses are to be told."""

    only_overdue: bool
    as_json: bool
    language: str


def list(auditor: Path, asked: Asked, console: Console) -> bool:
    """Print every use in the log, oldest first; return whether no review is overdue."""
    term = numbers()["emergency-review-days"]
    return _tell(asyncio.run(_uses(runtime.load(auditor), term.value)), term, asked, console)


def told(officer: Path, asked: Asked, console: Console) -> bool:
    """Print every use in the data protection officer's own view, as that officer; return whether no review is overdue."""
    term = numbers()["emergency-review-days"]
    return _tell(uses_told(PartnerSettings.load(officer), _today(), term.value), term, asked, console)


def _tell(found: Sequence[Seen], term: Number, asked: Asked, console: Console) -> bool:
    shown = [one for one in found if one.state == "overdue" or not asked.only_overdue]
    if asked.as_json:
        said = {"review_days": term.value, "review_days_status": term.status, "uses": [asdict(one) for one in shown]}
        print(json.dumps(said, default=str, indent=2))
    else:
        print_uses(console, shown, term, asked.language)
    return all(one.state != "overdue" for one in found)


def _today() -> date:
    return day_of(datetime.now(UTC))


async def _uses(settings: runtime.ProcessorSettings, days: int) -> tuple[Seen, ...]:
    async with snapshot(settings.dsn) as connection:
        return await uses(connection, _today(), days)


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
            *_of_the_log(one, language),
        )  # fmt: skip
    return grid


def _of_the_log(one: Seen, language: str) -> tuple[str, str]:
    """Return who published it and how many placements rest on it; the data protection officer's view holds neither."""
    if one.publisher_kind == NOT_TOLD:
        return "-", "-"
    return code("publisher-kind", one.publisher_kind).said(language), str(len(one.placements))
