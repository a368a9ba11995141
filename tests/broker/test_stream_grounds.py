"""No table, no position, no receipts: no delivery. The backlog is kept, the worker says so, and goes on when they are back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from infra.local.platform import Platform
from ketenbus.errors import CorruptLogError
from streams.disclose import binding
from streams.disclose.binding import Disclose
from streams.runtime import topics, transaction
from streams.runtime.delivery import Delivery
from tests.broker.schema_of_own import schema_of_own
from tests.broker.sdk_world import World
from tests.broker.test_stream_disclose import apply, disclose, fetch, record
from tests.consent_facts import given, reported

__all__ = ["disclose"]

Pool = asyncpg.Pool
BACKLOG = (record(given("g")), record(reported("r"), 1))


@pytest.fixture
async def pool(platform: Platform) -> AsyncIterator[Pool]:
    async with schema_of_own(platform, Disclose.schema) as made:
        yield made


@pytest.mark.parametrize("table", ["standing", "decision", "fact", "release"])
async def test_without_a_table_nothing_is_decided_or_told(disclose: Disclose, pool: Pool, table: str) -> None:
    async with pool.acquire() as connection:
        await connection.execute(f"DROP TABLE {table}")
    with pytest.raises(asyncpg.UndefinedTableError):
        await apply(disclose, pool, *BACKLOG)
    async with pool.acquire() as connection:
        await connection.execute(Disclose.schema)
    assert await apply(disclose, pool, *BACKLOG)
    assert await fetch(pool, "SELECT outcome FROM standing") == [("delivered",)]


async def test_without_a_position_nothing_is_decided_or_told(disclose: Disclose, pool: Pool) -> None:
    worker = Delivery(disclose, pool, None)
    with pytest.raises(CorruptLogError, match="comes from a partition that was not taken up"):
        await worker.apply(BACKLOG)
    assert await fetch(pool, "SELECT * FROM fact") == []
    assert await fetch(pool, "SELECT * FROM outbox") == []


class Waits(logging.Handler):
    """Rings when the worker says that it waits."""

    def __init__(self) -> None:
        super().__init__()
        self.rung = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if "waiting, nothing is lost" in record.getMessage():
            self.rung.set()


async def test_without_receipts_no_view_hears_anything_and_with_them_every_view_does(
    disclose: Disclose, pool: Pool, platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(platform, tmp_path)
    view, receipts = f"view-{uuid4().hex}", f"receipts-{uuid4().hex}"
    world.make_topic(view)
    monkeypatch.setattr(binding, "view_topic", lambda *_: view)
    monkeypatch.setattr(topics, "RECEIPTS", receipts)
    admin = platform.admin()
    producer = AIOKafkaProducer(
        bootstrap_servers=admin["kafka"], security_protocol="SASL_PLAINTEXT", sasl_mechanism="SCRAM-SHA-256",
        sasl_plain_username=admin["user"], sasl_plain_password=admin["password"], request_timeout_ms=1000,
    )  # fmt: skip
    await producer.start()
    heard = Waits()
    logging.getLogger("streams.runtime.delivery").addHandler(heard)
    async with pool.acquire() as connection:
        await transaction.take_up(connection, [(topics.KETENLOG, 0)])
    working = asyncio.create_task(
        Delivery(disclose, pool, producer).apply([replace(r, offset=n) for n, r in enumerate(BACKLOG)])
    )
    try:
        await asyncio.wait({working, asyncio.create_task(heard.rung.wait())}, return_when=asyncio.FIRST_COMPLETED)
        assert not working.done()
        assert world.read(view) == []
        assert len(await fetch(pool, "SELECT topic FROM outbox")) == 3
        world.make_topic(receipts)
        await working
    finally:
        working.cancel()
        logging.getLogger("streams.runtime.delivery").removeHandler(heard)
        await producer.stop()
    assert len(world.read(view)) == 1
    assert len(world.read(receipts)) == 2
