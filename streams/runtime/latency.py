"""Quantiles over the last minute, at a cost that does not grow with what passes: one counted bucket a twentieth wide."""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass

#: Each bucket is 5 % wider than the one before: a quantile is at most 2.5 % off.
WIDTH = math.log(1.05)
MINUTE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Latency:
    """How long it took over the last minute: how many were measured, the median and the 99th percentile in ms."""

    count: int
    p50_ms: float
    p99_ms: float


class LastMinute:
    """Durations of the last sixty seconds."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, Counter[int]]] = deque()

    def add(self, duration_ms: float, now: float) -> None:
        """Count a duration at `now` (monotonic seconds); a negative one, of clocks that differ, counts as 0."""
        second = int(now)
        if not self._seconds or self._seconds[-1][0] != second:
            self._forget(second)
            self._seconds.append((second, Counter()))
        self._seconds[-1][1][bucket(duration_ms)] += 1

    def read(self, now: float) -> Latency | None:
        """Return the quantiles of the minute before `now`; None when nothing was measured in it."""
        self._forget(int(now))
        counted: Counter[int] = Counter()
        for _, second in self._seconds:
            counted.update(second)
        if not counted:
            return None
        return Latency(counted.total(), quantile(counted, 0.5), quantile(counted, 0.99))

    def _forget(self, second: int) -> None:
        while self._seconds and self._seconds[0][0] <= second - MINUTE_SECONDS:
            self._seconds.popleft()


def bucket(duration_ms: float) -> int:
    """Return the number of the bucket a duration falls in; below a millisecond, Kafka's unit, there is one."""
    return 0 if duration_ms < 1 else 1 + int(math.log(duration_ms) / WIDTH)


def quantile(counted: Counter[int], share: float) -> float:
    """Return the duration in ms that `share` of what was counted does not exceed, as the middle of its bucket."""
    wanted = math.ceil(share * counted.total())
    for number in sorted(counted):
        wanted -= counted[number]
        if wanted <= 0:
            break
    return 0.5 if number == 0 else round(math.exp((number - 0.5) * WIDTH), 1)
