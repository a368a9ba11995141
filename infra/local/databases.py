"""Roles and schemas in PostgreSQL: one of each per processor, and nobody sees another's.

The auditor may read what the processors it audits store; it holds no key that opens what is sealed there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from ketenbus.errors import ConfigurationError

AUDITOR = "auditor"
AUDITED = ("admit", "disclose", "registration", "monitoring")
#: Zones that keep what they may open: each grants the auditor the columns that hold none of it, in its own schema.
OPENED = ("registration", "monitoring")


async def ensure_database(dsn: str) -> None:
    """Make the database that `dsn` names, if the server does not have it yet."""
    parts = urlsplit(dsn)
    name = parts.path.lstrip("/")
    connection = await _connect(urlunsplit(parts._replace(path="/postgres")))
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await connection.execute(f"CREATE DATABASE {_name(name)}")
    finally:
        await connection.close()


async def ensure_schemas(dsn: str, processors: Sequence[str], password: Callable[[str], str]) -> None:
    """Make each processor's role and schema, and give the auditor its reading; in one transaction."""
    connection = await _connect(dsn)
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('ketenbus schemas'))")
            database = await connection.fetchval("SELECT current_database()")
            await connection.execute(f"REVOKE ALL ON DATABASE {_name(database)} FROM PUBLIC")
            await connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
            for processor in processors:
                await _ensure_processor(connection, database, processor, password(processor))
            for audited in AUDITED:
                await connection.execute(_reading(audited))
    finally:
        await connection.close()


async def _connect(dsn: str) -> asyncpg.Connection[asyncpg.Record]:
    """Connect; raises ConfigurationError where nothing answers there, without a word of the DSN: it holds a password."""
    try:
        return await asyncpg.connect(dsn)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise ConfigurationError(
            f"PostgreSQL does not let us in ({type(error).__name__}): check KETENBUS_POSTGRES where that is set, else see "
            "./ketenbus logs postgres"
        ) from error


async def _ensure_processor(
    connection: asyncpg.Connection[asyncpg.Record], database: str, processor: str, password: str
) -> None:
    role = _name(processor)
    if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", processor):
        await connection.execute(f"CREATE ROLE {role} LOGIN")
        # Whoever makes a schema for a role has to be a member of it, unless it is a superuser.
        await connection.execute(f"GRANT {role} TO CURRENT_USER")
    await connection.execute(f"ALTER ROLE {role} LOGIN PASSWORD {await _literal(connection, password)}")
    await connection.execute(f"ALTER ROLE {role} SET search_path = {role}")
    await connection.execute(f"GRANT CONNECT ON DATABASE {_name(database)} TO {role}")
    await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {role} AUTHORIZATION {role}")


def _reading(audited: str) -> str:
    schema, auditor = _name(audited), _name(AUDITOR)
    if audited in OPENED:
        return f"GRANT USAGE ON SCHEMA {schema} TO {auditor};"
    return (
        f"GRANT USAGE ON SCHEMA {schema} TO {auditor};"
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {auditor};"
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {schema} IN SCHEMA {schema} GRANT SELECT ON TABLES TO {auditor};"
    )


async def _literal(connection: asyncpg.Connection[asyncpg.Record], text: str) -> str:
    """Return `text` quoted by the server itself: role commands take no parameters."""
    return str(await connection.fetchval("SELECT quote_literal($1::text)", text))


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'
