"""One integer program that finds persons who count to the wanted figures, or to the nearest jointly feasible ones.

Solved by HiGHS on one thread with a fixed seed and a limit on nodes, never on time: the same wish gives the same plan.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import product

import highspy

from sandbox.demographics import dealt, told
from sandbox.mixing import mixed
from sandbox.plan import SU, Plan, Sort, cells_of, counted, sorts
from sandbox.program import Program
from sandbox.targets import HIERARCHICAL, SUM_ROW, TOTAL, YEARS, Cell, Targets, figures, published

CELL_WEIGHT = 1000.0
RANGE_WEIGHT = 100.0
OVERLAP_WEIGHT = 10.0


def fit(wanted: Targets, seed: int = 1) -> Plan:
    """Return persons who count to `wanted`, or where its cells cannot hold together, to the nearest that can."""
    program = Program(seed, abs_gap=RANGE_WEIGHT)
    taste = random.Random(f"fit-{seed}")
    persons = {sort: program.whole(cost=taste.uniform(0, 0.01)) for sort in sorts()}
    units = _police_units(program, persons, taste)
    _published_cells(program, wanted, persons, units)
    _overlaps(program, wanted, persons)
    _something_to_decide(program, persons)
    solution = program.solve()
    plan_persons = mixed({sort: solution[at] for sort, at in persons.items() if solution[at]}, seed)
    plan_units = {key: solution[at] for key, at in units.items() if solution[at]}
    sectors = _sectors(wanted, plan_persons)
    targets = counted(wanted, _base(plan_persons, plan_units, sectors))
    traits = dealt(plan_persons, targets, seed)
    text = told(traits, targets, printed=wanted == published())
    # Ranges of random or scaled targets may not hold together: then they reach to what does.
    ranges = {
        cell: (min(low, made), max(made, high))
        for cell, (low, high) in wanted.ranges.items()
        for made, _ in [targets.ranges[cell]]
    }
    targets = replace(targets, ranges=ranges, text=text)
    return Plan(plan_persons, plan_units, sectors, traits, targets, _slack(wanted, targets))


def _police_units(
    program: Program, persons: Mapping[Sort, int], taste: random.Random
) -> dict[tuple[str, str, str], int]:
    """Spread the persons the police reported over its units: one or two each (slachtoffermonitor-part1, L1208-1211)."""
    names = [row for row in figures()[-1].rows if row != TOTAL]
    units = {key: program.whole(cost=taste.uniform(0, 0.01)) for key in product(names, YEARS, HIERARCHICAL)}
    for year, form in product(YEARS, HIERARCHICAL):
        reported = [at for s, at in persons.items() if (s.year, s.ranked) == (year, form) and "POLITIE" in s.kinds]
        there = dict.fromkeys(reported, -1.0)
        here = {units[name, year, form]: 1.0 for name in names}
        program.bound(here | there, 0, highspy.kHighsInf)
        program.bound(here | dict.fromkeys(reported, -2.0), -highspy.kHighsInf, 0)
        for at in here:
            program.bound({at: 1.0} | there, -highspy.kHighsInf, 0)
    return units


def _published_cells(
    program: Program,
    wanted: Targets,
    persons: Mapping[Sort, int],
    units: Mapping[tuple[str, str, str], int],
) -> None:
    terms: dict[Cell, dict[int, float]] = defaultdict(dict)
    for sort, at in persons.items():
        for cell in cells_of(sort):
            terms[cell][at] = 1.0
            if cell.table == "2.9":
                terms[cell._replace(row=TOTAL)][at] = float(len(sort.kinds))
                terms[cell._replace(column=TOTAL)][at] = 1.0
    for (unit, year, form), at in units.items():
        terms[Cell("2.10", unit, year)][at] = terms[Cell("2.10", unit, form)][at] = 1.0
    for cell, number in wanted.cells.items():
        if _is_free(cell):
            program.bound(terms[cell], number, number, CELL_WEIGHT)
    for cell, (low, high) in wanted.ranges.items():
        program.bound(terms[cell], low, high, RANGE_WEIGHT)


def _is_free(cell: Cell) -> bool:
    """Whether the cell is fitted: not a sector (`_sectors` has those), nor a total that the fitted cells make up."""
    if cell.table == "2.3":
        return False
    if cell.table == "2.9":
        return cell.column != TOTAL or cell.row == "POLITIE"
    return TOTAL not in (cell.row, cell.column)


def _overlaps(program: Program, wanted: Targets, persons: Mapping[Sort, int]) -> None:
    """Want the co-occurrence of forms in 2020 that the text gives (slachtoffermonitor-part1, L577-580)."""
    for name, number in wanted.overlaps.items():
        forms = tuple(name.split("+"))
        these = [
            at
            for s, at in persons.items()
            if s.year == "2020" and tuple("SU" if form in SU else form for form in s.forms) == forms
        ]
        program.bound(dict.fromkeys(these, 1.0), number, number, OVERLAP_WEIGHT)


def _something_to_decide(program: Program, persons: Mapping[Sort, int]) -> None:
    """Keep, at the smallest scale too, some persons on whom each counting rule has something to decide."""

    def some(these: Iterable[int], at_least: int) -> None:
        program.bound(dict.fromkeys(these, 1.0), at_least, highspy.kHighsInf)

    some((at for sort, at in persons.items() if sort.kmar_only), 3)
    some((at for sort, at in persons.items() if len(sort.forms) > 1 and "POLITIE" in sort.kinds), 3)
    some((at for sort, at in persons.items() if len(sort.kinds) > 1), 3)


def _sectors(wanted: Targets, persons: Mapping[Sort, int]) -> dict[tuple[str, str], int]:
    """Give each person with sexual exploitation at most one sector: wanted cells are met while there are persons."""
    sectors = {}
    names = [row for row in figures()[2].rows if row != TOTAL]
    for year in YEARS:
        left = sum(n for s, n in persons.items() if s.year == year and s.ranked in SU and not s.kmar_only)
        for name in names:
            sectors[name, year] = min(left, wanted.cells[Cell("2.3", name, year)])
            left -= sectors[name, year]
    return sectors


def _base(
    persons: Mapping[Sort, int], units: Mapping[tuple[str, str, str], int], sectors: Mapping[tuple[str, str], int]
) -> Counter[Cell]:
    cells: Counter[Cell] = Counter()
    for sort, number in persons.items():
        for cell in cells_of(sort):
            cells[cell] += number
    for (unit, year, form), number in units.items():
        cells[Cell("2.10", unit, year)] += number
        cells[Cell("2.10", unit, form)] += number
    for (sector, year), number in sectors.items():
        cells[Cell("2.3", sector, year)] += number
    return cells


def _slack(wanted: Targets, found: Targets) -> dict[str, int]:
    slack: Counter[str] = Counter()
    for cell, number in {**wanted.cells, **wanted.sums}.items():
        if cell.row == SUM_ROW or TOTAL not in (cell.row, cell.column):
            slack[cell.table] += abs({**found.cells, **found.sums}[cell] - number)
    return {figure.table: slack[figure.table] for figure in figures()}
