"""What a worker says of itself: a small file, written anew every second, that tells waiting from being stuck.

    python -m streams.runtime.health FILE    # for a supervisor or a container: 0 is well, 1 is not; says why

The check needs the file alone: no password, no port, no server.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from streams.runtime.latency import LastMinute, Latency

log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
#: A worker whose loop did not report for so long is silent: frozen, starved of processor time, or in one long step.
SILENT_SECONDS = 5.0
#: Work that waits, and nothing done for so long, is stuck.
STUCK_SECONDS = 10.0

#: starting: it has not been given its partitions yet. reading: nothing in hand, it waits for records. deciding: a batch
#: is in its transaction. sending: the broker is to acknowledge what followed. The other two wait for a server.
Doing = Literal["starting", "reading", "deciding", "sending", "waiting-for-postgresql", "waiting-for-kafka"]
WAITING: dict[str, str] = {"waiting-for-postgresql": "PostgreSQL", "waiting-for-kafka": "Kafka"}


@dataclass(frozen=True, slots=True)
class Report:
    """One beat. Times are seconds since 1970 by the worker's clock; `why` is the name of a fault, never its text."""

    processor: str
    pid: int
    at: float
    started_at: float
    doing: Doing
    since: float
    why: str | None
    in_hand: int
    in_hand_since: float | None
    moved_at: float | None
    done: int
    late_seconds: float
    latency: Latency | None


class Pulse:
    """Knows what the worker is doing; told by `streams.runtime.watched`, written down by `beat`."""

    def __init__(self, processor: str) -> None:
        self._processor = processor
        self._started_at = time.time()
        self._doing: Doing = "starting"
        self._since = self._started_at
        self._why: str | None = None
        self._in_hand = 0
        self._in_hand_since: float | None = None
        self._moved_at: float | None = None
        self._done = 0
        self.late_seconds = 0.0
        self.latency = LastMinute()

    def take(self, records: int) -> None:
        """A batch of so many records is in hand."""
        self._in_hand, self._in_hand_since = records, time.time()

    def finish(self) -> None:
        """What was in hand is done: decided, sent and marked so."""
        if self._in_hand:
            self._moved_at = time.time()
        self._done += self._in_hand
        self._in_hand, self._in_hand_since = 0, None
        self.now("reading")

    def now(self, doing: Doing, why: str | None = None) -> None:
        """The worker is doing this; saying the same again keeps the moment it began, and the fault that was named."""
        if doing != self._doing:
            self._doing, self._since, self._why = doing, time.time(), why
        elif why is not None:
            self._why = why

    def report(self) -> Report:
        """Return the beat of this moment."""
        return Report(
            processor=self._processor,
            pid=os.getpid(),
            at=time.time(),
            started_at=self._started_at,
            doing=self._doing,
            since=self._since,
            why=self._why,
            in_hand=self._in_hand,
            in_hand_since=self._in_hand_since,
            moved_at=self._moved_at,
            done=self._done,
            late_seconds=round(self.late_seconds, 3),
            latency=self.latency.read(time.monotonic()),
        )


async def beat(pulse: Pulse, path: Path) -> None:
    """Write a report every second until cancelled; a disk that takes none is logged once, and stops no work."""
    refused = False
    while True:
        try:
            write(pulse.report(), path)
            refused = False
        except OSError as error:
            if not refused:
                log.warning("%s: cannot be written (%s); work goes on", path.name, error.strerror)
            refused = True
        began = time.monotonic()
        await asyncio.sleep(BEAT_SECONDS)
        pulse.late_seconds = max(0.0, time.monotonic() - began - BEAT_SECONDS)


def write(report: Report, path: Path) -> None:
    """Put the report in place of the one before; a reader never sees a part."""
    passing = path.with_name(f".{path.name}.{report.pid}")
    passing.write_text(json.dumps(asdict(report)), "utf-8")
    passing.replace(path)


def read(path: Path) -> Report | None:
    """Return the last report; None when there is none, or it is of another version of the program."""
    try:
        told: dict[str, Any] = json.loads(path.read_text("utf-8"))
        latency = told.pop("latency")
        return Report(**told, latency=None if latency is None else Latency(**latency))
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def fault(report: Report | None, now: float, *, stuck_after_seconds: float = STUCK_SECONDS) -> str | None:
    """Return what is wrong with a worker going by its own words alone, or None: it is well, or idle, or just starting.

    Law: a clock set back makes nobody ill; an age below zero counts as zero.

    >>> idle = Report("admit", 1, 100.0, 0.0, "reading", 0.0, None, 0, None, None, 0, 0.0, None)
    >>> fault(idle, 101.0), fault(idle, 120.0)
    (None, 'silent for 20 s')
    """
    if report is None:
        return "no report"
    silent = now - report.at
    if silent > max(SILENT_SECONDS, stuck_after_seconds):
        return f"silent for {silent:.0f} s"
    doing = now - report.since
    if report.doing in WAITING and doing > stuck_after_seconds:
        return f"waits for {WAITING[report.doing]} since {doing:.0f} s{because(report)}"
    if report.in_hand_since is not None and now - report.in_hand_since > stuck_after_seconds:
        held = now - report.in_hand_since
        return f"stuck: {report.in_hand} records in hand for {held:.0f} s, {report.doing}{because(report)}"
    return None


def because(report: Report) -> str:
    """Return the named fault in brackets, or nothing."""
    return f" ({report.why})" if report.why else ""


def main(words: Sequence[str] | None = None) -> int:
    """Judge the file and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m streams.runtime.health", description="Judge a worker's report.")
    parser.add_argument("file", type=Path, help="logs/<processor>.health.json of the data folder")
    parser.add_argument("--stuck-after", type=float, default=STUCK_SECONDS, metavar="SECONDS")
    given = parser.parse_args(words)
    wrong = fault(read(given.file), time.time(), stuck_after_seconds=given.stuck_after)
    print(wrong or "well")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
