"""A schema of a test's own on the platform's PostgreSQL, with the tables every processor has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg

from infra.local.platform import Platform
from streams.runtime import transaction

CLUSTER = "the-cluster-of-a-test"


@asynccontextmanager
async def schema_of_own(platform: Platform, *tables: str, made: bool = True) -> AsyncIterator[asyncpg.Pool[Any]]:
    """Yield a pool on a new schema with the tables of positions and outbox and these, or with none; it is gone afterwards."""
    dsn, name = platform.admin()["dsn"], f"t{uuid4().hex[:12]}"
    admin = await asyncpg.connect(dsn)
    await admin.execute(f"CREATE SCHEMA {name}")
    try:
        async with asyncpg.create_pool(dsn, min_size=1, max_size=4, server_settings={"search_path": name}) as pool:
            if made:
                async with pool.acquire() as connection:
                    await transaction.prepare(connection, CLUSTER, tables="".join(tables))
            yield pool
    finally:
        await admin.execute(f"DROP SCHEMA {name} CASCADE")
        await admin.close()


async def somebody_waits(connection: Any) -> bool:
    """Return whether a connection on this server waits for a lock of another."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid <> pg_backend_pid()"
    return bool(await connection.fetchval(waiting))
