"""What an explanation reads beside lineage: every candidate's standing with all decisions on it, by SELECT only."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from services.explain.choosing import Way
from services.explain.replaying import Recorded, Standing
from services.lineage.store import Connection
from streams.disclose.store import decision_of
from streams.disclose.tokens import EventName


async def standings(connection: Connection, name: EventName) -> list[Standing]:
    """Return what stands of this event for every candidate, and how that came to be."""
    named = (name.subject, name.oin, name.id)
    where = "WHERE subject = $1 AND oin = $2 AND id = $3"
    decided = await connection.fetch(f"SELECT * FROM disclose.decision {where} ORDER BY seq", *named)
    stands = await connection.fetch(f"SELECT * FROM disclose.standing {where} ORDER BY recipient, purpose", *named)
    return [Standing(decision_of(row), row["in_view"], _history(row, decided)) for row in stands]


async def ways(connection: Connection) -> list[Way]:
    """Return one event of each different way in which events of a type were decided, those decided least often first."""
    rows = await connection.fetch(
        "SELECT DISTINCT ON (type, told) id, oin, type, decisions, marks FROM ("
        "SELECT d.id, d.oin, f.type, count(*) AS decisions, "
        "string_agg(d.recipient || d.purpose || d.outcome || d.reasons, ' ' ORDER BY d.seq) AS told, "
        "array_agg(DISTINCT d.recipient || ' ' || d.reasons) || array_agg(DISTINCT coalesce(d.kind, '')) AS marks "
        "FROM disclose.decision d JOIN disclose.fact f USING (subject, oin, id) "
        "GROUP BY d.subject, d.oin, d.id, f.type) decided ORDER BY type, told, id"
    )
    found = [Way(row["id"], row["oin"], row["decisions"], frozenset({row["type"], *row["marks"]})) for row in rows]
    return sorted(found, key=lambda way: (way.decisions, way.id))


def _history(stands: asyncpg.Record, rows: Sequence[asyncpg.Record]) -> tuple[Recorded, ...]:
    candidate = (stands["recipient"], stands["purpose"])
    return tuple(
        Recorded(
            row["seq"],
            row["decided_at"],
            decision_of(row),
            row["kind"],
            row["change"],
            row["known_to"],
            row["register"],
        )
        for row in rows
        if (row["recipient"], row["purpose"]) == candidate
    )
