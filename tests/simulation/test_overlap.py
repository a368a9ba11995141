"""Two workers of one partition, one given up on, that decide one after the other: what the first leaves unsent is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from streams.runtime.delivery import Delivery
from streams.runtime.records import Record, ToSend
from tests.simulation.connection import Connection, Kind, Pool
from tests.simulation.database import Database, Transaction


@dataclass
class Owner:
    """Whose steps all go well."""

    database: Database = field(default_factory=Database)
    open: set[Transaction] = field(default_factory=set)
    statements: Mapping[str, Any] = field(default_factory=dict)

    async def step(self, kind: Kind, what: str) -> None:
        """Go on."""


class Copies:
    """A processor that says again what it reads."""

    name, topics, schema, sends = "copies", ("t",), "", True

    async def apply(self, connection: Connection, records: Sequence[Record]) -> list[ToSend]:
        return [ToSend(record, "out", str(record.offset).encode(), b"", ()) for record in records]


class Broker:
    """Takes everything, or is never heard of again."""

    def __init__(self, took: list[bytes] | None) -> None:
        self._took = took

    async def send(self, topic: str, *, value: bytes, key: bytes, headers: Any) -> asyncio.Future[None]:
        heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._took is not None:
            self._took.append(key)
            heard.set_result(None)
        return heard


def record(offset: int) -> Record:
    return Record("t", 0, offset, 0, b"k", b"v", ())


async def test_what_another_decided_before_a_batch_and_did_not_send_is_sent_first() -> None:
    owner, took = Owner(), list[bytes]()
    first, second, third = (
        Delivery(Copies(), Pool(owner), Broker(heard))  # type: ignore[arg-type]
        for heard in (None, took, took)
    )
    await second.resume([("t", 0)])
    stuck = asyncio.create_task(first.apply([record(0)]))
    while not owner.database.tables["outbox"]:
        await asyncio.wait({asyncio.create_task(asyncio.sleep(0))})
    await second.apply([record(1)])
    await second.apply(())
    stuck.cancel()
    await third.resume([("t", 0)])
    assert list(dict.fromkeys(took)) == [b"0", b"1"]
    assert owner.database.tables["outbox"] == {}
