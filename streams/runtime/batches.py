"""Micro-batches of what a stream hands over, one event at a time: bounded in records and in bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from ketenbus.envelope import headers_of
from streams.runtime.records import Batch, Record

BATCH_RECORDS = 500
#: A batch ends with the record that brings it here, for what follows from a batch is one statement to PostgreSQL, which
#: takes less than 1 GiB. A header counts for more than its bytes: with nothing in it, it is packed in dozens.
BATCH_BYTES = 16 * 1024 * 1024
HEADER_BYTES = 64
PAUSE_SECONDS = 0.02
#: How soon a worker with nothing to do looks again whether its database is the one it knows.
LOOK_SECONDS = 5.0
_FIRST = asyncio.FIRST_COMPLETED
#: An event of the stream, its record, and what that weighs.
Arrived = tuple[Any, Record, int]


class Arrivals:
    """What has arrived and is in no batch yet: at most 2 * BATCH_RECORDS, and no more once it weighs BATCH_BYTES."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Arrived] = asyncio.Queue(maxsize=2 * BATCH_RECORDS)
        self._weight = 0
        self._room = asyncio.Event()
        self._room.set()

    def __len__(self) -> int:
        return self._queue.qsize()

    async def put(self, event: Any) -> None:
        """Take an event in; return when there is room for another."""
        record = _record(event.message)
        weight = _weight(record)
        await self._queue.put((event, record, weight))
        self._weight += weight
        if self._weight >= BATCH_BYTES:
            self._room.clear()
        await self._room.wait()

    async def get(self) -> Arrived:
        """Return the first that has arrived, waiting for it."""
        return self._given(await self._queue.get())

    def batch(self, first: Arrived) -> Batch:
        """Return a batch of this one and what arrived after it, of at most BATCH_RECORDS, ending with what fills BATCH_BYTES."""
        taken, total = [first], first[2]
        while len(self) and len(taken) < BATCH_RECORDS and total < BATCH_BYTES:
            taken.append(self._given(self._queue.get_nowait()))
            total += taken[-1][2]
        events, records, _ = zip(*taken, strict=True)
        return Batch(records, ack=partial(_ack, events))

    def _given(self, arrived: Arrived) -> Arrived:
        self._weight -= arrived[2]
        if self._weight < BATCH_BYTES:
            self._room.set()
        return arrived


async def micro_batches(events: Any, gather_seconds: float = 0.0) -> AsyncIterator[Batch]:
    """Yield what has arrived, up to BATCH_RECORDS or BATCH_BYTES at a time, waiting only while there is nothing.

    What comes within `gather_seconds` of the first goes with it. When nothing has come for PAUSE_SECONDS it yields an
    empty batch, and another every LOOK_SECONDS while it waits.
    """
    arrived = Arrivals()

    async def pump() -> None:
        async for event in events:
            await arrived.put(event)

    pumping = asyncio.ensure_future(pump())
    try:
        while True:
            getting = asyncio.ensure_future(arrived.get())
            waiting: set[asyncio.Future[Any]] = {getting, pumping}
            patience = PAUSE_SECONDS
            while not (done := (await asyncio.wait(waiting, timeout=patience, return_when=_FIRST))[0]):
                yield Batch((), ack=_nothing)
                patience = LOOK_SECONDS
            if getting not in done:
                getting.cancel()
                pumping.result()
                return
            if gather_seconds and len(arrived) < BATCH_RECORDS:
                await asyncio.sleep(gather_seconds)
            yield arrived.batch(getting.result())
    finally:
        pumping.cancel()


def _weight(record: Record) -> int:
    headers = sum(HEADER_BYTES + len(name) + len(value or b"") for name, value in record.headers)
    return headers + len(record.key or b"") + len(record.value or b"")


def _nothing() -> None:
    """Acknowledge a batch of nothing."""


def _ack(events: tuple[Any, ...]) -> None:
    for event in events:
        event.ack()


def _record(message: Any) -> Record:
    return Record(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        appended_ms=round(message.timestamp * 1000),
        key=message.key,
        value=message.value,
        headers=headers_of(message.headers),
    )
