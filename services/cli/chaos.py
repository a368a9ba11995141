"""Trouble made on purpose while a history flows: processes killed or frozen at seeded moments, and servers started again."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import asyncpg
import psutil
from confluent_kafka import KafkaException

from infra.local.platform import Platform
from infra.local.processes import Process, ended, stop
from ketenbus.errors import BusError
from services.cli.workers import NAMES, STOP_SECONDS, Workers
from streams.runtime.faust_lane import SESSION_SECONDS
from streams.runtime.settled import Gauge, Progress

Kind = Literal["kill -9", "SIGSTOP"]

KINDS: tuple[Kind, ...] = ("kill -9", "SIGSTOP")
SERVERS = ("kafka", "postgres")
KILLS_EACH = 2
#: How long a strike waits for its victim to be at work before it comes anyway.
AT_WORK_SECONDS = 3.0
#: How long a replacement may take to work on where a frozen worker was: a session must end and a rebalance be done.
TAKEN_OVER_SECONDS = 4 * SESSION_SECONDS
GONE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Strike:
    """One process killed or frozen on purpose, and how far it had sent; for a server, how far admit had."""

    victim: str
    kind: Kind
    pid: int
    offset: int


class ChaosMonkey:
    """Chooses which worker to kill: only one at work, the one killed least often first."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(f"chaos-{seed}")
        self._times = dict.fromkeys(NAMES, 0)
        self.offset = dict.fromkeys(NAMES, 0)

    def choose(self, sent: Mapping[str, int]) -> str | None:
        """Return who is to be killed now, of those that have sent something on since their last start; often nobody."""
        at_work = [name for name in NAMES if sent[name] > self.offset[name] and self._times[name] < KILLS_EACH]
        if not at_work or self._draw.random() < 0.3:
            return None
        fewest = min(self._times[name] for name in at_work)
        name = self._draw.choice([name for name in at_work if self._times[name] == fewest])
        self._times[name] += 1
        self.offset[name] = sent[name]
        return name


def plan(seed: int, moments: int) -> dict[int, tuple[str, Kind]]:
    """Return what to strike at which of so many moments: every worker both ways, both servers killed; at least ten moments."""
    draw = random.Random(f"chaos-{seed}")
    strikes: list[tuple[str, Kind]] = [(name, kind) for name in NAMES for kind in KINDS]
    strikes += [(name, "kill -9") for name in SERVERS]
    draw.shuffle(strikes)
    return dict(zip(sorted(draw.sample(range(moments), len(strikes))), strikes, strict=True))


async def progress(gauge: Gauge) -> tuple[Progress, ...]:
    """Return how far every processor is, or nothing while a server is away."""
    try:
        return await gauge.progress()
    except (KafkaException, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return ()


class Chaos:
    """Strikes processes of one platform, and mends what cannot mend itself: it starts again what was killed."""

    def __init__(self, platform: Platform, workers: Workers, running: dict[str, Process]) -> None:
        """`running` holds the workers by name; a strike puts the replacement in its place."""
        self._platform = platform
        self._workers = workers
        self._running = running
        self._gauge = Gauge(platform.admin())
        self.strikes: list[Strike] = []
        self._woken: list[Process] = []

    async def strike(self, victim: str, kind: Kind) -> None:
        """Strike when the victim is at work, and return when there is one at work again."""
        offset = await self.at_work(victim)
        process = self._process(victim)
        self.strikes.append(Strike(victim, kind, process.pid, offset))
        if victim in SERVERS:
            # Our own clients complain at every attempt that a server is away: here that is the purpose.
            logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
            await self._server(kind, process)
        elif kind == "kill -9":
            await self.kill(victim)
        else:
            await self._freeze(victim, process, offset)

    async def kill(self, name: str) -> None:
        """Kill a worker and start another."""
        os.kill(self._running[name].pid, signal.SIGKILL)
        await asyncio.to_thread(ended, self._running[name], GONE_SECONDS)
        self._running[name] = self._workers.start(name)

    async def end(self) -> None:
        """Stop the workers that were frozen and woke: each must still stop in order, or be gone already."""
        for process in self._woken:
            if not await asyncio.to_thread(stop, process, signal.SIGTERM, within_seconds=STOP_SECONDS):
                raise BusError(f"pid {process.pid}, frozen and woken, did not stop within {STOP_SECONDS:.0f} s")
        self._woken.clear()

    async def at_work(self, victim: str) -> int:
        """Wait until the victim has sent something on, or long enough, and return how far it is."""
        name = victim if victim in NAMES else "admit"
        first = now = await self._sent(name)
        until = time.monotonic() + AT_WORK_SECONDS
        while now == first and time.monotonic() < until:
            await asyncio.sleep(0.02)
            now = await self._sent(name)
        return now

    async def _sent(self, name: str) -> int:
        """Return how far a worker has sent, once both servers answer."""
        while True:
            if found := await progress(self._gauge):
                return next(p.sent for p in found if p.processor == name)
            await asyncio.sleep(0.1)

    async def _freeze(self, name: str, process: Process, offset: int) -> None:
        """Freeze a worker until its partitions moved to another, and wake it: a zombie that knows of nothing."""
        with frozen([process.pid]):
            self._running[name] = self._workers.start_another(name)
            began = time.monotonic()
            while time.monotonic() < began + SESSION_SECONDS + 1 or (
                await self._sent(name) == offset and await self._has_more(name)
            ):
                if time.monotonic() > began + TAKEN_OVER_SECONDS:
                    raise BusError(f"nobody took over from {name}, frozen, in {TAKEN_OVER_SECONDS:.0f} s")
                await asyncio.sleep(0.1)
        self._woken.append(process)

    async def _has_more(self, name: str) -> bool:
        found = await progress(self._gauge)
        return not found or any(p.processor == name and p.sent < p.end for p in found)

    async def _server(self, kind: Kind, process: Process) -> None:
        if kind == "SIGSTOP":
            with frozen(family(process.pid)):
                await asyncio.sleep(SESSION_SECONDS + 1)
            return
        before = self._platform.admin()
        os.kill(process.pid, signal.SIGKILL)
        await asyncio.to_thread(ended, process, GONE_SECONDS)
        await asyncio.to_thread(self._platform.up)
        if self._platform.admin() != before:
            raise BusError("another program took the port of the server that was killed: nobody would find it again")

    def _process(self, victim: str) -> Process:
        if victim in self._running:
            return self._running[victim]
        server = self._platform.kafka if victim == "kafka" else self._platform.postgres
        process = server.running()
        if process is None:
            raise BusError(f"{victim} is to be struck and does not run")
        return process


@contextmanager
def frozen(pids: list[int]) -> Iterator[None]:
    """Freeze processes for a while; whatever happens meanwhile, they are woken."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def family(pid: int) -> list[int]:
    """Return a process and its children: PostgreSQL answers from those."""
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
