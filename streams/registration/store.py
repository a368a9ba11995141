"""CoMensha's zone: reports, desk links and records. Identity is kept as keyed digests, enough to find equal keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime

from streams.registration.fold import Link, RecordState, Report
from streams.runtime.transaction import Connection

SCHEMA = """
CREATE TABLE IF NOT EXISTS told (event text PRIMARY KEY, change int NOT NULL);
CREATE TABLE IF NOT EXISTS report (
    event text PRIMARY KEY, subject text NOT NULL, stands boolean NOT NULL, content text NOT NULL, unmapped int NOT NULL);
CREATE INDEX IF NOT EXISTS report_subject ON report (subject);
CREATE TABLE IF NOT EXISTS identity_key (
    kind text NOT NULL, digest text NOT NULL, event text NOT NULL, subject text NOT NULL, PRIMARY KEY (event, kind));
CREATE INDEX IF NOT EXISTS identity_key_digest ON identity_key (digest);
CREATE INDEX IF NOT EXISTS identity_key_subject ON identity_key (subject);
CREATE TABLE IF NOT EXISTS link (event text PRIMARY KEY, a text NOT NULL, b text NOT NULL, stands boolean NOT NULL);
CREATE INDEX IF NOT EXISTS link_a ON link (a);
CREATE INDEX IF NOT EXISTS link_b ON link (b);
CREATE TABLE IF NOT EXISTS unlink (event text PRIMARY KEY, withdraws text NOT NULL, stands boolean NOT NULL);
CREATE INDEX IF NOT EXISTS unlink_withdraws ON unlink (withdraws);
CREATE TABLE IF NOT EXISTS record (
    number text PRIMARY KEY, version int NOT NULL, ended boolean NOT NULL, state text NOT NULL, at timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS record_subject (subject text PRIMARY KEY, number text NOT NULL);
CREATE INDEX IF NOT EXISTS record_subject_number ON record_subject (number);
CREATE TABLE IF NOT EXISTS zone_key (secret bytea NOT NULL);
INSERT INTO zone_key SELECT decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')
    WHERE NOT EXISTS (SELECT FROM zone_key);
DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'auditor') THEN
    -- Names and standings only: the auditor opens nothing, and reads nothing that this zone has opened.
    GRANT SELECT (event, subject, stands) ON report TO auditor;
    GRANT SELECT (number, version, ended, at) ON record TO auditor;
    GRANT SELECT ON record_subject, link, unlink, told, position TO auditor;
END IF; END $$;
"""


#: The fields of a report that hold codes.
CODES = ("forms", "su_sector", "labour_sector", "cu_sector", "dublin_indication")
#: Of a record that ended, or was taken back after a restore: equal to no record's state, so that it is published anew.
UNKNOWN_STATE = ""


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A record as stored: its last version, whether it ended, and its state as text."""

    number: str
    version: int
    ended: bool
    state: str
    at: datetime


async def zone_key(connection: Connection) -> bytes:
    """Return the zone's own key for identity digests."""
    key: bytes = await connection.fetchval("SELECT secret FROM zone_key")
    return key


async def news(connection: Connection, told: Sequence[tuple[str, int]]) -> frozenset[tuple[str, int]]:
    """Return which (event, change) are higher than what was told before, and remember the highest."""
    latest: dict[str, int] = {}
    for event, change in told:
        latest[event] = max(change, latest.get(event, 0))
    rows = await connection.fetch(
        "INSERT INTO told SELECT * FROM unnest($1::text[], $2::int[]) ON CONFLICT (event) DO UPDATE "
        "SET change = excluded.change WHERE told.change < excluded.change RETURNING event, change",
        sorted(latest),
        [latest[event] for event in sorted(latest)],
    )
    return frozenset((row["event"], row["change"]) for row in rows)


