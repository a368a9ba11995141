"""What costs: one processor's batches run in this process under cProfile, its SQL timed statement by statement.

The records are real: the earlier processors of the chain made them just before, from published reports. What the
Faust lane adds is not in here; `bench throughput` shows the whole worker's processor time beside it.
"""

from __future__ import annotations

import asyncio
import cProfile
import io
import pstats
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from asyncpg.connection import LoggedQuery

from bench.place import Say, own_platform, publish, sasl
from bench.reading import records
from infra.local.platform import Platform
from streams.runtime import transaction
from streams.runtime.batches import BATCH_RECORDS
from streams.runtime.delivery import Delivery, Processor
from streams.runtime.records import Record
from streams.runtime.sending import SENDING
from streams.runtime.settings import load
from streams.worker import PROCESSORS, SESSION, nothing_to_reset

#: The processors in the order a report meets them: each reads what the one before it wrote.
CHAIN = ("admit", "disclose", "registration")
EVENTS = 5_000
TOP = 25
SQL_CHARACTERS = 100


@dataclass(slots=True)
class Statements:
    """How often each SQL statement ran, and how long PostgreSQL and the way to it took."""

    calls: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)

    def note(self, query: LoggedQuery) -> None:
        """Take in one statement."""
        text = " ".join(str(query.query).split())[:SQL_CHARACTERS]
        self.calls[text] += 1
        self.seconds[text] += query.elapsed  # type: ignore[assignment]  # a Counter of floats: typeshed knows int only

    def lines(self, events: int) -> list[str]:
        """Return the statements as a table, the dearest first."""
        rows = [f"{'ms/event':>9} {'calls/event':>11}  statement"]
        for text, seconds in self.seconds.most_common():
            rows.append(f"{seconds * 1000 / events:9.3f} {self.calls[text] / events:11.3f}  {text}")
        return rows


def profile(name: str, say: Say, events: int = EVENTS, batch: int = BATCH_RECORDS) -> str:
    """Return the most expensive functions and all statements of one processor over that many events.

    With a small `batch` it shows what a batch costs whatever its size: what a live event waits for.
    """
    with own_platform(say) as platform:
        return asyncio.run(_profile(platform, name, events, batch, say))


async def _profile(platform: Platform, name: str, events: int, size: int, say: Say) -> str:
    say(f"publishing {events} reports")
    await publish(platform, range(events))
    for earlier in CHAIN[: CHAIN.index(name)]:
        say(f"{earlier} first, unprofiled")
        async with _delivery(platform, earlier) as delivery:
            for batch in await _taken_up(delivery, _batches(records(platform, delivery.processor.topics))):
                await delivery.apply(batch)
    say(f"{name} under the profiler")
    statements, profiler = Statements(), cProfile.Profile()
    async with _delivery(platform, name, statements) as delivery:
        batches = await _taken_up(delivery, _batches(records(platform, delivery.processor.topics), size))
        began, cpu = time.monotonic(), time.process_time()
        profiler.enable()
        for batch in batches:
            await delivery.apply(batch)
        profiler.disable()
        seconds, cpu = time.monotonic() - began, time.process_time() - cpu
    count = sum(map(len, batches))
    out = io.StringIO()
    pstats.Stats(profiler, stream=out).strip_dirs().sort_stats("tottime").print_stats(TOP)
    pstats.Stats(profiler, stream=out).strip_dirs().sort_stats("cumulative").print_stats(TOP)
    head = (
        f"{name}: {count} records in {len(batches)} batches, {seconds:.2f} s under the profiler "
        f"({count / seconds:,.0f}/s), {cpu * 1000 / count:.2f} ms processor time each"
    )
    return "\n".join([head, "", *statements.lines(count), out.getvalue()])


async def _taken_up(delivery: Delivery, batches: list[Sequence[Record]]) -> list[Sequence[Record]]:
    await delivery.resume({(record.topic, record.partition) for batch in batches for record in batch})
    return batches


@asynccontextmanager
async def _delivery(platform: Platform, name: str, statements: Statements | None = None) -> AsyncIterator[Delivery]:
    """Give the processor as its worker runs it, without the lane: real pool, real producer, its own rights."""
    settings = load(platform.processor_file(name))
    processor: Processor = PROCESSORS[name](settings)
    access = sasl({"kafka": settings.kafka, "user": settings.user, "password": settings.password})

    async def listen(connection: transaction.Connection) -> None:
        if statements is not None:
            connection.add_query_logger(statements.note)

    pool = await asyncpg.create_pool(
        settings.dsn, min_size=1, max_size=2, setup=listen, reset=nothing_to_reset, server_settings=SESSION
    )
    admin = AIOKafkaAdminClient(**access)
    await admin.start()
    cluster = (await admin.describe_cluster())["cluster_id"]
    await admin.close()
    async with pool.acquire() as connection:
        await transaction.prepare(connection, cluster)
        await connection.execute(processor.schema)
    producer = None
    if processor.sends:
        producer = AIOKafkaProducer(**access, **SENDING)
        await producer.start()
    if statements is not None:
        await asyncio.sleep(0)  # what made the tables is told only now
        statements.calls.clear()
        statements.seconds.clear()
    try:
        yield Delivery(processor, pool, producer)
    finally:
        if producer is not None:
            await producer.stop()
        await pool.close()


def _batches(found: Sequence[Record], size: int = BATCH_RECORDS) -> list[Sequence[Record]]:
    """Return the records in batches; the live lane's are BATCH_RECORDS under load."""
    return [found[start : start + size] for start in range(0, len(found), size)]
