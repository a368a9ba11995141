"""Positions and the outbox on a real PostgreSQL: a batch happens once, whole, and nothing of it is forgotten unsent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import asyncpg
import pytest

from infra.local.platform import Platform
from ketenbus.errors import ConfigurationError, CorruptLogError
from streams.monitoring import store as monitoring
from streams.registration import store as registration
from streams.runtime import transaction
from streams.runtime.life import OneLife, ReplacedError
from tests.broker.outbox import decide, left, positions, record, records, to_send
from tests.broker.schema_of_own import CLUSTER, schema_of_own, somebody_waits

Pool = asyncpg.Pool


@pytest.fixture
async def pool(platform: Platform) -> AsyncIterator[Pool]:
    async with schema_of_own(platform) as made:
        yield made


async def sent(pool: Pool, ends: dict[tuple[str, int], int], rows: Sequence[int] | None = None) -> None:
    """Mark as sent what is decided so far, or only these rows of it."""
    async with pool.acquire() as connection:
        if rows is None:
            _, rows = await transaction.left_over(connection, ends)
        await transaction.mark_sent(connection, ends, rows)


async def test_a_batch_is_new_once_and_its_end_is_remembered(pool: Pool) -> None:
    assert await decide(pool, records(0, 1, 2)) == [0, 1, 2]
    assert await decide(pool, records(0, 1, 2)) == []
    assert await positions(pool) == {("t", 0): (3, 0)}


async def test_of_a_batch_that_was_partly_decided_only_the_rest_is_new(pool: Pool) -> None:
    await decide(pool, records(0, 1))
    assert await decide(pool, records(1, 2, 3)) == [2, 3]


async def test_a_record_twice_in_a_batch_is_new_once(pool: Pool) -> None:
    assert await decide(pool, records(0, 1, 1, 0, 2)) == [0, 1, 2]


async def test_partitions_advance_each_on_their_own(pool: Pool) -> None:
    mixed = [record(0), record(0, partition=1), record(1), record(0, "u")]
    assert await decide(pool, mixed) == [0, 0, 1, 0]
    assert await positions(pool) == {("t", 0): (2, 0), ("t", 1): (1, 0), ("u", 0): (1, 0)}


@pytest.mark.parametrize(("before", "batch"), [([], [1]), ([0, 1], [3]), ([0], [1, 3])])
async def test_a_gap_stops_and_says_where(pool: Pool, before: list[int], batch: list[int]) -> None:
    if before:
        await decide(pool, records(*before))
    was = await positions(pool)
    with pytest.raises(CorruptLogError, match=rf"gap before t/0/{batch[-1]}: decided up to {batch[-1] - 1}"):
        await decide(pool, records(*batch))
    assert await positions(pool) == was


async def test_a_batch_that_holds_a_record_again_behind_a_later_one_reaches_as_far_as_the_later_one(pool: Pool) -> None:
    assert await decide(pool, records(0, 1, 0)) == [0, 1]
    assert await positions(pool) == {("t", 0): (2, 0)}
    assert await decide(pool, records(1, 2)) == [2]


async def test_a_transaction_that_fails_remembers_nothing(pool: Pool) -> None:
    async def fail() -> None:
        async with pool.acquire() as connection, connection.transaction():
            await transaction.take_up(connection, [("t", 0)])
            await transaction.advance(connection, records(0, 1))
            await transaction.put(connection, [to_send(record(0))])
            raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        await fail()
    assert await positions(pool) == {}
    assert await left(pool, ("t", 0)) == []


async def test_a_second_worker_waits_for_the_first_and_then_finds_its_work_done(pool: Pool) -> None:
    await decide(pool, records(0))
    async with pool.acquire() as first, pool.acquire() as watch:
        async with first.transaction():
            assert len((await transaction.advance(first, records(1, 2)))[0]) == 2
            second = asyncio.create_task(decide(pool, records(1, 2, 3)))
            while not await somebody_waits(watch):
                assert not second.done()
                await asyncio.wait({second}, timeout=0.005)
        assert await second == [3]
    assert await positions(pool) == {("t", 0): (4, 0)}


async def test_two_workers_that_both_start_afresh_decide_each_record_once(pool: Pool) -> None:
    fresh = await asyncio.gather(*(decide(pool, records(0, 1, 2)) for _ in range(4)))
    assert sorted(offset for found in fresh for offset in found) == [0, 1, 2]


async def test_what_is_left_over_is_the_same_bytes_in_the_same_order_of_the_asked_partitions(pool: Pool) -> None:
    out = [to_send(record(0), bytes([n]), (("n", bytes([n, 0])), ("n", b""))) for n in range(20)]
    await decide(pool, [record(0), record(0, partition=1)], [*out, to_send(record(0, partition=1), None)])
    async with pool.acquire() as connection:
        found, rows = await transaction.left_over(connection, [("t", 0), ("other", 3)])
        numbers = await connection.fetch("SELECT seq FROM outbox WHERE origin_partition = 0 ORDER BY seq")
        assert rows == tuple(row["seq"] for row in numbers)
    assert [(o.topic, o.key, o.value, o.headers) for o in found] == [(o.topic, o.key, o.value, o.headers) for o in out]
    assert await left(pool, ("t", 1)) == [("out", b"key", None)]


async def test_sent_moves_and_its_outbox_is_forgotten_for_those_partitions_only(pool: Pool) -> None:
    await decide(pool, [record(0), record(0, partition=1)], [to_send(record(0)), to_send(record(0, partition=1))])
    await sent(pool, {("t", 0): 1})
    assert await positions(pool) == {("t", 0): (1, 1), ("t", 1): (1, 0)}
    assert await left(pool, ("t", 0)) == []
    assert len(await left(pool, ("t", 1))) == 1


async def test_sent_never_moves_back(pool: Pool) -> None:
    await decide(pool, records(0, 1))
    await sent(pool, {("t", 0): 2})
    await sent(pool, {("t", 0): 1})
    assert await positions(pool) == {("t", 0): (2, 2)}


async def test_what_was_stored_after_what_is_acknowledged_is_kept(pool: Pool) -> None:
    await decide(pool, records(0), [to_send(record(0), b"first")])
    async with pool.acquire() as connection:
        _, rows = await transaction.left_over(connection, [("t", 0)])
    await decide(pool, records(1), [to_send(record(1), b"second")])
    await sent(pool, {("t", 0): 1}, rows)
    assert await left(pool, ("t", 0)) == [("out", b"key", b"second")]
    assert await positions(pool) == {("t", 0): (2, 1)}


async def test_what_a_frozen_worker_stores_while_its_successor_sends_is_kept_though_its_numbers_are_lower(
    pool: Pool,
) -> None:
    zombie = await pool.acquire()
    await transaction.take_up(zombie, [("t", 0), ("t", 1)])
    work = zombie.transaction()
    await work.start()
    await transaction.advance(zombie, records(0))
    await transaction.put(zombie, [to_send(record(0), b"the zombie's")])  # numbered, and frozen before its commit
    await decide(pool, [record(0, partition=1)], [to_send(record(0, partition=1), b"another's")])
    both = [("t", 0), ("t", 1)]
    async with pool.acquire() as successor:
        _, rows = await transaction.left_over(successor, both)
        await work.commit()
        await pool.release(zombie)
        await transaction.mark_sent(successor, {("t", 0): 0, ("t", 1): 1}, rows)
    assert await left(pool, *both) == [("out", b"key", b"the zombie's")]


async def test_the_numbers_of_the_rows_put_are_told(pool: Pool) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await transaction.take_up(connection, [("t", 0)])
        await transaction.advance(connection, records(0))
        rows = await transaction.put(connection, [to_send(record(0)), to_send(record(0))])
        assert rows == tuple(r["seq"] for r in await connection.fetch("SELECT seq FROM outbox ORDER BY seq"))


async def test_sent_never_passes_what_is_decided(pool: Pool) -> None:
    await decide(pool, records(0))
    with pytest.raises(asyncpg.CheckViolationError):
        await sent(pool, {("t", 0): 2})


async def test_what_was_never_decided_is_read_from_the_start(pool: Pool) -> None:
    await decide(pool, records(0, 1))
    async with pool.acquire() as connection:
        assert await transaction.decided(connection, [("t", 0), ("t", 7)]) == {("t", 0): 2, ("t", 7): 0}
        assert await transaction.decided(connection, []) == {}


async def test_a_database_of_another_cluster_is_refused(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await transaction.prepare(connection, CLUSTER)
        with pytest.raises(ConfigurationError, match=f"{CLUSTER}, not another"):
            await transaction.prepare(connection, "another")


async def test_a_database_that_another_key_named_is_refused(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await transaction.prepare(connection, CLUSTER)
        await transaction.prepare(connection, CLUSTER, "the key of the first start")
        await transaction.prepare(connection, CLUSTER, "the key of the first start")
        with pytest.raises(ConfigurationError, match=r"filled under another key .*secrets/drawn\.json"):
            await transaction.prepare(connection, CLUSTER, "a key that was drawn again")


async def test_a_connection_to_a_database_put_back_from_a_dump_is_refused(pool: Pool) -> None:
    life = OneLife()
    async with pool.acquire() as connection:
        await life.check(connection)  # nothing is known yet
        await life.begin(connection)
    await pool.expire_connections()
    async with pool.acquire() as another:
        await life.check(another)
        await another.execute("ALTER TABLE position RENAME TO gone; CREATE TABLE position (LIKE gone INCLUDING ALL)")
        with pytest.raises(ReplacedError, match="restarted, restored or failed over"):
            await life.check(another)


@pytest.mark.parametrize("tables", [registration.SCHEMA, monitoring.SCHEMA], ids=["registration", "monitoring"])
async def test_workers_of_one_processor_that_start_at_once_make_its_tables_once(
    platform: Platform, tables: str
) -> None:
    dsn = platform.admin()["dsn"]
    for _ in range(5):
        async with schema_of_own(platform, made=False) as pool:
            async with pool.acquire() as connection:
                name = await connection.fetchval("SELECT current_schema()")
            starting = [await asyncpg.connect(dsn, server_settings={"search_path": name}) for _ in range(3)]
            try:
                for _ in range(3):  # the first time they are made; then the rights are given again
                    await asyncio.gather(*(transaction.prepare(one, CLUSTER, "key", tables) for one in starting))
            finally:
                await asyncio.gather(*(one.close() for one in starting))


async def test_a_reader_who_forgets_a_transaction_holds_up_no_start(platform: Platform) -> None:
    tables = monitoring.SCHEMA
    async with schema_of_own(platform, tables) as pool, pool.acquire() as reader, reader.transaction():
        await reader.fetch("SELECT * FROM named_version")
        async with pool.acquire() as starting, asyncio.timeout(5):
            await transaction.prepare(starting, CLUSTER, tables=tables)
