"""The bare confluent-kafka loop: `python -m bench.peers.bare_loop <settings.json>`.

What is known of a subject is in PostgreSQL, written with the receipts in one transaction a batch. At least once: the
broker has the views before the transaction commits, and the offsets move last.
"""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import asyncpg
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer

from bench.peers import given, stored
from bench.peers.given import HEARTBEAT_SECONDS, SESSION_SECONDS, Given
from bench.peers.work import Job, Receipt, Told
from ketenbus.envelope import headers_of

BATCH_RECORDS = 500
POLL_SECONDS = 0.5


async def serve(settings: Given) -> None:
    """Work until SIGTERM."""
    work = settings.work()
    connection = await asyncpg.connect(settings.dsn, server_settings={"search_path": settings.schema})
    producer = Producer({**settings.librdkafka(), "enable.idempotence": True, "linger.ms": 2})
    consumer = Consumer(
        {
            **settings.librdkafka(),
            "group.id": settings.group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "session.timeout.ms": round(SESSION_SECONDS * 1000),
            "heartbeat.interval.ms": round(HEARTBEAT_SECONDS * 1000),
        }
    )
    consumer.subscribe([settings.log])
    stopping = False

    def stop(*_: Any) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    try:
        while not stopping:
            if messages := _batch(consumer):
                async with connection.transaction():
                    told, receipts = await _work(work, connection, messages)
                    _send(producer, settings, told, receipts)
                consumer.commit(asynchronous=False)
    finally:
        consumer.close()
        await connection.close()


def _batch(consumer: Consumer) -> list[Message]:
    """Return what has arrived, waiting only while there is nothing."""
    first = consumer.poll(POLL_SECONDS)
    if first is None:
        return []
    messages = [first, *consumer.consume(BATCH_RECORDS - 1, timeout=0)]
    for message in messages:
        if (error := message.error()) is not None and error.code() != KafkaError._PARTITION_EOF:
            raise KafkaException(error)
    return messages


async def _work(work: Job, connection: asyncpg.Connection, messages: list[Message]) -> tuple[list[Told], list[Receipt]]:
    states = await stored.known_of(connection, (message.key() or b"" for message in messages))
    told: list[Told] = []
    receipts: list[Receipt] = []
    for message in messages:
        key = message.key() or b""
        headers = headers_of(message.headers())  # type: ignore[arg-type]  # typed as if a header may be text
        taken = work.take(key, message.value() or b"", headers, states.get(key))
        states[key] = taken.state
        told += taken.told
        receipts += taken.receipts
    await stored.keep(connection, states, receipts)
    return told, receipts


def _send(producer: Producer, settings: Given, told: list[Told], receipts: list[Receipt]) -> None:
    """Send all, and return when the broker has it."""
    failed: list[KafkaError] = []

    def heard(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            failed.append(error)

    for one in told:
        producer.produce(settings.view(one.topic), one.value, one.key, headers=list(one.headers), on_delivery=heard)
        producer.poll(0)
    for receipt in receipts:
        producer.produce(
            settings.receipts,
            receipt.outcomes.encode(),
            receipt.id.encode(),
            headers=list(receipt.headers),
            on_delivery=heard,
        )
        producer.poll(0)
    producer.flush()
    if failed:
        raise KafkaException(failed[0])


if __name__ == "__main__":
    asyncio.run(serve(given.read()))
