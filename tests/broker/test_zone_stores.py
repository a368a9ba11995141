"""What the Rapporteur's zone keeps is what its view says now: nothing that the view said before, and nothing recalled."""

from __future__ import annotations

import random
from dataclasses import replace

from infra.local.platform import Platform
from streams.monitoring import store
from streams.monitoring.store import Counted, Version
from tests.broker.schema_of_own import schema_of_own

TOLD = Version("e", 1, True, "record", 1, '{"nationality": "PL"}')
NARROWER = replace(TOLD, change=2, content='{"nationality": null}')
RECALLED = Version("e", 3, False, "record", 0, None)
RELEASED = replace(TOLD, change=4, content='{"nationality": "RO"}')
COUNTED = [Counted("c", 1, True, "report-withheld", "3"), Counted("c", 2, True, "report-withheld", "2"), Counted("c", 3, False, "report-withheld", None)]  # fmt: skip


async def test_a_version_is_kept_as_it_was_told_last(platform: Platform) -> None:
    async with schema_of_own(platform, store.SCHEMA) as pool, pool.acquire() as connection:
        said = [TOLD, NARROWER, RECALLED, RELEASED]
        for upto in range(1, len(said) + 1):
            arriving = said[:upto] * 2
            random.Random(upto).shuffle(arriving)
            for one in arriving:
                await store.put_versions(connection, [one])
            kept = await connection.fetch("SELECT * FROM version")
            assert [Version(*row) for row in kept] == [said[upto - 1]]
            await connection.execute("TRUNCATE version")


async def test_a_count_is_kept_as_it_was_told_last(platform: Platform) -> None:
    async with schema_of_own(platform, store.SCHEMA) as pool, pool.acquire() as connection:
        for upto in range(1, len(COUNTED) + 1):
            await store.put_counted(connection, COUNTED[:upto][::-1])
            assert [Counted(*row) for row in await connection.fetch("SELECT * FROM counted")] == [COUNTED[upto - 1]]
            await connection.execute("TRUNCATE counted")
