"""The processors as processes: started, watched, killed on purpose, stopped."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from infra.local import processes
from infra.local.processes import Process, tail
from infra.local.settings import ROOT
from ketenbus.errors import BusError

NAMES = ("admit", "disclose", "registration", "monitoring")
STOP_SECONDS = 15.0


class WorkerError(BusError):
    """A processor stopped by itself; the message holds its last words."""


@dataclass(frozen=True, slots=True)
class Workers:
    """The processors of one platform."""

    data: Path
    law: Path | None = None
    spans: bool = False

    def start(self, name: str) -> Process:
        """Start one processor, and return its process; one that runs already is left as it is."""
        return self.find(name) or self.start_another(name)

    def start_another(self, name: str) -> Process:
        """Start one more worker of a processor; those of one processor share its partitions."""
        return processes.start(self._command(name), self.log(name), more_environment={"PYTHONPATH": str(ROOT)})

    def start_all(self) -> dict[str, Process]:
        """Start every processor that does not run."""
        return {name: self.start(name) for name in NAMES}

    def find(self, name: str) -> Process | None:
        """Return the running process of a processor, recognised by its settings file."""
        return processes.find(self._words(name))

    def stop_all(self) -> list[str]:
        """Stop every processor that runs, and return which."""
        running = {name: processes.find_all(self._words(name)) for name in NAMES}
        everyone = [process for several in running.values() for process in several]
        for process in everyone:
            if process.alive():
                psutil.Process(process.pid).send_signal(signal.SIGTERM)
        for process in everyone:
            processes.stop(process, signal.SIGTERM, within_seconds=STOP_SECONDS)
        return [name for name in NAMES if running[name]]

    def check(self, running: Mapping[str, Process]) -> None:
        """Raise WorkerError when one of these processes has ended."""
        for name, process in running.items():
            if not process.alive():
                raise WorkerError(f"{name} stopped; the end of {self.log(name)}:\n{tail(self.log(name), 15)}")

    def log(self, name: str) -> Path:
        """Return the log of a processor."""
        return self.data / "logs" / f"{name}.log"

    def _words(self, name: str) -> list[str]:
        return ["streams.worker", name, str(self._settings(name))]

    def _settings(self, name: str) -> Path:
        return self.data / "secrets" / "processors" / f"{name}.json"

    def _command(self, name: str) -> list[str]:
        command = [sys.executable, "-m", "streams.worker", name, "--settings", str(self._settings(name))]
        command += ["--reports", str(self.data / "logs")]
        if self.law is not None:
            command += ["--law", str(self.law)]
        if self.spans:
            command += ["--spans", str(self.data / "logs" / f"{name}.spans.jsonl")]
        return command


def memory_bytes(running: Mapping[str, Process], *more: int) -> int:
    """Return the proportional set size of these processes together."""
    total = 0
    for pid in (*(process.pid for process in running.values()), *more):
        try:
            total += psutil.Process(pid).memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total
