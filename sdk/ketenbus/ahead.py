"""What still stands in a stretch of a view that a reader begins behind: told by what its messages say of each other. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from ketenbus.view import Received


@dataclass(slots=True, eq=False)
class LookAhead:
    """The stretch of one partition from where a reader begins to the end of that moment, read once before it is handed out.

    It remembers the highest recall or replacement of each event that has one there, and no content.

    Laws: whoever is handed what stands, in order, ends up holding what it would hold after reading everything in order;
    nothing it is handed of the stretch was recalled or replaced within it; no recall is left out.
    """

    begin: int = 0
    end: int | None = None  # None: not asked for yet
    at: int = 0
    complete: bool = False
    _highest: dict[str, int] = field(default_factory=dict)

    def learn(self, offset: int, ended: tuple[str, int] | None) -> None:
        """Take in what `view.ends` says of the message at this offset."""
        if ended is not None and self.end is not None and offset < self.end:
            id, change = ended
            self._highest[id] = max(change, self._highest.get(id, 0))

    def stands(self, offset: int, received: Received) -> bool:
        """Return whether the message at this offset is to be handed out: nothing in the stretch recalls or replaces it.

        A recall always is: its reader may hold what it recalls from an earlier life, and has to confirm. So is what comes
        after the stretch.
        """
        return (
            received.is_recall
            or self.end is None
            or offset >= self.end
            or received.change >= self._highest.get(received.id, 0)
        )
