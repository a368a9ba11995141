"""A platform's data folder: made, kept to one `up` or `down` at a time, removed; one that holds other things is refused."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from infra.local import postgres
from infra.local.files import private_folder, write_json
from ketenbus.errors import ConfigurationError

#: What a data folder is known by, and what keeps a second `up` or `down` waiting: they go last.
KNOWN_BY, LOCK = "platform.json", "lock"


def prepare(data: Path) -> None:
    """Make the folder where it is missing; raises ConfigurationError where it is somebody else's."""
    refuse_foreign(data)
    if data.exists() and not os.access(data, os.W_OK):
        raise ConfigurationError(f"{data} belongs to another user: name a folder of your own in KETENBUS_DATA")
    # As root the database runs under another account, which must be able to pass through, and no more.
    private_folder(data, 0o711 if postgres.account() else 0o700)
    if not (data / KNOWN_BY).exists():
        write_json(data / KNOWN_BY, {})
    private_folder(data / "logs")


def refuse_foreign(data: Path) -> None:
    """Raise ConfigurationError where the folder holds other things than a platform."""
    held = {path.name for path in data.iterdir()} if data.exists() else set()
    if held - {LOCK} and KNOWN_BY not in held:
        raise ConfigurationError(
            f"{data} holds other things than a platform: nothing was changed; name an empty or new folder in KETENBUS_DATA"
        )


@contextmanager
def alone(data: Path) -> Iterator[None]:
    """Keep a second `up` or `down` on this folder waiting until ours is done; after a wipe it finds a new folder."""
    while (lock := _locked(data)) is None:
        pass
    with lock:
        yield


def remove(data: Path) -> None:
    """Remove the folder and all it holds, what it is known by last: broken off, it can be removed again.

    What another makes in it meanwhile stays.
    """
    for path in data.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name not in (KNOWN_BY, LOCK):
            path.unlink()
    for name in (KNOWN_BY, LOCK):
        (data / name).unlink(missing_ok=True)
    with suppress(OSError):
        data.rmdir()


def _locked(data: Path) -> TextIO | None:
    """Return the folder's lock, held until it is closed; None where a wipe took it away while we waited for it."""
    prepare(data)
    lock = (data / LOCK).open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    if (data / LOCK).exists() and os.path.samestat((data / LOCK).stat(), os.fstat(lock.fileno())):
        return lock
    lock.close()
    return None
