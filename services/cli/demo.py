"""The main job: a national history goes in as partner events, the published tables come out, and every figure is compared."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import yaml

from infra.local.identities import PARTNERS
from infra.local.platform import Platform
from infra.local.processes import Process
from sandbox import fit, history, targets, truth
from sandbox.plan import Plan
from sandbox.publish import Agencies
from sandbox.telling import Planned, Story
from services.account.account import Account, account
from services.cli import chaos, own_folder, variants
from services.cli.chaos import Chaos, ChaosMonkey, Strike
from services.cli.compare import compare
from services.cli.progress import Progress
from services.cli.report import Options, Result
from services.cli.workers import NAMES, Workers, memory_bytes
from services.monitoring import tables
from streams.runtime import settings as runtime
from streams.runtime.settled import Gauge, until_settled
from streams.runtime.settled import Progress as HowFar

#: A history arrives in parts, each at rest before the next: a consent withdrawn later then finds a delivery to recall.
PARTS = 5
#: With servers struck too, each part is published in so many pieces, so that there is work to disturb all along.
PIECES = 4
STALLED_SECONDS = 120.0


class Demo:
    """One run, in a folder of its own; nothing of it is left running."""

    def __init__(self, options: Options, progress: Progress) -> None:
        self.options = options
        self.progress = progress
        self.data = options.out / "platform"
        self.seconds: dict[str, float] = {}
        self.peak = 0
        self.strikes: list[Strike] = []

    def run(self) -> Result:
        """Run the whole, and return what was found.

        Raises ConfigurationError, and changes nothing, when the folder holds other things than an earlier run.
        """
        began = time.monotonic()
        own_folder.fresh(self.options.out)
        law = variants.write(self.options.without, self.options.out / "law") if self.options.without else None
        with self._step("history"):
            plan, story, events = self._history()
        platform = Platform(self.data, backfill=True, say=self.progress.say)
        with self._step("servers"):
            context = platform.running()
            context.__enter__()
        try:
            workers = Workers(self.data, law)
            try:
                found = asyncio.run(self._flow(platform, workers, events, law))
            finally:
                workers.stop_all()
        finally:
            context.__exit__(None, None, None)
        counted, books, contents = found
        self.seconds["total"] = time.monotonic() - began
        return Result(
            options=self.options,
            compared=compare(counted, plan.targets),
            account=books,
            expected=truth.expected(story, events),
            standing=(*books.standing, *contents),
            events=len(events),
            kills=self.strikes,
            seconds=self.seconds,
            peak_bytes=self.peak,
            slack=plan.slack,
        )

    def _history(self) -> tuple[Plan, Story, tuple[Planned, ...]]:
        wanted = (
            targets.published()
            if self.options.targets == "published"
            else targets.random_targets(self.options.seed, self.options.scale)
        )
        if self.options.targets == "published":
            wanted = targets.scaled(wanted, self.options.scale)
        plan = fit.fit(wanted)
        oins = {row["id"]: row["oin"] for row in _partners()}
        story = history.tell(plan, self.options.seed, oins)
        events = story.events
        if self.options.shuffle is not None:
            events = history.shuffle(events, self.options.shuffle)
        return plan, story, tuple(history.times(events, self.options.times))

    async def _flow(
        self, platform: Platform, workers: Workers, events: tuple[Planned, ...], law: Path | None
    ) -> tuple[dict[tuple[str, str, str], float], Account, list[str]]:
        running = workers.start_all()
        trouble = Chaos(platform, workers, running)
        watching = asyncio.create_task(self._watch(platform, workers, running, trouble))
        try:
            with self._step("flow"):
                await self._publish(platform, events, trouble)
            await trouble.end()
        finally:
            watching.cancel()
            self.strikes = trouble.strikes
        with self._step("count"):
            monitoring = runtime.load(platform.processor_file("monitoring"), law)
            any_law = runtime.load(platform.processor_file("disclose"), law)
            register = runtime.load_register(any_law.law_file("activities.yaml"), any_law.law_file("rules.yaml"))
            return (
                await tables.figures(monitoring),
                await account(platform.admin(), register),
                await tables.contents(monitoring),
            )

    async def _publish(self, platform: Platform, events: tuple[Planned, ...], trouble: Chaos) -> None:
        agencies = Agencies(platform.partner_file, platform.admin())
        pieces = PIECES if self.options.chaos == "all" else 1
        strikes = chaos.plan(self.options.seed, PARTS * PIECES) if pieces > 1 else {}
        size = -(-len(events) // (PARTS * pieces))
        with self.progress.bars(("published", *NAMES)) as bars:
            try:
                for number, start in enumerate(range(0, len(events), size)):
                    moved = partial(_published, bars, start, len(events))
                    publishing = asyncio.create_task(agencies.publish(events[start : start + size], moved))
                    if number in strikes:
                        await trouble.strike(*strikes[number])
                    await publishing
                    if (number + 1) % pieces == 0 or start + size >= len(events):
                        await self._settle(platform, bars)
            finally:
                await agencies.close()

    async def _settle(self, platform: Platform, bars: Progress) -> None:
        def show(found: Sequence[HowFar]) -> None:
            for one in found:
                bars.move(one.processor, one.sent, one.end)

        gauge = Gauge(platform.admin())
        await until_settled(partial(chaos.progress, gauge), show, self.data / "logs", STALLED_SECONDS)

    async def _watch(self, platform: Platform, workers: Workers, running: dict[str, Process], trouble: Chaos) -> None:
        """Measure memory, kill workers where that is asked, and notice whoever is gone."""
        monkey = ChaosMonkey(self.options.seed) if self.options.chaos == "workers" else None
        gauge = Gauge(platform.admin())
        while True:
            await asyncio.sleep(0.25)
            self.peak = max(self.peak, await asyncio.to_thread(memory_bytes, running, os.getpid()))
            if monkey is not None:
                name = monkey.choose({p.processor: p.sent for p in await gauge.progress()})
                if name is not None:
                    trouble.strikes.append(Strike(name, "kill -9", running[name].pid, monkey.offset[name]))
                    await trouble.kill(name)
            workers.check(running)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        self.progress.step(name)
        yield
        self.seconds[name] = time.monotonic() - began


def _published(bars: Progress, before: int, of: int, done: int) -> None:
    bars.move("published", before + done, of)


def _partners() -> list[dict[str, str]]:
    rows: list[dict[str, str]] = yaml.safe_load(PARTNERS.read_text("utf-8"))["partners"]
    return rows
