"""Looks at one bus, again and again: its servers, its processes, its positions, its quarantine.

A look costs one query, one request to Kafka and a few files; what is dearer (memory, disk, the count) is looked at less
often and carried along. Nothing is written, no partition is taken from a worker.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg

from consent.days import day_of
from infra.local.commands import TITLES
from infra.local.files import size_bytes
from infra.local.platform import Platform
from ketenbus.errors import CorruptLogError, RetryableError
from services.emergency.reading import uses
from services.emergency.seen import Alarm, alarm
from services.health.broker import Broker
from services.health.codes import UnknownCodes, unknown_codes
from services.health.counting import Count, Counted
from services.health.judging import (
    DEFAULT,
    Limits,
    OpenTransaction,
    Seen,
    Server,
    Verdict,
    judge,
    judge_disk,
    judge_emergency,
    judge_server,
)
from services.health.positions import Positions, Standing
from services.health.processes import Worker, memory_bytes
from services.register.reading import numbers
from streams.runtime.latency import Latency
from streams.runtime.settled import read_by
from streams.runtime.transaction import Place

#: How often what is dear is looked at again.
SELDOM_SECONDS = 10.0
#: However much there is to count, it takes a twentieth of our time at most.
SELDOM_SHARE = 20.0
ANSWER_SECONDS = 2.0
#: A table that somebody holds locked is left for the next look: who waits for that lock is what there is to tell.
PROMPT = {"lock_timeout": "1s"}
AWAY = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Look:
    """The bus at one moment: what was seen, and what was made of it."""

    at: float
    servers: tuple[tuple[Server, Verdict], ...]
    processors: tuple[tuple[Seen, Verdict], ...]
    latency: Latency | None
    counted: Counted | None
    uncountable: str | None
    free_bytes: int
    disk: Verdict
    emergency: Alarm | None = None
    codes: UnknownCodes | None = None

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Every verdict of this look."""
        reviews = () if self.emergency is None else (judge_emergency(self.emergency),)
        return (*(v for _, v in self.servers), *(v for _, v in self.processors), self.disk, *reviews)

    @property
    def is_well(self) -> bool:
        """Whether nothing is red, and no event is unaccounted for."""
        balanced = self.counted is None or self.counted.difference == 0
        return balanced and self.uncountable is None and all(verdict.colour != "red" for verdict in self.verdicts)


