"""What the list of recalls reads of disclose's tables, by SELECT only."""

from __future__ import annotations

import json
from collections.abc import Sequence

import asyncpg

from services.lineage.store import Connection
from services.recall.listing import Recall
from streams.disclose.confirmations import Confirmation
from streams.disclose.tokens import EventName

RECALLS = (
    "SELECT s.subject, s.oin, s.id, f.type, s.recipient, s.purpose, s.change, s.activity, s.reasons, d.decided_at "
    "FROM disclose.standing s LEFT JOIN disclose.fact f USING (subject, oin, id) "
    "LEFT JOIN disclose.decision d ON d.kind = 'recall' AND d.change = s.change AND d.recipient = s.recipient "
    "AND d.purpose = s.purpose AND d.subject = s.subject AND d.oin = s.oin AND d.id = s.id "
    # What a view holds not, and was told of: the last it was told is a recall.
    "WHERE NOT s.in_view AND s.change > 0"
)
SENT = "SELECT subject, oin, id, recipient, purpose, change FROM disclose.decision WHERE kind = 'recall'"


async def recalls(connection: Connection, subjects: Sequence[bytes] | None = None) -> list[Recall]:
    """Return every recall that stands, of these subjects or of all."""
    return [
        Recall(
            EventName(r["subject"], r["oin"], r["id"]), r["type"], r["recipient"], r["purpose"], r["change"],
            r["activity"], tuple(json.loads(r["reasons"])), r["decided_at"],
        )
        for r in await _rows(connection, RECALLS, "s.subject", subjects)
    ]  # fmt: skip


async def sent(
    connection: Connection, subjects: Sequence[bytes] | None = None
) -> frozenset[tuple[EventName, str, str, int]]:
    """Return every recall that was ever sent, as far as the decisions go back."""
    rows = await _rows(connection, SENT, "subject", subjects)
    return frozenset(
        (EventName(r["subject"], r["oin"], r["id"]), r["recipient"], r["purpose"], r["change"]) for r in rows
    )


async def confirmations(connection: Connection, subjects: Sequence[bytes] | None = None) -> list[Confirmation]:
    """Return what was confirmed; of all subjects, also what names no event."""
    return [
        Confirmation(
            r["confirmed_by"], r["confirmation"], r["recipient"], r["purpose"], r["change"],
            None if r["id"] is None else EventName(r["subject"], r["oin"], r["id"]), r["at"],
        )
        for r in await _rows(connection, "SELECT * FROM disclose.confirmation WHERE true", "subject", subjects)
    ]  # fmt: skip


async def _rows(
    connection: Connection, query: str, subject: str, subjects: Sequence[bytes] | None
) -> list[asyncpg.Record]:
    if subjects is None:
        found: list[asyncpg.Record] = await connection.fetch(query)
        return found
    return list(await connection.fetch(f"{query} AND {subject} = ANY($1::bytea[])", subjects))
