"""The main job at true size: seconds of every step, and the memory of our own processes together."""

from __future__ import annotations

from contextlib import suppress

from rich.console import Console

from bench.figures import Figure
from bench.place import Say, own_folder
from infra.local.platform import Platform
from services.cli.demo import Demo
from services.cli.progress import Progress
from services.cli.report import Options
from services.cli.workers import Workers

LIMIT_SECONDS = 150.0
LIMIT_MIB = 1024.0


def measure(say: Say, scale: float = 1.0) -> tuple[list[Figure], dict[str, object]]:
    """Run the demo in a folder of its own, and return what it took; a wrong table fails the measurement."""
    with own_folder() as folder:
        out = folder / "demo"
        try:
            result = Demo(Options(scale=scale, out=out), Progress(Console(stderr=True))).run()
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
    figures += [Figure(f"demo, {name}", taken, "s") for name, taken in result.seconds.items() if name != "total"]
    figures.append(Figure("demo, events a second of flow", result.events / result.seconds["flow"], "events/s"))
    say(f"{result.events} events, cells different 0")
    return figures, {"events": result.events, "scale": scale}
