"""The four processors in one process, on a real PostgreSQL and a log in memory, so that a kill can come at any step.

Everything but Kafka is as in a worker: the same `Delivery`, transactions, positions and outbox, and each processor's own
schema. The log keeps what Kafka keeps of it: records in order per partition, and nothing is ever taken away.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg

from infra.local.platform import Platform
from ketenbus import preparing
from ketenbus.events import MODELS
from ketenbus.keyring import PublisherKeys
from ketenbus.preparing import Outgoing, Prepared
from ketenbus.settings import PartnerSettings
from sandbox.publish import spoil
from sandbox.telling import Planned
from streams.runtime import settled, transaction
from streams.runtime.delivery import Delivery
from streams.runtime.records import Record
from streams.runtime.recovery import recover
from streams.runtime.settings import load
from streams.runtime.transaction import Place
from streams.worker import PROCESSORS, RECOVERIES
from tests.fault.ending import Run
from tests.fault.knife import LOG_PARTITIONS, Killed, Knife, KnifedPool, KnifedProducer, Log, LogTail

CLUSTER = "a-log-in-memory"
#: How the name of a table's copy begins.
COPY = "copy_"


class Seat:
    """One processor's place: its schema in PostgreSQL, and how far its worker of now has read."""

    def __init__(self, name: str, platform: Platform, pool: asyncpg.Pool[Any]) -> None:
        self.settings = load(platform.processor_file(name))
        self.name = name
        self.pool = pool
        self.positions: dict[Place, int] = {}
        self.delivery: Delivery | None = None
        self._processor = PROCESSORS[name](self.settings)

    def places(self) -> list[Place]:
        """The partitions the processor reads, of a log with fewer of them."""
        return [(topic, n) for topic, n in settled.read_by()[self.name] if n < LOG_PARTITIONS]

    async def start(self, log: Log, knife: Knife, *, anew: bool = False) -> None:
        """Start a worker: it takes back what a restore lost, sends what an earlier one left, and reads on. `anew`: nothing in memory is left either."""
        processor = PROCESSORS[self.name](self.settings) if anew else self._processor
        producer: Any = KnifedProducer(log, knife) if processor.sends else None
        pool: Any = KnifedPool(self.pool, knife)
        if self.name in RECOVERIES:
            await recover(processor, RECOVERIES[self.name](processor), pool, LogTail(log))
        self.delivery = Delivery(processor, pool, producer)
        self.positions = await self.delivery.resume(self.places())

    def arrived(self, log: Log, most: int) -> list[Record]:
        """What there is to read, at most so many records."""
        return [r for place in self.places() for r in log.records[place][self.positions[place] :]][:most]

    async def apply(self, records: Sequence[Record]) -> None:
        """Make one batch happen and read on behind it."""
        assert self.delivery is not None
        await self.delivery.apply(records)
        for record in records:
            self.positions[record.topic, record.partition] = record.offset + 1

    async def back_up(self) -> None:
        """Keep a copy of everything the processor has stored."""
        async with self.pool.acquire() as connection, connection.transaction():
            for table in await _tables(connection):
                await connection.execute(
                    f"DROP TABLE IF EXISTS {COPY}{table}; CREATE TABLE {COPY}{table} AS TABLE {table}"
                )

    async def restore(self) -> None:
        """Put the copy back: whatever came after it is forgotten."""
        async with self.pool.acquire() as connection, connection.transaction():
            for table in await _tables(connection):
                copied = f"INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE {COPY}{table}"
                await connection.execute(f"DELETE FROM {table}; {copied}; DROP TABLE {COPY}{table}")


async def _tables(connection: Any) -> list[str]:
    query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND NOT starts_with(tablename, $1)"
    return [row["tablename"] for row in await connection.fetch(query, COPY)]


