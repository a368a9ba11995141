"""The simulation's model of PostgreSQL is true: whatever is asked of the processors' stores, both give the same answers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest

from infra.local.platform import Platform
from ketenbus.errors import CorruptLogError
from streams.admit import store as admit
from streams.disclose import releases
from streams.disclose import store as disclose
from streams.monitoring import store as monitoring
from streams.registration import store as registration
from streams.runtime import transaction
from streams.runtime.records import Record
from tests.broker.schema_of_own import schema_of_own, somebody_waits
from tests.simulation.connection import Kind, Pool
from tests.simulation.database import Database, Transaction
from tests.simulation.store_calls import Call, calls, sound

SCHEMAS = (admit.SCHEMA, disclose.SCHEMA, releases.SCHEMA, registration.SCHEMA, monitoring.SCHEMA)


@dataclass
class Owner:
    """Whose steps all go well."""

    database: Database = field(default_factory=Database)
    open: set[Transaction] = field(default_factory=set)
    statements: Mapping[str, Any] = field(default_factory=dict)

    async def step(self, kind: Kind, what: str) -> None:
        """Go on."""


@dataclass
class Store:
    """A pool of one of the two, and whether somebody waits on it for a lock."""

    pool: Any
    somebody_waits: Callable[[], Awaitable[bool]]


@pytest.fixture
async def real(platform: Platform) -> AsyncIterator[Store]:
    async with schema_of_own(platform, *SCHEMAS) as pool, pool.acquire() as watch:
        yield Store(pool, lambda: somebody_waits(watch))


@pytest.fixture
def model() -> Store:
    owner = Owner()

    async def waits() -> bool:
        await asyncio.wait({asyncio.ensure_future(asyncio.sleep(0))})
        return owner.database.somebody_waits

    return Store(Pool(owner), waits)


@pytest.fixture(params=["model", "real"])
def store(request: pytest.FixtureRequest) -> Store:
    chosen: Store = request.getfixturevalue(request.param)
    return chosen


async def answers(store: Store, together: Sequence[Call], *, keep: bool) -> list[Any]:
    """What a transaction of these calls answers, up to the one that fails; it is kept, or rolled back."""
    found: list[Any] = []
    try:
        async with store.pool.acquire() as connection, connection.transaction():
            for call in together:
                found.append((call.name, sound(await call.ask(connection))))
            if not keep:
                raise LookupError
    except LookupError:
        found.append("rolled back")
    except (CorruptLogError, asyncpg.PostgresError) as error:
        found.append(type(error).__name__)
    return found


@pytest.mark.parametrize("seed", range(25))
async def test_any_calls_in_any_transactions_have_the_same_answers(real: Store, model: Store, seed: int) -> None:
    draw = random.Random(f"store-{seed}")
    for _ in range(12):
        together = [calls(draw) for _ in range(draw.randint(1, 5))]
        keep = draw.random() < 0.8
        assert await answers(model, together, keep=keep) == await answers(real, together, keep=keep)


def record(offset: int) -> Record:
    return Record("t", 0, offset, 0, b"k", b"v", ())


async def decide(store: Store, *offsets: int) -> list[int]:
    async with store.pool.acquire() as connection, connection.transaction():
        fresh, _ = await transaction.advance(connection, [record(n) for n in offsets])
        return [r.offset for r in fresh]


async def taken_up(store: Store) -> None:
    async with store.pool.acquire() as connection:
        await transaction.take_up(connection, [("t", 0), ("u", 0)])


async def waits(store: Store, task: asyncio.Task[Any]) -> None:
    while not await store.somebody_waits():
        assert not task.done()


@pytest.mark.parametrize(("keep", "fresh"), [(True, [2]), (False, [0, 1, 2])])
async def test_who_wants_a_position_that_is_held_waits_and_then_knows(
    store: Store, keep: bool, fresh: list[int]
) -> None:
    await taken_up(store)
    async with store.pool.acquire() as connection:
        first = connection.transaction()
        await first.__aenter__()
        await transaction.advance(connection, [record(0), record(1)])
        other = asyncio.create_task(decide(store, 0, 1, 2))
        await waits(store, other)
        await first.__aexit__(*((None, None, None) if keep else (LookupError, LookupError(), None)))
    assert await other == fresh


async def test_who_wants_an_id_that_another_takes_waits_and_then_knows(store: Store) -> None:
    async def take(content: bytes) -> Mapping[str, str]:
        async with store.pool.acquire() as connection, connection.transaction():
            return await admit.take(connection, [admit.Seen("o", "id", f"t/0/{content!r}", content)])

    async with store.pool.acquire() as connection:
        async with connection.transaction():
            await admit.take(connection, [admit.Seen("o", "id", "t/0/1", b"1")])
            other = asyncio.create_task(take(b"2"))
            await waits(store, other)
        assert set((await other).values()) == {"reused"}


async def test_a_snapshot_does_not_see_what_is_committed_after_its_first_statement(store: Store) -> None:
    await taken_up(store)
    async with store.pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        await transaction.left_over(connection, [("t", 0)])
        assert await decide(store, 0) == [0]
        assert await transaction.decided(connection, [("t", 0)]) == {("t", 0): 0}
    async with store.pool.acquire() as connection, connection.transaction():
        assert await transaction.decided(connection, [("t", 0)]) == {("t", 0): 1}


async def test_of_two_that_wait_for_each_other_one_gives_up(store: Store) -> None:
    await taken_up(store)

    async def both(one: tuple[str, int], other: tuple[str, int], met: asyncio.Barrier) -> str:
        try:
            async with store.pool.acquire() as connection, connection.transaction():
                await transaction.mark_sent(connection, {one: 0}, ())
                await transaction.advance(connection, [Record(*one, 0, 0, None, None, ())])
                await met.wait()
                await transaction.advance(connection, [Record(*other, 0, 0, None, None, ())])
            return "went on"
        except asyncpg.DeadlockDetectedError:
            return "gave up"

    met = asyncio.Barrier(2)
    ended = await asyncio.gather(both(("t", 0), ("u", 0), met), both(("u", 0), ("t", 0), met))
    assert sorted(ended) == ["gave up", "went on"]
