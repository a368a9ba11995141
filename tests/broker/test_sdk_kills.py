"""Nothing stored in the outbox is lost or changed: killed at any line, or with the broker gone."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any
from uuid import uuid4

import pytest

from infra.local.platform import Platform
from ketenbus import keyring, outbox, preparing, producer
from ketenbus.errors import RetryableError
from ketenbus.outbox import Accepted, Outbox
from ketenbus.preparing import Outgoing, Prepared
from ketenbus.producer import Producer
from ketenbus.settings import PartnerSettings
from streams.runtime.topics import TopicSpec
from tests.broker.sdk_world import POLICE, World
from tests.made_up import report

#: A killed child needs a process of its own; it uses none of the threads that other tests left in this one.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
TOPIC = "victim-reported"
KILLS = 60
EVENTS = [
    Prepared(f"id-{n}", TOPIC, b"client-\xff", bytes([n]) * 300, (("a", b"\x00\xff"), ("b", b""), ("a", b"2")))
    for n in range(3)
]
PRINT = b"p" * 32


@pytest.fixture
def world(platform: Platform, tmp_path: Path) -> World:
    return World(platform, tmp_path / "keyring")


@pytest.fixture
def own_platform() -> Iterator[Platform]:
    """A platform to break."""
    folder = Path(tempfile.mkdtemp(prefix="ketenbus-outbox-"))
    layout = [TopicSpec(TOPIC, 1, ("auditor",), (POLICE,))]
    with Platform(folder, layout=lambda: layout).running(wipe=True) as running:
        yield running


def batch(count: int) -> list[Outgoing]:
    now = datetime.now(UTC)
    return [Outgoing(report(subject=f"client-{n}", occurred_at=now), f"{uuid4()}", now) for n in range(count)]


def test_killed_at_any_line_of_put_or_done_a_file_holds_all_or_nothing_of_each(tmp_path: Path) -> None:
    """SIGKILL before every line of the outbox in turn, while it stores three events and then marks one."""
    seen: set[tuple[int, int]] = set()
    line, killed = 0, True
    while killed:
        line += 1
        path = tmp_path / f"{line}.sqlite"
        killed = _killed(partial(_put_and_mark, path), (str(outbox.__file__),), line)
        held = Outbox(path)
        pending = [event for _, event in held.pending(10)]
        done = [stored for stored in held.stored(event.id for event in EVENTS).values() if stored.accepted]
        assert pending in ([], EVENTS, EVENTS[1:])
        assert len(done) == (1 if pending == EVENTS[1:] else 0)
        seen.add((len(pending), len(done)))
        held.close()
    assert seen == {(0, 0), (3, 0), (2, 1)}


def test_killed_at_any_line_of_publishing_nothing_stored_is_lost_or_changed(world: World, tmp_path: Path) -> None:
    """SIGKILL at lines spread over a whole `send_many`; then another process finishes what the first began."""
    me = world.partner()
    _killed(lambda: _publish(me, tmp_path / "first.sqlite", batch(3)), (), 0)  # makes the keys: later runs differ less
    lines = _lines(lambda: _publish(me, tmp_path / "whole.sqlite", batch(3)))
    killed = 0
    offered: list[Outgoing] = []
    stored: set[str] = set()
    for kill in range(KILLS):
        path, events = tmp_path / f"{kill}.sqlite", batch(3)
        line = 1 + kill * lines // KILLS
        killed += _killed(partial(_publish, me, path, events), ROOMS, line)
        offered += events
        stored |= {event.id for _, event in Outbox(path).pending(10)}
        assert asyncio.run(_finish(me, path, events)) == {str(event.id) for event in events}
    ids = {str(event.id) for event in offered}
    records: dict[str, set[Any]] = {}
    for record in world.read(TOPIC, lambda record: record.id in ids):
        records.setdefault(record.id, set()).add((record.headers, record.key, record.value))
    assert records.keys() == ids
    assert [id for id, variants in records.items() if len(variants) > 1] == []
    assert killed > KILLS * 0.9, "runs differ by a few lines, not by this many"
    assert stored, "no kill fell between storing and acknowledgement"


def test_with_the_broker_silent_or_gone_events_wait_and_then_go_as_they_were(
    own_platform: Platform, tmp_path: Path
) -> None:
    world = World(own_platform, tmp_path / "keyring")
    events = asyncio.run(_through_an_outage(own_platform, world.partner(), tmp_path / "outbox.sqlite"))
    records: dict[str, set[Any]] = {str(event.id): set() for event in events}
    for record in world.read(TOPIC):
        records[record.id].add((record.headers, record.key, record.value))
    assert {len(variants) for variants in records.values()} == {1}


async def _through_an_outage(platform: Platform, me: PartnerSettings, path: Path) -> list[Outgoing]:
    before, silent, gone, after = batch(2), batch(2), batch(2), batch(2)
    kafka = platform.kafka.running()
    assert kafka is not None
    async with Producer(me, path, deadline_seconds=3) as producer:
        await producer.send_many(before)
        os.kill(kafka.pid, signal.SIGSTOP)
        try:
            for _ in range(2):
                with pytest.raises(RetryableError):
                    await producer.send_many(silent)
        finally:
            os.kill(kafka.pid, signal.SIGCONT)
        os.kill(kafka.pid, signal.SIGKILL)
        with pytest.raises(RetryableError):
            await producer.send_many(gone)
    await asyncio.to_thread(platform.up)
    async with Producer(me, path) as producer:
        answers = await producer.send_many(after)
        assert await producer.flush_outbox() == 0
    assert all(isinstance(answer, Accepted) for answer in answers)
    return before + silent + gone + after


def _put_and_mark(path: Path) -> None:
    held = Outbox(path)
    held.put([(event, PRINT) for event in EVENTS])
    held.done([Accepted("id-0", TOPIC, 0, 42)])


def _publish(me: PartnerSettings, path: Path, events: list[Outgoing]) -> None:
    async def publish() -> None:
        async with Producer(me, path) as sending:
            await sending.send_many(events)

    asyncio.run(publish())


async def _finish(me: PartnerSettings, path: Path, events: list[Outgoing]) -> set[str]:
    """What a restarted system does: send what is pending, and offer again what it has no answer for."""
    async with Producer(me, path) as sending:
        await sending.flush_outbox()
        answers = await sending.send_many(events)
    return {answer.id for answer in answers if isinstance(answer, Accepted)}


ROOMS = tuple(str(room.__file__) for room in (producer, outbox, keyring, preparing))


def _lines(work: Callable[[], None]) -> int:
    """How many lines of the rooms that keep or send events a piece of work runs, counted in a child process."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        count = _trace(ROOMS, None)
        work()
        os.write(writing, str(count[0]).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        counted = int(told.read())
    os.waitpid(child, 0)
    return counted


def _killed(work: Callable[[], None], files: tuple[str, ...], line: int) -> bool:
    """Run the work in a child process that is killed before its n-th line; return whether it was."""
    child = os.fork()
    if child == 0:
        _trace(files, line)
        work()
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def _trace(files: tuple[str, ...], kill_at: int | None) -> list[int]:
    count = [0]

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename not in files:
            return None
        count[0] += event == "line"
        if count[0] == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    threading.settrace(trace)
    sys.settrace(trace)
    return count
