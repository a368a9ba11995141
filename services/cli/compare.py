"""The counted tables beside the targets, cell by cell: equal, different, or unknown in the source. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sandbox.targets import Cell, Targets, figures

State = Literal["equal", "different", "unknown"]


@dataclass(frozen=True, slots=True)
class Compared:
    """One cell: what was counted, what it should be, and for an unknown cell the published range."""

    cell: Cell
    counted: int
    target: int | None
    bounds: tuple[int, int] | None
    state: State

    @property
    def difference(self) -> int:
        """How far the count is off; 0 where the source gives no number."""
        return 0 if self.target is None else self.counted - self.target


def compare(counted: Mapping[tuple[str, str, str], int], targets: Targets) -> tuple[Compared, ...]:
    """Return every cell the source prints, in its order; a cell that was not counted is 0."""
    known = {**targets.cells, **targets.sums}
    out = []
    for figure in figures():
        for row in figure.rows:
            for column in figure.columns:
                cell = Cell(figure.table, row, column)
                value, target, bounds = counted.get(cell, 0), known.get(cell), targets.ranges.get(cell)
                if target is not None:
                    out.append(Compared(cell, value, target, None, "equal" if value == target else "different"))
                elif bounds is not None:
                    out.append(Compared(cell, value, None, bounds, "unknown"))
    return tuple(out)
