"""One life of a database: what a worker knows in memory holds for that, and for no other.

A server that went down may come back with what it had a while ago: restored, or failed over to a copy that lags. A
worker that went on would give out numbers that are taken, and mark as sent what the database no longer holds. So it
starts anew, and takes back from Kafka what the database forgot (`recovery`).
"""

from __future__ import annotations

import asyncpg

from streams.runtime.transaction import Connection

#: The server's start, and the file that holds the positions: one made from a dump has another.
LIFE = "SELECT pg_postmaster_start_time()::text AS began, pg_relation_filenode('position')::text AS kept"

Life = tuple[str, str]


class ReplacedError(Exception):
    """The database has begun another life beneath a worker."""

    def __init__(self) -> None:
        super().__init__("PostgreSQL was restarted, restored or failed over meanwhile")


class OneLife:
    """Sees to it that every connection of a pool leads to the same life."""

    def __init__(self) -> None:
        self._first: Life | None = None

    async def begin(self, connection: Connection) -> None:
        """Remember this life; the table of positions is there by now."""
        self._first = await _life(connection)

    async def check(self, connection: asyncpg.Connection | Connection) -> None:
        """Raise ReplacedError when a new connection leads to another life than the first; nothing before there is one."""
        if self._first is not None and await _life(connection) != self._first:
            raise ReplacedError


async def _life(connection: asyncpg.Connection | Connection) -> Life:
    row = (await connection.fetch(LIFE))[0]
    return row["began"], row["kept"]
