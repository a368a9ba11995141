"""The main job: a national history goes in as partner events, the published tables come out, and every figure is compared."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from infra.local.files import read_json
from infra.local.identities import PARTNERS
from infra.local.platform import Platform
from infra.local.processes import Process, ended
from infra.local.settings import ROOT
from ketenbus.errors import BusError
from sandbox import fit, history, targets, truth
from sandbox.plan import Plan
from sandbox.publish import Agencies
from sandbox.telling import Planned, Story
from services.account.account import Account, account, fingerprint
from services.cli import variants
from services.cli.compare import Compared, compare
from services.cli.progress import Progress
from services.cli.workers import NAMES, Workers, memory_bytes
from services.monitoring import tables
from streams.runtime import settings as runtime
from streams.runtime.settled import Gauge, is_settled

OUT = ROOT / "out" / "demo"
#: A history arrives in parts, each at rest before the next: a consent withdrawn later then finds a delivery to recall.
PARTS = 5
STALLED_SECONDS = 120.0
KILLS_EACH = 2


@dataclass(frozen=True, slots=True)
class Options:
    """What to run."""

    scale: float = 1.0
    targets: str = "published"
    seed: int = 1
    without: str | None = None
    shuffle: int | None = None
    times: int = 1
    chaos: str | None = None
    out: Path = OUT


@dataclass(frozen=True, slots=True)
class Kill:
    """One worker killed on purpose: which process, and how far it had sent."""

    victim: str
    pid: int
    offset: int


@dataclass(slots=True)
class Result:
    """What a run found."""

    options: Options
    compared: tuple[Compared, ...]
    account: Account
    expected: truth.Expected
    standing: tuple[str, ...]
    events: int
    kills: list[Kill]
    seconds: dict[str, float] = field(default_factory=dict)
    peak_bytes: int = 0
    slack: Mapping[str, int] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """The hash of the standing of partners' events and the content of the records in force."""
        return fingerprint(self.standing)

    def count(self, state: str) -> int:
        """Return how many cells are in that state."""
        return sum(c.state == state for c in self.compared)

    @property
    def wrong_outcomes(self) -> list[tuple[tuple[str, str, str, str], int, int]]:
        """Return the outcomes whose count is not what the history intends: (outcome, counted, intended)."""
        intended = {(o.recipient, o.purpose, o.outcome, o.reason): n for o, n in self.expected.outcomes.items()}
        return [
            (key, self.account.outcomes.get(key, 0), intended.get(key, 0))
            for key in sorted({*self.account.outcomes, *intended})
            if self.account.outcomes.get(key, 0) != intended.get(key, 0)
        ]


