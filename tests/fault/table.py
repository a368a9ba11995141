"""`python -m tests.fault.table`: every trouble on a running bus, and what became of all that was acknowledged.

Exit code 1 when anything was lost, doubled or disclosed unlawfully. It needs root for one line: a small disk to fill.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml

from infra.local.identities import PARTNERS
from infra.local.platform import Platform
from sandbox import fit, history, targets
from sandbox.publish import Agencies
from sandbox.telling import Planned
from services.cli import chaos
from services.cli.chaos import Chaos
from services.cli.workers import Workers
from streams.runtime.settings import REGISTER
from streams.runtime.settled import Gauge, is_settled
from tests.fault.acknowledged import Found, check
from tests.fault.trouble import AWAY_SECONDS, Fault, Scene, faults

SCALE = 0.01
SETTLE_SECONDS = 180.0
DISK = "disk of postgres full"
DISK_BYTES = 400 * 2**20
WIDTHS = (36, 13, 10, 6, 8, 9, 8)
HEADS = ("fault", "acknowledged", "delivered", "lost", "doubled", "unlawful", "seconds")


def events(number: int) -> Sequence[Planned]:
    """Return a small history of this number's own: no id or person is in any other."""
    oins = {row["id"]: row["oin"] for row in yaml.safe_load(PARTNERS.read_text("utf-8"))["partners"]}
    return history.tell(fit.fit(targets.scaled(targets.published(), SCALE)), 7_000 + number, oins).events


async def through(scene: Scene, fault: Fault, told: Sequence[Planned]) -> list[str]:
    """Publish a history with a trouble in the middle of it, wait until all is at rest; return what was acknowledged."""
    agencies = Agencies(scene.platform.partner_file, scene.platform.admin())
    quarter = len(told) // 4
    await agencies.publish(told[:quarter], lambda _: None)
    if fault.before is not None:
        await settle(scene)
        await fault.before(scene)
    publishing = asyncio.create_task(agencies.publish(told[quarter:], lambda _: None))
    try:
        await fault.during(scene)
        await publishing
        await settle(scene)
        await scene.chaos.end()
    finally:
        publishing.cancel()
        await asyncio.wait({publishing})
        await agencies.close()
    return agencies.acknowledged


async def settle(scene: Scene) -> None:
    """Return when everything that was published has reached its last reader."""
    gauge, until = Gauge(scene.platform.admin()), time.monotonic() + SETTLE_SECONDS
    while not ((found := await chaos.progress(gauge)) and is_settled(found)):
        scene.workers.check(scene.running)
        if time.monotonic() > until:
            raise TimeoutError(f"not at rest after {SETTLE_SECONDS:.0f} s: {found}")
        await asyncio.sleep(0.2)


async def begin(platform: Platform, workers: Workers) -> None:
    """Return when every worker has taken up its partitions."""
    gauge, until = Gauge(platform.admin()), time.monotonic() + SETTLE_SECONDS
    while not await gauge.have_begun():
        if time.monotonic() > until:
            raise TimeoutError(f"a worker has not begun after {SETTLE_SECONDS:.0f} s: see {workers.data / 'logs'}")
        await asyncio.sleep(0.2)


def row(*cells: object) -> str:
    """Return a line of the table."""
    first, *others = (str(cell) for cell in cells)
    return first.ljust(WIDTHS[0]) + "".join(cell.rjust(width) for cell, width in zip(others, WIDTHS[1:], strict=True))


def run(chosen: Sequence[Fault], folder: Path) -> bool:
    """Meet each trouble in turn on one platform, print its line, and return whether nothing was wrong."""
    good, before = True, Found(0, (), (), ())
    print(row(*HEADS), flush=True)
    with Platform(folder, backfill=True).running() as platform:
        workers = Workers(folder)
        running = workers.start_all()
        asyncio.run(begin(platform, workers))
        scene = Scene(platform, workers, running, Chaos(platform, workers, running))
        try:
            for number, fault in enumerate(chosen):
                began = time.monotonic()
                acknowledged = asyncio.run(through(scene, fault, events(number)))
                found = check(platform.admin(), folder, REGISTER, acknowledged)
                wrong = [found.lost, found.doubled, found.unlawful]
                took = f"{time.monotonic() - began:.0f}"
                delivered = found.standing - before.standing
                print(row(fault.name, len(acknowledged), delivered, *map(len, wrong), took), flush=True)
                for places in wrong:
                    for place in places[:5]:
                        print(f"  {place}", flush=True)
                good, before = good and not any(wrong), found
        finally:
            workers.stop_all()
    return good


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Put the database on a small disk of its own, which only root can make; give whether it is there."""
    place = folder / "postgres"
    place.mkdir(parents=True)
    mounted = os.geteuid() == 0 and sys.platform == "linux"
    if mounted:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=711", "tmpfs", str(place)]
        mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(place)], check=False)


def main(words: Sequence[str]) -> int:
    """Print the table, and return 1 when anything in it is wrong; exits with 2 where no trouble has the name that is asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.fault.table", description=__doc__)
    parser.add_argument("--only", default="", help="only the troubles whose name holds this")
    parser.add_argument(
        "--away", type=float, default=AWAY_SECONDS, help="how many seconds a server that goes away stays away"
    )
    asked = parser.parse_args(words)
    every = faults(asked.away)
    chosen = [fault for fault in every if asked.only in fault.name]
    if not chosen:
        parser.error(f"no trouble is named {asked.only}; there is: {', '.join(fault.name for fault in every)}")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that a server is away is what this is about
    folder = Path(tempfile.mkdtemp(prefix="ketenbus-chaos-"))
    folder.chmod(0o711)
    try:
        with small_disk(folder / "p") as is_small:
            (folder / "p" / "platform.json").write_text("{}\n")
            if not is_small and any(fault.name == DISK for fault in chosen):
                print(f"{DISK}: not run, it takes root on Linux to make a small disk")
                chosen = [fault for fault in chosen if fault.name != DISK]
            if not chosen:
                return 1
            good = run(chosen, folder / "p")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("nothing lost, nothing doubled, nothing unlawful" if good else "something is wrong: see the lines above")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
