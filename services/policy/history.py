"""Every subject's history and what stands of it, as the flight simulator tells it again: by SELECT only, in one snapshot."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import groupby

from consent.policy import Decision
from services.lineage.store import Connection
from streams.disclose.binding import logged
from streams.disclose.judge import Candidate
from streams.disclose.store import StoredFact, decision_of
from streams.disclose.tokens import EventName
from streams.disclose.view import LogEvent
from streams.runtime.records import position

#: How many subjects are read at once.
AT_ONCE = 1000

History = tuple[Sequence[LogEvent], Mapping[Candidate, Decision]]


async def subjects(connection: Connection) -> list[bytes]:
    """Return every subject that the log holds a fact of."""
    return [row["subject"] for row in await connection.fetch("SELECT DISTINCT subject FROM fact ORDER BY subject")]


async def histories(connection: Connection, wanted: Sequence[bytes]) -> AsyncIterator[History]:
    """Yield each subject's events in the log's order, with the decision that stands for each of its candidates."""
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        standings: dict[bytes, dict[Candidate, Decision]] = {subject: {} for subject in some}
        for row in await connection.fetch("SELECT * FROM standing WHERE subject = ANY($1::bytea[])", some):
            name = EventName(row["subject"], row["oin"], row["id"])
            standings[name.subject][name, row["recipient"], row["purpose"]] = decision_of(row)
        rows = await connection.fetch("SELECT * FROM fact WHERE subject = ANY($1::bytea[]) ORDER BY subject", some)
        for subject, of_it in groupby((StoredFact(*row) for row in rows), key=lambda fact: fact.subject):
            ordered = sorted(of_it, key=lambda fact: position(fact.origin))
            yield [logged(fact) for fact in ordered], standings[subject]
