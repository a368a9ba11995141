"""A kill at any step: a producer on a log in memory, and a pool on a real PostgreSQL, that count what they do."""

from __future__ import annotations

import asyncio
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from ketenbus.envelope import Headers
from streams.runtime import topics
from streams.runtime.records import Record
from streams.runtime.transaction import Place
from tests.sent import APPENDED_MS

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

    def append(self, topic: str, key: bytes, value: bytes | None, headers: Headers) -> Record:
        partition = zlib.crc32(key) % LOG_PARTITIONS if topic == topics.KETENLOG else 0
        place = (topic, partition)
        offset = len(self.records[place])
        self.records[place].append(Record(topic, partition, offset, APPENDED_MS, key, value, headers))
        return self.records[place][-1]

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
    ) -> asyncio.Future[Record]:
        await self._knife.step()
        sent: asyncio.Future[Record] = asyncio.get_running_loop().create_future()
        sent.set_result(self._log.append(topic, key, value, tuple(headers)))
        return sent


class LogTail:
    """Reads the log in memory outside any group."""

    def __init__(self, log: Log) -> None:
        self._log = log

    async def ends(self, names: Sequence[str]) -> dict[Place, int]:
        """Return the end of every partition of these topics."""
        places = [(name, n) for name in names for n in range(LOG_PARTITIONS if name == topics.KETENLOG else 1)]
        return {place: len(self._log.records[place]) for place in places}

    async def read(self, begin: Mapping[Place, int], ends: Mapping[Place, int]) -> AsyncIterator[list[Record]]:
        """Yield what lies between, each partition in order."""
        for place in sorted(ends):
            if begin[place] < ends[place]:
                yield self._log.records[place][begin[place] : ends[place]]


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
