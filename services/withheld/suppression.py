"""Small numbers protected: what is left out of a table of counts so that nobody can work a small one out. Pure.

A count of one up to the smallest that may be shown is left out, and so is a total that small. Nought is shown: it is about
nobody. Sums would give such a count away, so others go with it: three cells that make a rectangle with it, over two rows and
two columns, of which a total may be one. Round such a rectangle counts can be moved by one, by two, up to the smallest that
may be shown, with every sum kept and none below nought. So whoever sees the rest can choose from more values than that, for
every number left out; that is the law here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

#: A row and a column; the last of each is the total.
Cell = tuple[int, int]
TOTAL = "total"


@dataclass(frozen=True, slots=True)
class Table:
    """Counts by row and column with their totals; what is left out is None."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[int | None, ...], ...]

    def shown(self) -> Mapping[str, Mapping[str, int | None]]:
        """Return the counts by name, the totals under `total`."""
        columns = (*self.columns, TOTAL)
        return {
            row: dict(zip(columns, cells, strict=True))
            for row, cells in zip((*self.rows, TOTAL), self.cells, strict=True)
        }


def table(counts: Mapping[tuple[str, str], int], smallest: int) -> Table:
    """Return the counts by (row, column) as a table in which no number below `smallest` can be worked out.

    Law: every number left out could be at least `smallest` more or less, by all that is shown.
    """
    rows = tuple(sorted({row for row, _ in counts}))
    columns = tuple(sorted({column for _, column in counts}))
    full = _with_totals([[counts.get((row, column), 0) for column in columns] for row in rows], len(columns))
    out = _left_out(full, smallest)
    cells = tuple(
        tuple(None if (r, c) in out else count for c, count in enumerate(line)) for r, line in enumerate(full)
    )
    return Table(rows, columns, cells)


def _with_totals(counts: Sequence[Sequence[int]], columns: int) -> list[list[int]]:
    lines = [[*line, sum(line)] for line in counts]
    return [*lines, [sum(line[c] for line in lines) for c in range(columns + 1)]]


def _left_out(full: Sequence[Sequence[int]], smallest: int) -> frozenset[Cell]:
    cells = [(r, c) for r, line in enumerate(full) for c, _ in enumerate(line)]
    small = [(r, c) for r, c in cells if 0 < full[r][c] < smallest]
    out = set(small)
    for cell in small:
        out |= set(min(_rectangles(full, cell, smallest), key=lambda four: _lost(full, set(four) - out)))
    return frozenset(out)


def _rectangles(full: Sequence[Sequence[int]], cell: Cell, smallest: int) -> Iterator[tuple[Cell, ...]]:
    """Yield each rectangle with the cell round which counts can be moved so far that the cell rises by `smallest`.

    There is always one: that of the totals, in which nothing need go down.
    """
    (row, column), last_row, last_column = cell, len(full) - 1, len(full[0]) - 1
    for r in range(len(full)):
        for c in range(len(full[0])):
            if r == row or c == column:
                continue
            four = (cell, (row, c), (r, column), (r, c))
            # A count and its total move together, so a step into the row or column of totals turns the direction.
            ways = [
                way * (-1 if (at[0] == last_row) != (at[1] == last_column) else 1)
                for at, way in zip(four, (1, -1, -1, 1), strict=True)
            ]
            falls = [at for at, way in zip(four, ways, strict=True) if way != ways[0]]
            if all(full[at[0]][at[1]] >= smallest for at in falls):
                yield four


def _lost(full: Sequence[Sequence[int]], more: Iterable[Cell]) -> tuple[int, int]:
    """Return what leaving these out too would cost: how many numbers, and how much they count."""
    several = list(more)
    return len(several), sum(full[r][c] for r, c in several)
