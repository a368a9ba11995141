"""What a run of the chain ended with: all that must be the same whatever happened on the way."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Protocol

import asyncpg

from ketenbus.envelope import Headers
from streams.monitoring.fold import Registered
from streams.monitoring.store import registered
from streams.runtime import topics
from streams.runtime.records import Record
from tests.fault.knife import Log


class HasPool(Protocol):
    """A processor's place: its schema in PostgreSQL."""

    pool: asyncpg.Pool


class Run:
    """What a run ended with."""

    def __init__(self, log: Log, steps: int, seats: Mapping[str, HasPool]) -> None:
        self.log = log
        self.steps = steps
        self._seats = seats

    async def rows(self, seat: str, query: str) -> list[tuple[Any, ...]]:
        """The rows of a processor's own tables."""
        async with self._seats[seat].pool.acquire() as connection:
            return [tuple(row) for row in await connection.fetch(query)]

    async def standings(self) -> list[tuple[Any, ...]]:
        """What stands: every candidate's outcome with its mask, activity and reasons, and whether the view holds it."""
        query = (
            "SELECT oin, id, recipient, purpose, outcome, mask, activity, reasons, in_view FROM standing"
            " WHERE recipient <> 'rapporteur' ORDER BY oin, id, recipient, purpose, subject"
        )
        return await self.rows("disclose", query)

    async def records(self) -> list[tuple[Any, ...]]:
        """The registration's records in force, by what they say."""
        return sorted(await self.rows("registration", "SELECT number, state FROM record WHERE NOT ended"))

    async def registered(self) -> list[Registered]:
        """The records as the Rapporteur has them."""
        async with self._seats["monitoring"].pool.acquire() as connection:
            return sorted(await registered(connection), key=lambda r: r.number)

    async def unsent(self) -> list[tuple[Any, ...]]:
        """Positions that are not sent to the end, and outbox rows that are left."""
        left = []
        for name in self._seats:
            left += [(name, *row) for row in await self.rows(name, "SELECT * FROM position WHERE sent <> decided")]
            left += [(name, *row) for row in await self.rows(name, "SELECT seq, topic FROM outbox")]
        return left

    def balance(self) -> tuple[int, int]:
        """How many records partners and the registration published, and how many admit answered, each in one way."""
        types = set(topics.type_topics())
        published = {r.origin.encode() for (name, _), found in self.log.records.items() if name in types for r in found}
        admitted = {dict(r.headers)["ketenbus-origin"] for r in self.log.of(topics.KETENLOG) if not _of_the_bus(r)}
        quarantined = {origin for origin, _ in self.quarantine()}
        repeated = {r.key or b"" for r in self.log.of(topics.REPEATED)}
        assert not (admitted & quarantined or admitted & repeated or quarantined & repeated)
        assert admitted | quarantined | repeated <= published
        return len(published), len(admitted) + len(quarantined) + len(repeated)

    def views(self) -> dict[tuple[str, str], bool]:
        """Of every event of every view that a partner's event is behind: whether the view holds it now."""
        latest: dict[tuple[str, str], tuple[int, bool]] = {}
        for topic in sorted({name for name, _ in self.log.records if name.startswith("view.")}):
            for record in self.log.of(topic):
                told = {name: value.decode() for name, value in record.headers}
                change, holds = int(told["ce_ketenbuschange"]), told["ce_ketenbuskind"] != "recall"
                event = (topic, told["ce_id"])
                if change > latest.get(event, (0, False))[0]:
                    latest[event] = (change, holds)
        return {event: holds for event, (_, holds) in latest.items()}

    def doubles(self) -> list[tuple[str, str, str]]:
        """Messages of a view that were told twice in different words: (view, event, change)."""
        said: dict[tuple[str, str, str], set[tuple[bytes | None, bytes | None, Headers]]] = defaultdict(set)
        for (topic, _), records in self.log.records.items():
            for record in records if topic.startswith("view.") else ():
                told = {name: value.decode() for name, value in record.headers}
                key = (topic, told["ce_id"], told["ce_ketenbuschange"])
                said[key].add((record.key, record.value, record.headers))
        return [key for key, words in said.items() if len(words) > 1]

    def receipts(self) -> dict[str, list[tuple[str, ...]]]:
        """The last receipt of every event of a partner: each candidate's outcome, mask, activity and reasons."""
        last = {(r.key or b"").decode(): json.loads(r.value or b"{}") for r in self.log.of(topics.RECEIPTS)}
        return {
            name: [
                (o["recipient"], o["purpose"], o["outcome"], o["mask"], o["activity"], *o["reasons"])
                for o in told["outcomes"]
            ]
            for name, told in last.items()
            if not told["type"].startswith("registration-")
        }

    def answers(self) -> set[tuple[str, bytes | None, bytes | None]]:
        """What partners were told of their events."""
        found = sorted({name for name, _ in self.log.records if name.startswith("acknowledgements.")})
        return {(name, r.key, r.value) for name in found for r in self.log.of(name) if name != _RECORDS}

    def quarantine(self) -> set[tuple[bytes, bytes]]:
        """Which records were put in quarantine, and why."""
        found = (dict(r.headers) for r in self.log.of(topics.QUARANTINE))
        return {(h["ketenbus-origin"], h["ketenbus-reason"]) for h in found}

    async def state(self) -> dict[str, Any]:
        """Everything that must be the same whatever happened on the way."""
        return {
            "standings": await self.standings(),
            "records": await self.records(),
            "registered": await self.registered(),
            "views": {event: holds for event, holds in self.views().items() if "rapporteur" not in event[0]},
            "answers": self.answers(),
            "quarantine": self.quarantine(),
            "receipts": self.receipts(),
            "doubles": self.doubles(),
            "unsent": await self.unsent(),
        }


def _of_the_bus(record: Record) -> bool:
    return dict(record.headers)["ketenbus-publisher-kind"] == b"bus"


#: The registration's own records are answered too; how many versions there were on the way is no part of the end.
_RECORDS = "acknowledgements.comensha"
