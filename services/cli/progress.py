"""What the terminal shows while something takes long: steps, and bars where there is a terminal to draw them on."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn
from rich.progress import Progress as Bars

PLAIN_EVERY_SECONDS = 5.0


class Progress:
    """Says what is going on; on a terminal with bars, else with a line every few seconds."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._bars: Bars | None = None
        self._tasks: dict[str, TaskID] = {}
        self._state: dict[str, tuple[int, int]] = {}
        self._began = time.monotonic()
        self._said = 0.0

    def say(self, text: str) -> None:
        """Print one line."""
        self.console.print(f"[dim]{time.monotonic() - self._began:6.1f} s[/dim]  {text}", highlight=False)

    def step(self, name: str) -> None:
        """Say that a step begins."""
        self.say({
            "history": "fitting a synthetic history to the published figures",
            "servers": "starting Kafka and PostgreSQL",
            "flow": "partners publish; admit, disclose, registration and monitoring follow",
            "count": "counting the tables, the outcomes and the balance",
        }[name])  # fmt: skip

    @contextmanager
    def bars(self, names: Sequence[str]) -> Iterator[Progress]:
        """Show one bar a name."""
        if not self.console.is_terminal:
            yield self
            return
        columns = (TextColumn("{task.description:>13}"), BarColumn(40), MofNCompleteColumn())
        with Bars(*columns, console=self.console) as self._bars:
            self._tasks = {name: self._bars.add_task(name, total=1) for name in names}
            yield self
        self._bars = None

    def move(self, name: str, done: int, of: int) -> None:
        """Say how far one thing is."""
        self._state[name] = (done, of)
        if self._bars is not None:
            self._bars.update(self._tasks[name], completed=done, total=max(of, 1))
        elif time.monotonic() - self._said > PLAIN_EVERY_SECONDS:
            self._said = time.monotonic()
            self.say("  ".join(f"{key} {a}/{b}" for key, (a, b) in self._state.items()))
