"""What a contestant that keeps its state in PostgreSQL stores there: what is known of each subject, and the receipts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import asyncpg

from bench.peers.work import Receipt
from streams.runtime.transaction import Connection


async def known_of(connection: asyncpg.Connection | Connection, keys: Iterable[bytes]) -> dict[bytes, bytes]:
    """Return the state of each of these subjects that has one."""
    rows = await connection.fetch("SELECT key, state FROM subject WHERE key = ANY($1::bytea[])", sorted(set(keys)))
    return {row["key"]: row["state"] for row in rows}


async def keep(
    connection: asyncpg.Connection | Connection, states: Mapping[bytes, bytes], receipts: Sequence[Receipt]
) -> None:
    """Store these states and receipts, in the transaction that is open."""
    keys = sorted(states)
    await connection.execute(
        "INSERT INTO subject SELECT * FROM unnest($1::bytea[], $2::bytea[]) "
        "ON CONFLICT (key) DO UPDATE SET state = excluded.state",
        keys,
        [states[key] for key in keys],
    )
    await connection.execute(
        "INSERT INTO receipt (id, outcomes) SELECT * FROM unnest($1::text[], $2::text[])",
        [receipt.id for receipt in receipts],
        [receipt.outcomes for receipt in receipts],
    )
