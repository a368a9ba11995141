"""The figures a history is fitted to: as published, at another scale, or other plausible ones.

Source: slachtoffermonitor-part1, sections 5.1-5.5; which cells one history can meet: reproducible-figures.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import yaml

YEARS = ("2016", "2017", "2018", "2019", "2020")
HIERARCHICAL = ("BL_SU", "GO_SU", "AU", "CU", "ONBEKEND")
TABLES = ("2.1", "2.2", "2.3", "2.9", "2.10")
TOTAL = "total"
SUM_ROW = "POLITIE+INSPECTIE_SZW"


class Cell(NamedTuple):
    """One cell of one table, by its codes."""

    table: str
    row: str
    column: str


@dataclass(frozen=True, slots=True)
class Erratum:
    """Two numbers of the source that contradict each other."""

    name: str
    printed: str
    counted: str
    lines: str
    why: str


@dataclass(frozen=True, slots=True)
class Figure:
    """What a published table counts, and where it is printed."""

    table: str
    unit: str
    source: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Targets:
    """What a history should count to.

    `cells` are compared one by one. The cells of `ranges` are unknown in the source: only `sums`, the two rows
    together, are compared. `overlaps` counts the persons of 2020 per exclusive combination of forms. `text` bounds the
    figures of the running text, both ends within; only a plan knows them.
    """

    cells: Mapping[Cell, int]
    sums: Mapping[Cell, int]
    ranges: Mapping[Cell, tuple[int, int]]
    overlaps: Mapping[str, int]
    text: Mapping[Cell, tuple[float, float]] = field(default_factory=dict)


@cache
def _file(name: str) -> Any:
    return yaml.safe_load(files("sandbox").joinpath("published", f"{name}.yaml").read_text("utf-8"))


def figures() -> tuple[Figure, ...]:
    """Return the published tables in the order of the source, the rows that are compared only as a sum included."""
    read = (_file(table) for table in TABLES)
    return tuple(
        Figure(f["table"], f["unit"], f["source"], (*f["rows"], *f.get("sums", ())), tuple(f["columns"])) for f in read
    )


def errata() -> tuple[Erratum, ...]:
    """Return the places where the source contradicts itself, each by name.

    >>> [erratum.printed for erratum in errata() if erratum.name == "caption-2.9"]
    ['5.536']
    """
    return tuple(Erratum(**entry) for entry in _file("errata"))


def published() -> Targets:
    """Return the figures as printed, with the totals that the tables themselves give.

    >>> published().cells[Cell("2.9", "POLITIE", "2019")]
    953
    """
    cells: dict[Cell, int] = {}
    sums: dict[Cell, int] = {}
    ranges: dict[Cell, tuple[int, int]] = {}
    for table in TABLES:
        figure = _file(table)
        for kept, rows in ((cells, figure["rows"]), (sums, figure.get("sums", {}))):
            for row, values in rows.items():
                for column, value in zip(figure["columns"], values, strict=True):
                    if value is not None:
                        kept[Cell(table, row, column)] = value
        for row, bounds in figure.get("ranges", {}).items():
            ranges |= {Cell(table, row, column): (low, high) for column, (low, high) in bounds.items()}
    return Targets(cells, sums, ranges, _file("2.2")["overlap_2020"])


def scaled(targets: Targets, scale: float) -> Targets:
    """Return the targets times `scale`, rounded cell by cell; what then no longer adds up is for the fit to settle."""
    return targets if scale == 1 else _times(targets, lambda _: scale)


def random_targets(seed: int, scale: float = 1.0) -> Targets:
    """Return other plausible figures of the same shape: each row, year and form grows or shrinks, each cell a bit more.

    They need not be jointly feasible: the nearest cells that are become the targets (`fit.fit`).
    """
    draw = random.Random(f"targets-{seed}")
    known = published()
    columns = {column: draw.uniform(0.7, 1.3) for column in (*YEARS, *HIERARCHICAL)} | {TOTAL: 1.0}
    cells = sorted({*known.cells, *known.sums, *known.ranges})
    rows = {row: draw.uniform(0.8, 1.2) for row in sorted({cell.row for cell in cells})}
    rows |= dict.fromkeys(("all", "excluding-kmar-only", TOTAL), 1.0) | {"POLITIE": rows[SUM_ROW]}
    factors = {cell: scale * columns[cell.column] * rows[cell.row] * draw.uniform(0.9, 1.1) for cell in cells}
    factors |= {cell: factors[cell._replace(row="all")] for cell in cells if cell.row == "excluding-kmar-only"}
    return _times(known, lambda cell: factors[cell] if cell else scale)


def added(cells: Mapping[Cell, int], sums: Mapping[Cell, int]) -> dict[Cell, int]:
    """Return the cells with the totals that a table's own rows and columns give."""
    whole = dict(cells)
    every = {**cells, **sums}
    for figure in figures()[1:]:
        parts = [row for row in figure.rows if row not in {TOTAL, "POLITIE", "INSPECTIE_SZW"}]
        years = [column for column in figure.columns if column in YEARS]
        for row in parts:
            if (cell := Cell(figure.table, row, TOTAL)) in whole:
                whole[cell] = sum(every[Cell(figure.table, row, year)] for year in years)
        for column in figure.columns:
            several = years if column == TOTAL else [column]
            whole[Cell(figure.table, TOTAL, column)] = sum(
                every[Cell(figure.table, row, one)] for row in parts for one in several
            )
    for row in ("all", "excluding-kmar-only"):
        whole[Cell("2.1", row, TOTAL)] = sum(cells[Cell("2.1", row, year)] for year in YEARS)
    return whole


def _times(targets: Targets, factor: Callable[[Cell | None], float]) -> Targets:
    sums = {cell: round(value * factor(cell)) for cell, value in targets.sums.items()}
    return Targets(
        cells=added({cell: round(value * factor(cell)) for cell, value in targets.cells.items()}, sums),
        sums=sums,
        ranges={
            cell: (int(low * factor(cell)), int(high * factor(cell)) + 1)
            for cell, (low, high) in targets.ranges.items()
        },
        overlaps={name: round(value * factor(None)) for name, value in targets.overlaps.items()},
    )