class Observer:
    """Looks, and remembers enough to see what moves."""

    def __init__(
        self,
        platform: Platform,
        names: tuple[str, ...],
        limits: Limits = DEFAULT,
        seldom_seconds: float = SELDOM_SECONDS,
    ) -> None:
        self._platform = platform
        self._limits = limits
        self._every_seldom = seldom_seconds
        admin = platform.admin()
        self._broker = Broker(admin)
        self._dsn = admin["dsn"]
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._workers = {name: Worker(platform.data, name) for name in names}
        self._standing = {name: Standing(read_by()[name]) for name in names}
        self._count = Count(self._broker, platform.data / "partners.yaml")
        self._counted: Counted | None = None
        self._uncountable: str | None = None
        self._term = numbers()["emergency-review-days"]
        self._emergency: Alarm | None = None
        self._codes: UnknownCodes | None = None
        self._oldest: OpenTransaction | None = None
        self._sizes: Mapping[str, int] = {}
        self._memory: Mapping[int, int] = {}
        self._seldom_at = 0.0

    async def look(self) -> Look:
        """Return how the bus is now."""
        positions = await self._positions()
        ends = self._ends()
        servers = self._platform.status()
        pids = {server.name: server.process.pid if server.process else None for server in servers}
        found = {name: worker.find() for name, worker in self._workers.items()}
        if time.monotonic() > self._seldom_at:
            await self._look_seldom(
                {*pids.values(), *(process.pid for process in found.values() if process)}, positions
            )
        seen = [await self._seen(name, positions, ends) for name in self._workers]
        free = shutil.disk_usage(self._platform.data).free
        answers = {"kafka": ends is not None, "postgres": positions is not None}
        shown = [
            Server(
                server.name, TITLES[server.name], server.address, pids[server.name], server.ours, answers[server.name],
                self._sizes.get(server.name), self._memory.get(pids[server.name] or 0),
                self._oldest if server.name == "postgres" and positions is not None else None,
            )
            for server in servers
        ]  # fmt: skip
        return Look(
            at=time.time(),
            servers=tuple((server, judge_server(server)) for server in shown),
            processors=tuple((one, judge(one, self._limits)) for one in seen),
            latency=next((one.report.latency for one in seen if one.report and one.processor == "disclose"), None),
            counted=self._counted,
            uncountable=self._uncountable,
            free_bytes=free,
            disk=judge_disk(free),
            emergency=self._emergency,
            codes=self._codes,
        )

    async def close(self) -> None:
        """Close every connection."""
        self._broker.close()
        if self._connection is not None:
            await self._connection.close(timeout=ANSWER_SECONDS)

    async def _seen(
        self, name: str, positions: Mapping[str, Positions] | None, ends: Mapping[Place, int] | None
    ) -> Seen:
        worker, standing = self._workers[name], self._standing[name]
        process, report = worker.process, worker.report()
        oldest: int | None = None
        if positions is not None and ends is not None:
            standing.see(time.monotonic(), positions[name], ends, report.done if report else 0)
            oldest = min(self._broker.appended(standing.unsent).values(), default=None) if standing.unsent else None
        return Seen(
            processor=name,
            at=time.time(),
            pid=process.pid if process else None,
            uptime_seconds=time.time() - process.started if process else 0.0,
            is_frozen=worker.is_frozen(),
            last_words=worker.last_words() if process is None else "",
            report=report,
            postgres_answers=positions is not None,
            kafka_answers=ends is not None,
            waiting=standing.waiting if positions is not None and ends is not None else None,
            oldest_ms=oldest,
            lost=standing.lost,
            unmoved_seconds=standing.unmoved_seconds,
            in_per_second=standing.in_per_second,
            out_per_second=standing.out_per_second,
            blocked_by=await self._blocked(name) if standing.unmoved_seconds else None,
            memory_bytes=self._memory.get(process.pid) if process else None,
        )

    async def _positions(self) -> dict[str, Positions] | None:
        """Return how far each processor is; None when PostgreSQL does not answer."""
        try:
            connection = await self._connected()
            there = await connection.fetch(
                "SELECT nspname FROM pg_namespace WHERE to_regclass(quote_ident(nspname) || '.position') IS NOT NULL"
                " AND nspname = ANY($1::text[])",
                list(self._workers),
                timeout=ANSWER_SECONDS,
            )
            found: dict[str, Positions] = {name: {} for name in self._workers}
            for name in (row["nspname"] for row in there):
                rows = await connection.fetch(
                    f"SELECT topic, partition, decided, sent FROM {name}.position", timeout=ANSWER_SECONDS
                )
                found[name] = {(row["topic"], row["partition"]): (row["decided"], row["sent"]) for row in rows}
            return found
        except AWAY:
            await self._drop()
            return None

    async def _blocked(self, name: str) -> str | None:
        """Return who holds the lock in PostgreSQL that a processor waits for, if it waits for one."""
        try:
            connection = await self._connected()
            row = await connection.fetchrow(
                "SELECT holder.pid, holder.usename, holder.application_name FROM pg_stat_activity waiter"
                " CROSS JOIN unnest(pg_blocking_pids(waiter.pid)) AS blocking"
                " JOIN pg_stat_activity holder ON holder.pid = blocking"
                " WHERE waiter.usename = $1 AND waiter.wait_event_type = 'Lock' LIMIT 1",
                name,
                timeout=ANSWER_SECONDS,
            )
        except AWAY:
            await self._drop()
            return None
        return None if row is None else _whose(row)

    def _ends(self) -> dict[Place, int] | None:
        try:
            return self._broker.ends([place for name in self._workers for place in read_by()[name]])
        except RetryableError:
            return None

    async def _look_seldom(self, pids: set[int | None], positions: Mapping[str, Positions] | None) -> None:
        began = time.monotonic()
        self._memory = memory_bytes(pid for pid in pids if pid is not None)
        self._sizes = {
            "kafka": size_bytes(self._platform.data / "kafka"),
            "postgres": size_bytes(self._platform.postgres.folder),
        }
        if positions is not None and positions.get("admit"):
            await self._recount()
        if positions is not None:
            await self._look_into_tables()
        took = time.monotonic() - began
        self._seldom_at = time.monotonic() + max(self._every_seldom, SELDOM_SHARE * took)

    async def _recount(self) -> None:
        try:
            self._counted = await self._count.count(await self._connected())
            self._uncountable = None
        except RetryableError:
            return  # the count shown stays the one before; it says when that was
        except CorruptLogError as error:
            self._uncountable = str(error)
        except AWAY:
            await self._drop()

    async def _look_into_tables(self) -> None:
        """See who has a transaction open, which uses of emergency access wait for reviewers, and which codes no list knows.

        What was seen before stands meanwhile.
        """
        try:
            self._oldest = await self._oldest_transaction(await self._connected())
            self._codes = await unknown_codes(await self._connected())
            found = await uses(await self._connected(), day_of(datetime.now(UTC)), self._term.value)
            self._emergency = alarm(found, self._term.value, is_open=self._term.status == "open")
        except AWAY:
            await self._drop()

    async def _oldest_transaction(self, connection: asyncpg.Connection[asyncpg.Record]) -> OpenTransaction | None:
        """Return the transaction that has been open longest, of those for which rows are kept."""
        row = await connection.fetchrow(
            "SELECT pid, usename, application_name, extract(epoch FROM now() - xact_start)::float8 AS seconds FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
            " AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL) ORDER BY xact_start LIMIT 1",
            timeout=ANSWER_SECONDS,
        )
        return None if row is None else OpenTransaction(_whose(row), row["seconds"])

    async def _connected(self) -> asyncpg.Connection[asyncpg.Record]:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(
                self._dsn, timeout=ANSWER_SECONDS, server_settings={"application_name": "ketenbus status", **PROMPT}
            )
        return self._connection

    async def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


def _whose(row: asyncpg.Record) -> str:
    program = f", {row['application_name']}" if row["application_name"] else ""
    return f"its process {row['pid']} ({row['usename']}{program})"


async def observed(observer: Observer, looks: int, every_seconds: float) -> Look:
    """Return the last of some looks: what moves shows in two."""
    last = await observer.look()
    for _ in range(looks - 1):
        await asyncio.sleep(every_seconds)
        last = await observer.look()
    return last
