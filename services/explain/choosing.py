"""Which events to show: as few as show most of what can happen. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Way:
    """One event decided in a way of its own: by how many decisions, and what is to be seen of it (type, reasons, news)."""

    id: str
    oin: str
    decisions: int
    marks: frozenset[str]


def varied(ways: Sequence[Way], count: int) -> list[Way]:
    """Return at most `count` of them: each time the first that shows most of what none before it shows."""
    left = list(ways)
    chosen: list[Way] = []
    seen: set[str] = set()
    while left and len(chosen) < count:
        best = max(left, key=lambda way: len(way.marks - seen))
        left.remove(best)
        chosen.append(best)
        seen |= best.marks
    return chosen
