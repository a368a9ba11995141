"""A delivery that says what it does: its pool, its producer and its processor are watched at their borders, and only there."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.structs import RecordMetadata

from ketenbus.envelope import stamp
from streams.runtime import metrics, topics
from streams.runtime.delivery import AWAY, Delivery, Processor
from streams.runtime.health import Pulse
from streams.runtime.records import Record, ToSend
from streams.runtime.transaction import Connection, Place

#: When the broker took the publisher's record, on the log record it became: from here on counts end-to-end latency.
#: `ketenbus-admitted-at` will not do: for a publisher with backfill authority it says when the source recorded the fact.
PUBLISHED_AT = "ketenbus-published-at"


class WatchedDelivery(Delivery):
    """As `Delivery`, and the pulse hears of it."""

    def __init__(
        self, processor: Processor, pool: asyncpg.Pool, producer: AIOKafkaProducer | None, pulse: Pulse
    ) -> None:
        watched: Any = WatchedPool(pool, pulse)
        sending: Any = None if producer is None else WatchedProducer(producer, pulse)
        super().__init__(DatedProcessor(processor), watched, sending)
        self.pulse = pulse

    async def apply(self, records: Sequence[Record]) -> None:
        """Make one batch happen, and measure it; an empty one is a pause."""
        began = time.monotonic()
        if records:
            self.pulse.take(len(records))
        await super().apply(records)
        self.pulse.finish()
        if records:
            metrics.applied(self.processor.name, records, time.monotonic() - began)

    async def resume(self, places: Iterable[Place]) -> dict[Place, int]:
        """Send what was left, and be ready to read."""
        ends = await super().resume(places)
        self.pulse.finish()
        return ends

    def acknowledged(self, outgoing: Sequence[ToSend], placed: Sequence[RecordMetadata | None]) -> None:
        """Measure by the broker's own clock: the batch's oldest record to what followed, and every publish to its view."""
        metrics.sent(self.processor.name, outgoing)
        now = time.monotonic()
        measured: Record | None = None
        published_ms: float | None = None
        for one, where in zip(outgoing, placed, strict=True):
            if one.origin.offset < 0:
                continue  # sent again from the outbox, which does not keep when its origin came
            if where is None or (where.timestamp or -1) < 0:
                continue  # the broker had it already, and did not tell again when it took it
            if measured is None:
                metrics.hopped(self.processor.name, where.timestamp - one.origin.appended_ms)
            if one.origin is not measured:
                measured, published_ms = one.origin, _published_ms(one.origin)
            if published_ms is not None and one.topic.startswith("view."):
                taken_ms = where.timestamp - published_ms
                self.pulse.latency.add(taken_ms, now)
                metrics.delivered(one.topic, taken_ms)


class DatedProcessor:
    """A processor whose log records say when the broker took what they rest on; it changes nothing else."""

    def __init__(self, processor: Processor) -> None:
        self._processor = processor
        self.name = processor.name
        self.topics = processor.topics
        self.schema = processor.schema
        self.sends = processor.sends

    async def apply(self, connection: Connection, records: Sequence[Record]) -> list[ToSend]:
        """Apply, and date what goes to the log."""
        outgoing = await self._processor.apply(connection, records)
        return [_dated(one) if one.topic == topics.KETENLOG else one for one in outgoing]


class WatchedPool:
    """A pool whose every connection is asked for in sight of the pulse."""

    def __init__(self, pool: asyncpg.Pool, pulse: Pulse) -> None:
        self._pool = pool
        self._pulse = pulse

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    @asynccontextmanager
    async def acquire(self, *arguments: Any, **named: Any) -> AsyncIterator[Any]:
        """Give a connection; until it is there, or once it fails, the worker waits for PostgreSQL."""
        self._pulse.now("waiting-for-postgresql")
        try:
            async with self._pool.acquire(*arguments, **named) as connection:
                self._pulse.now("deciding")
                yield connection
        except AWAY as error:
            self._pulse.now("waiting-for-postgresql", type(error).__name__)
            raise


class WatchedProducer:
    """A producer whose sends the pulse sees."""

    def __init__(self, producer: AIOKafkaProducer, pulse: Pulse) -> None:
        self._producer = producer
        self._pulse = pulse

    def __getattr__(self, name: str) -> Any:
        return getattr(self._producer, name)

    async def send(self, *arguments: Any, **named: Any) -> Any:
        """Send; until the broker acknowledges, the worker is sending."""
        self._pulse.now("sending")
        return await self._producer.send(*arguments, **named)


def _dated(one: ToSend) -> ToSend:
    at = stamp(datetime.fromtimestamp(one.origin.appended_ms / 1000, UTC)).encode()
    return ToSend(one.origin, one.topic, one.key, one.value, (*one.headers, (PUBLISHED_AT, at)))


def _published_ms(record: Record) -> float | None:
    """Return when the event in this log record was published; None of what is no log record."""
    for name, value in reversed(record.headers):
        if name == PUBLISHED_AT:
            return datetime.fromisoformat(value.decode()).timestamp() * 1000
    return None
