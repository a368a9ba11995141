"""The one loop: a batch becomes a transaction, its results are sent, and only then does the offset move.

That a batch is sent is written down in the transaction of the next one, or when there is nothing to do: until then a
kill sends the same bytes once more.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Protocol, TypeVar

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError
from aiokafka.structs import RecordMetadata

from ketenbus.errors import BusError, CorruptLogError, RetryableError
from streams.runtime import telemetry, transaction
from streams.runtime.records import Batch, Record, ToSend
from streams.runtime.transaction import Connection, Place, Sent

log = logging.getLogger(__name__)

#: What asyncpg and the operating system raise while PostgreSQL is away or restarting; the batch is tried again whole.
AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.IdleInTransactionSessionTimeoutError,  # this worker was frozen or busy, and its locks were given to others
    asyncpg.InsufficientResourcesError,  # the disk is full, or memory or connections ran out
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that heard of its server's crash and is not closed yet
    ConnectionError,
    TimeoutError,
    OSError,
)
RETRY_SECONDS = 0.5
#: How often PostgreSQL may end the transaction of one record alone: of a worker that was frozen it does so once.
MOST_ENDED = 3
#: A broker that says nothing for so long is told of in the log.
SILENT_SECONDS = 5.0
#: How often a busy worker writes down how far its topics are written; what lies behind is read once more at a start.
MARK_SECONDS = 5.0

Done = TypeVar("Done")


class Processor(Protocol):
    """One processor: its name, the topics it reads, its tables, whether it sends, and its one job."""

    name: str
    topics: tuple[str, ...]
    schema: str
    sends: bool

    async def apply(self, connection: Connection, records: Sequence[Record]) -> list[ToSend]:
        """Store what the records mean, within the open transaction, and return what follows from them."""
        ...


async def patiently(name: str, step: Callable[[], Awaitable[Done]]) -> Done:
    """Do a step, again and again while PostgreSQL or Kafka is away; say so once, and when it is back.

    The lane polls in a thread of its own meanwhile and its buffers are bounded: it stops fetching by itself, keeps its
    place in the group while Kafka is there, and is never evicted for silence (docs/decisions/013).
    """
    away_since: float | None = None
    while True:
        try:
            done = await step()
        except (*AWAY, RetryableError, KafkaError) as error:
            # A full buffer while Kafka is away is a KafkaTimeoutError, which aiokafka does not call retriable.
            if isinstance(error, KafkaError) and not (error.retriable or isinstance(error, KafkaTimeoutError)):
                raise
            if away_since is None:
                away_since = time.monotonic()
                what = type(error).__name__
                log.warning("%s: PostgreSQL or Kafka is away or full (%s): waiting, nothing is lost", name, what)
            await asyncio.sleep(RETRY_SECONDS)
        else:
            if away_since is not None:
                log.warning("%s: goes on after %.0f s", name, time.monotonic() - away_since)
            return done


def was_ended(error: BaseException | None) -> bool:
    """Return whether PostgreSQL ended a transaction in which nothing was asked of it for too long.

    Busy meanwhile, asyncpg hears of it late: what comes out is a closed connection, and why is among its causes.
    """
    while error is not None and not isinstance(error, asyncpg.IdleInTransactionSessionTimeoutError):
        error = error.__cause__ or error.__context__
    return error is not None


class Delivery:
    """Runs one processor over batches: one transaction each, then the broker, then the acknowledgement."""

    def __init__(self, processor: Processor, pool: asyncpg.Pool, producer: AIOKafkaProducer | None) -> None:
        self.processor = processor
        self.pool = pool
        self.producer = producer
        self._unmarked = Sent()
        self._written: dict[Place, int] = {}
        self._written_marked = 0.0

    async def run(self, batches: AsyncIterable[Batch]) -> None:
        """Apply batches for ever; a fault that waiting cannot mend ends the worker."""
        async for batch in batches:
            await self.apply(batch.records)
            batch.ack()

    async def apply(self, records: Sequence[Record]) -> None:
        """Make one batch happen, waiting out PostgreSQL and Kafka where they are away; an empty one is a pause.

        In a pause, too, a connection is taken: the pool notices there whether it still leads to the same database.
        Raises BusError when one record alone takes longer to judge than PostgreSQL lets a transaction stand still.
        """
        if not records:
            await self._patiently(self._mark_earlier)
        count = len(records)
        while records:
            count, outgoing, sent = await self._patiently(partial(self._decide_first, records[:count]))
            await self._patiently(partial(self._send, outgoing))
            self._unmarked = sent
            records = records[count:]

    async def resume(self, places: Iterable[Place]) -> dict[Place, int]:
        """Send what earlier workers left in the outbox of these partitions, and return where to read on."""
        wanted = tuple(places)
        outgoing, rows, ends = await self._patiently(lambda: self._left(wanted))
        if outgoing:
            log.info("%s: sending %d records again", self.processor.name, len(outgoing))
        await self._patiently(lambda: self._send(outgoing))
        await self._patiently(lambda: self._mark(Sent(ends, rows)))
        return ends

    async def _left(self, wanted: Sequence[Place]) -> tuple[list[ToSend], Sequence[int], dict[Place, int]]:
        """Return what is left to send of these partitions, the numbers of its rows, and where to read on."""
        async with self.pool.acquire() as connection:
            await transaction.take_up(connection, wanted)
            async with connection.transaction(isolation="repeatable_read"):
                outgoing, rows = await transaction.left_over(connection, wanted)
                return outgoing, rows, await transaction.decided(connection, wanted)

    async def _decide_first(self, records: Sequence[Record]) -> tuple[int, list[ToSend], Sent]:
        """Decide the first of these records, all if PostgreSQL lets them be judged so long, and return how many they were.

        Each time that it ends the transaction there are half as many: what takes too long together may not alone.
        """
        count, ended = len(records), 0
        while True:
            try:
                return count, *await self._decide(records[:count])
            except AWAY as error:
                if not was_ended(error):
                    raise
                ended += count == 1
                if ended == MOST_ENDED:
                    why = f"PostgreSQL ended its transaction {ended} times, for it takes too long to judge"
                    raise BusError(f"{self.processor.name}: stopped at {records[0].origin}: {why}") from error
                count = max(1, count // 2)
                log.warning(
                    "%s: PostgreSQL ended a transaction that stood still: trying %d at once", self.processor.name, count
                )

    async def _decide(self, records: Sequence[Record]) -> tuple[list[ToSend], Sent]:
        """Decide the batch, and return what to send, and what that will have sent."""
        ends = transaction.ends_of(records)
        earlier = self._unmarked
        with telemetry.span(f"{self.processor.name} batch", records):
            async with self.pool.acquire() as connection, connection.transaction():
                if time.monotonic() > self._written_marked + MARK_SECONDS:
                    await self._mark_written(connection)
                fresh, others = await transaction.advance(connection, records, earlier)
                outgoing = await self.processor.apply(connection, fresh) if fresh else []
                rows = await transaction.put(connection, outgoing) if outgoing else ()
                if others:  # a zombie's, perhaps, that dies before it sends them: they go first
                    outgoing, rows = await transaction.left_over(connection, ends)
        self._unmarked = Sent()
        return outgoing, Sent(ends, rows)

    async def _mark_earlier(self) -> None:
        await self._mark(self._unmarked)
        self._unmarked = Sent()

    async def _mark(self, sent: Sent) -> None:
        async with self.pool.acquire() as connection:
            if sent.ends:
                await transaction.mark_sent(connection, sent.ends, sent.rows)
            await self._mark_written(connection)

    async def _mark_written(self, connection: Connection) -> None:
        """Write down how far topics are written; should that be lost, a start reads more of them, and finds nothing."""
        if self._written:
            await transaction.mark_written(connection, self._written)
            self._written = {}
        self._written_marked = time.monotonic()

    async def _patiently(self, step: Callable[[], Awaitable[Done]]) -> Done:
        return await patiently(self.processor.name, step)

    async def _send(self, outgoing: Sequence[ToSend]) -> None:
        if not outgoing:
            return
        if self.producer is None:
            raise CorruptLogError(f"{self.processor.name} is not a processor that sends")
        waiting = [
            await self.producer.send(o.topic, value=o.value, key=o.key, headers=list(o.headers)) for o in outgoing
        ]
        placed = await self._answers(asyncio.gather(*waiting))
        for where in filter(None, placed):  # a broker that tells no place leaves no mark
            place = (where.topic, where.partition)
            self._written[place] = max(where.offset + 1, self._written.get(place, 0))
        self.acknowledged(outgoing, placed)

    async def _answers(self, awaited: asyncio.Future[list[RecordMetadata]]) -> list[RecordMetadata]:
        """Wait for the broker, however long: aiokafka offers what was handed over again and again by itself."""
        done, _ = await asyncio.wait({awaited}, timeout=SILENT_SECONDS)
        if not done:
            began = time.monotonic() - SILENT_SECONDS
            log.warning("%s: Kafka acknowledges nothing: waiting, nothing is lost", self.processor.name)
            await asyncio.wait({awaited})
            log.warning("%s: Kafka answered after %.0f s", self.processor.name, time.monotonic() - began)
        return awaited.result()

    def acknowledged(self, outgoing: Sequence[ToSend], placed: Sequence[RecordMetadata]) -> None:
        """Hear where the broker put each of these; nothing follows from it here."""
