"""The disagreements on a platform, as an auditor sees them, who opens nothing sealed."""

from __future__ import annotations

import json
from collections import defaultdict

from consent.policy import asks
from consent.precedence import Consent
from services.conflicts.queue import Conflict, Place, conflicts, oldest_first
from services.lineage.asking import names_of
from services.lineage.store import Connection, facts_about, snapshot
from streams.disclose.binding import logged
from streams.disclose.view import LogEvent
from streams.runtime.settings import ProcessorSettings


async def queue(settings: ProcessorSettings) -> list[Conflict]:
    """Return every disagreement, the oldest first."""
    async with snapshot(settings.dsn) as connection:
        names = await names_of(connection, settings)
        events: defaultdict[bytes, list[LogEvent]] = defaultdict(list)
        for fact in await facts_about(connection, await _disputed(connection)):
            events[fact.subject].append(logged(fact))
        waiting = await _waiting(connection)
    places = sorted({(a.recipient, a.purpose) for a in names.register.activities if asks(a)})
    found = (
        conflict
        for subject, about in events.items()
        for conflict in conflicts(about, places, waiting[subject], names.publisher)
    )
    return oldest_first(found)


async def _disputed(connection: Connection) -> list[bytes]:
    """Return the subjects of whom both a grant and a refusal are known: of nobody else two can disagree."""
    rows = await connection.fetch(
        "SELECT subject FROM disclose.fact WHERE type IN ('consent-given', 'consent-refused') "
        "GROUP BY subject HAVING count(DISTINCT type) = 2 ORDER BY subject"
    )
    return [row["subject"] for row in rows]


async def _waiting(connection: Connection) -> defaultdict[bytes, dict[Place, int]]:
    """Return how many events are withheld because of a disagreement, by subject, recipient and purpose."""
    rows = await connection.fetch(
        "SELECT subject, recipient, purpose, count(*) FROM disclose.standing WHERE reasons = $1 GROUP BY subject, recipient, purpose",
        json.dumps([Consent.CONFLICT]),
    )
    found: defaultdict[bytes, dict[Place, int]] = defaultdict(dict)
    for subject, recipient, purpose, count in rows:
        found[subject][recipient, purpose] = count
    return found
