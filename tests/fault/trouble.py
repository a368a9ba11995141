"""Every kind of trouble a running bus may meet, each made for real on a platform of its own while partners publish."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from infra.local.platform import Platform
from infra.local.processes import Process, ended, stop
from services.cli.chaos import GONE_SECONDS, KINDS, SERVERS, Chaos
from services.cli.workers import NAMES, STOP_SECONDS, Workers

#: Longer than a session lasts and than any client waits before it complains: what a worker does then, it does for hours.
AWAY_SECONDS = 12.0
BLOCK_BYTES = 64 * 1024


@dataclass(slots=True)
class Scene:
    """A platform at work."""

    platform: Platform
    workers: Workers
    running: dict[str, Process]
    chaos: Chaos


@dataclass(frozen=True, slots=True)
class Fault:
    """One trouble: `before` is done at rest, `during` while events are published."""

    name: str
    during: Callable[[Scene], Awaitable[None]]
    before: Callable[[Scene], Awaitable[None]] | None = None


def faults(away_seconds: float = AWAY_SECONDS) -> tuple[Fault, ...]:
    """Return every trouble, in the order of the table; servers that go away stay away so long."""
    strikes = [(victim, kind) for kind in KINDS for victim in (*NAMES, *SERVERS)]
    return (
        *(Fault(f"{kind} of {victim}", partial(_strike, victim, kind)) for victim, kind in strikes),
        *(Fault(f"{name} away for {away_seconds:.0f} s", partial(_away, (name,), away_seconds)) for name in SERVERS),
        Fault(f"both servers away for {away_seconds:.0f} s", partial(_away, SERVERS, away_seconds)),
        Fault("rebalance: one joins and leaves", _join_and_leave),
        Fault("disk of postgres full", _fill_disk),
        Fault("postgres restored from older copy", _restore, before=_copy),
        Fault("postgres failed over to older copy", _fail_over, before=_copy),
    )


async def _strike(victim: str, kind: str, scene: Scene) -> None:
    await scene.chaos.strike(victim, kind)  # type: ignore[arg-type]


async def _away(names: Sequence[str], seconds: float, scene: Scene) -> None:
    """Kill these servers, and start them again only after a while; of two, PostgreSQL is back seconds before Kafka."""
    for name in names:
        await _kill_server(scene, name)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(scene.platform.up)


async def _join_and_leave(scene: Scene) -> None:
    """Let a second disclose take half the partitions, and leave again in order."""
    await scene.chaos.at_work("disclose")
    second = scene.workers.start_another("disclose")
    log, mark = scene.workers.log("disclose"), b"disclose: running"
    joined = log.read_bytes().count(mark) + 1
    while True:
        if log.read_bytes().count(mark) >= joined or not second.alive():
            break
        await asyncio.sleep(0.1)
    await scene.chaos.at_work("disclose")
    if not await asyncio.to_thread(stop, second, signal.SIGTERM, within_seconds=STOP_SECONDS):
        raise AssertionError(f"the second disclose did not leave within {STOP_SECONDS:.0f} s")


async def _fill_disk(scene: Scene) -> None:
    """Fill the disk of PostgreSQL for a while; it may die of that, and then is started again when there is room."""
    balloon = scene.platform.postgres.folder / "balloon"
    with balloon.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(BLOCK_BYTES))
    await asyncio.sleep(AWAY_SECONDS)
    balloon.unlink()
    await asyncio.to_thread(scene.platform.up)


async def _copy(scene: Scene) -> None:
    """Copy the database's folder, with the database stopped; the workers wait for it."""
    await _kill_server(scene, "postgres")
    folder = scene.platform.postgres.folder
    shutil.rmtree(folder / "copy", ignore_errors=True)
    await asyncio.to_thread(shutil.copytree, folder / "data", folder / "copy", symlinks=True)
    _owned_alike(scene)
    await asyncio.to_thread(scene.platform.up)


async def _restore(scene: Scene) -> None:
    """Put the copy in the database's place while the workers are gone, and start them on it."""
    await scene.chaos.at_work("disclose")
    for process in scene.running.values():
        os.kill(process.pid, signal.SIGKILL)
        await asyncio.to_thread(ended, process, GONE_SECONDS)
    await _put_back(scene)
    scene.running.update(scene.workers.start_all())


async def _fail_over(scene: Scene) -> None:
    """Put the copy in the database's place beneath the workers."""
    await scene.chaos.at_work("disclose")
    await _put_back(scene)


async def _put_back(scene: Scene) -> None:
    await _kill_server(scene, "postgres")
    folder = scene.platform.postgres.folder
    await asyncio.to_thread(shutil.rmtree, folder / "data")
    (folder / "copy").rename(folder / "data")
    await asyncio.to_thread(scene.platform.up)


def _owned_alike(scene: Scene) -> None:
    """Give the copy the owner of what it is a copy of; only root need do so."""
    folder = scene.platform.postgres.folder
    owner = (folder / "data").stat()
    for path in (folder / "copy", *(folder / "copy").rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


async def _kill_server(scene: Scene, name: str) -> None:
    server = scene.platform.kafka if name == "kafka" else scene.platform.postgres
    process = server.running()
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    await asyncio.to_thread(ended, process, GONE_SECONDS)
