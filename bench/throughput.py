"""How fast a backlog goes through admit and disclose, receipts stored: read from the processors' own positions.

Each run has its backlog on the topics before the workers start. What counts is the time between two readings of the
positions, the first after a worker began and the first with everything sent; its start-up is left out.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psutil

from bench.figures import Figure
from bench.place import Say, own_platform, publish
from infra.local.platform import Platform
from infra.local.processes import Process
from services.cli.workers import Workers, memory_bytes
from streams.runtime import topics
from streams.runtime.settled import Gauge

EVENTS = 20_000
#: A reading opens four connections to PostgreSQL: more often would be measured along.
READ_SECONDS = 0.5
STALLED_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Reading:
    """Where the workers were at a moment: records sent on, processor seconds used, and memory."""

    at: float
    sent: Mapping[str, int]
    ends: Mapping[str, int]
    cpu_seconds: Mapping[str, float]
    pss_bytes: Mapping[str, int]

    def finished(self, goal: Mapping[str, int]) -> bool:
        """Return whether every worker has sent on that many records and nothing is left for it."""
        return all(self.sent[name] >= goal[name] and self.sent[name] >= self.ends[name] for name in goal)


@dataclass(frozen=True, slots=True)
class Run:
    """One backlog worked off: between the first reading of `readings` and the last."""

    readings: tuple[Reading, ...]

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.readings[-1].at - self.readings[0].at

    def per_second(self, name: str) -> float:
        """Return how many records a second that worker sent on."""
        return self._moved(name) / self.seconds

    def cpu_ms_per_record(self, name: str) -> float:
        """Return the processor time one record takes that worker, in milliseconds."""
        used = self.readings[-1].cpu_seconds[name] - self.readings[0].cpu_seconds[name]
        return used * 1000 / self._moved(name)

    def peak_mib(self, name: str) -> float:
        """Return the most memory that worker had (PSS)."""
        return max(reading.pss_bytes[name] for reading in self.readings) / 2**20

    def _moved(self, name: str) -> int:
        return self.readings[-1].sent[name] - self.readings[0].sent[name]


def measure(say: Say, events: int = EVENTS) -> tuple[list[Figure], dict[str, object]]:
    """Measure admit, then disclose on what admit logged, then both at once on as many new events."""
    with own_platform(say) as platform:
        runs, receipts = asyncio.run(_all(platform, events, say))
    figures = [
        Figure("admit alone", runs["admit"].per_second("admit"), "events/s"),
        Figure("disclose alone, receipts stored", runs["disclose"].per_second("disclose"), "events/s"),
        Figure("admit and disclose together", events / runs["both"].seconds, "events/s"),
    ]
    for name in ("admit", "disclose"):
        figures.append(Figure(f"{name} alone, processor time", runs[name].cpu_ms_per_record(name), "ms/event"))
        figures.append(
            Figure(f"{name}, memory at most (PSS)", max(runs[of].peak_mib(name) for of in (name, "both")), "MiB")
        )
    figures.append(Figure("receipts stored per event", receipts / (2 * events), ""))
    return figures, {"events": events, "seconds": {name: round(run.seconds, 2) for name, run in runs.items()}}


async def _all(platform: Platform, events: int, say: Say) -> tuple[dict[str, Run], int]:
    gauge = Gauge(platform.admin())
    runs = {}
    say(f"publishing {events} reports")
    await publish(platform, range(events))
    for names in (("admit",), ("disclose",)):
        say(f"{names[0]} alone")
        runs[names[0]] = await _run(platform, gauge, names, dict.fromkeys(names, events))
    say(f"publishing {events} more")
    await publish(platform, range(events, 2 * events))
    say("admit and disclose together")
    runs["both"] = await _run(platform, gauge, ("admit", "disclose"), {"admit": 2 * events, "disclose": 2 * events})
    return runs, gauge.ends([(topics.RECEIPTS, 0)])[topics.RECEIPTS, 0]


async def _run(platform: Platform, gauge: Gauge, names: Sequence[str], goal: Mapping[str, int]) -> Run:
    """Start these workers, and read where they are until they have sent on `goal` records; they are stopped again."""
    before = {one.processor: one.sent for one in await gauge.progress()}
    workers = Workers(platform.data)
    running = {name: workers.start(name) for name in names}
    readings: list[Reading] = []
    moved_at = time.monotonic()
    try:
        while True:
            reading = await _read(gauge, running)
            if readings and reading.sent != readings[-1].sent:
                moved_at = time.monotonic()
            if readings or any(reading.sent[name] > before[name] for name in names):
                readings.append(reading)
            if readings and reading.finished(goal):
                return Run(tuple(readings))
            if time.monotonic() - moved_at > STALLED_SECONDS:
                raise TimeoutError(f"{', '.join(names)}: nothing moved for {STALLED_SECONDS:.0f} s")
            workers.check(running)
            await asyncio.sleep(READ_SECONDS)
    finally:
        await asyncio.to_thread(workers.stop_all)


async def _read(gauge: Gauge, running: Mapping[str, Process]) -> Reading:
    found = await gauge.progress()
    cpu = {}
    for name, process in running.items():
        times = psutil.Process(process.pid).cpu_times()
        cpu[name] = times.user + times.system
    return Reading(
        at=time.monotonic(),
        sent={one.processor: one.sent for one in found},
        ends={one.processor: one.end for one in found},
        cpu_seconds=cpu,
        pss_bytes={name: memory_bytes({name: process}) for name, process in running.items()},
    )
