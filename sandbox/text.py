"""The figures of the running text: what the source prints, what number must come out, and from which cells.

Source: slachtoffermonitor-part1, section 5.7 (H2-H36); which one history can meet: reproducible-figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from math import floor
from typing import Any, NamedTuple

import yaml

from sandbox.targets import Cell


class Over(NamedTuple):
    """Cells added up, some taken off, over other cells added up."""

    of: tuple[Cell, ...]
    less: tuple[Cell, ...]
    over: tuple[Cell, ...]

    def of_cells(self, cells: Mapping[Cell, int]) -> Fraction:
        """Return the quotient in these cells, where a cell that is not there is nought; over nothing it is 0."""
        below = sum(cells.get(cell, 0) for cell in self.over)
        above = sum(cells.get(cell, 0) for cell in self.of) - sum(cells.get(cell, 0) for cell in self.less)
        return Fraction(above, below) if below else Fraction(0)


@dataclass(frozen=True, slots=True)
class Wish:
    """One figure of the text: a count, quotients, or the place of a cell among others.

    `low` and `high`, both within, bound the number that must come out, rounded half up to `decimals`. `erratum` names
    the printed number's contradiction with the source's own tables.
    """

    cell: Cell
    lines: str
    printed: str
    way: str
    count: tuple[Cell, ...]
    quotients: tuple[Over, ...]
    rank: tuple[Cell, ...]
    decimals: int
    low: float
    high: float
    erratum: str | None

    @property
    def exactly(self) -> bool:
        """Whether the source gives one number rather than bounds."""
        return self.low == self.high

    def value(self, cells: Mapping[Cell, int]) -> float:
        """Return what these cells make of the figure; a cell that is not there is nought."""
        match self.way:
            case "count":
                return sum(cells.get(cell, 0) for cell in self.count)
            case "rank":
                mine, *others = (cells.get(cell, 0) for cell in self.rank)
                return 1 + sum(other >= mine for other in others)
            case "falls":
                found = [each.of_cells(cells) for each in self.quotients]
                rises = [at for at in range(1, len(found)) if found[at] >= found[at - 1]]
                return len(found) - 1 - max(rises, default=0)
        [quotient] = self.quotients
        exact = quotient.of_cells(cells)
        if self.way == "change" and any(cells.get(cell) for cell in quotient.over):
            exact -= 1
        return _rounded(exact * (100 if self.way in {"share", "change"} else 1), self.decimals)


@cache
def wishes() -> tuple[Wish, ...]:
    """Return every figure of the text that registration events can give, in the order of the source.

    >>> next(wish.low for wish in wishes() if wish.cell.row == "H9.2020")
    449
    """
    raw = yaml.safe_load(files("sandbox").joinpath("published", "text.yaml").read_text("utf-8"))
    return tuple(_wish(entry) for entry in raw)


def _wish(entry: Mapping[str, Any]) -> Wish:
    [way] = {"count", "share", "change", "mean", "times", "falls", "rank"} & entry.keys()
    quotients = entry[way] if way == "falls" else [entry[way]] if way not in {"count", "rank"} else []
    low, high = entry["between"] if "between" in entry else (entry["is"], entry["is"])
    return Wish(
        cell=Cell("text", f"{entry['figure']}.{entry['part']}", "value"),
        lines=entry["lines"],
        printed=entry["printed"],
        way=way,
        count=_cells(entry["count"]) if way == "count" else (),
        quotients=tuple(Over(_cells(q["of"]), _cells(q.get("less", ())), _cells(q["over"])) for q in quotients),
        rank=_ranked(entry["rank"]) if way == "rank" else (),
        decimals=entry.get("decimals", 0),
        low=low,
        high=high,
        erratum=entry.get("erratum"),
    )


def _cells(written: Sequence[str]) -> tuple[Cell, ...]:
    return tuple(Cell(*one.split("/")) for one in written)


def _ranked(rank: Mapping[str, Any]) -> tuple[Cell, ...]:
    """Return the cell whose place is told, and then those it is compared with."""
    [mine] = _cells([rank["of"]])
    return (mine, *(mine._replace(row=row) for row in rank["among"] if row != mine.row))


def _rounded(exact: Fraction, decimals: int) -> float:
    power: int = 10**decimals
    units = floor(exact * power + Fraction(1, 2))
    return units / power if decimals else units
