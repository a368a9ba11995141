"""Health on a bus of its own: a worker that stands still is red within seconds, and says why; one that waits is not stuck."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from infra.local.platform import Platform
from sandbox.publish import Agencies
from sandbox.telling import Planned
from services.cli.workers import NAMES, Workers
from services.health.codes import UnknownCodes
from services.health.judging import Limits, OpenTransaction, Verdict
from services.health.observing import Look, Observer, observed
from tests.broker.stream_events import new_subject, report

ROOT = Path(__file__).parents[2]
POLICE = "politie-limburg"
LIMITS = Limits(stuck_seconds=3.0, behind_seconds=60.0)
#: How soon red is promised: three seconds still, two between looks, and a machine that does more than this.
SECONDS = 60.0


@pytest.fixture(scope="module")
def own() -> Iterator[Platform]:
    """A bus of this module's own, with its workers as `./ketenbus up` starts them."""
    with Platform(Path(tempfile.mkdtemp(prefix="ketenbus-health-")), backfill=True).running(wipe=True) as platform:
        workers = Workers(platform.data)
        workers.start_all()
        try:
            yield platform
        finally:
            workers.stop_all()


@asynccontextmanager
async def watching(platform: Platform) -> AsyncIterator[Observer]:
    observer = Observer(platform, NAMES, LIMITS, seldom_seconds=0.5)
    try:
        yield observer
    finally:
        await observer.close()


async def until(observer: Observer, wanted: Callable[[Look], bool]) -> Look:
    """Look until it is so; what was seen last is the error when it never is."""
    deadline = time.monotonic() + SECONDS
    while not wanted(look := await observed(observer, 2, 0.2)):
        assert time.monotonic() < deadline, look.processors
    return look


def of(look: Look, name: str) -> Verdict:
    return next(verdict for seen, verdict in look.processors if seen.processor == name)


def at_rest(look: Look) -> bool:
    return all(seen.waiting == 0 and verdict.state == "idle" for seen, verdict in look.processors)


def counted_since(moment: float) -> Callable[[Look], bool]:
    return lambda look: look.counted is not None and look.counted.at > moment and not look.counted.undecided


async def publish(platform: Platform, *events: Planned) -> None:
    async with at_work(platform) as agencies:
        assert await agencies.publish(events, lambda _: None) == len(events)


@asynccontextmanager
async def at_work(platform: Platform) -> AsyncIterator[Agencies]:
    agencies = Agencies(platform.partner_file, platform.admin())
    try:
        yield agencies
    finally:
        await agencies.close()


