"""The outbox: signed events on their way, in SQLite, from before the first byte is sent until the broker has them all.

A row is written in one commit before anything is sent, and keeps its bytes until the broker has acknowledged it: a
process killed at any line sends the same bytes again, which the bus knows as a repeat. After that the row keeps only
the id, where the event went and a fingerprint, so that the same event offered again under its id is answered from
here and never becomes other bytes under one id.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ketenbus.envelope import Headers
from ketenbus.errors import ConfigurationError, CorruptLogError, RetryableError
from ketenbus.files import opened_to_write
from ketenbus.preparing import Prepared

SCHEMA = """
CREATE TABLE IF NOT EXISTS outgoing(
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    fingerprint BLOB NOT NULL,
    topic TEXT NOT NULL,
    key BLOB,
    value BLOB,
    headers TEXT,
    partition INTEGER,
    "offset" INTEGER
);
CREATE INDEX IF NOT EXISTS pending ON outgoing(position) WHERE partition IS NULL;
"""

#: What SQLite's errors say of what passes; a quota or a limit on a file's size is an I/O error to it.
PASSING = ("locked", "full", "disk I/O error")


@dataclass(frozen=True, slots=True)
class Accepted:
    """The event is on its type's topic, acknowledged by all in-sync replicas."""

    id: str
    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Stored:
    """What the outbox holds under an id: where the event went (None: not sent yet), and whose event it is."""

    fingerprint: bytes
    accepted: Accepted | None


class Outbox:
    """Signed events on their way; without a path they live in memory, as long as the process.

    Calls may come from any thread, one at a time.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._place = str(path) if path is not None else "in memory"
        self._lock = threading.Lock()
        try:
            self._database = opened_to_write(path, SCHEMA, synchronous="FULL")
        except (OSError, sqlite3.Error) as error:
            raise self._fault(error) from error

    def put(self, events: Sequence[tuple[Prepared, bytes]]) -> None:
        """Store events, each with its fingerprint, in one commit; an id that is there already is left as it is."""
        with self._lock:
            try:
                with self._database:
                    self._database.execute("BEGIN IMMEDIATE")
                    self._database.executemany(
                        "INSERT INTO outgoing(id, fingerprint, topic, key, value, headers)"
                        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO NOTHING",
                        [(e.id, fingerprint, e.topic, e.key, e.value, _text(e.headers)) for e, fingerprint in events],
                    )
            except sqlite3.Error as error:
                raise self._fault(error) from error

    def pending(self, limit: int, after: int = 0) -> list[tuple[int, Prepared]]:
        """Return the first events after a position that are not yet acknowledged, each with its own position.

        Oldest first, and exactly as they were stored.
        """
        with self._lock:
            try:
                rows = self._database.execute(
                    "SELECT position, id, topic, key, value, headers FROM outgoing"
                    " WHERE partition IS NULL AND position > ? ORDER BY position LIMIT ?",
                    (after, limit),
                ).fetchall()
            except sqlite3.Error as error:
                raise self._fault(error) from error
        return [
            (position, Prepared(id, topic, key, value, _headers(text)))
            for position, id, topic, key, value, text in rows
        ]

    def stored(self, ids: Iterable[str]) -> dict[str, Stored]:
        """Return what is held under each of the ids that were ever stored."""
        found: dict[str, Stored] = {}
        with self._lock:
            try:
                for event_id in ids:
                    row = self._database.execute(
                        'SELECT fingerprint, topic, partition, "offset" FROM outgoing WHERE id = ?', (event_id,)
                    ).fetchone()
                    if row is not None:
                        fingerprint, topic, partition, offset = row
                        accepted = None if partition is None else Accepted(event_id, topic, partition, offset)
                        found[event_id] = Stored(fingerprint, accepted)
            except sqlite3.Error as error:
                raise self._fault(error) from error
        return found

    def done(self, accepted: Sequence[Accepted]) -> None:
        """Mark events as acknowledged, in one commit, and let go of their bytes."""
        with self._lock:
            try:
                with self._database:
                    self._database.execute("BEGIN IMMEDIATE")
                    self._database.executemany(
                        "UPDATE outgoing SET key = NULL, value = NULL, headers = NULL, partition = ?,"
                        ' "offset" = ? WHERE id = ?',
                        [(a.partition, a.offset, a.id) for a in accepted],
                    )
            except sqlite3.Error as error:
                raise self._fault(error) from error

    def close(self) -> None:
        """Close the file; an outbox in memory is gone."""
        with self._lock:
            self._database.close()

    def _fault(self, error: Exception) -> Exception:
        """Return our error for one of the file system's or SQLite's; it names the outbox and no event."""
        kind = type(error).__name__
        if isinstance(error, sqlite3.OperationalError) and any(word in str(error) for word in PASSING):
            return RetryableError(
                f"outbox {self._place}: {kind}, the file is locked or the disk full: make room and try again; what was"
                " stored before is kept, what was offered now is not stored"
            )
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            return CorruptLogError(f"outbox {self._place} is damaged ({kind}): set it aside and call the operator")
        return ConfigurationError(f"outbox {self._place} cannot be opened ({kind}): choose a folder you may write")


def _text(headers: Headers) -> str:
    # Latin-1 gives every byte a character and takes it back: what is read is what was signed.
    return json.dumps([(name, value.decode("latin-1")) for name, value in headers])


def _headers(text: str) -> Headers:
    return tuple((name, value.encode("latin-1")) for name, value in json.loads(text))
