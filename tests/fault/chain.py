"""The four processors in one process, on a real PostgreSQL and a log in memory, so that a kill can come at any step.

Everything but Kafka is as in a worker: the same `Delivery`, transactions, positions and outbox, and each processor's own
schema. The log keeps what Kafka keeps of it: records in order per partition, and nothing is ever taken away.
"""

from __future__ import annotations

import asyncio
import json
import os
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg

from infra.local.platform import Platform
from ketenbus import preparing
from ketenbus.envelope import Headers
from ketenbus.events import MODELS
from ketenbus.keyring import PublisherKeys
from ketenbus.preparing import Outgoing, Prepared
from ketenbus.settings import PartnerSettings
from sandbox.publish import spoil
from sandbox.telling import Planned
from streams.monitoring.fold import Registered
from streams.monitoring.store import registered
from streams.runtime import settled, topics, transaction
from streams.runtime.delivery import Delivery
from streams.runtime.records import Record
from streams.runtime.settings import load
from streams.runtime.transaction import Place
from streams.worker import PROCESSORS
from tests.sent import APPENDED_MS

CLUSTER = "a-log-in-memory"
LOG_PARTITIONS = 3


class Killed(Exception):
    """The process is gone, here and now."""


class Knife:
    """Counts the steps of a run and kills before the one it was set on."""

    def __init__(self, before: int | None = None) -> None:
        self.before = before
        self.steps = 0

    async def step(self) -> None:
        """Be at the next step; killed if this is the one."""
        self.steps += 1
        if self.steps == self.before:
            raise Killed


class Log:
    """Every topic, in memory."""

    def __init__(self) -> None:
        self.records: dict[Place, list[Record]] = defaultdict(list)

    def append(self, topic: str, key: bytes, value: bytes | None, headers: Headers) -> None:
        partition = zlib.crc32(key) % LOG_PARTITIONS if topic == topics.KETENLOG else 0
        place = (topic, partition)
        offset = len(self.records[place])
        self.records[place].append(Record(topic, partition, offset, APPENDED_MS, key, value, headers))

    def of(self, topic: str) -> list[Record]:
        """Every record of a topic."""
        return [r for (name, _), records in sorted(self.records.items()) if name == topic for r in records]


class KnifedProducer:
    """Writes to the log in memory; each send is a step."""

    def __init__(self, log: Log, knife: Knife) -> None:
        self._log = log
        self._knife = knife

    async def send(
        self, topic: str, *, value: bytes | None, key: bytes, headers: list[tuple[str, bytes]]
    ) -> asyncio.Future[None]:
        await self._knife.step()
        self._log.append(topic, key, value, tuple(headers))
        sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        sent.set_result(None)
        return sent


class KnifedPool:
    """A pool whose every statement, and both sides of every commit, are a step."""

    def __init__(self, pool: asyncpg.Pool[Any], knife: Knife) -> None:
        self._pool = pool
        self._knife = knife

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        await self._knife.step()
        async with self._pool.acquire() as connection:
            yield _KnifedConnection(connection, self._knife)


class _KnifedConnection:
    def __init__(self, connection: Any, knife: Knife) -> None:
        self._connection = connection
        self._knife = knife

    def __getattr__(self, name: str) -> Any:
        statement = getattr(self._connection, name)

        async def run(*arguments: Any, **named: Any) -> Any:
            await self._knife.step()
            return await statement(*arguments, **named)

        return run

    @asynccontextmanager
    async def transaction(self, **named: Any) -> AsyncIterator[None]:
        async with self._connection.transaction(**named):
            yield
            await self._knife.step()
        await self._knife.step()


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
        """Start a worker: it sends what an earlier one left, and reads on. `anew`: nothing in memory is left either."""
        processor = PROCESSORS[self.name](self.settings) if anew else self._processor
        producer: Any = KnifedProducer(log, knife) if processor.sends else None
        pool: Any = KnifedPool(self.pool, knife)
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
        if records:
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


