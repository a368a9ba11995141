"""No number that was left out of a table of counts can be worked out from the rest: asked of a solver that sees what is shown."""

from __future__ import annotations

from itertools import product

import z3
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.withheld.suppression import TOTAL, Table, table

#: Many small counts and noughts, a few that may be shown.
COUNTS = st.sampled_from([0, 0, 0, 1, 2, 3, 9, 10, 11, 12, 40, 41, 500])
SMALLEST = st.sampled_from([2, 3, 10])


@st.composite
def counted(draw: st.DrawFn) -> dict[tuple[str, str], int]:
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    return {(f"r{r}", f"c{c}"): draw(COUNTS) for r, c in product(range(rows), range(columns))}


def possible(shown: Table) -> tuple[z3.Solver, list[list[z3.ArithRef]]]:
    """Every table of counts that agrees with what is shown: no count below nought, every total a sum."""
    solver = z3.Solver()
    cells = [[z3.Int(f"{r}.{c}") for c in range(len(line))] for r, line in enumerate(shown.cells)]
    for line, counts in zip(cells, shown.cells, strict=True):
        solver.add([cell >= 0 for cell in line])
        solver.add([cell == count for cell, count in zip(line, counts, strict=True) if count is not None])
        solver.add(z3.Sum(line[:-1]) == line[-1])
    for column in zip(*cells, strict=True):
        solver.add(z3.Sum(column[:-1]) == column[-1])
    return solver, cells


@given(counted(), SMALLEST)
@settings(max_examples=60)
def test_every_number_left_out_could_be_so_many_others(counts: dict[tuple[str, str], int], smallest: int) -> None:
    shown = table(counts, smallest)
    solver, cells = possible(shown)
    true = {
        **counts,
        **{(r, TOTAL): sum(n for (row, _), n in counts.items() if row == r) for r in shown.rows},
        **{(TOTAL, c): sum(n for (_, column), n in counts.items() if column == c) for c in shown.columns},
        (TOTAL, TOTAL): sum(counts.values()),
    }
    for (r, row), (c, column) in product(enumerate((*shown.rows, TOTAL)), enumerate((*shown.columns, TOTAL))):
        if shown.cells[r][c] is None:
            far = z3.Or(cells[r][c] >= true[row, column] + smallest, cells[r][c] <= true[row, column] - smallest)
            assert solver.check(far) == z3.sat, (row, column)
        else:
            assert shown.cells[r][c] == true[row, column]


@given(counted(), SMALLEST)
def test_no_small_number_is_shown_and_nothing_is_left_out_where_there_is_none(
    counts: dict[tuple[str, str], int], smallest: int
) -> None:
    told = [n for line in table(counts, smallest).cells for n in line]
    assert not [n for n in told if n is not None and 0 < n < smallest]
    if not any(0 < n < smallest for n in counts.values()):
        assert None not in told


@given(counted())
def test_leaving_out_the_small_ones_alone_would_not_do(counts: dict[tuple[str, str], int]) -> None:
    assume(sum(0 < n < 10 for n in counts.values()) == 1)
    shown = table(counts, 10)
    assert sum(n is None for line in shown.cells for n in line) >= 4
