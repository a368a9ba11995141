"""Whose an id is, on a real PostgreSQL: of every record that is admissible, only the first of an id is admitted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from infra.local.platform import Platform
from streams.admit import store
from streams.admit.store import Seen, Verdict
from tests.broker.schema_of_own import schema_of_own, somebody_waits
from tests.sent import CARE, POLICE

Pool = asyncpg.Pool


@pytest.fixture
async def pool(platform: Platform) -> AsyncIterator[Pool]:
    async with schema_of_own(platform, store.SCHEMA) as made:
        yield made


async def take(pool: Pool, *seen: Seen) -> list[Verdict]:
    async with pool.acquire() as connection, connection.transaction():
        found = await store.take(connection, seen)
    return [found[one.origin] for one in seen]


def seen(origin: str, id: str = "a", content: bytes = b"1", oin: str = POLICE) -> Seen:
    return Seen(oin, id, f"t/0/{origin}", content)


async def test_an_id_is_new_once_the_same_again_is_repeated_and_other_content_is_reuse(pool: Pool) -> None:
    assert await take(pool, seen("1")) == ["new"]
    assert await take(pool, seen("2"), seen("3", content=b"2")) == ["repeated", "reused"]


async def test_the_same_record_read_again_is_as_new_as_the_first_time(pool: Pool) -> None:
    assert await take(pool, seen("1")) == ["new"]
    assert await take(pool, seen("1"), seen("2")) == ["new", "repeated"]


async def test_within_one_batch_the_first_has_the_id(pool: Pool) -> None:
    batch = [seen("5", content=b"2"), seen("6", content=b"2"), seen("7"), seen("8", "b")]
    assert await take(pool, *batch) == ["new", "repeated", "reused", "new"]


async def test_an_id_belongs_to_its_organisation(pool: Pool) -> None:
    assert await take(pool, seen("1"), seen("2", oin=CARE), seen("3", "b")) == ["new", "new", "new"]


async def test_nothing_asked_is_nothing_taken(pool: Pool) -> None:
    assert await take(pool) == []


async def test_an_id_that_a_failed_batch_took_is_free_again(pool: Pool) -> None:
    async def fail() -> None:
        async with pool.acquire() as connection, connection.transaction():
            await store.take(connection, [seen("1")])
            raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        await fail()
    assert await take(pool, seen("2", content=b"2")) == ["new"]


async def test_of_two_workers_that_take_one_id_at_once_one_has_it(pool: Pool) -> None:
    async with pool.acquire() as first, pool.acquire() as watch:
        async with first.transaction():
            await store.take(first, [seen("1")])
            other = asyncio.create_task(take(pool, seen("2", content=b"2"), seen("3")))
            while not await somebody_waits(watch):
                assert not other.done()
                await asyncio.wait({other}, timeout=0.005)
        assert await other == ["reused", "repeated"]
