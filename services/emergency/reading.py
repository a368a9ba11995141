"""The uses of emergency access that the log holds, read by SELECT only; nothing sealed is opened."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import cast

import asyncpg

from consent.known import Fact
from ketenbus.events import EmergencyAccessUsed
from services.emergency.seen import Seen, oldest_first, seen
from streams.disclose.binding import logged
from streams.disclose.judge import fact_of
from streams.disclose.store import StoredFact

Connection = asyncpg.Connection

#: Where disclose has no tables yet, there is no use either.
_THERE = "SELECT to_regclass('disclose.fact') IS NOT NULL"
_FACTS = (
    "SELECT * FROM disclose.fact WHERE subject IN (SELECT subject FROM disclose.fact WHERE type = 'emergency-access-used')"
    " AND (type LIKE 'emergency-access-%' OR type = 'event-retracted')"
)
_PLACED = (
    "SELECT DISTINCT subject, id FROM disclose.standing WHERE subject = ANY($1::bytea[])"
    " AND outcome = 'delivered' AND reasons = '[\"safety\"]'"
)


async def uses(connection: Connection, today: date, days: int) -> tuple[Seen, ...]:
    """Return every use of emergency access in the log as it stands on a day, oldest first."""
    if not await connection.fetchval(_THERE):
        return ()
    facts: defaultdict[bytes, list[Fact]] = defaultdict(list)
    kinds: dict[bytes, str] = {}
    for row in await connection.fetch(_FACTS):
        read = logged(StoredFact(*row))
        facts[read.subject].append(fact_of(read))
        if isinstance(read.event, EmergencyAccessUsed):
            kinds[read.subject] = read.publisher_kind
    placed: defaultdict[bytes, list[str]] = defaultdict(list)
    for row in await connection.fetch(_PLACED, list(facts)):
        placed[row["subject"]].append(cast("str", row["id"]))
    return oldest_first(
        one for subject, told in facts.items() for one in seen(told, kinds[subject], placed[subject], today, days)
    )
