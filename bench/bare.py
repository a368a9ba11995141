"""The yardstick: the same bytes through topics and relays between them, with nothing of the bus in the way.

python -m bench.bare <settings.json> <from> <to> [--commit]     one relay, a process of its own as a worker of the bus is

With `--commit` a relay stores one row a record in PostgreSQL, and commits what has arrived before it sends it on, as every
hop of the bus does.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bench.place import sasl

#: Two topics with a relay between them, and three with two relays that commit: the way of the bus without the bus.
PLAIN = ("bench.first", "bench.second")
COMMITTING = ("bench.hop-1", "bench.hop-2", "bench.hop-3")
TABLE = "bench_hop"
READY = "ready"
COMMIT = "--commit"
POLL_MS = 500
BATCH_RECORDS = 500
READY_SECONDS = 30.0
STOP_SECONDS = 10.0


async def relay(access: Mapping[str, str], source: str, target: str, *, commits: bool) -> None:
    """Copy what comes on one topic to the other, until told to stop; at most what is sent is in flight."""
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    producer = AIOKafkaProducer(**sasl(access), enable_idempotence=True, acks="all")
    consumer = await from_now(access, source)
    connection = await asyncpg.connect(access["dsn"]) if commits else None
    await producer.start()
    copying = asyncio.create_task(_copy(consumer, producer, target, connection))
    try:
        sys.stdout.write(f"{READY}\n")
        sys.stdout.flush()
        await asyncio.wait({copying, asyncio.create_task(stopping.wait())}, return_when=asyncio.FIRST_COMPLETED)
        if copying.done():
            copying.result()
    finally:
        copying.cancel()
        await consumer.stop()
        await producer.stop()
        if connection is not None:
            await connection.close()


async def _copy(
    consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, target: str, connection: asyncpg.Connection | None
) -> None:
    while True:
        arrived = await consumer.getmany(timeout_ms=POLL_MS, max_records=BATCH_RECORDS)
        records = [record for several in arrived.values() for record in several]
        if connection is not None and records:  # one transaction: a queue must not grow because commits are slow
            await connection.executemany(
                f"INSERT INTO {TABLE} (topic, key, value) VALUES ($1, $2, $3)",
                [(record.topic, record.key, record.value) for record in records],
            )
        for record in records:
            await producer.send(target, value=record.value, key=record.key, headers=list(record.headers))


async def from_now(access: Mapping[str, str], topic: str) -> AIOKafkaConsumer:
    """Return a started consumer of a one-partition topic that reads what is written from now on, without a group."""
    consumer = AIOKafkaConsumer(**sasl(access), group_id=None, enable_auto_commit=False)
    await consumer.start()
    place = TopicPartition(topic, 0)
    consumer.assign([place])
    await consumer.seek_to_end(place)
    await consumer.position(place)
    return consumer


async def make_topics(access: Mapping[str, str]) -> None:
    """Make the topics, and the table of the relays that commit."""
    admin = AIOKafkaAdminClient(**sasl(access))
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 1, 1) for name in (*PLAIN, *COMMITTING)])
    finally:
        await admin.close()
    connection = await asyncpg.connect(access["dsn"])
    try:
        await connection.execute(
            f"CREATE TABLE {TABLE} (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, topic text, key bytea, value bytea)"
        )
    finally:
        await connection.close()


@asynccontextmanager
async def relaying(settings: Path, topics: Sequence[str], *, commits: bool = False) -> AsyncIterator[None]:
    """Run a relay from each of these topics to the next, each as a process, while the block runs."""
    async with AsyncExitStack() as stack:
        for source, target in itertools.pairwise(topics):
            await stack.enter_async_context(_one(settings, source, target, commits=commits))
        yield


@asynccontextmanager
async def _one(settings: Path, source: str, target: str, *, commits: bool) -> AsyncIterator[None]:
    command = [sys.executable, "-m", "bench.bare", str(settings), source, target, *([COMMIT] if commits else [])]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), READY_SECONDS)
        if line.decode().strip() != READY:
            raise RuntimeError("a relay did not start; its error is above")
        yield
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()


if __name__ == "__main__":
    asyncio.run(
        relay(json.loads(Path(sys.argv[1]).read_text("utf-8")), sys.argv[2], sys.argv[3], commits=COMMIT in sys.argv)
    )
