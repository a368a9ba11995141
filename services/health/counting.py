"""The balance and quarantine as they are now, cheap enough to show live: topics are read once, and read on from there.

published = admitted + quarantined + repeated holds for what admit has decided. Each term is counted from its own place,
none by subtraction: positions, admit's table, the topics quarantine and repeated with what waits in the outbox to be
sent there. All of PostgreSQL is read in one snapshot, and the topics after it, up to that snapshot's positions.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from services.health.broker import Broker
from services.quarantine import chains, parked
from services.quarantine.chains import DONE
from services.quarantine.parked import Parked
from streams.runtime import topics
from streams.runtime.settings import load_partners


@dataclass(frozen=True, slots=True)
class Counted:
    """The balance of what admit has decided, and what is open in quarantine; `at` is when, in seconds since 1970."""

    at: float
    published: int
    undecided: int
    admitted: int
    quarantined: int
    repeated: int
    open: int
    oldest_open_ms: int | None
    oldest_open_at: str | None
    oldest_open_reason: str | None

    @property
    def difference(self) -> int:
        """How many of the decided are unaccounted for, or accounted for twice; 0 is the promise."""
        return self.published - self.admitted - self.quarantined - self.repeated


class Count:
    """Counts, and remembers what it has read."""

    def __init__(self, broker: Broker, partners: Path) -> None:
        self._broker = broker
        self._partners = partners
        self._read_to = {topics.QUARANTINE: 0, topics.REPEATED: 0}
        #: By topic of the bus and topic of the publisher: the offsets of the records that went there.
        self._went: dict[str, dict[str, set[int]]] = {name: defaultdict(set) for name in self._read_to}
        self._parked: list[tuple[Parked, bytes]] = []

    async def count(self, connection: asyncpg.Connection[asyncpg.Record]) -> Counted:
        """Return the account as it stands; raises RetryableError when Kafka does not answer."""
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            rows = await connection.fetch("SELECT topic, decided FROM admit.position")
            decided = {row["topic"]: row["decided"] for row in rows if row["topic"] != topics.DAYS}
            admitted = await connection.fetchval("SELECT count(*) FROM admit.admitted")
            unsent = await connection.fetch(
                "SELECT topic, key FROM admit.outbox WHERE topic = ANY($1::text[])", list(self._read_to)
            )
        self._read_on()
        pending: dict[str, set[str]] = defaultdict(set)
        for row in unsent:
            pending[row["topic"]].add(row["key"].decode())
        ends = self._broker.ends([(name, 0) for name in topics.type_topics()])
        open_, oldest = await self._open(connection)
        return Counted(
            at=time.time(),
            published=sum(decided.values()),
            undecided=sum(max(0, end - decided.get(topic, 0)) for (topic, _), end in ends.items()),
            admitted=admitted,
            quarantined=self._counted(topics.QUARANTINE, decided, pending[topics.QUARANTINE]),
            repeated=self._counted(topics.REPEATED, decided, pending[topics.REPEATED]),
            open=open_,
            oldest_open_ms=round(oldest.appended_at.timestamp() * 1000) if oldest else None,
            oldest_open_at=oldest.origin if oldest else None,
            oldest_open_reason=oldest.reason if oldest else None,
        )

    def _read_on(self) -> None:
        ends = self._broker.ends([(name, 0) for name in self._read_to])
        partners = load_partners(self._partners)
        for name, start in self._read_to.items():
            if start >= ends[name, 0]:
                continue
            for record in self._broker.read(name, start, ends[name, 0]):
                topic, offset = _place((record.key or b"").decode())
                if name == topics.QUARANTINE and offset not in self._went[name][topic]:
                    self._parked.append((parked.parked(record, partners), chains.digest(parked.original(record))))
                self._went[name][topic].add(offset)
                self._read_to[name] = record.offset + 1

    def _counted(self, name: str, decided: Mapping[str, int], pending: set[str]) -> int:
        """Return how many of the decided records went there, each once: a crash may have sent one twice."""
        went = self._went[name]
        sent = sum(sum(1 for offset in offsets if offset < decided.get(topic, 0)) for topic, offsets in went.items())
        return sent + sum(1 for topic, offset in map(_place, pending) if offset not in went.get(topic, ()))

    async def _open(self, connection: asyncpg.Connection[asyncpg.Record]) -> tuple[int, Parked | None]:
        """Return how many quarantined events nothing came of yet, and the oldest of them."""
        ids = sorted({(one.oin, one.id) for one, _ in self._parked if one.oin and one.id})
        rows = await connection.fetch(
            "SELECT oin, id, origin FROM admit.admitted JOIN unnest($1::text[], $2::text[]) AS n(oin, id) USING (oin, id)",
            [oin for oin, _ in ids],
            [id for _, id in ids],
        )
        found = chains.chains(self._parked, {(row["oin"], row["id"]): row["origin"] for row in rows})
        still = [chain.first for chain in found if chain.state not in DONE]
        return len(still), min(still, key=lambda one: one.appended_at, default=None)


def _place(origin: str) -> tuple[str, int]:
    topic, _, offset = origin.split("/")
    return topic, int(offset)
