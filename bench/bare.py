"""The yardstick: the same bytes through two topics and a relay between them, with nothing of the bus in the way.

python -m bench.bare <settings.json>     the relay, a process of its own as the bus's workers are
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bench.place import sasl

FIRST, SECOND = "bench.first", "bench.second"
READY = "ready"
READY_SECONDS = 30.0
STOP_SECONDS = 10.0


async def relay(access: Mapping[str, str]) -> None:
    """Copy what comes on the first topic to the second, until told to stop; at most what is sent is in flight."""
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    producer = AIOKafkaProducer(**sasl(access), enable_idempotence=True, acks="all")
    consumer = await from_now(access, FIRST)
    await producer.start()
    copying = asyncio.create_task(_copy(consumer, producer))
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


async def _copy(consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> None:
    async for record in consumer:
        await producer.send(SECOND, value=record.value, key=record.key, headers=list(record.headers))


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
    """Make the two topics."""
    admin = AIOKafkaAdminClient(**sasl(access))
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 1, 1) for name in (FIRST, SECOND)])
    finally:
        await admin.close()


@asynccontextmanager
async def relaying(settings: Path) -> AsyncIterator[None]:
    """Run the relay as a process while the block runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.bare", str(settings), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), READY_SECONDS)
        if line.decode().strip() != READY:
            raise RuntimeError("the relay did not start; its error is above")
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
    asyncio.run(relay(json.loads(Path(sys.argv[1]).read_text("utf-8"))))
