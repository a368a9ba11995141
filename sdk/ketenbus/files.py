"""SQLite files of the SDK: made for their owner only, in WAL mode, by however many processes open them at once."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

BUSY_SECONDS = 30.0
AGAIN_SECONDS = 0.01


def opened_to_write(path: Path | None, schema: str, *, synchronous: str) -> sqlite3.Connection:
    """Return a connection to the file with its schema in place, usable from any thread; None is a file in memory.

    A file that is not there is made, readable by its owner only, with the folders above it. What is deleted or replaced in the
    file is written over.

    Raises:
        OSError, sqlite3.Error: it cannot be made or is no database, or others held it for half a minute.
    """
    if path is not None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(path)
    database = _connected(str(path or ":memory:"))
    try:
        _into_wal(database)
        database.execute(f"PRAGMA synchronous = {synchronous}")
        # What goes is written over: a destroyed key, or an event that is sent, stays in no free page. SQLite does so by
        # itself in some builds only.
        database.execute("PRAGMA secure_delete = ON")
        database.executescript(schema)
    except BaseException:
        database.close()
        raise
    return database


def opened_to_read(path: Path) -> sqlite3.Connection:
    """Return a connection that cannot write; the file must be there.

    Raises:
        sqlite3.Error: it is not there or cannot be read.
    """
    return _connected(f"{path.absolute().as_uri()}?mode=ro")


def _connected(place: str) -> sqlite3.Connection:
    return sqlite3.connect(
        place, uri=place.startswith("file:"), timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )


def _make(path: Path) -> None:
    try:
        # Only who makes the file opens it so: closing any descriptor drops this process's locks on an open database.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return


def _into_wal(database: sqlite3.Connection) -> None:
    # SQLite does not wait its busy timeout where two connections change the journal mode at once: each would wait for the other.
    give_up = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > give_up:
                raise
            time.sleep(AGAIN_SECONDS)
