"""Sealed fields that hold a code no list knows, or a name or number that is nobody's: kept by the zone that opened them,
used for nothing, and told to whoever looks.
"""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg


@dataclass(frozen=True, slots=True)
class UnknownCodes:
    """How many sealed fields of how many reports hold such a thing; what it is stays in the zone."""

    fields: int
    reports: int


async def unknown_codes(connection: asyncpg.Connection[asyncpg.Record]) -> UnknownCodes | None:
    """Return what is of no use among the reports of the registration that stand; None where it never ran."""
    if await connection.fetchval("SELECT to_regclass('registration.report')") is None:
        return None
    row = await connection.fetchrow(
        "SELECT coalesce(sum(unmapped), 0)::int AS fields, count(*)::int AS reports FROM registration.report"
        " WHERE stands AND unmapped > 0"
    )
    return None if row is None else UnknownCodes(row["fields"], row["reports"])
