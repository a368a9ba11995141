"""Figures that are told in words: a count, a share, a change, a mean or a rank of cells, rounded as it is printed. Pure.

A figure is data, and adding one needs no Python. Source: slachtoffermonitor-part1, section 5.7; rounding: section 6, 18.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import pairwise
from math import floor
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from streams.monitoring.fold import Cell

#: The table and column under which a figure's value stands beside the cells; its row is the figure's own name.
TOLD = "text"
VALUE = "value"


def _cell(written: object) -> object:
    """Return a cell written as `table/row/column`, the way the declarations write it."""
    return tuple(written.split("/")) if isinstance(written, str) else written


Named = Annotated[Cell, BeforeValidator(_cell)]


class Quotient(BaseModel):
    """Cells added up, some taken off, over other cells added up."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    of: tuple[Named, ...]
    less: tuple[Named, ...] = ()
    over: tuple[Named, ...]


class Rank(BaseModel):
    """The place of a cell among the rows of its table and column; the last place where several are equal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    of: Named
    among: tuple[str, ...]


class Told(BaseModel):
    """One figure told in words: exactly one of count, share, change, mean, times, falls and rank.

    share: percent. change: by how many percent `of` is more than `over`. mean and times: the quotient. falls: how many
    quotients at the end are each lower than the one before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    figure: str
    part: str
    says: Mapping[str, str]
    source: str
    decimals: int = 0
    count: tuple[Named, ...] = ()
    share: Quotient | None = None
    change: Quotient | None = None
    mean: Quotient | None = None
    times: Quotient | None = None
    falls: tuple[Quotient, ...] = ()
    rank: Rank | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        ways = (self.count, self.share, self.change, self.mean, self.times, self.falls, self.rank)
        if sum(bool(way) for way in ways) != 1:
            raise ValueError("a figure has one of count, share, change, mean, times, falls and rank")
        return self

    @property
    def cell(self) -> Cell:
        """Where the figure's value stands."""
        return TOLD, f"{self.figure}.{self.part}", VALUE

    @property
    def cells(self) -> frozenset[Cell]:
        """Every cell the figure rests on."""
        quotients = [q for q in (self.share, self.change, self.mean, self.times, *self.falls) if q is not None]
        among = {(self.rank.of[0], row, self.rank.of[2]) for row in self.rank.among} if self.rank else set()
        return frozenset({*self.count, *(c for q in quotients for c in (*q.of, *q.less, *q.over)), *among})


def value(told: Told, cells: Mapping[Cell, int]) -> float:
    """Return what the figure says of these cells, rounded half up to its decimals; a whole number where it has none.

    A quotient of nothing is 0. Raises KeyError naming a cell that was not counted.
    """
    if told.count:
        exact = Fraction(_sum(told.count, cells))
    elif told.share is not None:
        exact = 100 * _quotient(told.share, cells)
    elif told.change is not None:
        exact = 100 * (_quotient(told.change, cells) - 1) if _sum(told.change.over, cells) else Fraction(0)
    elif told.rank is not None:
        table, row, column = told.rank.of
        mine = cells[told.rank.of]
        exact = Fraction(sum(cells[table, other, column] >= mine for other in {row, *told.rank.among}))
    elif told.falls:
        exact = Fraction(_falls([_quotient(each, cells) for each in told.falls]))
    else:
        found = told.mean or told.times
        assert found is not None
        exact = _quotient(found, cells)
    return rounded(exact, told.decimals)


def rounded(exact: Fraction, decimals: int) -> float:
    """Return the number rounded half up.

    >>> rounded(Fraction(5, 2), 0), rounded(Fraction(-5, 2), 0), rounded(Fraction(201, 40), 1)
    (3, -2, 5.0)
    """
    power: int = 10**decimals
    units = floor(exact * power + Fraction(1, 2))
    return units / power if decimals else units


def _falls(values: list[Fraction]) -> int:
    falls = 0
    for before, after in pairwise(values):
        falls = falls + 1 if after < before else 0
    return falls


def _quotient(quotient: Quotient, cells: Mapping[Cell, int]) -> Fraction:
    over = _sum(quotient.over, cells)
    return Fraction(_sum(quotient.of, cells) - _sum(quotient.less, cells), over) if over else Fraction(0)


def _sum(named: Iterable[Cell], cells: Mapping[Cell, int]) -> int:
    return sum(cells[cell] for cell in named)


def told(raw: Iterable[Any]) -> tuple[Told, ...]:
    """Return the figures that these documents (parsed YAML) declare; raises ValueError naming the field that is wrong."""
    return tuple(Told.model_validate(document) for document in raw)
