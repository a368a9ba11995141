"""Servers as processes: started to outlive us, recognised again by what they run, stopped by their own id.

A process id alone proves nothing: ids are used again. A process is ours when its command line holds the words that
only our start gave it (the program and a path in our data folder).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Process:
    """One live process; `started` tells it from a later one with the same id."""

    pid: int
    started: float

    def alive(self) -> bool:
        """Return whether this very process still runs."""
        _reap(self.pid)
        try:
            found = psutil.Process(self.pid)
            return found.create_time() == self.started and found.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


def start(
    command: Sequence[str],
    log: Path,
    *,
    account: tuple[int, int] | None = None,
    more_environment: Mapping[str, str] | None = None,
) -> Process:
    """Start a program that outlives its parent and logs to `log`; run as `account` (uid, gid) if given."""
    uid, gid = account or (None, None)
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",  # a server must not hold the caller's folder
            env={**os.environ, **(more_environment or {})},
            start_new_session=True,  # a Ctrl-C at the terminal is for us, not for the server
            user=uid,
            group=gid,
            extra_groups=None if uid is None else [],
        )
    child.returncode = 0  # ours no longer: else Python warns, when it drops `child`, that the server still runs
    return Process(child.pid, psutil.Process(child.pid).create_time())


def find(words: Sequence[str], hint: int | None = None) -> Process | None:
    """Return the live process whose command line holds all `words`; `hint` is the id to look at first."""
    if hint is not None:
        _reap(hint)
        if (process := _matching(hint, words)) is not None:
            return process
    for pid in psutil.pids():
        if pid != os.getpid() and (process := _matching(pid, words)) is not None:
            return process
    return None


def find_all(words: Sequence[str]) -> list[Process]:
    """Return every live process whose command line holds all `words`."""
    found = (_matching(pid, words) for pid in psutil.pids() if pid != os.getpid())
    return [process for process in found if process is not None and process.alive()]


def stop(process: Process, first: signal.Signals, *, within_seconds: float) -> bool:
    """End a process with the signal `first`, or SIGKILL when it takes too long; return whether it ended by itself."""
    if not process.alive():
        return True
    os.kill(process.pid, first)
    if ended(process, within_seconds):
        return True
    os.kill(process.pid, signal.SIGKILL)
    ended(process, within_seconds)
    return False


def ended(process: Process, within_seconds: float) -> bool:
    """Wait for a process to end; return whether it did."""
    deadline = time.monotonic() + within_seconds
    while process.alive():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def at_home_in(folder: Path) -> list[Process]:
    """Return the live processes whose working folder is `folder`: what a killed PostgreSQL leaves behind."""
    home = []
    for found in psutil.process_iter():
        try:
            if found.cwd() == str(folder) and found.status() != psutil.STATUS_ZOMBIE:
                home.append(Process(found.pid, found.create_time()))
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return home


def tail(log: Path, lines: int) -> str:
    """Return the last lines of a log; empty when there is none."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 200 * lines - 4096))
        text = file.read().decode("utf-8", "replace")
    return "\n".join(text.splitlines()[-lines:])


def _matching(pid: int, words: Sequence[str]) -> Process | None:
    try:
        found = psutil.Process(pid)
        command = found.cmdline()
        if all(any(part == word or part.endswith("/" + word) for part in command) for word in words):
            return Process(pid, found.create_time())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        pass  # gone, or another user's: not ours either way
    return None


def _reap(pid: int) -> None:
    """Clear an ended process away if it was our child; otherwise whoever started it does that."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
