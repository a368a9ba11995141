"""What the auditor reads of the processors' tables: by SELECT only, in one snapshot, and no content that a lineage does not need."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from ketenbus.errors import BusError, ConfigurationError, RetryableError
from streams.disclose.store import StoredFact
from streams.disclose.tokens import EventName

Connection = asyncpg.Connection

#: What asyncpg raises, as what the auditor does next.
FAULTS: dict[type[Exception], type[BusError]] = {
    asyncpg.UndefinedTableError: ConfigurationError,
    asyncpg.InvalidPasswordError: ConfigurationError,
    asyncpg.InsufficientPrivilegeError: ConfigurationError,
    asyncpg.PostgresConnectionError: RetryableError,
    asyncpg.CannotConnectNowError: RetryableError,
    OSError: RetryableError,
}


@dataclass(frozen=True, slots=True)
class Told:
    """Which version of a record is in force in the Rapporteur's zone, and the view's name of the event that told it."""

    record: str
    event: str
    version: int


@dataclass(frozen=True, slots=True)
class Held:
    """What the registration holds under a record's number: one of its subjects, and one of that subject's reports."""

    number: str
    version: int
    subject: str
    report: str | None


@dataclass(frozen=True, slots=True)
class StandingRow:
    """The outcome in force of one candidate."""

    name: EventName
    recipient: str
    purpose: str
    outcome: str
    mask: tuple[str, ...]
    activity: str
    reasons: tuple[str, ...]
    change: int
    in_view: bool


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision on one candidate, kept as evidence; `register` is the fingerprint of the register it was decided by."""

    name: EventName
    recipient: str
    purpose: str
    outcome: str
    kind: str | None
    change: int
    activity: str
    reasons: tuple[str, ...]
    decided_at: datetime
    register: str


@asynccontextmanager
async def snapshot(dsn: str, bare: str = "monitoring", of: Connection | None = None) -> AsyncIterator[Connection]:
    """Open one read-only snapshot of every table; what is read by bare name is of schema `bare`, the Rapporteur's by default.

    With `of` it is of the same moment as that one, for another role.

    Raises ConfigurationError or RetryableError for what PostgreSQL answers.
    """
    try:
        connection = await asyncpg.connect(dsn, server_settings={"search_path": bare})
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                if of is not None:
                    moment = await of.fetchval("SELECT pg_export_snapshot()")
                    await connection.execute(f"SET TRANSACTION SNAPSHOT '{moment}'")
                yield connection
        finally:
            await connection.close()
    except tuple(FAULTS) as error:
        fault = next(ours for theirs, ours in FAULTS.items() if isinstance(error, theirs))
        raise fault(f"the auditor cannot read: {error}; is the platform up, and did every processor run?") from error


async def told(connection: Connection) -> dict[str, Told]:
    """Return by record in force what told its version."""
    rows = await connection.fetch(
        "SELECT record, event, version FROM (SELECT DISTINCT ON (record) record, event, version, ended "
        "FROM monitoring.named_version WHERE stands ORDER BY record, version DESC) latest WHERE NOT ended"
    )
    return {row["record"]: Told(*row) for row in rows}


async def held(connection: Connection, numbers: Sequence[str]) -> list[Held]:
    """Return the subjects and reports in force of these records."""
    rows = await connection.fetch(
        "SELECT r.number, r.version, s.subject, p.event FROM registration.record r "
        "JOIN registration.record_subject s USING (number) "
        "LEFT JOIN registration.report p ON p.subject = s.subject AND p.stands "
        "WHERE r.number = ANY($1::text[]) ORDER BY r.number, p.event",
        numbers,
    )
    return [Held(*row) for row in rows]


async def links(connection: Connection, numbers: Sequence[str]) -> list[tuple[str, str]]:
    """Return (number, link event) for the desk's links in force between subjects of one record."""
    rows = await connection.fetch(
        "SELECT s.number, l.event FROM registration.link l "
        "JOIN registration.record_subject s ON s.subject = l.a JOIN registration.record_subject t ON t.subject = l.b "
        "WHERE s.number = t.number AND l.stands AND s.number = ANY($1::text[]) "
        "AND NOT EXISTS (SELECT FROM registration.unlink u WHERE u.stands AND u.withdraws = l.event) ORDER BY 1, 2",
        numbers,
    )
    return [(row["number"], row["event"]) for row in rows]


async def numbers_of(connection: Connection, events: Sequence[str]) -> list[str]:
    """Return the numbers of the records that these reports or links, as the view names them, are part of."""
    rows = await connection.fetch(
        "SELECT s.number FROM registration.report p JOIN registration.record_subject s USING (subject) "
        "WHERE p.stands AND p.event = ANY($1::text[]) "
        "UNION SELECT s.number FROM registration.link l JOIN registration.record_subject s ON s.subject = l.a "
        "WHERE l.stands AND l.event = ANY($1::text[]) ORDER BY 1",
        events,
    )
    return [row["number"] for row in rows]


