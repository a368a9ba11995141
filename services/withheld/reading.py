"""What stands withheld and what reporters counted, read by SELECT only; nothing sealed is opened."""

from __future__ import annotations

import json
from dataclasses import dataclass

import asyncpg

from ketenbus import codec
from ketenbus.errors import CorruptLogError
from ketenbus.events import ReportWithheld
from services.lineage.store import snapshot
from services.withheld.counting import Counts, Withheld, kept_back, not_reported
from streams.runtime.settings import ProcessorSettings, load_partners

Connection = asyncpg.Connection

_KEPT_BACK = (
    "SELECT oin, reasons, count(DISTINCT id) AS events FROM disclose.standing"
    " WHERE outcome = 'withheld' AND recipient = $1 AND purpose = $2 GROUP BY oin, reasons"
)
_COUNTED = (
    "SELECT f.origin, f.value FROM disclose.fact f JOIN disclose.standing s USING (subject, oin, id)"
    " WHERE f.type = 'report-withheld' AND s.outcome = 'delivered'"
    " AND s.recipient = 'rapporteur' AND s.purpose = 'MONITORING'"
)


@dataclass(frozen=True, slots=True)
class Found:
    """The two counts as they are: never shown like this."""

    kept_back: Counts
    not_reported: Counts


async def found(settings: ProcessorSettings, recipient: str, purpose: str) -> Found:
    """Return what the bus keeps back from a recipient for a purpose, and what reporters counted themselves."""
    kinds = {oin: partner.kind for oin, partner in load_partners(settings.partners).items()}
    async with snapshot(settings.dsn) as connection:
        rows = await connection.fetch(_KEPT_BACK, recipient, purpose)
        counted = await connection.fetch(_COUNTED)
    stand = [Withheld(kinds.get(r["oin"], "bus"), json.loads(r["reasons"])[0], r["events"]) for r in rows]
    return Found(kept_back(stand), not_reported(_event(row) for row in counted))


def _event(row: asyncpg.Record) -> ReportWithheld:
    event = codec.decode(row["value"])
    if not isinstance(event, ReportWithheld):
        raise CorruptLogError(f"{row['origin']}: a fact in store cannot be read back")
    return event
