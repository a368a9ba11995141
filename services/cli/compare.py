"""What was counted beside the targets, cell by cell and figure by figure of the text. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sandbox.targets import Cell, Targets, figures
from sandbox.text import Wish, wishes

#: equal to the target; different from it, or outside its bounds; unknown in the source, and within the bounds it gives; or
#: an erratum: the printed number contradicts the source's own tables, and what was counted is what those give.
State = Literal["equal", "different", "unknown", "erratum"]


@dataclass(frozen=True, slots=True)
class Compared:
    """One cell, or one figure of the text: what was counted, what it should be, or within which bounds.

    An unknown cell has the bounds that the source gives; a figure of the text told as a bound has these as its target.
    """

    cell: Cell
    counted: float
    target: float | None
    bounds: tuple[float, float] | None
    state: State

    @property
    def difference(self) -> float:
        """How far the count is off; 0 where the source gives no number."""
        return 0 if self.target is None else self.counted - self.target


def compare(counted: Mapping[tuple[str, str, str], float], targets: Targets) -> tuple[Compared, ...]:
    """Return every cell the source prints and then every figure of its text, in its order; what was not counted is 0."""
    return (*_cells(counted, targets), *_text(counted, targets))


def in_text(compared: Sequence[Compared]) -> dict[Cell, tuple[Wish, Compared]]:
    """Return the figures of the text, in the order of the source, each with what it was compared to."""
    by_cell = {one.cell: one for one in compared}
    return {wish.cell: (wish, by_cell[wish.cell]) for wish in wishes() if wish.cell in by_cell}


def shown(wish: Wish, value: float) -> tuple[str, str]:
    """Return a number of the text as it is written, in Dutch and in English.

    >>> shown(wishes()[2], -26.2)
    ('-26,2%', '-26.2%')
    """
    unit = "%" if wish.way in {"share", "change"} else ""
    sign = "+" if wish.way == "change" and value > 0 else ""
    english = f"{sign}{value:,}"
    if wish.way == "rank":
        return f"{english}e", english + {"1": "st", "2": "nd", "3": "rd"}.get(english, "th")
    return english.translate(str.maketrans(",.", ".,")) + unit, english + unit


def aim(wish: Wish, compared: Compared) -> tuple[str, str]:
    """Return the number, or the bounds, that must come out, as written in Dutch and in English."""
    if compared.bounds is None:
        return shown(wish, compared.target or 0)
    low, high = (shown(wish, bound) for bound in compared.bounds)
    above = compared.bounds[1] >= 100
    dutch, english = (f"≥ {least}" if above else f"{least} – {most}" for least, most in zip(low, high, strict=True))
    return dutch, english


def _cells(counted: Mapping[tuple[str, str, str], float], targets: Targets) -> Iterator[Compared]:
    known = {**targets.cells, **targets.sums}
    for figure in figures():
        for row in figure.rows:
            for column in figure.columns:
                cell = Cell(figure.table, row, column)
                value, target, bounds = counted.get(cell, 0), known.get(cell), targets.ranges.get(cell)
                if target is not None:
                    yield Compared(cell, value, target, None, "equal" if value == target else "different")
                elif bounds is not None:
                    within = bounds[0] <= value <= bounds[1]
                    yield Compared(cell, value, None, bounds, "unknown" if within else "different")


def _text(counted: Mapping[tuple[str, str, str], float], targets: Targets) -> Iterator[Compared]:
    as_printed = all(targets.text.get(wish.cell) == (wish.low, wish.high) for wish in wishes())
    for wish in wishes():
        if wish.cell not in targets.text:
            continue
        low, high = targets.text[wish.cell]
        value = counted.get(wish.cell, 0)
        state: State = "different"
        if low <= value <= high:
            state = "erratum" if as_printed and wish.erratum is not None else "equal"
        exact = low == high
        yield Compared(wish.cell, value, low if exact else None, None if exact else (low, high), state)
