"""What stands on a platform's topics, as the processors are handed it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress

from aiokafka import AIOKafkaConsumer
from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from infra.local.platform import Platform
from ketenbus.envelope import headers_of
from streams.runtime.records import Record
from streams.runtime.settled import client_config

READ_SECONDS = 30.0
TURN_RECORDS = 500


async def stop(reading: asyncio.Task[None], consumer: AIOKafkaConsumer) -> None:
    """End a task that reads, and its consumer."""
    reading.cancel()
    with suppress(asyncio.CancelledError):
        await reading
    await consumer.stop()


def records(platform: Platform, names: Sequence[str]) -> list[Record]:
    """Return everything on these topics, in order per partition; partitions take turns, as they do in the live lane."""
    consumer = Consumer({**client_config(platform.admin()), "group.id": "bench", "enable.auto.commit": False})
    try:
        known = consumer.list_topics(timeout=READ_SECONDS).topics
        places = [(name, partition) for name in names for partition in known[name].partitions]
        ends = {
            place: consumer.get_watermark_offsets(TopicPartition(*place), timeout=READ_SECONDS)[1] for place in places
        }
        filled = [place for place, end in ends.items() if end]
        consumer.assign([TopicPartition(*place, OFFSET_BEGINNING) for place in filled])
        wanted = sum(ends.values())
        found: list[Record] = []
        deadline = time.monotonic() + READ_SECONDS
        while len(found) < wanted:
            if time.monotonic() > deadline:
                raise TimeoutError(f"read {len(found)} of {wanted} records of {', '.join(names)}")
            found += [_record(message) for message in consumer.consume(TURN_RECORDS, timeout=1.0)]
    finally:
        consumer.close()
    return sorted(
        found, key=lambda r: (r.offset // (TURN_RECORDS // max(len(filled), 1)), r.topic, r.partition, r.offset)
    )


def _record(message: Message) -> Record:
    if (error := message.error()) is not None:
        raise RuntimeError(str(error))
    return Record(
        topic=message.topic() or "",
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        appended_ms=message.timestamp()[1],
        key=message.key(),
        value=message.value(),
        headers=headers_of(message.headers()),  # type: ignore[arg-type]  # typed as if a header may be text
    )
