"""Kafka loses the end of its topics beneath workers that run: they stop, and nothing that is published next is passed over."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from infra.local import processes
from infra.local.platform import Platform
from sandbox.publish import Agencies
from services.cli.workers import NAMES, Workers
from services.health.observing import Observer, observed
from streams.runtime.settled import Gauge, until_settled
from tests.broker.stream_events import new_subject, report

SECONDS = 60.0
POLICE = "politie-limburg"


async def publish(platform: Platform, count: int) -> None:
    """Publish so many reports, and return when all that follows has reached its last reader."""
    agencies = Agencies(platform.partner_file, platform.admin())
    try:
        reports = [report(POLICE, new_subject()) for _ in range(count)]
        assert await agencies.publish(reports, lambda _: None) == count
    finally:
        await agencies.close()
    await until_settled(Gauge(platform.admin()).progress, lambda _: None, platform.data / "logs", SECONDS)


async def is_well(platform: Platform) -> bool:
    observer = Observer(platform, NAMES)
    try:
        return (await observed(observer, 2, 0.2)).is_well
    finally:
        await observer.close()


@pytest.mark.long
def test_workers_that_run_stop_when_kafka_lost_what_it_had_acknowledged() -> None:
    data = Path(tempfile.mkdtemp(prefix="ketenbus-lost-"))
    with Platform(data, backfill=True).running(wipe=True) as platform:
        workers = Workers(data)
        running = workers.start_all()
        try:
            asyncio.run(publish(platform, 3))
            server = platform.kafka.running()
            assert server is not None
            platform.kafka.stop(server)
            shutil.copytree(data / "kafka", data / "kafka-older", symlinks=True)
            platform.up()
            asyncio.run(publish(platform, 6))
            server = platform.kafka.running()
            assert server is not None
            os.kill(server.pid, signal.SIGKILL)
            assert processes.ended(server, 10)
            shutil.rmtree(data / "kafka")
            (data / "kafka-older").rename(data / "kafka")
            platform.up()
            assert all(processes.ended(running[name], SECONDS) for name in NAMES)
            for name in NAMES:
                assert "Kafka lost what it had acknowledged" in processes.tail(workers.log(name), 1)
            assert not asyncio.run(is_well(platform))
        finally:
            workers.stop_all()
