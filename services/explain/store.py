"""What an explanation reads beside lineage: every candidate's standing with all decisions on it, by SELECT only."""

from __future__ import annotations

import json
from collections.abc import Sequence

import asyncpg

from consent.policy import Decision
from services.explain.replaying import Recorded, Standing
from services.lineage.store import Connection
from streams.disclose.tokens import EventName


async def standings(connection: Connection, name: EventName) -> list[Standing]:
    """Return what stands of this event for every candidate, and how that came to be."""
    named = (name.subject, name.oin, name.id)
    where = "WHERE subject = $1 AND oin = $2 AND id = $3"
    decided = await connection.fetch(f"SELECT * FROM disclose.decision {where} ORDER BY seq", *named)
    stands = await connection.fetch(f"SELECT * FROM disclose.standing {where} ORDER BY recipient, purpose", *named)
    return [Standing(_decision(row), row["in_view"], _history(row, decided)) for row in stands]


async def examples(connection: Connection, per_kind: int) -> list[tuple[str, str]]:
    """Return (id, OIN) of events to explain, `per_kind` of each different way a type was decided, those told most first."""
    rows = await connection.fetch(
        "SELECT id, oin FROM (SELECT *, row_number() OVER (PARTITION BY type, told ORDER BY id) AS place FROM ("
        "SELECT d.id, d.oin, f.type, string_agg(d.recipient || d.purpose || d.outcome || d.reasons, ' ' ORDER BY d.seq) AS told, "
        "count(*) AS decisions FROM disclose.decision d JOIN disclose.fact f USING (subject, oin, id) "
        "GROUP BY d.subject, d.oin, d.id, f.type) decided) placed WHERE place <= $1 ORDER BY decisions DESC, type, told, id",
        per_kind,
    )
    return list(dict.fromkeys((row["id"], row["oin"]) for row in rows))


def _history(stands: asyncpg.Record, rows: Sequence[asyncpg.Record]) -> tuple[Recorded, ...]:
    candidate = (stands["recipient"], stands["purpose"])
    return tuple(
        Recorded(row["seq"], row["decided_at"], _decision(row), row["kind"], row["change"])
        for row in rows
        if (row["recipient"], row["purpose"]) == candidate
    )


def _decision(row: asyncpg.Record) -> Decision:
    return Decision(
        row["recipient"],
        row["purpose"],
        row["outcome"],
        tuple(filter(None, row["mask"].split("+"))),
        row["activity"],
        tuple(json.loads(row["reasons"])),
    )