async def put_reports(connection: Connection, reports: Sequence[tuple[Report, int]]) -> None:
    """Store reports that stand, each with how many of its codes and names are of no use, and their identity digests."""
    rows = sorted(reports, key=lambda row: row[0].event)
    await connection.execute(
        "INSERT INTO report SELECT event, subject, true, content, unmapped "
        "FROM unnest($1::text[], $2::text[], $3::text[], $4::int[]) AS n(event, subject, content, unmapped) "
        "ON CONFLICT (event) DO UPDATE SET (stands, content, unmapped) = (true, excluded.content, excluded.unmapped)",
        [r.event for r, _ in rows],
        [r.subject for r, _ in rows],
        [report_text(r) for r, _ in rows],
        [unmapped for _, unmapped in rows],
    )
    await connection.execute("DELETE FROM identity_key WHERE event = ANY($1::text[])", [r.event for r, _ in rows])
    keys = [(kind, digest, r.event, r.subject) for r, _ in rows for kind, digest in sorted(r.identity.items())]
    await connection.execute(
        "INSERT INTO identity_key SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])",
        *([key[place] for key in keys] for place in range(4)),
    )


async def put_links(connection: Connection, links: Sequence[Link]) -> None:
    """Store links of the desk."""
    await connection.executemany(
        "INSERT INTO link VALUES ($1, $2, $3, true) ON CONFLICT (event) DO UPDATE SET stands = true",
        sorted((link.event, link.a, link.b) for link in links),
    )


async def put_unlinks(connection: Connection, unlinks: Sequence[tuple[str, str]]) -> None:
    """Store that links are undone, as (event, withdraws); each may arrive before its link."""
    await connection.executemany(
        "INSERT INTO unlink VALUES ($1, $2, true) ON CONFLICT (event) DO UPDATE SET stands = true", sorted(unlinks)
    )


async def recall(connection: Connection, events: Sequence[str]) -> list[str]:
    """Stop using these events, forget the identity they held, and return the subjects they touched."""
    wanted = sorted(events)
    if not wanted:  # four statements for nothing, in nearly every batch
        return []
    rows = await connection.fetch(
        "UPDATE report SET stands = false, content = '' WHERE event = ANY($1::text[]) RETURNING subject AS a, subject AS b",
        wanted,
    )
    await connection.execute("DELETE FROM identity_key WHERE event = ANY($1::text[])", wanted)
    rows += await connection.fetch(
        "UPDATE link SET stands = false WHERE event = ANY($1::text[]) RETURNING a, b", wanted
    )
    rows += await connection.fetch(
        "WITH gone AS (UPDATE unlink SET stands = false WHERE event = ANY($1::text[]) RETURNING withdraws) "
        "SELECT a, b FROM link JOIN gone ON link.event = gone.withdraws",
        wanted,
    )
    return [subject for row in rows for subject in (row["a"], row["b"])]


NEIGHBOURS = """
SELECT DISTINCT other FROM (
    SELECT k2.subject AS other FROM identity_key k1 JOIN identity_key k2 USING (kind, digest) WHERE k1.subject = ANY($1::text[])
    UNION ALL SELECT b FROM link WHERE a = ANY($1::text[])
    UNION ALL SELECT a FROM link WHERE b = ANY($1::text[])
    UNION ALL SELECT s2.subject FROM record_subject s1 JOIN record_subject s2 USING (number) WHERE s1.subject = ANY($1::text[])
) found WHERE other <> ALL($2::text[])
"""


async def neighbourhood(connection: Connection, subjects: Iterable[str]) -> list[str]:
    """Return these subjects and every one that is, was or could be joined with them, through any number of steps."""
    found = set(subjects)
    edge = sorted(found)
    while edge:
        rows = await connection.fetch(NEIGHBOURS, edge, sorted(found))
        edge = sorted(row["other"] for row in rows)
        found.update(edge)
    return sorted(found)


async def reports_of(connection: Connection, subjects: Sequence[str]) -> list[Report]:
    """Return the reports in force of these subjects."""
    rows = await connection.fetch("SELECT content FROM report WHERE stands AND subject = ANY($1::text[])", subjects)
    return [report_of(row["content"]) for row in rows]


async def links_of(connection: Connection, subjects: Sequence[str]) -> list[Link]:
    """Return the links in force between these subjects."""
    rows = await connection.fetch(
        "SELECT event, a, b FROM link l WHERE stands AND a = ANY($1::text[]) AND b = ANY($1::text[]) "
        "AND NOT EXISTS (SELECT FROM unlink u WHERE u.stands AND u.withdraws = l.event)",
        subjects,
    )
    return [Link(*row) for row in rows]


