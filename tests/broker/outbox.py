"""What tests on a real PostgreSQL give a processor to decide, and read of its positions and its outbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg

from streams.runtime import transaction
from streams.runtime.records import Record, ToSend

Pool = asyncpg.Pool


def record(offset: int, topic: str = "t", partition: int = 0) -> Record:
    return Record(topic, partition, offset, 0, b"k", f"{topic}{partition}{offset}".encode(), ())


def records(*offsets: int, topic: str = "t", partition: int = 0) -> list[Record]:
    return [record(n, topic, partition) for n in offsets]


async def decide(pool: Pool, batch: Sequence[Record], outgoing: Sequence[ToSend] = ()) -> list[int]:
    """Decide a batch in one transaction and return the offsets that were new."""
    async with pool.acquire() as connection, connection.transaction():
        await transaction.take_up(connection, {(r.topic, r.partition) for r in batch})
        fresh, _ = await transaction.advance(connection, batch)
        await transaction.put(connection, outgoing)
        return [r.offset for r in fresh]


async def positions(pool: Pool) -> dict[tuple[str, int], tuple[int, int]]:
    async with pool.acquire() as connection:
        rows = await connection.fetch("SELECT topic, partition, decided, sent FROM position")
    return {(r["topic"], r["partition"]): (r["decided"], r["sent"]) for r in rows}


async def left(pool: Pool, *places: tuple[str, int]) -> list[tuple[str, bytes, bytes | None]]:
    async with pool.acquire() as connection:
        return [(o.topic, o.key, o.value) for o in (await transaction.left_over(connection, places))[0]]


def to_send(origin: Record, value: bytes | None = b"v", headers: Any = (("a", b"\0\xff"),)) -> ToSend:
    return ToSend(origin, "out", b"key", value, headers)