def command(platform: Platform, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services.cli", "status", "--data", str(platform.data), *words],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


async def ask(platform: Platform, *words: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(command, platform, *words)


def pid_of(platform: Platform, name: str) -> int:
    process = Workers(platform.data).find(name)
    assert process is not None
    return process.pid


async def test_what_came_in_is_shown_as_what_became_of_it(own: Platform) -> None:
    async with watching(own) as observer:
        first = await until(
            observer, lambda look: at_rest(look) and look.counted is not None and look.codes is not None
        )
        before, codes = first.counted, first.codes
        assert before is not None
        assert codes is not None
        good = [report(POLICE, new_subject()) for _ in range(4)]
        good.append(report(POLICE, new_subject(), "in-a-sealed-field", forms=("A_CODE_OF_NO_LIST", "AU")))
        bad = [report(POLICE, new_subject(), fault) for fault in ("undecodable", "missing-signature")]
        await publish(own, *bad, *good, good[0])
        await until(observer, at_rest)
        last = await until(observer, counted_since(time.time()))
        counted = last.counted
        assert counted is not None
        assert last.codes == UnknownCodes(codes.fields + 1, codes.reports + 1)
        # Each report comes back from the registration as a record of its own: five more.
        assert counted.published - before.published == 2 * 5 + 2 + 1
        assert counted.admitted - before.admitted == 2 * 5
        assert counted.quarantined - before.quarantined == 2
        assert counted.repeated - before.repeated == 1
        assert (counted.difference, counted.open - before.open) == (0, 2)
        assert counted.oldest_open_at is not None
        latency = (await observer.look()).latency
        assert latency is not None
        assert latency.count >= 5
        assert 0 < latency.p50_ms <= latency.p99_ms < SECONDS * 1000


async def test_a_bus_that_does_nothing_is_well(own: Platform) -> None:
    async with watching(own) as observer:
        look = await until(observer, at_rest)
        assert look.is_well
        assert {verdict.colour for verdict in look.verdicts} == {"green"}
    once = await ask(own, "--json")
    told = json.loads(once.stdout)
    assert (once.returncode, told["well"]) == (0, True), once.stderr
    assert [(p["name"], p["colour"]) for p in told["processors"]] == [(name, "green") for name in NAMES]


async def test_a_frozen_worker_is_red_though_it_is_alive_and_green_when_it_goes_on(own: Platform) -> None:
    async with watching(own) as observer:
        await until(observer, at_rest)
        frozen = pid_of(own, "disclose")
        os.kill(frozen, signal.SIGSTOP)
        try:
            await publish(own, report(POLICE, new_subject()))
            look = await until(observer, lambda look: dict(waiting(look))["disclose"] == 1)
            assert of(look, "disclose").colour == "red"
            assert str(frozen) in of(look, "disclose").why
            assert "1 record waits" in of(look, "disclose").why
            assert {of(look, name).colour for name in NAMES if name != "disclose"} == {"green"}
            checked = await ask(own, "--check", "disclose")
            assert (checked.returncode, checked.stdout.split(":")[0]) == (1, "disclose red"), checked.stderr
            assert (await ask(own, "--check", "admit")).returncode == 0
        finally:
            os.kill(frozen, signal.SIGCONT)
        await until(observer, at_rest)


@pytest.mark.parametrize(
    "lock",
    ["SELECT FROM registration.position FOR UPDATE", "LOCK TABLE registration.report IN ACCESS EXCLUSIVE MODE"],
    ids=["rows", "a table that we read too"],
)
async def test_a_worker_that_waits_for_a_lock_is_red_and_the_holder_is_named(own: Platform, lock: str) -> None:
    async with watching(own) as observer:
        began = time.time()
        await publish(own, report(POLICE, new_subject()))  # by then every worker has a position to lock
        await until(observer, lambda look: at_rest(look) and counted_since(began)(look))
        holder = await asyncpg.connect(own.admin()["dsn"], server_settings={"application_name": "someone"})
        try:
            async with holder.transaction():
                await holder.execute(lock)
                await publish(own, report(POLICE, new_subject()))
                async with asyncio.timeout(SECONDS):
                    look = await until(observer, lambda look: of(look, "registration").colour == "red")
                verdict = of(look, "registration")
                assert verdict.state == "stuck"
                assert (
                    f"a lock in PostgreSQL that its process {holder.get_server_pid()} (admin, someone) holds"
                    in verdict.why
                )
                assert of(look, "disclose").colour == "green"
        finally:
            await holder.close()
        await until(observer, at_rest)


async def test_a_transaction_that_somebody_left_open_is_seen_until_it_ends(own: Platform) -> None:
    async with watching(own) as observer:
        await until(observer, at_rest)
        holder = await asyncpg.connect(own.admin()["dsn"], server_settings={"application_name": "someone"})
        try:
            async with holder.transaction(isolation="repeatable_read"):
                await holder.fetch("SELECT FROM disclose.position")
                whose = f"its process {holder.get_server_pid()} (admin, someone)"
                look = await until(observer, lambda look: (one := oldest(look)) is not None and one.whose == whose)
                assert 0 <= oldest(look).seconds < SECONDS  # type: ignore[union-attr]
            await until(observer, lambda look: (one := oldest(look)) is None or one.whose != whose)
        finally:
            await holder.close()


def oldest(look: Look) -> OpenTransaction | None:
    return next(server.oldest for server, _ in look.servers if server.name == "postgres")


async def test_a_killed_worker_is_stopped_and_well_again_when_started(own: Platform) -> None:
    async with watching(own) as observer:
        await until(observer, at_rest)
        os.kill(pid_of(own, "monitoring"), signal.SIGKILL)
        look = await until(observer, lambda look: of(look, "monitoring").colour == "red")
        assert of(look, "monitoring").state == "stopped"
        assert not look.is_well
        Workers(own.data).start("monitoring")
        await until(observer, at_rest)


async def test_without_postgresql_the_server_is_red_and_the_workers_wait(own: Platform) -> None:
    async with watching(own) as observer:
        await until(observer, at_rest)
        process = own.postgres.running()
        assert process is not None
        own.postgres.stop(process)
        try:
            await publish(own, report(POLICE, new_subject()))
            look = await until(observer, lambda look: "PostgreSQL away for" in of(look, "admit").why)
            servers = {server.name: verdict for server, verdict in look.servers}
            assert (servers["postgres"].colour, servers["postgres"].state) == ("red", "stopped")
            assert servers["kafka"].colour == "green"
            assert {(of(look, name).colour, of(look, name).state) for name in NAMES} == {("amber", "waiting")}
        finally:
            await asyncio.to_thread(own.up)
        await until(observer, at_rest)


def waiting(look: Look) -> Iterator[tuple[str, Any]]:
    for seen, _ in look.processors:
        yield seen.processor, seen.waiting