async def facts(connection: Connection, names: Iterable[EventName]) -> dict[EventName, StoredFact]:
    """Return these events of the log, without their values."""
    subjects, oins, ids = _columns(names)
    rows = await connection.fetch(
        "SELECT f.subject, f.oin, f.id, f.type, f.origin, f.headers, ''::bytea FROM disclose.fact f "
        "JOIN unnest($1::bytea[], $2::text[], $3::text[]) AS n(subject, oin, id) USING (subject, oin, id)",
        subjects, oins, ids,
    )  # fmt: skip
    found = (StoredFact(*row) for row in rows)
    return {EventName(f.subject, f.oin, f.id): f for f in found}


async def records_told(connection: Connection, names: Iterable[EventName]) -> dict[EventName, bytes]:
    """Return the values of these events of CoMensha about its records: their numbers are in the clear."""
    subjects, oins, ids = _columns(names)
    rows = await connection.fetch(
        "SELECT f.subject, f.oin, f.id, f.value FROM disclose.fact f "
        "JOIN unnest($1::bytea[], $2::text[], $3::text[]) AS n(subject, oin, id) USING (subject, oin, id) "
        "WHERE f.type LIKE 'registration-%'",
        subjects, oins, ids,
    )  # fmt: skip
    return {EventName(row["subject"], row["oin"], row["id"]): row["value"] for row in rows}


async def facts_by_id(connection: Connection, event_id: str) -> list[StoredFact]:
    """Return the events of the log with this id, whoever published them; a link is there under both its subjects."""
    rows = await connection.fetch("SELECT * FROM disclose.fact WHERE id = $1 ORDER BY oin, subject", event_id)
    return [StoredFact(*row) for row in rows]


async def stand_ins(connection: Connection, ids: Sequence[str]) -> list[StoredFact]:
    """Return the bus's own facts of these ids, that stand for quarantined events."""
    rows = await connection.fetch(
        "SELECT * FROM disclose.fact WHERE id = ANY($1::text[]) AND type = 'fact-quarantined'", ids
    )
    return [StoredFact(*row) for row in rows]


async def facts_about(connection: Connection, subjects: Sequence[bytes]) -> list[StoredFact]:
    """Return every event of the log about these subjects."""
    rows = await connection.fetch(
        "SELECT * FROM disclose.fact WHERE subject = ANY($1::bytea[]) ORDER BY subject, oin, id", subjects
    )
    return [StoredFact(*row) for row in rows]


async def admitted(connection: Connection, event_id: str) -> list[tuple[str, str]]:
    """Return (OIN, coordinates) of every record admitted under this id."""
    rows = await connection.fetch("SELECT oin, origin FROM admit.admitted WHERE id = $1 ORDER BY oin", event_id)
    return [(row["oin"], row["origin"]) for row in rows]


async def standings(connection: Connection, names: Iterable[EventName]) -> list[StandingRow]:
    """Return the outcome in force of every candidate of these events."""
    subjects, oins, ids = _columns(names)
    rows = await connection.fetch(
        "SELECT s.* FROM disclose.standing s JOIN unnest($1::bytea[], $2::text[], $3::text[]) AS n(subject, oin, id) "
        "USING (subject, oin, id) ORDER BY recipient, purpose, subject",
        subjects, oins, ids,
    )  # fmt: skip
    return [
        StandingRow(
            EventName(r["subject"], r["oin"], r["id"]), r["recipient"], r["purpose"], r["outcome"],
            tuple(filter(None, r["mask"].split("+"))), r["activity"], tuple(json.loads(r["reasons"])), r["change"], r["in_view"],
        )
        for r in rows
    ]  # fmt: skip


async def decisions(connection: Connection, names: Iterable[EventName]) -> list[DecisionRow]:
    """Return every decision ever made on these events, oldest first."""
    subjects, oins, ids = _columns(names)
    rows = await connection.fetch(
        "SELECT d.* FROM disclose.decision d JOIN unnest($1::bytea[], $2::text[], $3::text[]) AS n(subject, oin, id) "
        "USING (subject, oin, id) ORDER BY seq",
        subjects, oins, ids,
    )  # fmt: skip
    return [
        DecisionRow(
            EventName(r["subject"], r["oin"], r["id"]), r["recipient"], r["purpose"], r["outcome"], r["kind"], r["change"],
            r["activity"], tuple(json.loads(r["reasons"])), r["decided_at"], r["register"],
        )
        for r in rows
    ]  # fmt: skip


def _columns(names: Iterable[EventName]) -> tuple[list[bytes], list[str], list[str]]:
    rows = sorted(set(names), key=lambda n: (n.subject, n.oin, n.id))
    return [n.subject for n in rows], [n.oin for n in rows], [n.id for n in rows]
