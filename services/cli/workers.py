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
        running = self.find(name)
        return running or processes.start(
            self._command(name), self.log(name), more_environment={"PYTHONPATH": str(ROOT)}
        )

    def start_all(self) -> dict[str, Process]:
        """Start every processor that does not run."""
        return {name: self.start(name) for name in NAMES}

    def find(self, name: str) -> Process | None:
        """Return the running process of a processor, recognised by its settings file."""
        return processes.find(["streams.worker", name, str(self._settings(name))])

    def stop_all(self) -> list[str]:
        """Stop every processor that runs, and return which."""
        running = {name: process for name in NAMES if (process := self.find(name)) is not None}
        for process in running.values():
            if process.alive():
                psutil.Process(process.pid).send_signal(signal.SIGTERM)
        for process in running.values():
            processes.stop(process, signal.SIGTERM, within_seconds=STOP_SECONDS)
        return list(running)

    def check(self, running: Mapping[str, Process]) -> None:
        """Raise WorkerError when one of these processes has ended."""
        for name, process in running.items():
            if not process.alive():
                raise WorkerError(f"{name} stopped; the end of {self.log(name)}:\n{tail(self.log(name), 15)}")

    def log(self, name: str) -> Path:
        """Return the log of a processor."""
        return self.data / "logs" / f"{name}.log"

    def _settings(self, name: str) -> Path:
        return self.data / "secrets" / "processors" / f"{name}.json"

    def _command(self, name: str) -> list[str]:
        command = [sys.executable, "-m", "streams.worker", name, "--settings", str(self._settings(name))]
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
