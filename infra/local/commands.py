"""What `./ketenbus up | down | logs | env` do; each prints for a person."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from infra.local.files import read_json
from infra.local.identities import known_names, settings_file
from infra.local.jars import KAFKA_VERSION
from infra.local.platform import Platform, ServerStatus
from infra.local.processes import Process, tail
from infra.local.settings import default_data
from ketenbus.errors import ConfigurationError

TITLES = {"kafka": f"Kafka {KAFKA_VERSION}", "postgres": "PostgreSQL 18"}


def up(
    data: Path | None = None, *, backfill: bool = False, workers: Callable[[], Mapping[str, Process]] = dict
) -> None:
    """Start Kafka and PostgreSQL, with every user, topic and right in place, and then `workers`; all run until `down`.

    Harmless when they run already: their health and settings are checked again. Data is kept between runs.
    """
    running: dict[str, Process] = {}
    platform = Platform(data or default_data(), backfill=backfill, say=_say)
    began = time.monotonic()
    started = platform.up(keep=True, then=lambda: running.update(workers()))
    for server in platform.status():
        print(_line(server, "started" if server.name in started else "running"))
    print(f"ready in {time.monotonic() - began:.1f} s; data in {platform.data}; stop with ./ketenbus down")
    for name, process in running.items():
        print(f"{name:<14} pid {process.pid}")


def down(data: Path | None = None, *, wipe: bool = False, workers: Callable[[], object] = list) -> None:
    """Stop `workers` and the servers that `up` started, and only those; with --wipe, remove their data folder and every key in it."""
    platform = Platform(data or default_data(), say=_say)
    was_there = platform.data.exists()
    stopped = platform.down(wipe=wipe, first=workers)
    print(f"stopped {' and '.join(TITLES[name] for name in stopped)}" if stopped else "nothing was running")
    if wipe:
        print(f"removed {platform.data}" if was_there else f"nothing to remove: there is no {platform.data}")
    elif was_there:
        print(f"data kept in {platform.data}")


def logs(data: Path | None = None, which: str | None = None, *, follow: bool = False, lines: int = 20) -> None:
    """Show the last lines of the logs, of one server or of all; with --follow, what comes until Ctrl-C.

    Raises ConfigurationError where there is no log, or none of that name.
    """
    folder = (data or default_data()) / "logs"
    found = sorted(folder.glob("*.log"))
    if not found:
        raise ConfigurationError(f"no logs in {folder}: start a platform with ./ketenbus up")
    if which is not None:
        names = ", ".join(path.stem for path in found)
        found = [path for path in found if path.stem == which]
        if not found:
            raise ConfigurationError(f"no log of {which} in {folder}; there is: {names}")
    positions = {path: path.stat().st_size for path in found}
    for path in found:
        print(f"== {path.stem}\n{tail(path, lines)}")
    try:
        while follow:
            for path, position in positions.items():
                positions[path] = _print_from(path, position)
            time.sleep(0.3)
    except KeyboardInterrupt:
        return


def env(data: Path | None = None, who: str = "admin") -> None:
    """Print shell settings to work as a partner, a processor or the administrator: eval "$(./ketenbus env ind)"."""
    folder = data or default_data()
    path = settings_file(folder, who)
    if path is None:
        names = ", ".join(known_names(folder)) if (folder / "secrets").exists() else "nobody yet: run ./ketenbus up"
        raise ConfigurationError(f"no settings for {who} in {folder}; there is: {names}")
    exports = {"KETENBUS_PARTNER" if path.parent.name == "partners" else "KETENBUS_SETTINGS": str(path)}
    held = read_json(path)
    if "dsn" in held:
        dsn = urlsplit(held["dsn"])
        exports |= {
            "PGHOST": dsn.hostname or "",
            "PGPORT": str(dsn.port or 5432),
            "PGUSER": unquote(dsn.username or ""),
            "PGPASSWORD": unquote(dsn.password or ""),
            "PGDATABASE": dsn.path.lstrip("/"),
        }
    for name, value in exports.items():
        print(f"export {name}={shlex.quote(value)}")


def _line(server: ServerStatus, running: str) -> str:
    if not server.ours:
        state = "yours, not started here"
    elif server.process is None:
        state = "stopped"
    else:
        state = f"{running}, pid {server.process.pid}"
    return f"{TITLES[server.name]:<14} {server.address:<22} {state}"


def _print_from(path: Path, position: int) -> int:
    if path.stat().st_size < position:
        position = 0  # the log began again
    with path.open("rb") as file:
        file.seek(position)
        for line in file.read().decode("utf-8", "replace").splitlines():
            print(f"{path.stem}: {line}")
        return file.tell()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
