"""A delivery on a real PostgreSQL: a batch is decided, sent and then marked, and a database or broker that is away is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
import pytest
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError

from infra.local.platform import Platform
from ketenbus.errors import CorruptLogError
from streams.runtime import delivery
from streams.runtime.delivery import Delivery
from streams.runtime.records import Record, ToSend
from tests.broker.outbox import decide, left, positions, record, records, to_send
from tests.broker.schema_of_own import schema_of_own

Pool = asyncpg.Pool


@pytest.fixture
async def pool(platform: Platform) -> AsyncIterator[Pool]:
    async with schema_of_own(platform) as made:
        yield made


class Echo:
    """A processor that sends on what it reads."""

    name, topics, schema, sends = "echo", ("t",), "", True

    async def apply(self, connection: Any, records: Sequence[Record]) -> list[ToSend]:
        return [to_send(r, r.value) for r in records]


class Broker:
    """A producer's answers, one by one; then all is well."""

    def __init__(self, *answers: Exception) -> None:
        self.answers = list(answers)
        self.got: list[bytes] = []

    async def send(self, topic: str, *, value: bytes, key: bytes, headers: Any) -> asyncio.Future[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.answers:
            done.set_exception(self.answers.pop(0))
        else:
            self.got.append(value)
            done.set_result(None)
        return done


async def taken_up(pool: Any, broker: Broker | None, processor: Echo | None = None) -> Delivery:
    """A worker that has taken up the partition, as the lane has it do."""
    worker = Delivery(processor or Echo(), pool, broker)  # type: ignore[arg-type]
    await worker.resume([("t", 0)])
    return worker


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "RETRY_SECONDS", 0.0)


async def test_a_batch_is_sent_and_then_marked_in_a_pause(pool: Pool) -> None:
    broker = Broker()
    worker = await taken_up(pool, broker)
    await worker.apply(records(0, 1))
    assert broker.got == [b"t00", b"t01"]
    assert await positions(pool) == {("t", 0): (2, 0)}
    assert len(await left(pool, ("t", 0))) == 2
    await worker.apply(())
    assert await positions(pool) == {("t", 0): (2, 2)}
    assert await left(pool, ("t", 0)) == []


async def test_a_batch_is_marked_in_the_transaction_of_the_next(pool: Pool) -> None:
    worker = await taken_up(pool, Broker())
    await worker.apply(records(0, 1))
    await worker.apply(records(2))
    assert await positions(pool) == {("t", 0): (3, 2)}
    assert await left(pool, ("t", 0)) == [("out", b"key", b"t02")]


async def test_a_batch_that_nobody_came_before_does_not_look_through_the_outbox(pool: Pool) -> None:
    worker = await taken_up(pool, Broker())
    before = await _looked_through(pool)
    for offset in range(5):
        await worker.apply(records(offset))
    assert await _looked_through(pool) == before
    await decide(pool, records(5), [to_send(record(5))])  # another worker's, that dies before it sends it
    await worker.apply(records(6))
    assert await _looked_through(pool) == before + 1


async def _looked_through(pool: Pool) -> int:
    """How often anyone read the outbox by partition: it passes every row that is gone and not yet vacuumed away."""
    async with pool.acquire() as connection:
        await connection.execute("SELECT pg_stat_force_next_flush()")
    async with pool.acquire() as connection:
        read: int = await connection.fetchval(
            "SELECT i.idx_scan + t.seq_scan FROM pg_stat_user_indexes i JOIN pg_stat_user_tables t USING (relid) "
            "WHERE i.schemaname = current_schema() AND i.indexrelname = 'outbox_origin'"
        )
    return read


async def test_a_batch_that_fails_marks_nothing_and_the_next_marks_the_one_before(pool: Pool) -> None:
    class Faulty(Echo):
        faults = 1

        async def apply(self, connection: Any, records: Sequence[Record]) -> list[ToSend]:
            if records[0].offset == 1 and self.faults:
                self.faults -= 1
                raise ConnectionResetError
            return await super().apply(connection, records)

    worker = await taken_up(pool, Broker(), Faulty())
    await worker.apply(records(0))
    await worker.apply(records(1))
    assert await positions(pool) == {("t", 0): (2, 1)}


async def test_what_the_broker_does_not_acknowledge_is_sent_again_whole(pool: Pool) -> None:
    broker = Broker(KafkaConnectionError())
    worker = await taken_up(pool, broker)
    await worker.apply(records(0, 1))
    await worker.apply(())
    assert broker.got == [b"t01", b"t00", b"t01"]
    assert await positions(pool) == {("t", 0): (2, 2)}


async def test_what_the_broker_will_never_take_ends_the_worker_and_stays_in_the_outbox(pool: Pool) -> None:
    worker = await taken_up(pool, Broker(MessageSizeTooLargeError()))
    with pytest.raises(MessageSizeTooLargeError):
        await worker.apply(records(0))
    assert await positions(pool) == {("t", 0): (1, 0)}
    assert await left(pool, ("t", 0)) == [("out", b"key", b"t00")]


class Away:
    """A pool whose database is away the first times it is asked."""

    def __init__(self, pool: Pool, *errors: Exception) -> None:
        self.pool = pool
        self.errors = list(errors)

    def acquire(self) -> Any:
        if self.errors:
            raise self.errors.pop(0)
        return self.pool.acquire()


@pytest.mark.parametrize("error", [ConnectionRefusedError(), asyncpg.CannotConnectNowError(), TimeoutError()], ids=repr)
async def test_a_database_that_is_away_is_waited_for(pool: Pool, error: Exception) -> None:
    broker = Broker()
    away = Away(pool)
    worker = await taken_up(away, broker)
    away.errors += [error, error]
    await worker.apply(records(0))
    away.errors += [error]
    await worker.apply(())
    assert broker.got == [b"t00"]
    assert await positions(pool) == {("t", 0): (1, 1)}


@pytest.mark.parametrize("value", ["not a number", 2**70], ids=str)
async def test_a_fault_of_our_own_is_not_taken_for_a_database_that_is_away(pool: Pool, value: object) -> None:
    class Faulty(Echo):
        async def apply(self, connection: Any, records: Sequence[Record]) -> list[ToSend]:
            await connection.execute("SELECT $1::int", value)
            return []

    worker = await taken_up(pool, None, Faulty())
    with pytest.raises(asyncpg.DataError):
        async with asyncio.timeout(2):
            await worker.apply(records(0))
    assert await positions(pool) == {("t", 0): (0, 0)}


async def test_what_an_earlier_worker_left_is_sent_first(pool: Pool) -> None:
    await decide(pool, records(0, 1), [to_send(record(0), b"left")])
    broker = Broker()
    ends = await Delivery(Echo(), pool, broker).resume([("t", 0), ("t", 1)])  # type: ignore[arg-type]
    assert broker.got == [b"left"]
    assert ends == {("t", 0): 2, ("t", 1): 0}
    assert await positions(pool) == {("t", 0): (2, 2), ("t", 1): (0, 0)}


async def test_a_processor_that_does_not_send_may_have_nothing_to_send(pool: Pool) -> None:
    worker = await taken_up(pool, None)
    with pytest.raises(CorruptLogError, match="echo is not a processor that sends"):
        await worker.apply(records(0))


async def test_a_partition_that_was_not_taken_up_is_refused(pool: Pool) -> None:
    with pytest.raises(CorruptLogError, match="t/0/0 comes from a partition that was not taken up"):
        await Delivery(Echo(), pool, Broker()).apply(records(0))  # type: ignore[arg-type]