async def records_of(connection: Connection, subjects: Sequence[str], numbers: Sequence[str]) -> dict[str, RecordRow]:
    """Return the records that hold these subjects or have these numbers."""
    # As one array: with an OR between the two PostgreSQL reads the whole table.
    rows = await connection.fetch(
        "SELECT * FROM record WHERE number = ANY($2::text[] || "
        "ARRAY(SELECT number FROM record_subject WHERE subject = ANY($1::text[])))",
        subjects,
        numbers,
    )
    return {row["number"]: RecordRow(*row) for row in rows}


async def put_records(
    connection: Connection, subjects: Sequence[str], held: Sequence[tuple[str, str]], rows: Sequence[RecordRow]
) -> None:
    """Store which record holds each of these subjects now, and the records that changed."""
    await connection.execute("DELETE FROM record_subject WHERE subject = ANY($1::text[])", subjects)
    await connection.execute(
        "INSERT INTO record_subject SELECT * FROM unnest($1::text[], $2::text[])",
        *([pair[place] for pair in sorted(held)] for place in range(2)),
    )
    ordered = sorted(rows, key=lambda r: r.number)
    await connection.execute(
        "INSERT INTO record SELECT * FROM unnest($1::text[], $2::int[], $3::boolean[], $4::text[], $5::timestamptz[]) "
        "ON CONFLICT (number) DO UPDATE "
        "SET (version, ended, state, at) = (excluded.version, excluded.ended, excluded.state, excluded.at)",
        [r.number for r in ordered],
        [r.version for r in ordered],
        [r.ended for r in ordered],
        [r.state for r in ordered],
        [r.at for r in ordered],
    )


async def take_back(connection: Connection, rows: Sequence[RecordRow]) -> int:
    """Let records be at the version that was published where that is higher, and return how many were not."""
    ordered = sorted(rows, key=lambda r: r.number)
    taken: int = await connection.fetchval(
        "WITH taken AS (INSERT INTO record "
        "SELECT * FROM unnest($1::text[], $2::int[], $3::boolean[], $4::text[], $5::timestamptz[]) "
        "ON CONFLICT (number) DO UPDATE "
        "SET (version, ended, state, at) = (excluded.version, excluded.ended, excluded.state, excluded.at) "
        "WHERE record.version < excluded.version RETURNING 1) SELECT count(*) FROM taken",
        [r.number for r in ordered],
        [r.version for r in ordered],
        [r.ended for r in ordered],
        [r.state for r in ordered],
        [r.at for r in ordered],
    )
    return taken


async def held_unknown(connection: Connection) -> dict[str, datetime]:
    """Return the subjects whose record was taken back and not folded since, each with when that was published.

    No batch touches them by itself: of what was delivered and recalled again since the backup only the recall is news, and
    the report it takes away is not there.
    """
    rows = await connection.fetch(
        "SELECT s.subject, r.at FROM record_subject s JOIN record r USING (number) WHERE r.state = $1", UNKNOWN_STATE
    )
    return {row["subject"]: row["at"] for row in rows}


async def held_by_nobody(connection: Connection) -> list[RecordRow]:
    """Return the records that have not ended and hold no subject: published once, and never known to this database."""
    rows = await connection.fetch(
        "SELECT * FROM record r WHERE NOT ended "
        "AND NOT EXISTS (SELECT FROM record_subject s WHERE s.number = r.number) ORDER BY number"
    )
    return [RecordRow(*row) for row in rows]


def state_text(state: RecordState) -> str:
    """Return a record's state as text that is equal exactly when the state is.

    Law: a field that comes with a later version of the contract changes the text of no record that says nothing of it.
    """
    return _text(state)


def report_text(report: Report) -> str:
    """Return a report as the text that is stored of it."""
    return _text(report)


def _text(said: RecordState | Report) -> str:
    """Return all that is said as text; a field that holds its default says nothing."""
    told = {field.name: value for field in fields(said) if (value := getattr(said, field.name)) != field.default}
    return json.dumps(told, default=str, sort_keys=True)


def report_of(text: str) -> Report:
    """Return a stored report; what it does not say it says nothing of."""
    raw = json.loads(text)
    raw["reported_on"] = date.fromisoformat(raw["reported_on"])
    raw |= {name: tuple(raw[name]) for name in CODES if name in raw}
    return Report(**raw)
