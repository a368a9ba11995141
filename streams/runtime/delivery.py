"""The one loop: a batch becomes a transaction, its results are sent, and only then does the offset move."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, Iterable, Sequence
from typing import Protocol

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from ketenbus.errors import CorruptLogError, RetryableError
from streams.runtime import telemetry, transaction
from streams.runtime.records import Batch, Record, ToSend
from streams.runtime.transaction import Connection, Place

log = logging.getLogger(__name__)

#: What asyncpg and the operating system raise while PostgreSQL is away or restarting; the batch is tried again whole.
AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.InterfaceError,
    ConnectionError,
    TimeoutError,
    OSError,
)
RETRY_SECONDS = 0.5


class Processor(Protocol):
    """One processor: its name, the topics it reads, its tables, whether it sends, and its one job."""

    name: str
    topics: tuple[str, ...]
    schema: str
    sends: bool

    async def apply(self, connection: Connection, records: Sequence[Record]) -> list[ToSend]:
        """Store what the records mean, within the open transaction, and return what follows from them."""
        ...


class Delivery:
    """Runs one processor over batches: one transaction each, then the broker, then the acknowledgement."""

    def __init__(self, processor: Processor, pool: asyncpg.Pool, producer: AIOKafkaProducer | None) -> None:
        self.processor = processor
        self.pool = pool
        self.producer = producer

    async def run(self, batches: AsyncIterable[Batch]) -> None:
        """Apply batches for ever; a fault that waiting cannot mend ends the worker."""
        async for batch in batches:
            await self.apply(batch.records)
            batch.ack()

    async def apply(self, records: Sequence[Record]) -> None:
        """Make one batch happen, waiting out PostgreSQL and Kafka where they are away."""
        while True:
            try:
                outgoing, ends, last = await self._decide(records)
                break
            except AWAY as error:
                log.warning("%s: PostgreSQL away (%s), trying again", self.processor.name, type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
        await self._send_and_mark(outgoing, ends, last)

    async def resume(self, places: Iterable[Place]) -> dict[Place, int]:
        """Send what earlier workers left in the outbox of these partitions, and return where to read on."""
        wanted = tuple(places)
        async with self.pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            outgoing, last = await transaction.left_over(connection, wanted)
            ends = await transaction.decided(connection, wanted)
        if outgoing:
            log.info("%s: sending %d records again", self.processor.name, len(outgoing))
        await self._send_and_mark(outgoing, ends, last)
        return ends

    async def _decide(self, records: Sequence[Record]) -> tuple[list[ToSend], dict[Place, int], int]:
        """Decide the batch, and return what to send, how far that brings each partition, and the last row's number."""
        ends = {(r.topic, r.partition): r.offset + 1 for r in records}
        with telemetry.span(f"{self.processor.name} batch", records):
            async with self.pool.acquire() as connection, connection.transaction():
                fresh = await transaction.advance(connection, records)
                outgoing = await self.processor.apply(connection, fresh) if fresh else []
                last = await transaction.put(connection, outgoing) if outgoing else 0
                if len(fresh) < len(records):
                    # Another worker decided these: a zombie, perhaps, that died before it sent what followed.
                    outgoing, last = await transaction.left_over(connection, ends)
        return outgoing, ends, last

    async def _send_and_mark(self, outgoing: Sequence[ToSend], ends: dict[Place, int], last: int) -> None:
        while True:
            try:
                await self._send(outgoing)
                async with self.pool.acquire() as connection:
                    await transaction.mark_sent(connection, ends, last)
                return
            except (*AWAY, RetryableError) as error:
                log.warning("%s: not acknowledged (%s), sending again", self.processor.name, type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    async def _send(self, outgoing: Sequence[ToSend]) -> None:
        if not outgoing:
            return
        if self.producer is None:
            raise CorruptLogError(f"{self.processor.name} is not a processor that sends")
        try:
            waiting = [
                await self.producer.send(o.topic, value=o.value, key=o.key, headers=list(o.headers)) for o in outgoing
            ]
            await asyncio.gather(*waiting)
        except KafkaError as error:
            if not error.retriable:
                raise
            raise RetryableError(f"{self.processor.name}: {type(error).__name__}") from error
