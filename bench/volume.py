"""Long runs through all processors: whether time stays linear in the number of events, and memory flat.

Reports on persons of their own, sealed and signed as a publisher's, in numbers of the national history's (5,967 reports).
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.figures import Figure
from bench.place import CHUNK, Say, own_platform, publish
from infra.local.platform import Platform
from infra.local.processes import Process
from services.cli.workers import NAMES, Workers, memory_bytes
from streams.runtime.settled import Gauge, is_settled

NATION = 5_967
#: How much longer one event may take in a larger history than in the nation's own: linear, and noise.
LIMIT_TIMES = 1.2
LIMIT_MIB = 150.0
#: Flat: over a million events the slope may add 20 MiB.
LIMIT_MIB_PER_100K = 2.0
#: Below so many events a slope says more about start-up than about growth: it is shown, and held to no limit.
SLOPE_EVENTS = 200_000
WARM_SHARE = 0.2
#: So much of a run lies there before the workers start, one after another: each meets a backlog with the machine to itself
#: first, in the largest batches there are, and what those take is not taken for growth.
BACKLOG_SHARE, BACKLOG_MOST = 0.1, 20_000
READ_SECONDS = 2.0
STALLED_SECONDS = 180.0


@dataclass(slots=True)
class Flow:
    """How one run went: its own seconds, how many events were done when, and of every worker the memory after so many (MiB)."""

    seconds: float = 0.0
    done: list[tuple[int, float]] = field(default_factory=list)
    weights: dict[str, list[tuple[int, float]]] = field(default_factory=dict)

    def peak_mib(self, name: str) -> float:
        """Return the most memory that worker had (PSS)."""
        return max(weight for _, weight in self.weights[name])

    def late_to_early(self) -> float:
        """Return how much longer an event took in the last fifth of all events than in the second: the first warms up."""
        return late_to_early(self.done)

    def slope(self, name: str) -> float:
        """Return how much memory that worker gains in 100,000 events (MiB): least squares, its warm-up left out."""
        return slope(self.weights[name]) * 100_000


def slope(points: Sequence[tuple[int, float]]) -> float:
    """Return the rise of the line through the points after the first part of their range; 0 with fewer than two.

    >>> slope([(0, 9.0), (100, 1.0), (200, 2.0), (300, 3.0)])
    0.01
    """
    warm = [point for point in points if point[0] >= points[-1][0] * WARM_SHARE]
    if len({events for events, _ in warm}) < 2:
        return 0.0
    return statistics.linear_regression(*zip(*warm, strict=True)).slope


def late_to_early(done: Sequence[tuple[int, float]]) -> float:
    """Return the time of an event in the last fifth of them, divided by that in the second fifth; 1 with too few readings.

    >>> late_to_early([(0, 0.0), (20, 9.0), (40, 10.0), (80, 12.0), (100, 14.0)])
    2.0
    """
    first, last = done[0][0], done[-1][0]
    at = [next(point for point in done if point[0] >= first + (last - first) * share) for share in (0.2, 0.4, 0.8)]
    (low, began), (high, ended), (late, later) = at
    if high == low or last == late:
        return 1.0
    return (done[-1][1] - later) / (last - late) / ((ended - began) / (high - low))


def measure_scale(say: Say, times: Sequence[int] = (1, 3)) -> tuple[list[Figure], dict[str, object]]:
    """Send the nation's number of reports so many times over, each on a platform of its own; the first is the measure.

    Of the largest the workers' memory is told too.
    """
    each, flows = {}, {}
    for many in times:
        flow = flows[many] = _on_own_platform(many * NATION, say, ahead=True)
        each[many] = flow.seconds * 1000 / (many * NATION)
        say(f"{many} x {NATION:,} reports: {each[many]:.2f} ms an event")
    first = times[0]
    figures = []
    for many, taken in each.items():
        figures.append(Figure(f"{many} x {NATION:,} reports, all processors", 1000 / taken, "events/s"))
        if many != first:
            name = f"time of an event at {many} x / at {first} x"
            figures.append(Figure(name, taken / each[first], "x", LIMIT_TIMES))
    most = max(times)
    if most != first:
        name = f"time of an event in the last fifth / in the second, {most} x"
        figures.append(Figure(name, flows[most].late_to_early(), "x", LIMIT_TIMES))
        figures += _of_memory(flows[most], most * NATION)
    return figures, {"ms_per_event": {str(many): round(taken, 4) for many, taken in each.items()}}


def measure_memory(say: Say, events: int = 2 * NATION) -> tuple[list[Figure], dict[str, object]]:
    """Send that many reports through all processors, a backlog and then more while they work; weigh every worker on the way."""
    flow = _on_own_platform(events, say, ahead=False)
    return _of_memory(flow, events), {"events": events, "mib_after": flow.weights}


def _of_memory(flow: Flow, reports: int) -> list[Figure]:
    limit = LIMIT_MIB_PER_100K if reports >= SLOPE_EVENTS else None
    figures = []
    for name in flow.weights:
        figures.append(Figure(f"{name}, memory over {reports:,} reports (PSS)", flow.peak_mib(name), "MiB", LIMIT_MIB))
        figures.append(Figure(f"{name}, gained in 100,000 events", flow.slope(name), "MiB", limit))
    return figures


def _on_own_platform(events: int, say: Say, *, ahead: bool) -> Flow:
    """Return one run, in which only the workers' time counts; with `ahead` all of it is one backlog."""
    with own_platform(say) as platform:
        return asyncio.run(_run(platform, events, say, ahead=ahead))


