"""The ids that were admitted, which record brought each and the hash of what it said; and the periods of grants to come.

An id names one event of an organisation, whichever of its systems says it: links name an event by its id alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import asyncpg

from streams.runtime.transaction import Connection

SCHEMA = """
CREATE TABLE IF NOT EXISTS admitted (
    oin text NOT NULL, id text NOT NULL, origin text NOT NULL, hash bytea NOT NULL, PRIMARY KEY (oin, id));
CREATE TABLE IF NOT EXISTS period (
    oin text NOT NULL, id text NOT NULL, fact text NOT NULL, day date NOT NULL, source text NOT NULL, number text NOT NULL,
    origin text NOT NULL, admitted_at timestamptz NOT NULL, PRIMARY KEY (oin, id, fact));
CREATE INDEX IF NOT EXISTS period_day ON period (day);
CREATE TABLE IF NOT EXISTS today (zone text PRIMARY KEY, day date NOT NULL);
"""
#: Whose days are counted.
ZONE = "Europe/Amsterdam"

Verdict = Literal["new", "repeated", "reused"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One admissible record: its id, its coordinates and the hash of all it says."""

    oin: str
    id: str
    origin: str
    hash: bytes


async def take_back(connection: Connection, held: Sequence[Seen]) -> int:
    """Remember ids that were admitted, and return how many of them were not known."""
    rows = sorted({(one.oin, one.id): one for one in held}.values(), key=lambda one: (one.oin, one.id))
    taken: int = await connection.fetchval(
        "WITH taken AS (INSERT INTO admitted SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[]) "
        "ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*) FROM taken",
        [r.oin for r in rows],
        [r.id for r in rows],
        [r.origin for r in rows],
        [r.hash for r in rows],
    )
    return taken


async def take(connection: Connection, seen: Sequence[Seen]) -> dict[str, Verdict]:
    """Take the ids that are free, and return by origin whether each is new, repeated (same hash) or reused (another).

    Only admitted ids are remembered, so a repair of a quarantined event may keep its id.
    """
    first: dict[tuple[str, str], Seen] = {}
    for one in seen:
        first.setdefault((one.oin, one.id), one)
    rows = [first[key] for key in sorted(first)]
    free = await connection.fetch(
        "INSERT INTO admitted SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[]) ON CONFLICT DO NOTHING "
        "RETURNING *",
        [r.oin for r in rows],
        [r.id for r in rows],
        [r.origin for r in rows],
        [r.hash for r in rows],
    )
    held = first.keys() - {(r["oin"], r["id"]) for r in free}
    holders = [*free, *(await _holders(connection, sorted(held)) if held else ())]
    holder = {(r["oin"], r["id"]): (r["origin"], r["hash"]) for r in holders}
    verdicts: dict[str, Verdict] = {}
    for one in seen:
        origin, digest = holder[one.oin, one.id]
        verdicts[one.origin] = "new" if origin == one.origin else "repeated" if digest == one.hash else "reused"
    return verdicts


async def _holders(connection: Connection, names: Sequence[tuple[str, str]]) -> list[asyncpg.Record]:
    return await connection.fetch(
        "SELECT a.* FROM admitted a JOIN unnest($1::text[], $2::text[]) AS n(oin, id) USING (oin, id)",
        [oin for oin, _ in names],
        [event_id for _, event_id in names],
    )


@dataclass(frozen=True, slots=True)
class Period:
    """What is to be said of a grant from a day on: which type of fact, and of which client number, grant and record."""

    oin: str
    id: str
    fact: str
    day: date
    source: str
    number: str
    origin: str
    admitted_at: datetime


async def remember(connection: Connection, periods: Sequence[Period]) -> None:
    """Keep what is to be said when its day has come."""
    rows = sorted(periods, key=lambda one: (one.oin, one.id, one.fact))
    await connection.execute(
        "INSERT INTO period SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::text[], $6::text[], "
        "$7::text[], $8::timestamptz[]) ON CONFLICT DO NOTHING",
        [r.oin for r in rows],
        [r.id for r in rows],
        [r.fact for r in rows],
        [r.day for r in rows],
        [r.source for r in rows],
        [r.number for r in rows],
        [r.origin for r in rows],
        [r.admitted_at for r in rows],
    )


async def due(connection: Connection, day: date) -> list[Period]:
    """Return and forget what is to be said by that day, or by the last day that any worker has seen.

    That day is held until the transaction ends: of two workers, one that stores a period and one that sees its day begin,
    the later one finds what the earlier one stored.
    """
    today: date = await connection.fetchval(
        "INSERT INTO today VALUES ($1, $2) ON CONFLICT (zone) DO UPDATE SET day = greatest(today.day, excluded.day) RETURNING day",
        ZONE,
        day,
    )
    rows = await connection.fetch("DELETE FROM period WHERE day <= $1 RETURNING *", today)
    return sorted((Period(*row) for row in rows), key=lambda one: (one.day, one.oin, one.id, one.fact))
