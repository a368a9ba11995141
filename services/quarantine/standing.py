"""What admit has taken, and how far it is: asked of its tables as the auditor, who may read them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping

import asyncpg

from ketenbus.errors import RetryableError
from services.quarantine.chains import Admitted

#: What PostgreSQL says before a processor's first start: nothing is admitted, and nothing is judged.
NOT_THERE = (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError)
POLL_SECONDS = 0.05


async def admitted(dsn: str, ids: Iterable[tuple[str, str]]) -> Admitted:
    """Return which of these (OIN, id) were admitted, and the coordinates of the record that brought each."""
    wanted = sorted(set(ids))
    query = (
        "SELECT oin, id, origin FROM admit.admitted JOIN unnest($1::text[], $2::text[]) AS wanted(oin, id)"
        " USING (oin, id)"
    )
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(query, [oin for oin, _ in wanted], [id for _, id in wanted])
        return {(row["oin"], row["id"]): row["origin"] for row in rows}
    except NOT_THERE:
        return {}
    finally:
        await connection.close()


async def judged(dsn: str, ends: Mapping[str, int], within_seconds: float) -> None:
    """Return when admit has judged these topics up to these offsets and its results are with the broker.

    Raises RetryableError naming a topic that it did not come to in time.
    """
    until = time.monotonic() + within_seconds
    connection = await asyncpg.connect(dsn)
    try:
        while behind := await _behind(connection, ends):
            if time.monotonic() > until:
                raise RetryableError(
                    f"sent, but admit has not judged {behind} after {within_seconds:g} s: is it running? "
                    "See ./ketenbus status"
                )
            await asyncio.sleep(POLL_SECONDS)
    finally:
        await connection.close()


async def admitted_from(dsn: str, origins: Iterable[str]) -> frozenset[str]:
    """Return which of these records were admitted, by coordinates."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch("SELECT origin FROM admit.admitted WHERE origin = ANY($1::text[])", [*origins])
        return frozenset(row["origin"] for row in rows)
    finally:
        await connection.close()


async def _behind(connection: asyncpg.Connection[asyncpg.Record], ends: Mapping[str, int]) -> str | None:
    try:
        rows = await connection.fetch("SELECT topic, sent FROM admit.position WHERE topic = ANY($1::text[])", [*ends])
    except NOT_THERE:
        rows = []
    sent = {row["topic"]: row["sent"] for row in rows}
    return next((f"{topic} up to {end}" for topic, end in ends.items() if sent.get(topic, 0) < end), None)