async def _run(platform: Platform, events: int, say: Say, *, ahead: bool) -> Flow:
    backlog = events if ahead else min(int(events * BACKLOG_SHARE), BACKLOG_MOST)
    say(f"publishing {backlog:,} reports")
    await publish(platform, range(backlog))
    workers = Workers(platform.data)
    running = workers.start_all() if ahead else await _one_by_one(platform, workers, say)
    publishing = asyncio.ensure_future(_publish(platform, range(backlog, events), say))
    try:
        return await _until_settled(platform, workers, running, publishing)
    finally:
        publishing.cancel()
        await asyncio.to_thread(workers.stop_all)


async def _one_by_one(platform: Platform, workers: Workers, say: Say) -> dict[str, Process]:
    """Start the workers, each when those before it have done all there is."""
    gauge, running = Gauge(platform.admin()), {}
    for name in NAMES:
        running[name] = workers.start(name)
        while not is_settled([p for p in await gauge.progress() if p.processor in running]):
            await asyncio.sleep(READ_SECONDS / 4)
            workers.check(running)
        say(f"{name} has done the backlog")
    return running


async def _publish(platform: Platform, reports: range, say: Say) -> None:
    """Publish without getting far ahead of admit: what lies on its topic is the broker's, not what is measured."""
    gauge = Gauge(platform.admin())
    size = 10 * CHUNK
    for start in reports[::size]:
        await publish(platform, range(start, min(start + size, reports.stop)))
        say(f"published {min(start + size, reports.stop):,} of {reports.stop:,}")
        while any(p.processor == "admit" and p.end - p.sent > size for p in await gauge.progress()):  # noqa: ASYNC110
            await asyncio.sleep(READ_SECONDS / 4)  # positions are asked for, they ring no bell


async def _until_settled(
    platform: Platform, workers: Workers, running: Mapping[str, Process], publishing: asyncio.Future[None]
) -> Flow:
    """Weigh the workers until everything published has reached its last reader; their start-up is left out of the time."""
    gauge = Gauge(platform.admin())
    flow = Flow(weights={name: [] for name in running})
    began: float | None = None
    moved, moved_at = 0, time.monotonic()
    while True:
        published = publishing.done()  # before the reading: what came after it must not be missed
        progress = await gauge.progress()
        now, sent = time.monotonic(), sum(p.sent for p in progress)
        if sent > moved:
            began = began or now
            moved, moved_at = sent, now
            flow.done.append((sent, now))
            for p in progress:
                flow.weights[p.processor].append((p.sent, memory_bytes({p.processor: running[p.processor]}) / 2**20))
        if published:
            publishing.result()
        if began is not None and published and is_settled(progress):
            flow.seconds = now - began
            return flow
        if now - moved_at > STALLED_SECONDS:
            raise TimeoutError(f"nothing moved for {STALLED_SECONDS:.0f} s")
        workers.check(running)
        await asyncio.sleep(READ_SECONDS / 4 if published else READ_SECONDS)
