"""The main job at true size: seconds of every step and memory of our processes; then its history under a draft register."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from bench.figures import Figure
from bench.place import Say, own_folder
from infra.local.platform import Platform
from services.cli.demo import Demo
from services.cli.progress import Progress
from services.cli.report import Options
from services.cli.simulate import simulated
from services.cli.workers import Workers
from streams.runtime.settings import REGISTER, load

LIMIT_SECONDS = 150.0
LIMIT_MIB = 1024.0
LIMIT_SIMULATE_SECONDS = 60.0
DRAFT = REGISTER.parent / "drafts" / "legal-basis-without-consent.yaml"


def measure(say: Say, scale: float = 1.0) -> tuple[list[Figure], dict[str, object]]:
    """Run the demo in a folder of its own, and return what it took; a wrong table fails the measurement."""
    with own_folder() as folder:
        out = folder / "demo"
        try:
            progress = Progress(Console(stderr=True))
            result = Demo(Options(scale=scale, out=out), progress).run()
            simulating = _simulate(out / "platform", progress)
        finally:
            with suppress(FileNotFoundError):
                Workers(out / "platform").stop_all()
                Platform(out / "platform").down(wipe=True)
    if result.count("different"):
        raise ValueError(f"{result.count('different')} cells differ: the time of a wrong result says nothing")
    figures = [
        Figure("demo, whole", result.seconds["total"], "s", LIMIT_SECONDS),
        Figure("demo, our processes together at most (PSS)", result.peak_bytes / 2**20, "MiB", LIMIT_MIB),
    ]
    figures.append(Figure("simulator over the demo's history", simulating, "s", LIMIT_SIMULATE_SECONDS))
    figures += [Figure(f"demo, {name}", taken, "s") for name, taken in result.seconds.items() if name != "total"]
    figures.append(Figure("demo, events a second of flow", result.events / result.seconds["flow"], "events/s"))
    say(f"{result.events} events, cells different 0")
    return figures, {"events": result.events, "scale": scale}


def _simulate(folder: Path, progress: Progress) -> float:
    """Return the seconds of telling all that the demo's platform has seen again under a draft."""
    with Platform(folder, backfill=True).running() as platform:
        began = time.monotonic()
        found = asyncio.run(simulated(load(platform.processor_file("auditor")), DRAFT, 3, progress))
        taken = time.monotonic() - began
    if found.astray or not found.effects:
        raise ValueError(f"{found.astray} candidates astray: the time of a wrong simulation says nothing")
    return taken
