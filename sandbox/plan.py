"""What the fit decides: how many persons of each sort there are, and what they count to.

Rules: unique persons per year and the KMar rule (slachtoffermonitor-part1, L478-492); forms, and their hierarchy in the
tables of reporters (L573-577, L992-996); organ removal under unknown (part2, L2165, inferred).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from sandbox.targets import SUM_ROW, YEARS, Cell, Targets, added
from sandbox.traits import Traits

KINDS = ("POLITIE", "KMAR", "INSPECTIE_SZW", "ZORGCOORDINATOR", "FAIRWORK", "OVERIG")
SU = ("BL_SU", "GO_SU")
FORM_SETS: tuple[tuple[str, ...], ...] = (
    *((form,) for form in ("BL_SU", "GO_SU", "AU", "CU", "ORGAAN", "ONBEKEND")),
    *((su, *rest) for su in SU for rest in (("AU",), ("CU",), ("AU", "CU"))),
    ("AU", "CU"),
)
KIND_SETS: tuple[tuple[str, ...], ...] = (
    *((kind,) for kind in KINDS),
    *combinations(KINDS, 2),
    ("POLITIE", "ZORGCOORDINATOR", "OVERIG"),
    ("POLITIE", "INSPECTIE_SZW", "FAIRWORK"),
    ("POLITIE", "KMAR", "ZORGCOORDINATOR"),
    ("ZORGCOORDINATOR", "FAIRWORK", "OVERIG"),
)


class Sort(NamedTuple):
    """Persons the tables cannot tell apart but by police unit and sector."""

    year: str
    forms: tuple[str, ...]
    kinds: tuple[str, ...]

    @property
    def ranked(self) -> str:
        """The one form that counts where forms are hierarchical: SU > AU > CU > unknown."""
        return "ONBEKEND" if self.forms[0] == "ORGAAN" else self.forms[0]

    @property
    def kmar_only(self) -> bool:
        """Whether the KMar rule leaves these persons out: sexual exploitation reported by the KMar alone."""
        return self.kinds == ("KMAR",) and self.ranked in SU


@dataclass(frozen=True, slots=True)
class Plan:
    """Persons that can exist together: `persons` per sort, `units` per (unit, year, ranked form), `sectors` per year.

    `traits` says of each person who it is, by sort; those the KMar rule leaves out count in nothing that would ask.
    `targets` is what they count to; `slack` is, per table, how far that is from what was asked for.
    """

    persons: Mapping[Sort, int]
    units: Mapping[tuple[str, str, str], int]
    sectors: Mapping[tuple[str, str], int]
    traits: Mapping[Sort, tuple[Traits, ...]]
    targets: Targets
    slack: Mapping[str, int]

    @property
    def size(self) -> int:
        """How many registered persons there are."""
        return sum(self.persons.values())


def sorts() -> tuple[Sort, ...]:
    """Return every sort a plan may use."""
    return tuple(Sort(year, forms, kinds) for year in YEARS for forms in FORM_SETS for kinds in KIND_SETS)


def cells_of(sort: Sort) -> tuple[Cell, ...]:
    """Return every cell that one person of this sort adds one to, totals, sectors and police units left out.

    >>> cells_of(Sort("2020", ("GO_SU",), ("KMAR",)))
    (Cell(table='2.1', row='all', column='2020'),)
    """
    everyone = Cell("2.1", "all", sort.year)
    if sort.kmar_only:
        return (everyone,)
    return (
        everyone,
        Cell("2.1", "excluding-kmar-only", sort.year),
        *(Cell("2.2", form, sort.year) for form in sort.forms),
        *(Cell("2.9", kind, column) for kind in sort.kinds for column in (sort.year, sort.ranked)),
    )


def counted(wanted: Targets, cells: Counter[Cell]) -> Targets:
    """Return what these base cells make of every wanted cell: targets, sums of the two unknown rows, and totals."""
    base = Counter(cells)
    for cell, number in cells.items():
        if cell.table == "2.9":
            if cell.column in YEARS:
                base[cell._replace(column="total")] += number
            if cell.row in {"POLITIE", "INSPECTIE_SZW"}:
                base[cell._replace(row=SUM_ROW)] += number
                if cell.column in YEARS:
                    base[Cell("2.9", SUM_ROW, "total")] += number
    sums = {cell: base[cell] for cell in wanted.sums}
    whole = added({cell: base[cell] for cell in wanted.cells}, sums)
    return Targets(whole, sums, {cell: (base[cell], base[cell]) for cell in wanted.ranges}, wanted.overlaps)
