"""No statement of a batch reads a whole table: what one event costs does not grow with how many there were before it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from infra.local.platform import Platform
from ketenbus.errors import CorruptLogError
from streams.admit import store as admit
from streams.disclose import releases
from streams.disclose import store as disclose
from streams.monitoring import store as monitoring
from streams.registration import store as registration
from tests.broker.schema_of_own import schema_of_own
from tests.simulation.store_calls import Call, calls

SCHEMAS = (admit.SCHEMA, disclose.SCHEMA, releases.SCHEMA, registration.SCHEMA, monitoring.SCHEMA)
ROWS, CALLS = 20_000, 400
#: What grows with the events; the other tables have a row a partition, a topic or a release.
GROWING = (
    "admitted", "period", "fact", "standing", "decision", "confirmation", "told", "report", "identity_key", "link",
    "unlink", "record", "record_subject", "version", "counted",
)  # fmt: skip
#: What reads all there is, and no batch asks: tables are counted, a restored database is mended, a release judges all again.
OF_NO_BATCH = {"registered", "held_by_nobody", "held_unknown", "unsent", "subjects_in"}
VALUES = {
    "text": "'filled' || n",
    "bytea": "decode(md5(n::text), 'hex')",
    "integer": "n",
    "bigint": "n",
    "boolean": "true",
    "date": "DATE '2999-12-31'",
    "timestamp with time zone": "now()",
}
COLUMNS = (
    "SELECT column_name, data_type FROM information_schema.columns "
    "WHERE table_schema = current_schema() AND table_name = $1 AND is_identity = 'NO' ORDER BY ordinal_position"
)
WHOLE = "SELECT relname, seq_scan FROM pg_stat_xact_user_tables WHERE schemaname = current_schema()"


@pytest.fixture
async def filled(platform: Platform) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A connection to a database in which everything that grows has grown."""
    async with schema_of_own(platform, *SCHEMAS) as pool, pool.acquire() as connection:
        for table in GROWING:
            columns = await connection.fetch(COLUMNS, table)
            names = ", ".join(column["column_name"] for column in columns)
            values = ", ".join(VALUES[column["data_type"]] for column in columns)
            await connection.execute(
                f"INSERT INTO {table} ({names}) SELECT {values} FROM generate_series(1, {ROWS}) AS n"
            )
        await connection.execute("ANALYZE")
        yield connection


async def read_whole(connection: asyncpg.Connection[Any], call: Call) -> set[str]:
    """Ask one call of a store, and return the growing tables that it read from end to end."""
    before = connection.transaction()
    await before.start()
    earlier = dict(await connection.fetch(WHOLE))  # what a connection did before may not be told yet
    try:
        await call.ask(connection)
        now = dict(await connection.fetch(WHOLE))
    except (CorruptLogError, asyncpg.PostgresError):
        return set()
    finally:
        await before.rollback()
    return {table for table in GROWING if now.get(table, 0) > earlier.get(table, 0)}


async def test_no_statement_of_a_batch_reads_a_whole_table(filled: asyncpg.Connection[Any]) -> None:
    draw = random.Random("plans")
    asked = [call for call in (calls(draw) for _ in range(CALLS)) if call.name not in OF_NO_BATCH]
    whole = {(call.name, table) for call in asked for table in await read_whole(filled, call)}
    assert whole == set()
    assert len({call.name for call in asked}) > 30
