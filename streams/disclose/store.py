"""The facts of every subject, the standing of every candidate, every decision as evidence, and which recalls were confirmed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from consent.policy import Decision
from streams.disclose.confirmations import Confirmation
from streams.disclose.judge import Candidate, Change, Standing
from streams.disclose.tokens import EventName
from streams.runtime.transaction import Connection

SCHEMA = """
CREATE TABLE IF NOT EXISTS fact (
    subject bytea NOT NULL, oin text NOT NULL, id text NOT NULL, type text NOT NULL, origin text NOT NULL,
    headers text NOT NULL, value bytea NOT NULL, PRIMARY KEY (subject, oin, id));
CREATE TABLE IF NOT EXISTS standing (
    subject bytea NOT NULL, oin text NOT NULL, id text NOT NULL, recipient text NOT NULL, purpose text NOT NULL,
    outcome text NOT NULL, mask text NOT NULL, activity text NOT NULL, reasons text NOT NULL,
    change int NOT NULL, in_view boolean NOT NULL, PRIMARY KEY (subject, oin, id, recipient, purpose));
CREATE TABLE IF NOT EXISTS decision (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, subject bytea NOT NULL, oin text NOT NULL, id text NOT NULL,
    recipient text NOT NULL, purpose text NOT NULL, outcome text NOT NULL, mask text NOT NULL, activity text NOT NULL,
    reasons text NOT NULL, kind text, change int NOT NULL, known_to text NOT NULL, register text NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS confirmation (
    confirmed_by text NOT NULL, confirmation text NOT NULL, recipient text NOT NULL, purpose text NOT NULL, change int NOT NULL,
    subject bytea, oin text, id text, at timestamptz NOT NULL, PRIMARY KEY (confirmed_by, confirmation));
CREATE INDEX IF NOT EXISTS confirmation_event ON confirmation (subject, oin, id);
CREATE INDEX IF NOT EXISTS decision_recall ON decision (subject, oin, id) WHERE kind = 'recall';
CREATE INDEX IF NOT EXISTS decision_event ON decision (oin, id);
CREATE INDEX IF NOT EXISTS fact_id ON fact (id);
CREATE INDEX IF NOT EXISTS fact_emergency ON fact (subject) WHERE type = 'emergency-access-used';
"""


@dataclass(frozen=True, slots=True)
class StoredFact:
    """One event of the log under one subject, as stored."""

    subject: bytes
    oin: str
    id: str
    type: str
    origin: str
    headers: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Held:
    """What a view was last told of an event: under which mask and activity, by which change, and whether it holds it."""

    name: EventName
    recipient: str
    purpose: str
    mask: str
    activity: str
    change: int
    in_view: bool


async def learn(connection: Connection, facts: Sequence[StoredFact]) -> frozenset[bytes]:
    """Store the facts that are new and return the subjects they are about; a fact that is known changes nothing."""
    rows = sorted({(f.subject, f.oin, f.id): f for f in facts}.values(), key=lambda f: (f.subject, f.oin, f.id))
    stored = await connection.fetch(
        "INSERT INTO fact SELECT * FROM unnest($1::bytea[],$2::text[],$3::text[],$4::text[],$5::text[],$6::text[],$7::bytea[]) "
        "ON CONFLICT DO NOTHING RETURNING subject",
        [f.subject for f in rows],
        [f.oin for f in rows],
        [f.id for f in rows],
        [f.type for f in rows],
        [f.origin for f in rows],
        [f.headers for f in rows],
        [f.value for f in rows],
    )
    return frozenset(row["subject"] for row in stored)


async def facts_of(connection: Connection, subjects: Sequence[bytes]) -> dict[bytes, list[StoredFact]]:
    """Return every fact of these subjects."""
    rows = await connection.fetch("SELECT * FROM fact WHERE subject = ANY($1::bytea[])", subjects)
    found: dict[bytes, list[StoredFact]] = {subject: [] for subject in subjects}
    for row in rows:
        found[row["subject"]].append(StoredFact(*row))
    return found


async def subjects_in(connection: Connection, partitions: Sequence[int]) -> dict[bytes, int]:
    """Return every subject that these partitions of the log hold a fact of, with its partition."""
    rows = await connection.fetch(
        "SELECT DISTINCT subject, split_part(origin, '/', 2)::int AS partition FROM fact "
        "WHERE split_part(origin, '/', 2)::int = ANY($1::int[]) ORDER BY subject",
        partitions,
    )
    return {row["subject"]: row["partition"] for row in rows}


async def standings_of(connection: Connection, subjects: Sequence[bytes]) -> dict[bytes, dict[Candidate, Standing]]:
    """Return the standing of every candidate of these subjects."""
    rows = await connection.fetch("SELECT * FROM standing WHERE subject = ANY($1::bytea[])", subjects)
    found: dict[bytes, dict[Candidate, Standing]] = {subject: {} for subject in subjects}
    for r in rows:
        name = EventName(r["subject"], r["oin"], r["id"])
        standing = Standing(decision_of(r), r["change"], r["in_view"])
        found[r["subject"]][name, r["recipient"], r["purpose"]] = standing
    return found


def decision_of(row: asyncpg.Record) -> Decision:
    """Return the decision that a row of `standing` or `decision` holds."""
    return Decision(
        row["recipient"],
        row["purpose"],
        row["outcome"],
        tuple(filter(None, row["mask"].split("+"))),
        row["activity"],
        tuple(json.loads(row["reasons"])),
    )


async def take_back(connection: Connection, held: Sequence[Held]) -> int:
    """Let standings say what views hold where that is a higher change, and return how many did not know it.

    The event need not be known yet: its standing waits for it, and is judged again when it comes.
    """
    rows = sorted(held, key=lambda h: (h.name.subject, h.name.oin, h.name.id, h.recipient, h.purpose))
    taken: int = await connection.fetchval(
        "WITH taken AS (INSERT INTO standing SELECT subject, oin, id, recipient, purpose, "
        "CASE WHEN in_view THEN 'delivered' ELSE 'withheld' END, mask, activity, '[]', change, in_view "
        "FROM unnest($1::bytea[],$2::text[],$3::text[],$4::text[],$5::text[],$6::text[],$7::text[],$8::int[],$9::boolean[]) "
        "AS n(subject, oin, id, recipient, purpose, mask, activity, change, in_view) "
        "ON CONFLICT (subject, oin, id, recipient, purpose) DO UPDATE "
        "SET (outcome, mask, activity, reasons, change, in_view) = "
        "(excluded.outcome, excluded.mask, excluded.activity, excluded.reasons, excluded.change, excluded.in_view) "
        "WHERE standing.change < excluded.change RETURNING 1) SELECT count(*) FROM taken",
        [h.name.subject for h in rows],
        [h.name.oin for h in rows],
        [h.name.id for h in rows],
        [h.recipient for h in rows],
        [h.purpose for h in rows],
        [h.mask for h in rows],
        [h.activity for h in rows],
        [h.change for h in rows],
        [h.in_view for h in rows],
    )
    return taken


async def store(connection: Connection, changes: Sequence[tuple[Change, str, str]]) -> None:
    """Write the standings that changed, and each change as evidence.

    With each change come the coordinates of the last record of its subject that was known, and the fingerprint of the law applied.
    """
    rows = sorted(
        (
            c.logged.subject, c.logged.name.oin, c.logged.name.id, d.recipient, d.purpose,
            d.outcome, d.mask_name, d.activity, json.dumps(d.reasons), c.standing.change, c.standing.in_view, c.kind,
            known_to, register,
        )
        for c, known_to, register in changes
        for d in (c.standing.decision,)
    )  # fmt: skip
    await connection.execute(
        "WITH n AS (SELECT * FROM unnest($1::bytea[],$2::text[],$3::text[],$4::text[],$5::text[],$6::text[],$7::text[],$8::text[],"
        "$9::text[],$10::int[],$11::boolean[],$12::text[],$13::text[],$14::text[]) AS n(subject, oin, id, recipient, purpose, "
        "outcome, mask, activity, reasons, change, in_view, kind, known_to, register)), "
        "stands AS (INSERT INTO standing SELECT subject, oin, id, recipient, purpose, outcome, mask, activity, reasons, change, in_view "
        "FROM n ON CONFLICT (subject, oin, id, recipient, purpose) DO UPDATE "
        "SET (outcome, mask, activity, reasons, change, in_view) = "
        "(excluded.outcome, excluded.mask, excluded.activity, excluded.reasons, excluded.change, excluded.in_view)) "
        "INSERT INTO decision (subject, oin, id, recipient, purpose, outcome, mask, activity, reasons, change, kind, known_to, register) "
        "SELECT subject, oin, id, recipient, purpose, outcome, mask, activity, reasons, change, kind, known_to, register FROM n",
        *(list(column) for column in zip(*rows, strict=True)),
    )


async def confirm(connection: Connection, confirmations: Sequence[Confirmation]) -> None:
    """Store what recipients say of recalls; what was said before changes nothing."""
    rows = sorted({(c.oin, c.id): c for c in confirmations}.values(), key=lambda c: (c.oin, c.id))
    await connection.execute(
        "INSERT INTO confirmation SELECT * FROM unnest($1::text[],$2::text[],$3::text[],$4::text[],$5::int[],"
        "$6::bytea[],$7::text[],$8::text[],$9::timestamptz[]) ON CONFLICT DO NOTHING",
        [c.oin for c in rows],
        [c.id for c in rows],
        [c.recipient for c in rows],
        [c.purpose for c in rows],
        [c.change for c in rows],
        [c.recalled and c.recalled.subject for c in rows],
        [c.recalled and c.recalled.oin for c in rows],
        [c.recalled and c.recalled.id for c in rows],
        [c.at for c in rows],
    )
