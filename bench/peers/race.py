"""One contestant over the input: a backlog, events at a rate, and a backlog under kill -9.

Only one contestant runs at a time. Each reads a topic of its own that holds the same bytes in the same partitions.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import psutil
from confluent_kafka import Producer

from bench.peers.contestants import STOP_SECONDS, Contestant
from bench.peers.counting import Count, Expected, count
from bench.peers.inputs import Inputs, Logged
from bench.peers.watching import Seat, Watcher
from bench.place import Say
from infra.local import processes
from infra.local.platform import Platform
from infra.local.processes import Process
from services.cli.workers import memory_bytes
from streams.runtime.settled import Gauge, client_config

RATE = 100
WARM_UP_SHARE = 0.2
READ_SECONDS = 0.5
TURN_SECONDS = 0.01
#: Longer than any session, commit or recovery here takes.
STALLED_SECONDS = 45.0
#: Longer than any contestant's commit interval: what has not moved for so long has come to rest.
REST_SECONDS = 3.0
KILLS = 3


@dataclass(slots=True)
class Result:
    """What one contestant did; times in seconds, latencies in milliseconds; `trouble` is what ended its run early."""

    name: str
    events_per_second: float | None = None
    cpu_ms_per_event: float | None = None
    peak_mib: float | None = None
    latencies_ms: list[float] = field(default_factory=list)
    recoveries: list[float] = field(default_factory=list)
    undisturbed: Count | None = None
    killed: Count | None = None
    trouble: str = ""


@dataclass(slots=True)
class Race:
    """One contestant's run. What was measured before trouble stays in the result."""

    platform: Platform
    contestant: Contestant
    inputs: Inputs
    calm: Expected
    whole: Expected
    say: Say
    watcher: Watcher
    process: Process
    result: Result

    async def run(self) -> None:
        """Run the parts that there is input for."""
        try:
            await self._backlog()
            if self.inputs.live:
                await self._live()
            self.result.undisturbed = await self._count(self.calm)
            if self.inputs.killed:
                await self._killed()
                self.result.killed = await self._count(self.whole)
        except (TimeoutError, RuntimeError) as error:
            self.result.trouble = str(error)
            self.say(f"{self.result.name}: {error}")
        finally:
            await asyncio.to_thread(stop, self.process)

    async def _backlog(self) -> None:
        """Measure from the first record seen to the last that must come and the last receipt stored."""
        part = self.inputs.backlog
        self.say(f"{self.result.name}: {len(part)} events")
        cpu_before = 0.0
        while self.watcher.missing():
            await self._until(lambda: not self.watcher.missing(), READ_SECONDS)
            if cpu_before == 0.0 and self.watcher.heard:
                cpu_before = self._cpu_seconds()
            self._weigh()
            self._check_progress()
        stored = await self._receipts_complete(len(part))
        seconds = max(self.watcher.last_at(), stored) - self.watcher.heard[0].at
        self.result.events_per_second = len(part) / seconds
        self.result.cpu_ms_per_event = (self._cpu_seconds() - cpu_before) * 1000 / len(part)
        self.say(f"{self.result.name}: {self.result.events_per_second:,.0f} events/s")

    async def _receipts_complete(self, events: int) -> float:
        """Return when every event was seen to have a receipt in PostgreSQL; raises TimeoutError when that stays out."""
        deadline = time.monotonic() + STALLED_SECONDS
        dsn = self.platform.admin()["dsn"]
        while (stored := await self.contestant.receipted(dsn)) < events:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{events - stored} of {events} events have no receipt")
            await asyncio.sleep(0.1)
        return time.monotonic()

    async def _live(self) -> None:
        """Send one event at a time at the rate; each counts from the moment it was due. The first part warms up."""
        part = self.inputs.live
        self.say(f"{self.result.name}: {len(part)} events at {RATE}/s")
        self.watcher.expect(self._seats(part))
        producer = producer_to(self.platform)
        began = time.monotonic()
        for step, one in enumerate(part):
            await asyncio.sleep(max(0.0, began + step / RATE - time.monotonic()))
            send(producer, self.contestant.log, [one])
        producer.flush()
        if not await self._until(lambda: not self.watcher.missing(), STALLED_SECONDS):
            raise TimeoutError(f"{self.watcher.missing()} of {len(part)} live events have not arrived")
        due = {one.id: began + step / RATE for step, one in enumerate(part)}
        counted = part[round(len(part) * WARM_UP_SHARE) :]
        self.result.latencies_ms = [
            (self.watcher.first_at[self.whole.first_of[one.id]] - due[one.id]) * 1000 for one in counted
        ]
        self._weigh()

    async def _killed(self) -> None:
        """Kill the worker at even parts of the way, start it at once each time, and let it finish."""
        part = self.inputs.killed
        self.watcher.expect(self._seats(part))
        producer = producer_to(self.platform)
        send(producer, self.contestant.log, part)
        producer.flush()
        before, all_missing = len(self.watcher.first_at), self.watcher.missing()
        for number in range(1, KILLS + 1):
            share = number / (KILLS + 1)
            goal, left = before + len(part) * share, all_missing * (1 - share)
            # Reports that are judged together with their correction are never delivered: then the second holds first.
            await self._until(partial(self._is_past, goal, left), STALLED_SECONDS)
            kill(self.process)
            at = time.monotonic()
            self.process = self.contestant.start()
            ends = self._ends()
            self.say(f"{self.result.name}: killed after {len(self.watcher.first_at) - before} of {len(part)}")
            if not await self._until(partial(self._goes_on, at, ends), STALLED_SECONDS):
                break  # nothing new ever: what is missing is counted below
            self.result.recoveries.append((self._first_new(at, ends) or at) - at)
        while self.watcher.missing():
            heard = len(self.watcher.heard)
            if not await self._until(partial(self._hears_more_than, heard), STALLED_SECONDS):
                break

    def _is_past(self, goal: float, left: float) -> bool:
        return len(self.watcher.first_at) >= goal or self.watcher.missing() <= left

    def _goes_on(self, at: float, ends: dict[str, int]) -> bool:
        return self._first_new(at, ends) is not None

    def _hears_more_than(self, heard: int) -> bool:
        return len(self.watcher.heard) > heard

    def _first_new(self, at: float, ends: dict[str, int]) -> float | None:
        """Return when the first record came that no killed worker had written, with a change not heard before."""
        found = None
        for one in reversed(self.watcher.heard):
            if one.at < at:
                return found
            if one.fresh and one.offset >= ends[one.seat[0]]:
                found = one.at
        return found

    def _ends(self) -> dict[str, int]:
        """Return where each view ends now, by the bus's name of it."""
        ends = Gauge(self.platform.admin()).ends([(topic, 0) for topic in self.contestant.views])
        return {self.contestant.views[topic]: end for (topic, _), end in ends.items()}

    async def _count(self, asked: Expected) -> Count:
        """Count what is there once views and receipts have come to rest."""
        dsn = self.platform.admin()["dsn"]
        rows = await self.contestant.receipts(dsn)
        before = (-1, -1)
        while before != (len(self.watcher.heard), len(rows)):
            before = (len(self.watcher.heard), len(rows))
            await asyncio.sleep(REST_SECONDS)
            rows = await self.contestant.receipts(dsn)
        found = count(asked, list(self.watcher.heard), rows)
        self.say(f"{self.result.name}: {found}")
        return found

    async def _until(self, true: Callable[[], bool], seconds: float) -> bool:
        """Wait until something is true; return whether it became so in time. Raises RuntimeError if the worker ends."""
        deadline = time.monotonic() + seconds
        while not true():
            if time.monotonic() > deadline:
                return False
            if not self.process.alive():
                words = processes.tail(self.contestant.output, 15)
                raise RuntimeError(f"it stopped by itself; its last words:\n{words}")
            await asyncio.sleep(TURN_SECONDS)
        return True

    def _check_progress(self) -> None:
        quiet = time.monotonic() - max(self.watcher.last_at(), self.process_began)
        if quiet > STALLED_SECONDS:
            raise TimeoutError(f"{self.watcher.missing()} events have not come, and nothing for {quiet:.0f} s")

    @property
    def process_began(self) -> float:
        """When the worker that runs was started, on the monotonic clock."""
        return self.process.started - time.time() + time.monotonic()

    def _seats(self, part: Sequence[Logged]) -> list[Seat]:
        return seats(self.whole, part)

    def _cpu_seconds(self) -> float:
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system

    def _weigh(self) -> None:
        weight = memory_bytes({self.result.name: self.process}) / 2**20
        self.result.peak_mib = max(self.result.peak_mib or 0.0, weight)


