"""The Rapporteur's zone: the records of the registration, stripped, every version."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import asyncpg

from streams.monitoring.fold import UNKNOWN, Registered
from streams.runtime.transaction import Connection

SCHEMA = """
CREATE TABLE IF NOT EXISTS version (
    event text PRIMARY KEY, change int NOT NULL, stands boolean NOT NULL,
    record text NOT NULL, version bigint NOT NULL, content text);
CREATE INDEX IF NOT EXISTS version_record ON version (record, version);
DO $$ BEGIN IF to_regclass('named_version') IS NULL THEN
    -- Never replaced: that waits for whoever reads it, and an auditor's forgotten transaction would hold up every start.
    CREATE VIEW named_version AS
        SELECT event, change, stands, record, version, content IS NULL AS ended FROM version;
END IF; END $$;
CREATE TABLE IF NOT EXISTS counted (
    event text PRIMARY KEY, change int NOT NULL, stands boolean NOT NULL, type text NOT NULL, content text);
DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'auditor') THEN
    -- Names and standings only: the auditor translates names, and reads nothing that this zone has opened of anybody.
    REVOKE SELECT ON version FROM auditor;
    GRANT SELECT ON named_version, counted, position TO auditor;
END IF; END $$;
"""
#: The fields of a record that hold codes, beside its forms.
CODES = ("su_sector", "labour_sector", "cu_sector", "dublin_indication")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a record as told by the view; `content` None says the record ended."""

    event: str
    change: int
    stands: bool
    record: str
    version: int
    content: str | None


@dataclass(frozen=True, slots=True)
class Counted:
    """One event that holds counts only, as told by the view."""

    event: str
    change: int
    stands: bool
    type: str
    content: str | None


async def put_versions(connection: Connection, versions: Sequence[Version]) -> None:
    """Store what the view says, and nothing that it said before; a lower change than the stored one says nothing."""
    await connection.executemany(
        "INSERT INTO version VALUES ($1,$2,$3,$4,$5,$6) ON CONFLICT (event) DO UPDATE "
        "SET (change, stands, version, content) = (excluded.change, excluded.stands, excluded.version, excluded.content) "
        "WHERE version.change < excluded.change",
        [(v.event, v.change, v.stands, v.record, v.version, v.content) for v in versions],
    )


async def put_counted(connection: Connection, counted: Sequence[Counted]) -> None:
    """Store what the view says of counts, and nothing that it said before; a lower change than the stored one says nothing."""
    await connection.executemany(
        "INSERT INTO counted VALUES ($1,$2,$3,$4,$5) ON CONFLICT (event) DO UPDATE "
        "SET (change, stands, content) = (excluded.change, excluded.stands, excluded.content) "
        "WHERE counted.change < excluded.change",
        [(c.event, c.change, c.stands, c.type, c.content) for c in counted],
    )


async def registered(connection: Connection | asyncpg.Connection) -> list[Registered]:
    """Return every record in force: its highest version that stands, unless that one ended it."""
    rows = await connection.fetch(
        "SELECT DISTINCT ON (record) record, content FROM version WHERE stands ORDER BY record, version DESC"
    )
    return [record_of(row["record"], row["content"]) for row in rows if row["content"] is not None]


def record_of(number: str, content: str) -> Registered:
    """Return a stored record as the tables count it; one of an earlier version of the contract lacks what came later."""
    raw = json.loads(content)
    return Registered(
        number,
        tuple((kind, unit, date.fromisoformat(month)) for kind, unit, month in raw["reports"]),
        tuple(raw["forms"]),
        tuple(raw["su_sector"]),
        tuple(raw["labour_sector"]),
        raw["sex"] or UNKNOWN,
        raw["nationality"] or UNKNOWN,
        raw["age_at_report"],
        raw["age_group"] == "MINOR",
        tuple(raw.get("cu_sector", ())),
        tuple(raw.get("dublin_indication", ())),
    )
