"""No room: what was acknowledged is kept, the message says what to do, and work goes on when there is room again."""

from __future__ import annotations

import logging
import resource
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from infra.local.platform import Platform
from ketenbus.errors import RetryableError
from ketenbus.outbox import Accepted, Outbox
from ketenbus.preparing import Prepared
from streams.runtime import transaction
from streams.runtime.delivery import Delivery
from streams.runtime.records import Record, ToSend
from tests.broker.schema_of_own import schema_of_own

PRINT = b"p" * 32
ROOM_BYTES = 256 * 1024


def events(number: int) -> list[tuple[Prepared, bytes]]:
    """Ten events of twenty kilobytes."""
    made = (Prepared(f"id-{number}-{n}", "victim-reported", b"client", bytes([n]) * 20_000, ()) for n in range(10))
    return [(event, PRINT) for event in made]


@contextmanager
def little_room() -> Iterator[None]:
    """Let no file of this process grow beyond ROOM_BYTES for a while: a full disk, made without rights."""
    was = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM_BYTES, was[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, was)


def test_an_outbox_without_room_keeps_what_it_took_and_takes_more_when_there_is_room(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.sqlite")
    taken, refused = 0, None
    with little_room():
        while refused is None:
            try:
                outbox.put(events(taken))
                taken += 1
            except RetryableError as error:
                refused = str(error)
    assert taken > 0
    assert "make room and try again" in refused
    assert [event for _, event in outbox.pending(1000)] == [e for n in range(taken) for e, _ in events(n)]
    outbox.put(events(taken))
    outbox.close()
    reopened = Outbox(tmp_path / "outbox.sqlite")
    assert [event for _, event in reopened.pending(1000)] == [e for n in range(taken + 1) for e, _ in events(n)]
    reopened.close()


def test_an_acknowledgement_that_found_no_room_leaves_the_event_to_be_sent_again(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.sqlite")
    number = 0
    with little_room():
        with pytest.raises(RetryableError):
            while True:
                outbox.put(events(number))
                number += 1
        first = [event for event, _ in events(0)]
        with pytest.raises(RetryableError):
            while True:
                outbox.done([Accepted(event.id, event.topic, 0, n) for n, event in enumerate(first)])
    held = outbox.stored([event.id for event in first])
    left = [event.id for _, event in outbox.pending(1000)]
    assert all((stored.accepted is None) == (id in left) for id, stored in held.items())
    assert len(left) >= 10 * (number - 1)
    outbox.close()


class Crowded:
    """A processor whose PostgreSQL says twice that its disk is full, as PostgreSQL itself says it."""

    name = "crowded"
    topics = ("t",)
    schema = ""
    sends = False

    def __init__(self) -> None:
        self.left = 2

    async def apply(self, connection: Any, records: Sequence[Record]) -> list[ToSend]:
        if self.left:
            self.left -= 1
            await connection.execute("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$")
        return []


@pytest_asyncio.fixture
async def pool(platform: Platform) -> AsyncIterator[asyncpg.Pool[Any]]:
    async with schema_of_own(platform) as made:
        yield made


async def test_a_worker_waits_out_a_full_disk_and_says_so_once(
    pool: asyncpg.Pool[Any], caplog: pytest.LogCaptureFixture
) -> None:
    worker = Delivery(Crowded(), pool, None)
    await worker.resume([("t", 0)])
    with caplog.at_level(logging.WARNING):
        await worker.apply([Record("t", 0, n, 0, b"k", b"v", ()) for n in range(3)])
    assert [record.getMessage().split(" after ")[0] for record in caplog.records] == [
        "crowded: PostgreSQL or Kafka is away or full (DiskFullError): waiting, nothing is lost",
        "crowded: goes on",
    ]
    async with pool.acquire() as connection:
        assert await transaction.decided(connection, [("t", 0)]) == {("t", 0): 3}