async def race(
    platform: Platform, contestant: Contestant, inputs: Inputs, calm: Expected, whole: Expected, say: Say
) -> Result:
    """Run one contestant, and return what was measured."""
    result = Result(contestant.name)
    producer = producer_to(platform)
    send(producer, contestant.log, inputs.backlog)
    producer.flush()
    with Watcher(client_config(platform.admin()), contestant.views) as watcher:
        watcher.expect(seats(whole, inputs.backlog))
        process = contestant.start()
        await Race(platform, contestant, inputs, calm, whole, say, watcher, process, result).run()
    return result


def seats(asked: Expected, part: Sequence[Logged]) -> list[Seat]:
    """Return the deliveries that must come and stay; a report may be judged together with its correction."""
    return [seat for one in part if asked.last[seat := asked.first_of[one.id]] is not None]


def producer_to(platform: Platform) -> Producer:
    """Return a producer that loses and doubles nothing, and waits for nothing."""
    return Producer({**client_config(platform.admin()), "enable.idempotence": True, "linger.ms": 0})


def send(producer: Producer, topic: str, part: Sequence[Logged]) -> None:
    """Hand records over in order."""
    for one in part:
        while True:
            try:
                producer.produce(topic, one.value, one.key, headers=list(one.headers))
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)


def kill(process: Process) -> None:
    """End a worker as kill -9 does, and return when it is gone."""
    psutil.Process(process.pid).kill()
    if not processes.ended(process, STOP_SECONDS):
        raise TimeoutError("it outlived kill -9")


def stop(process: Process) -> None:
    """Stop a worker if it still runs."""
    if process.alive():
        psutil.Process(process.pid).terminate()
        if not processes.ended(process, STOP_SECONDS):
            kill(process)
