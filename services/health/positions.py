"""What moves between two looks at one processor's positions. Pure: the clock is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from streams.runtime.transaction import Place, lost_by_kafka

#: By partition: how far it is decided, and how far what followed is sent.
Positions = Mapping[Place, tuple[int, int]]

#: Rates are over the looks of about this long, so that one batch does not make them jump.
RATE_SECONDS = 10.0


class Standing:
    """One processor's partitions, from look to look."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = places
        self.waiting = 0
        #: The first unsent offset of every partition where something waits.
        self.unsent: Mapping[Place, int] = {}
        #: What to say of the first partition that ends before what is decided of it, if one does.
        self.lost: str | None = None
        #: How long, of what we saw, something waited and nothing moved.
        self.unmoved_seconds = 0.0
        self.in_per_second: float | None = None
        self.out_per_second: float | None = None
        self._moved: tuple[object, ...] | None = None
        self._since: float | None = None
        self._history: list[tuple[float, int, int]] = []

    def see(self, now: float, positions: Positions, ends: Mapping[Place, int], done: int) -> None:
        """Take one look at `now` (monotonic seconds); `done` is the processor's own count of what it has done."""
        sent = {place: positions.get(place, (0, 0))[1] for place in self._places}
        self.unsent = {place: sent[place] for place in self._places if sent[place] < ends[place]}
        decided = {place: positions.get(place, (0, 0))[0] for place in self._places}
        self.lost = next((lost_by_kafka(p, ends[p], decided[p]) for p in self._places if ends[p] < decided[p]), None)
        self.waiting = sum(ends[place] - offset for place, offset in self.unsent.items())
        self._see_motion(now, (positions, done))
        self._see_pace(
            now, sum(min(sent[place], ends[place]) for place in self._places), sum(ends.get(p, 0) for p in self._places)
        )

    def _see_motion(self, now: float, moved: tuple[object, ...]) -> None:
        if not self.waiting or moved != self._moved or self._since is None:
            self._moved, self._since = moved, now if self.waiting else None
        self.unmoved_seconds = 0.0 if self._since is None else now - self._since

    def _see_pace(self, now: float, sent: int, end: int) -> None:
        self._history = [past for past in self._history if past[0] > now - RATE_SECONDS][-60:]
        if self._history:
            then, sent_then, end_then = self._history[0]
            self.out_per_second = max(0.0, (sent - sent_then) / (now - then))
            self.in_per_second = max(0.0, (end - end_then) / (now - then))
        self._history.append((now, sent, end))