class Run:
    """What a run ended with."""

    def __init__(self, log: Log, steps: int, seats: Mapping[str, Seat]) -> None:
        self.log = log
        self.steps = steps
        self._seats = seats

    async def rows(self, seat: str, query: str) -> list[tuple[Any, ...]]:
        """The rows of a processor's own tables."""
        async with self._seats[seat].pool.acquire() as connection:
            return [tuple(row) for row in await connection.fetch(query)]

    async def standings(self) -> list[tuple[Any, ...]]:
        """What stands: every candidate's outcome with its mask, activity and reasons, and whether the view holds it."""
        query = (
            "SELECT oin, id, recipient, purpose, outcome, mask, activity, reasons, in_view FROM standing"
            " WHERE recipient <> 'rapporteur' ORDER BY oin, id, recipient, purpose, subject"
        )
        return await self.rows("disclose", query)

    async def records(self) -> list[tuple[Any, ...]]:
        """The registration's records in force, by what they say."""
        return sorted(await self.rows("registration", "SELECT number, state FROM record WHERE NOT ended"))

    async def registered(self) -> list[Registered]:
        """The records as the Rapporteur has them."""
        async with self._seats["monitoring"].pool.acquire() as connection:
            return sorted(await registered(connection), key=lambda r: r.number)

    async def unsent(self) -> list[tuple[Any, ...]]:
        """Positions that are not sent to the end, and outbox rows that are left."""
        left = []
        for name in self._seats:
            left += [(name, *row) for row in await self.rows(name, "SELECT * FROM position WHERE sent <> decided")]
            left += [(name, *row) for row in await self.rows(name, "SELECT seq, topic FROM outbox")]
        return left

    def balance(self) -> tuple[int, int]:
        """How many records partners and the registration published, and how many admit answered, each in one way."""
        types = set(topics.type_topics())
        published = {r.origin.encode() for (name, _), found in self.log.records.items() if name in types for r in found}
        admitted = {dict(r.headers)["ketenbus-origin"] for r in self.log.of(topics.KETENLOG) if not _of_the_bus(r)}
        quarantined = {origin for origin, _ in self.quarantine()}
        repeated = {r.key or b"" for r in self.log.of(topics.REPEATED)}
        assert not (admitted & quarantined or admitted & repeated or quarantined & repeated)
        assert admitted | quarantined | repeated <= published
        return len(published), len(admitted) + len(quarantined) + len(repeated)

    def views(self) -> dict[tuple[str, str], bool]:
        """Of every event of every view that a partner's event is behind: whether the view holds it now."""
        latest: dict[tuple[str, str], tuple[int, bool]] = {}
        for topic in sorted({name for name, _ in self.log.records if name.startswith("view.")}):
            for record in self.log.of(topic):
                told = {name: value.decode() for name, value in record.headers}
                change, holds = int(told["ce_ketenbuschange"]), told["ce_ketenbuskind"] != "recall"
                event = (topic, told["ce_id"])
                if change > latest.get(event, (0, False))[0]:
                    latest[event] = (change, holds)
        return {event: holds for event, (_, holds) in latest.items()}

    def doubles(self) -> list[tuple[str, str, str]]:
        """Messages of a view that were told twice in different words: (view, event, change)."""
        said: dict[tuple[str, str, str], set[tuple[bytes | None, bytes | None, Headers]]] = defaultdict(set)
        for (topic, _), records in self.log.records.items():
            for record in records if topic.startswith("view.") else ():
                told = {name: value.decode() for name, value in record.headers}
                key = (topic, told["ce_id"], told["ce_ketenbuschange"])
                said[key].add((record.key, record.value, record.headers))
        return [key for key, words in said.items() if len(words) > 1]

    def receipts(self) -> dict[str, list[tuple[str, ...]]]:
        """The last receipt of every event of a partner: each candidate's outcome, mask, activity and reasons."""
        last = {(r.key or b"").decode(): json.loads(r.value or b"{}") for r in self.log.of(topics.RECEIPTS)}
        return {
            name: [
                (o["recipient"], o["purpose"], o["outcome"], o["mask"], o["activity"], *o["reasons"])
                for o in told["outcomes"]
            ]
            for name, told in last.items()
            if not told["type"].startswith("registration-")
        }

    def answers(self) -> set[tuple[str, bytes | None, bytes | None]]:
        """What partners were told of their events."""
        found = sorted({name for name, _ in self.log.records if name.startswith("acknowledgements.")})
        return {(name, r.key, r.value) for name in found for r in self.log.of(name) if name != _RECORDS}

    def quarantine(self) -> set[tuple[bytes, bytes]]:
        """Which records were put in quarantine, and why."""
        found = (dict(r.headers) for r in self.log.of(topics.QUARANTINE))
        return {(h["ketenbus-origin"], h["ketenbus-reason"]) for h in found}

    async def state(self) -> dict[str, Any]:
        """Everything that must be the same whatever happened on the way."""
        return {
            "standings": await self.standings(),
            "records": await self.records(),
            "registered": await self.registered(),
            "views": {event: holds for event, holds in self.views().items() if "rapporteur" not in event[0]},
            "answers": self.answers(),
            "quarantine": self.quarantine(),
            "receipts": self.receipts(),
            "doubles": self.doubles(),
            "unsent": await self.unsent(),
        }


def _of_the_bus(record: Record) -> bool:
    return dict(record.headers)["ce_type"] == b"nl.mensenhandel.fact-quarantined.v1"


#: The registration's own records are answered too; how many versions there were on the way is no part of the end.
_RECORDS = "acknowledgements.comensha"


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
