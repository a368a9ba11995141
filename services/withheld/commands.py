"""`./ketenbus withheld`: what did not arrive and why, by kind of reporter, with small numbers left out."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table as Grid

from consent.numbers import Number
from consent.wording import REASONS, Words, code
from ketenbus.contract import contract
from services.cases.words import REASONS as SHORT
from services.register.reading import numbers
from services.withheld.counting import RULE
from services.withheld.reading import found
from services.withheld.suppression import TOTAL, Table, table
from streams.runtime import settings as runtime

KEPT_BACK = Words("Tegengehouden door de bus", "Kept back by the bus")
NOT_REPORTED = Words("Niet gemeld, door melders zelf geteld", "Not reported, counted by reporters themselves")
SUM = Words("totaal", "total")
#: What stands where a number is left out.
LEFT_OUT = "·"


def show(settings_path: Path, recipient: str, purpose: str, *, as_json: bool, language: str, console: Console) -> None:
    """Print both tables, each with what protects its small numbers, and the rule they are counted by."""
    least = numbers()["smallest-count"]
    counts = asyncio.run(found(runtime.load(settings_path), recipient, purpose))
    kept, told = table(counts.kept_back, least.value), table(counts.not_reported, least.value)
    if as_json:
        print(json.dumps(_json(recipient, purpose, kept, told, least), indent=2, ensure_ascii=False))
        return
    to = code("recipient", recipient).said(language)
    title = f"{KEPT_BACK.said(language)}: {to}, {code('purpose', purpose).said(language)}"
    print_table(console, title, kept, language)
    print_table(console, NOT_REPORTED.said(language), told, language)
    console.print(RULE.said(language), soft_wrap=True)
    console.print(_protection(least).said(language), soft_wrap=True)


def print_table(console: Console, title: str, counts: Table, language: str) -> None:
    """Print one table under its title."""
    console.print(f"[bold]{title}[/bold]", soft_wrap=True)
    if not counts.rows:
        console.print(Words("niets", "nothing").said(language))
        return
    grid = Grid(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    grid.add_column("")
    for column in (*counts.columns, TOTAL):
        grid.add_column(_kind(column).said(language), justify="right")
    for row, line in zip((*counts.rows, TOTAL), counts.cells, strict=True):
        grid.add_row(_reason(row).said(language), *(LEFT_OUT if n is None else f"{n:,}" for n in line))
    console.print(grid)
    console.print()


def _json(recipient: str, purpose: str, kept: Table, told: Table, least: Number) -> dict[str, object]:
    return {
        "counting_rule": RULE.en,
        "smallest_count": least.value,
        "smallest_count_status": least.status,
        "kept_back_by_the_bus": {"recipient": recipient, "purpose": purpose, "counts": kept.shown()},
        "not_reported_by_reporters": {"counts": told.shown()},
    }


def _protection(least: Number) -> Words:
    asked = Words(f", een open instelling (vraag {least.question})", f", an open setting (question {least.question})")
    sure = asked if least.status == "open" else Words("", "")
    return Words(
        f"{LEFT_OUT} weggelaten: kleiner dan {least.value}{sure.nl}, of nodig om dat niet uit te rekenen. "
        "Tabellen van twee dagen of van twee ontvangers zijn naast elkaar te leggen: geef er niet twee uit.",
        f"{LEFT_OUT} left out: smaller than {least.value}{sure.en}, or needed to keep that from being worked out. "
        "Tables of two days or of two recipients can be laid side by side: do not release two.",
    )


def _kind(name: str) -> Words:
    if name == TOTAL:
        return SUM
    known = contract().codelists["reporter-kind"].codes
    return code("reporter-kind" if name in known else "publisher-kind", name)


def _reason(name: str) -> Words:
    if name == TOTAL:
        return SUM
    if name in REASONS:
        return Words(SHORT[name].nl, SHORT[name].en)
    return code("withheld-reason", name)