class ChaosMonkey:
    """Chooses whom to kill: only a worker at work, the one killed least often first."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(f"chaos-{seed}")
        self._times = dict.fromkeys(NAMES, 0)
        self.offset = dict.fromkeys(NAMES, 0)

    def choose(self, sent: Mapping[str, int]) -> str | None:
        """Return who is to be killed now, of those that have sent something on since their last start; often nobody."""
        at_work = [name for name in NAMES if sent[name] > self.offset[name] and self._times[name] < KILLS_EACH]
        if not at_work or self._draw.random() < 0.3:
            return None
        fewest = min(self._times[name] for name in at_work)
        name = self._draw.choice([name for name in at_work if self._times[name] == fewest])
        self._times[name] += 1
        self.offset[name] = sent[name]
        return name


class Demo:
    """One run, in a folder of its own; nothing of it is left running."""

    def __init__(self, options: Options, progress: Progress) -> None:
        self.options = options
        self.progress = progress
        self.data = options.out / "platform"
        self.seconds: dict[str, float] = {}
        self.peak = 0
        self.kills: list[Kill] = []

    def run(self) -> Result:
        """Run the whole, and return what was found."""
        began = time.monotonic()
        self._fresh_folder()
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
            kills=self.kills,
            seconds=self.seconds,
            peak_bytes=self.peak,
            slack=plan.slack,
        )

    def _fresh_folder(self) -> None:
        if self.data.exists():
            Workers(self.data).stop_all()
            Platform(self.data).down(wipe=True)
        shutil.rmtree(self.options.out, ignore_errors=True)
        self.options.out.mkdir(parents=True)

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
    ) -> tuple[dict[tuple[str, str, str], int], Account, list[str]]:
        running = workers.start_all()
        watching = asyncio.create_task(self._watch(platform, workers, running))
        try:
            with self._step("flow"):
                await self._publish(platform, events)
        finally:
            watching.cancel()
        with self._step("count"):
            monitoring = runtime.load(platform.processor_file("monitoring"), law)
            any_law = runtime.load(platform.processor_file("disclose"), law)
            register = runtime.load_register(any_law.law_file("activities.yaml"), any_law.law_file("rules.yaml"))
            return (
                await tables.cells(monitoring),
                await account(platform.admin(), register),
                await tables.contents(monitoring),
            )

    async def _publish(self, platform: Platform, events: tuple[Planned, ...]) -> None:
        agencies = Agencies(platform.partner_file, platform.admin())
        size = -(-len(events) // PARTS)
        with self.progress.bars(("published", *NAMES)) as bars:
            try:
                for start in range(0, len(events), size):
                    moved = partial(_published, bars, start, len(events))
                    await agencies.publish(events[start : start + size], moved)
                    await self._settle(platform, bars)
            finally:
                await agencies.close()

    async def _settle(self, platform: Platform, bars: Progress) -> None:
        gauge = Gauge(platform.admin())
        last, moved = None, time.monotonic()
        while True:
            found = await gauge.progress()
            for one in found:
                bars.move(one.processor, one.sent, one.end)
            if is_settled(found):
                return
            if found != last:
                last, moved = found, time.monotonic()
            elif time.monotonic() - moved > STALLED_SECONDS:
                where = ", ".join(f"{p.processor} {p.sent} of {p.end}" for p in found)
                raise BusError(f"nothing moved for {STALLED_SECONDS:.0f} s: {where}; logs in {self.data / 'logs'}")
            await asyncio.sleep(0.2)

    async def _watch(self, platform: Platform, workers: Workers, running: dict[str, Process]) -> None:
        """Measure memory, kill workers where that is asked, and notice whoever is gone."""
        chaos = ChaosMonkey(self.options.seed) if self.options.chaos == "workers" else None
        gauge = Gauge(platform.admin())
        while True:
            await asyncio.sleep(0.25)
            self.peak = max(self.peak, await asyncio.to_thread(memory_bytes, running, os.getpid()))
            if chaos is not None:
                name = chaos.choose({p.processor: p.sent for p in await gauge.progress()})
                if name is not None:
                    self.kills.append(Kill(name, running[name].pid, chaos.offset[name]))
                    os.kill(running[name].pid, signal.SIGKILL)
                    await asyncio.to_thread(ended, running[name], 10.0)
                    running[name] = workers.start(name)
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


def stored_report(out: Path = OUT) -> dict[str, Any]:
    """Return the last run's report; raises BusError when there is none."""
    found = read_json(out / "report.json")
    if found is None:
        raise BusError(f"no report in {out}: run ./ketenbus demo first")
    report: dict[str, Any] = found
    return report


def report(result: Result) -> dict[str, object]:
    """Return what a run found as plain data: `report.json`."""
    by_table: dict[str, dict[str, dict[str, int]]] = {}
    for c in result.compared:
        by_table.setdefault(c.cell.table, {}).setdefault(c.cell.row, {})[c.cell.column] = c.counted
    balance = asdict(result.account.balance) | {"difference": result.account.balance.difference}
    return {
        "options": {k: str(v) if isinstance(v, Path) else v for k, v in asdict(result.options).items()},
        "tables": by_table,
        "targets": [
            {
                "table": c.cell.table,
                "row": c.cell.row,
                "column": c.cell.column,
                "target": c.target,
                "bounds": c.bounds,
                "state": c.state,
            }
            for c in result.compared
        ],
        "errata": [asdict(e) for e in targets.errata()]
        if result.options.scale == 1 and result.options.targets == "published"
        else [],
        "outcomes": [
            {"recipient": r, "purpose": p, "outcome": o, "reason": why, "count": n}
            for (r, p, o, why), n in sorted(result.account.outcomes.items())
        ],
        "quarantine": dict(sorted(result.account.quarantine.items())),
        "balance": balance,
        "standing": result.sha256,
        "events": result.events,
        "kills": [asdict(k) for k in result.kills],
        "seconds": {name: round(value, 2) for name, value in result.seconds.items()},
        "peak_mib": round(result.peak_bytes / 2**20, 1),
    }


def write_json_report(result: Result) -> Path:
    """Write report.json and the tables as CSV, and return the folder."""
    out = result.options.out
    content = report(result)
    (out / "report.json").write_text(json.dumps(content, indent=1), "utf-8")
    (out / "standing.txt").write_text("\n".join(sorted(result.standing)), "utf-8")
    folder = out / "tables"
    folder.mkdir(exist_ok=True)
    for table, rows in content["tables"].items():  # type: ignore[attr-defined]
        columns = list(next(iter(rows.values())))
        wanted = sorted(
            {c for row in rows.values() for c in row}, key=lambda c: columns.index(c) if c in columns else 99
        )
        lines = [",".join(["row", *wanted])]
        lines += [",".join([row, *(str(values.get(c, "")) for c in wanted)]) for row, values in rows.items()]
        (folder / f"figure-{table}.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return out
