"""A processor as a process: whether it runs, is suspended, what it says of itself, its last words, its memory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import psutil

from infra.local import processes
from infra.local.processes import Process, tail
from streams.runtime import health
from streams.runtime.health import Report

LONGEST_WORDS = 240


class Worker:
    """The process of one processor of a data folder, found again at every look."""

    def __init__(self, data: Path, name: str) -> None:
        self._name = name
        self._words = ["streams.worker", name, str(data / "secrets" / "processors" / f"{name}.json")]
        self._log = data / "logs" / f"{name}.log"
        self._report = data / "logs" / f"{name}.health.json"
        self.process: Process | None = None

    def find(self) -> Process | None:
        """Return the process; the one of the last look is looked at first, for to search them all is dear."""
        if self.process is None or not self.process.alive():
            self.process = processes.find(self._words)
        return self.process

    def is_frozen(self) -> bool:
        """Return whether the process is suspended (SIGSTOP, a debugger)."""
        try:
            return self.process is not None and psutil.Process(self.process.pid).status() in (
                psutil.STATUS_STOPPED,
                psutil.STATUS_TRACING_STOP,
            )
        except psutil.NoSuchProcess:
            return False

    def report(self) -> Report | None:
        """Return what this very process says of itself; what one before it said does not count."""
        found = health.read(self._report)
        return found if found is not None and self.process is not None and found.pid == self.process.pid else None

    def last_words(self) -> str:
        """Return why it stopped, by the last line of its log, which holds ids and places; said so when that tells nothing."""
        line = tail(self._log, 1)
        if not line.startswith(f"{self._name}: "):
            return "told to, killed, or never started: its log gives no other reason; ./ketenbus up starts it"
        line = line.removeprefix(f"{self._name}: ")
        return line if len(line) <= LONGEST_WORDS else line[: LONGEST_WORDS - 1] + "…"


def memory_bytes(pids: Iterable[int]) -> dict[int, int]:
    """Return the proportional set size of each process with its children; one we may not look into is left out."""
    found: dict[int, int] = {}
    for pid in pids:
        try:
            process = psutil.Process(pid)
            found[pid] = sum(one.memory_full_info().pss for one in (process, *process.children()))
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found