class Chain:
    """Every processor on one PostgreSQL, emptied between runs."""

    def __init__(self, platform: Platform, seats: Mapping[str, Seat], admin: asyncpg.Connection[Any]) -> None:
        self.platform = platform
        self.seats = seats
        self._admin = admin

    async def run(self, waves: Sequence[Sequence[Prepared]], *, most: int = 500, kill_before: int | None = None) -> Run:
        """Publish wave after wave, each until nothing is left to read; a worker that is killed is started again."""
        log, knife = Log(), Knife(kill_before)
        await self.empty()
        for seat in self.seats.values():
            await self._alive(seat, log, knife, seat.start(log, knife))
        for wave in waves:
            for made in wave:
                log.append(made.topic, made.key, made.value, made.headers)
            while any([await self._turn(seat, log, knife, most) for seat in self.seats.values()]):
                pass
        return Run(log, knife.steps, self.seats)

    async def _turn(self, seat: Seat, log: Log, knife: Knife, most: int) -> bool:
        records = seat.arrived(log, most)
        await self._alive(seat, log, knife, seat.apply(records))
        return bool(records)

    async def _alive(self, seat: Seat, log: Log, knife: Knife, work: Any) -> None:
        try:
            await work
        except Killed:
            await seat.start(log, knife, anew=True)

    async def empty(self) -> None:
        """Forget everything but the keys of the zones; deleting few rows is quicker than making the files anew."""
        for seat in self.seats.values():
            async with seat.pool.acquire() as connection:
                names = await connection.fetch(
                    "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
                    " AND tablename NOT IN ('cluster', 'zone_key')"
                )
                await connection.execute("; ".join(f"DELETE FROM {row['tablename']}" for row in names))


@asynccontextmanager
async def chain(platform: Platform) -> AsyncIterator[Chain]:
    """Give every processor a schema of this test's own, gone after it."""
    dsn = platform.admin()["dsn"]
    admin = await asyncpg.connect(dsn)
    mark = f"t{uuid4().hex[:12]}"
    seats: dict[str, Seat] = {}
    try:
        for name, processor in PROCESSORS.items():
            schema = f"{mark}_{name}"
            await admin.execute(f"CREATE SCHEMA {schema}")
            pool = await asyncpg.create_pool(
                dsn, min_size=1, max_size=3, server_settings={"search_path": schema, "synchronous_commit": "off"}
            )
            seats[name] = Seat(name, platform, pool)
            async with pool.acquire() as connection:
                await transaction.prepare(connection, CLUSTER)
                await connection.execute(processor.schema)
        yield Chain(platform, seats, admin)
    finally:
        for seat in seats.values():
            await seat.pool.close()
        for name in seats:
            await admin.execute(f"DROP SCHEMA {mark}_{name} CASCADE")
        await admin.close()


def prepared(platform: Platform, events: Sequence[Planned]) -> list[Prepared]:
    """What the made-up partners put on the bus for these events, byte for byte; a repeat is the same bytes."""
    settings = {e.partner: PartnerSettings.load(platform.partner_file(e.partner)) for e in events}
    keys = {partner: PublisherKeys(held.keyring, held.oin) for partner, held in settings.items()}
    made: dict[str, Prepared] = {}
    out = []
    try:
        for planned in events:
            if planned.fault is None and planned.id in made:
                out.append(made[planned.id])
                continue
            outgoing = Outgoing(MODELS[planned.type](**dict(planned.fields)), id=planned.id, time=planned.time)
            found = preparing.signed(outgoing, settings[planned.partner], keys[planned.partner], os.urandom)
            assert isinstance(found, Prepared)
            if planned.fault is None:
                made[planned.id] = found
            out.append(found if planned.fault is None else spoil(found, planned.fault, settings[planned.partner]))
    finally:
        for held in keys.values():
            held.close()
    return out


def oins(platform: Platform) -> Iterator[tuple[str, str]]:
    """Every partner of the platform with its OIN."""
    for file in sorted((platform.data / "secrets" / "partners").glob("*.json")):
        yield file.stem, PartnerSettings.load(file).oin
