"""Two workers of one processor at once: one that was given up on still decides, and dies, or goes on, at any moment.

Whatever the interleaving, everything that was decided is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest
import pytest_asyncio

from infra.local.platform import Platform
from ketenbus.preparing import Prepared
from streams.runtime import topics
from tests.fault.chain import Chain, Seat, chain
from tests.fault.ending import Run
from tests.fault.knife import Killed, Knife, KnifedProducer, Log
from tests.fault.test_kills import waves

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Meanwhile(Knife):
    """Kills nobody: at one step, it lets the zombie do its work."""

    def __init__(self, at: int, work: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self.at = at
        self._work = work

    async def step(self) -> None:
        await super().step()
        if self.steps == self.at:
            await self._work()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(platform: Platform) -> AsyncIterator[Chain]:
    async with chain(platform) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def wave(platform: Platform) -> list[Prepared]:
    return waves(platform)[0]


class Zombie:
    """A second worker of admit, given up on, that is about to decide what has arrived."""

    def __init__(self, seat: Seat, log: Log, dies: bool) -> None:
        self.seat = seat
        self.log = log
        self.knife = Knife(before=1) if dies else Knife()
        self.task: asyncio.Task[None] | None = None

    async def decide(self) -> None:
        """Decide, and then die before sending or go on; return once that is done or waits for a lock of the other."""
        assert self.seat.delivery is not None
        self.seat.delivery.producer = KnifedProducer(self.log, self.knife)  # type: ignore[assignment]
        self.task = asyncio.create_task(self._apply())
        async with self.seat.pool.acquire() as connection:
            while not self.task.done() and not await _waits(connection):
                await asyncio.wait({self.task}, timeout=0.005)

    async def _apply(self) -> None:
        try:
            await self.seat.apply(self.seat.arrived(self.log, 500))
        except Killed:
            return


async def _waits(connection: asyncpg.Connection[asyncpg.Record]) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid <> pg_backend_pid()"
    return bool(await connection.fetchval(waiting))


async def interleave(world: Chain, wave: list[Prepared], at: int, *, dies: bool) -> tuple[Run, int]:
    """Take over admit from a zombie that decides at one step of the taking over; return the end and the steps there are."""
    log, first, second = Log(), world.seats["admit"], Seat("admit", world.platform, world.seats["admit"].pool)
    await world.empty()
    await second.start(log, Knife())
    for made in wave:
        log.append(made.topic, made.key, made.value, made.headers)
    zombie = Zombie(second, log, dies)
    knife = Meanwhile(at, zombie.decide)
    await first.start(log, knife)
    while records := first.arrived(log, 3):
        await first.apply(records)
    await first.apply(())
    if zombie.task is not None:
        await zombie.task
    return Run(log, knife.steps, {"admit": first}), knife.steps


@pytest.mark.parametrize("dies", [True, False], ids=["dies before sending", "goes on"])
async def test_a_zombie_that_decides_at_any_step_of_a_take_over_loses_nothing(
    world: Chain, wave: list[Prepared], dies: bool
) -> None:
    undisturbed, steps = await interleave(world, wave, 0, dies=dies)
    log = {(r.key, r.value, r.headers) for r in undisturbed.log.of(topics.KETENLOG)}
    for at in range(1, steps + 1):
        run, _ = await interleave(world, wave, at, dies=dies)
        lost = log - {(r.key, r.value, r.headers) for r in run.log.of(topics.KETENLOG)}
        assert not lost, f"{len(lost)} of {len(log)} records lost when the zombie decides at step {at} of {steps}"
        assert run.quarantine() == undisturbed.quarantine()
        assert run.answers() == undisturbed.answers()
        assert await run.unsent() == []


async def test_two_workers_that_read_the_same_decide_it_once(world: Chain, wave: list[Prepared]) -> None:
    log = Log()
    await world.empty()
    seats = [Seat("admit", world.platform, world.seats["admit"].pool) for _ in range(2)]
    for seat in seats:
        await seat.start(log, Knife())
    for made in wave:
        log.append(made.topic, made.key, made.value, made.headers)
    await asyncio.gather(*(seat.apply(seat.arrived(log, 500)) for seat in seats))
    await asyncio.gather(*(seat.apply(()) for seat in seats))
    run = Run(log, 0, {"admit": seats[0]})
    assert await run.unsent() == []
    assert run.balance()[0] == run.balance()[1] == len(wave)
