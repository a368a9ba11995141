"""One processor's PostgreSQL, in memory: rows, transactions, row locks, sequences that never go back, and backups.

A transaction sees what is committed and what it wrote itself (read committed), or, when it asks for it, what was committed
at its first statement (repeatable read). Who writes a row holds it until the end; another who wants it waits.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import asyncpg

from streams.admit import store as admit
from streams.disclose import releases
from streams.disclose import store as disclose
from streams.monitoring import store as monitoring
from streams.registration import store as registration
from streams.runtime import transaction

Values = Mapping[str, Any]
Key = tuple[Any, ...]

_TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+) \((.*?)\);", re.DOTALL)
_SCHEMAS = (transaction, admit, disclose, releases, registration, monitoring)


def _columns(body: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns of a table, and those of its key."""
    parts = [part.strip() for part in re.split(r",(?![^(]*\))", body)]
    columns = tuple(p.split()[0] for p in parts if p.split()[0].islower())
    composed = re.search(r"PRIMARY KEY \((.*?)\)", body)
    single = tuple(p.split()[0] for p in parts if p.endswith("PRIMARY KEY"))
    return columns, tuple(composed[1].split(", ")) if composed else single


#: Every table of the processors by name, as their own SQL declares it: its columns and the columns of its key.
TABLES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    name: _columns(body) for module in _SCHEMAS for name, body in _TABLE.findall(module.SCHEMA)
}


class Row:
    """What a query gives back of one row: read by name, or spread in order."""

    __slots__ = ("_values",)

    def __init__(self, values: Values) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values.values())


class Database:
    """The committed rows of every table."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[Key, Values]] = {name: {} for name in TABLES}
        self.tables["zone_key"][()] = {"secret": bytes(range(32))}
        self.locks: dict[tuple[str, Key], Transaction] = {}
        self.sequences: dict[str, int] = dict.fromkeys(TABLES, 0)
        self.on_commit: Callable[[Transaction], None] = lambda _: None
        self.is_away = False
        #: Which of its lives this is: a server that comes back begins another.
        self.life = 0

    def backup(self) -> dict[str, dict[Key, Values]]:
        """Return a copy of everything committed; rows are never changed in place."""
        return {name: dict(rows) for name, rows in self.tables.items()}

    @property
    def somebody_waits(self) -> bool:
        """Whether a transaction waits for a row that another holds."""
        return any(holder._end is not None for holder in self.locks.values())

    def next(self, table: str) -> int:
        """Draw from a sequence: a number is gone even when its transaction is rolled back."""
        self.sequences[table] += 1
        return self.sequences[table]


class Transaction:
    """What one connection does from begin to commit."""

    def __init__(self, database: Database, *, repeatable: bool = False) -> None:
        self.database = database
        self.written: dict[str, dict[Key, Values | None]] = {}
        self.records: list[Any] = []
        self.forgotten: list[Values] = []
        self.over = False
        self._held: list[tuple[str, Key]] = []
        self._snapshot = database.backup() if repeatable else None
        self._end: asyncio.Future[None] | None = None
        self._waits_for: Transaction | None = None

    def rows(self, table: str) -> Mapping[Key, Values]:
        """Return what this transaction sees of a table."""
        committed = (self._snapshot or self.database.tables)[table]
        written = self.written.get(table)
        if not written:
            return committed
        return {key: values for key, values in {**committed, **written}.items() if values is not None}

    def get(self, table: str, key: Key) -> Values | None:
        """Return one row as this transaction sees it."""
        written = self.written.get(table, {})
        return written[key] if key in written else (self._snapshot or self.database.tables)[table].get(key)

    async def lock(self, table: str, key: Key) -> None:
        """Hold a row to the end, waiting while another holds it; raises what PostgreSQL does on a circle of waiting."""
        locks = self.database.locks
        while (holder := locks.get((table, key))) is not None and holder is not self:
            seen: Transaction | None = holder
            while seen is not None:
                if seen is self:
                    raise asyncpg.DeadlockDetectedError("two transactions wait for each other")
                seen = seen._waits_for
            self._waits_for = holder
            holder._end = holder._end or asyncio.get_running_loop().create_future()
            try:
                await asyncio.shield(holder._end)
            finally:
                self._waits_for = None
            if self.over:  # given up on while it waited: it takes nothing with it
                raise ConnectionResetError("the connection is gone")
        if (table, key) not in locks:
            locks[table, key] = self
            self._held.append((table, key))

    async def insert(self, table: str, key: Key, values: Values) -> bool:
        """Store a row unless there is one, of ours or committed; one that another has not committed yet is waited for."""
        if self.get(table, key) is not None:
            return False
        await self.lock(table, key)
        if self.get(table, key) is not None:
            return False
        self.write(table, key, values)
        return True

    async def change(self, table: str, key: Key, change: Callable[[Values], Values | None]) -> Values | None:
        """Lock a row that is there and write what becomes of it; `change` returns None where it stays as it is."""
        await self.lock(table, key)
        found = self.get(table, key)
        changed = change(found) if found is not None else None
        if changed is not None:
            self.write(table, key, changed)
        return changed

    async def delete(self, table: str, key: Key) -> None:
        """Take a row away."""
        await self.lock(table, key)
        self.write(table, key, None)

    def write(self, table: str, key: Key, values: Values | None) -> None:
        """Write a row that this transaction holds; raises what PostgreSQL does where more would be sent than decided."""
        if table == "position" and values is not None and values["sent"] > values["decided"]:
            raise asyncpg.CheckViolationError("position_check")
        self.written.setdefault(table, {})[key] = values

    def commit(self) -> None:
        """Make what was written the truth."""
        if self.over:
            raise ConnectionResetError("the connection is gone")
        for table, rows in self.written.items():
            committed = self.database.tables[table]
            for key, values in rows.items():
                if values is None:
                    gone = committed.pop(key, None)
                    self.forgotten += [gone] if table == "outbox" and gone is not None else []
                else:
                    committed[key] = values
        self._release()
        self.database.on_commit(self)

    def rollback(self) -> None:
        """Leave no trace but the numbers drawn."""
        if not self.over:
            self._release()

    def _release(self) -> None:
        self.over = True
        for held in self._held:
            del self.database.locks[held]
        if self._end is not None and not self._end.done():
            self._end.set_result(None)
