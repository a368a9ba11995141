"""A worker's pool and connections on a `Database`: what asyncpg offers the processors, every call a step of the worker.

A worker that is gone does nothing any more: its transactions are rolled back, and what it still calls has no effect.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal, Protocol

from tests.simulation import zone_statements
from tests.simulation.database import Database, Row, Transaction
from tests.simulation.statements import Statement, found

assert zone_statements.__name__  # imported for what it teaches

Kind = Literal["acquire", "statement", "commit", "committed", "send"]


class Owner(Protocol):
    """Whose connections these are."""

    open: set[Transaction]

    @property
    def database(self) -> Database:
        """The processor's own."""
        ...

    @property
    def statements(self) -> Mapping[str, Statement]:
        """What statements do otherwise."""
        ...

    async def step(self, kind: Kind, what: str) -> None:
        """Be at the next step; raises what goes wrong there."""


class Pool:
    """Connections of one worker."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        await self._owner.step("acquire", "")
        yield Connection(self._owner)


class Connection:
    """One connection: statements, each in a transaction of its own or in the one that is open."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._open: Transaction | None = None

    @asynccontextmanager
    async def transaction(self, isolation: str | None = None) -> AsyncIterator[None]:
        tx = Transaction(self._owner.database, repeatable=isolation == "repeatable_read")
        self._open = tx
        self._owner.open.add(tx)
        try:
            yield
            await self._commit(tx)
        finally:
            self._open = None
            self._owner.open.discard(tx)
            tx.rollback()

    async def execute(self, sql: str, *arguments: Any) -> None:
        await self._run(sql, [arguments])

    async def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        await self._run(sql, rows)

    async def fetch(self, sql: str, *arguments: Any) -> list[Row]:
        return await self._run(sql, [arguments])

    async def fetchval(self, sql: str, *arguments: Any) -> Any:
        rows = await self._run(sql, [arguments])
        return next(iter(rows[0])) if rows else None

    def decides(self, records: Sequence[Any]) -> None:
        """Note which records this transaction applies, for whoever watches commits."""
        if self._open is not None:
            self._open.records += records

    async def _run(self, sql: str, several: Sequence[Sequence[Any]]) -> list[Row]:
        text = " ".join(sql.split())
        await self._owner.step("statement", text)
        tx = self._open or Transaction(self._owner.database)
        if tx.over:
            raise ConnectionResetError("the connection is gone")
        self._owner.open.add(tx)
        rows: list[Row] = []
        statement = found(text, self._owner.statements)
        try:
            for arguments in several:
                rows += await statement(tx, text, arguments)
            if tx is not self._open:
                await self._commit(tx)
        except BaseException:
            tx.rollback()
            raise
        finally:
            if tx is not self._open:
                self._owner.open.discard(tx)
        return rows

    async def _commit(self, tx: Transaction) -> None:
        await self._owner.step("commit", "")
        tx.commit()
        await self._owner.step("committed", "")
