"""After a restore: a database that is older than what its processor sent takes back from Kafka what it forgot.

A processor remembers how far it has written each topic that it alone writes (`written`). At its start it reads on from
there. After a kill that holds nothing the database does not know: what was sent was decided before. After a restore it
holds numbers that were given out since the backup. Those are taken over, and then everything there is to read is
decided at once, in that same transaction: nothing is told of a moment that has passed, such as a consent that a later
record, decided already before the restore, has withdrawn (architecture, section 6).
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Protocol

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from ketenbus.envelope import headers_of
from streams.runtime import transaction
from streams.runtime.delivery import Processor
from streams.runtime.records import Record, ToSend, pack_headers
from streams.runtime.transaction import Connection, Place

log = logging.getLogger(__name__)

READ_MS = 500
AT_ONCE = 2000


class Recovery(Protocol):
    """What a processor can take back from the topics that it alone writes."""

    topics: tuple[str, ...]
    #: Whether everything there is to read is decided at once before anything is told.
    catches_up: bool

    async def take_back(self, connection: Connection, records: Sequence[Record]) -> int:
        """Store what these records, in order, say was sent, and return of how much the database did not know."""
        ...

    async def settle(self, connection: Connection, /) -> list[ToSend]:
        """Return what is to be told, now that all is decided, of what was sent before and stands no more."""
        ...


class Tail(Protocol):
    """Reads Kafka outside any group."""

    async def ends(self, topics: Sequence[str]) -> dict[Place, int]:
        """Return the end of every partition of these topics."""
        ...

    def read(self, begin: Mapping[Place, int], ends: Mapping[Place, int]) -> AsyncIterator[list[Record]]:
        """Yield what lies between, each partition in order; where the beginning was deleted, what is left."""
        ...


async def require_whole(processor: Processor, pool: asyncpg.Pool, tail: Tail) -> None:
    """Raise CorruptLogError where a topic ends before what was decided of it, or written to it: Kafka lost acknowledged records.

    What is published next would get the numbers of what was lost, and be taken for decided.
    """
    async with pool.acquire() as connection:
        written = await transaction.written(connection)
        ends = await tail.ends(sorted({*processor.topics, *(topic for topic, _ in written)}))
        decided = await transaction.decided(connection, ends)
    for place, upto in sorted((*decided.items(), *written.items())):
        transaction.require_there(place, ends[place], upto)


async def recover(processor: Processor, recovery: Recovery, pool: asyncpg.Pool, tail: Tail) -> int:
    """Bring the database up to what its processor sent, and return of how much it did not know; 0 unless restored.

    One worker of a processor at a time; the others wait for it, and then find it done.
    """
    async with pool.acquire() as connection, connection.transaction():
        # It reads for as long as there is to read, and asks nothing of PostgreSQL meanwhile.
        await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('recovery ' || current_schema()))")
        known = await transaction.written(connection)
        ends = await tail.ends(recovery.topics)
        unsent = await transaction.unsent(connection, recovery.topics)
        there, unknown = [], 0
        async for records in tail.read({place: known.get(place, 0) for place in ends}, ends):
            unknown += await recovery.take_back(connection, records)
            there += [seq for r in records if (seq := unsent.pop(_words(r), None)) is not None]
        # A copy may hold as unsent what was sent long ago, and recalled since: it is not said again.
        await transaction.forget(connection, there)
        if unknown:
            log.warning(
                "%s: this database is older than what was sent (%d changes it does not know): recovering from Kafka",
                processor.name,
                unknown,
            )
            if recovery.catches_up:
                await _catch_up(processor, recovery, connection, tail)
            log.warning("%s: recovered", processor.name)
        await transaction.mark_written(connection, ends)
    return unknown


def _words(record: Record) -> transaction.Words:
    return record.topic, record.key or b"", record.value, pack_headers(record.headers)


async def _catch_up(processor: Processor, recovery: Recovery, connection: Connection, tail: Tail) -> None:
    ends = await tail.ends(processor.topics)
    await transaction.take_up(connection, ends)
    begin = await transaction.decided(connection, ends)
    for place, end in sorted(ends.items()):
        records = [r async for some in tail.read({place: begin[place]}, {place: end}) for r in some]
        fresh, _ = await transaction.advance(connection, records) if records else ((), False)
        if fresh:
            await transaction.put(connection, await processor.apply(connection, fresh))
    await transaction.put(connection, await recovery.settle(connection))


class KafkaTail:
    """The tail of real topics."""

    def __init__(self, access: Mapping[str, Any]) -> None:
        """`access` is how every client of this worker logs in."""
        self._access = access

    async def ends(self, topics: Sequence[str]) -> dict[Place, int]:
        """Return the end of every partition of these topics."""
        async with self._consumer() as consumer:
            places = [
                TopicPartition(topic, number)
                for topic in topics
                for number in sorted(await self._partitions(consumer, topic))
            ]
            found = await consumer.end_offsets(places)
        return {(place.topic, place.partition): end for place, end in found.items()}

    async def read(self, begin: Mapping[Place, int], ends: Mapping[Place, int]) -> AsyncIterator[list[Record]]:
        """Yield what lies between, each partition in order."""
        left = {TopicPartition(*place): end for place, end in ends.items() if begin[place] < end}
        if not left:
            return
        async with self._consumer() as consumer:
            consumer.assign(list(left))
            first = await consumer.beginning_offsets(list(left))
            for place in left:
                consumer.seek(place, max(begin[place.topic, place.partition], first[place]))
            while left := {place: end for place, end in left.items() if await consumer.position(place) < end}:
                found = await consumer.getmany(*left, timeout_ms=READ_MS, max_records=AT_ONCE)
                records = [_record(r) for place, some in found.items() for r in some if r.offset < left[place]]
                if records:
                    yield records

    def _consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **self._access, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=50
        )

    @staticmethod
    async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
        await consumer._client._wait_on_metadata(topic)
        found: set[int] = consumer._client.cluster.partitions_for_topic(topic)
        return found


def _record(record: Any) -> Record:
    return Record(
        record.topic,
        record.partition,
        record.offset,
        record.timestamp,
        record.key,
        record.value,
        headers_of(record.headers),
    )
