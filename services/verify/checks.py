"""What one check found: how many things it looked at and which of them are wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

#: A check names this many of what it found wrong; the count is of all.
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One promise of the bus, held against the raw records. Places are ids and offsets, never content."""

    name: str
    looked_at: int
    wrong: int = 0
    places: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, looked_at: int, wrong: Iterable[str]) -> Check:
        """Return a check with the places it found wrong."""
        places = sorted(wrong)
        return cls(name, looked_at, len(places), tuple(places[:SHOWN]))

    def __str__(self) -> str:
        """Return it as one line."""
        found = "all right" if not self.wrong else f"{self.wrong} wrong: {', '.join(self.places)}"
        return f"{self.name}: {self.looked_at} looked at, {found}"
