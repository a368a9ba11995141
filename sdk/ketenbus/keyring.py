"""The local key ring: the keys of sealed fields, one per publisher's subject and class, in files.

    <keyring>/<oin>/<class>.sqlite      key(key_id, subject, secret), readable by its owner only

A publisher makes keys (`PublisherKeys`); a zone opens the files its grants name and no other (`ZoneKeys`). Destroying
a subject's keys closes everything sealed under them, wherever it was delivered; a process that had them in memory forgets
them at its next look-up. What was opened before, what stands in clear and a backup of these files are not reached.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ketenbus.errors import ConfigurationError, CorruptLogError, RetryableError
from ketenbus.files import opened_to_read, opened_to_write
from ketenbus.sealing import HIDDEN_KEY_ID, KEY_BYTES, KEY_ID, Key, hidden

SCHEMA = """
CREATE TABLE IF NOT EXISTS key(
    key_id TEXT PRIMARY KEY,
    subject TEXT NOT NULL UNIQUE,
    secret BLOB NOT NULL
) STRICT;
"""

#: How many keys of one file are remembered at most: enough for a batch and what comes soon after; the file has them all.
REMEMBERED = 1_000


class PublisherKeys:
    """The keys one publisher seals with; safe to use from several threads and processes at once.

    No file is opened before the first key is asked for.
    """

    def __init__(self, folder: Path, oin: str) -> None:
        self._folder = folder / oin
        self._oin = oin
        self._files: dict[str, _KeyFile] = {}
        self._lock = threading.Lock()

    def key(self, subject: str, field_class: str) -> Key:
        """Return the key of a subject and class, made and stored on first use."""
        return self.keys_for([(subject, field_class)])[subject, field_class]

    def keys_for(self, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Key]:
        """Return the key of each (subject, class); new ones are stored with one commit per class.

        Law: whoever asks, in whatever process, gets the same key for the same subject and class until it is destroyed.
        """
        by_class: dict[str, list[str]] = {}
        for subject, field_class in dict.fromkeys(wanted):
            by_class.setdefault(field_class, []).append(subject)
        found: dict[tuple[str, str], Key] = {}
        with self._lock:
            for field_class, subjects in by_class.items():
                keys = self._file(field_class).keys_for(subjects, f"{self._oin}.{field_class}")
                found.update({(subject, field_class): key for subject, key in keys.items()})
        return found

    def destroy(self, subject: str) -> int:
        """Destroy every key of a subject, of every class, and return how many there were (crypto-shredding)."""
        with self._lock:
            classes = sorted(path.stem for path in self._folder.glob("*.sqlite"))
            return sum(self._file(field_class).destroy(subject) for field_class in classes)

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            for file in self._files.values():
                file.close()
            self._files.clear()

    def _file(self, field_class: str) -> _KeyFile:
        if field_class not in self._files:
            self._files[field_class] = _KeyFile.to_write(self._folder / f"{field_class}.sqlite")
        return self._files[field_class]


class ZoneKeys:
    """The keys one zone may open: its grants name an OIN, or `*` for every publisher, and a class."""

    def __init__(self, folder: Path, grants: Sequence[tuple[str, str]]) -> None:
        self._folder = folder
        self._grants = frozenset(grants)
        self._files: dict[Path, _KeyFile] = {}
        self._publishers: dict[str, list[str]] = {}
        self._lock = threading.Lock()

    def key(self, key_id: str) -> Key | None:
        """Return the key an id names, by its publisher's own id; None when no grant covers it or it is not (or no longer) there.

        An id that hides its publisher is looked for in each file of its class that a grant covers.
        """
        with self._lock:
            if match := KEY_ID.fullmatch(key_id):
                return self._named(key_id, match[1], match[2])
            if match := HIDDEN_KEY_ID.fullmatch(key_id):
                return self._hidden(key_id, match[1], match[2])
        return None

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            for file in self._files.values():
                file.close()
            self._files.clear()

    def _named(self, key_id: str, oin: str, field_class: str) -> Key | None:
        file = self._file(oin, field_class) if self._may_open(oin, field_class) else None
        secret = file.secret(key_id) if file else None
        return None if secret is None else (key_id, secret)

    def _hidden(self, key_id: str, field_class: str, shown: str) -> Key | None:
        for oin in self._publishers_of(field_class):
            file = self._file(oin, field_class)
            if file and (key := file.hidden(key_id, f"{oin}.{field_class}.{shown}")):
                self._look_there_first(oin, field_class)
                return key
        return None

    def _may_open(self, oin: str, field_class: str) -> bool:
        return (oin, field_class) in self._grants or ("*", field_class) in self._grants

    def _file(self, oin: str, field_class: str) -> _KeyFile | None:
        path = self._folder / oin / f"{field_class}.sqlite"
        if path not in self._files:
            if not path.exists():
                return None
            self._files[path] = _KeyFile.to_read(path)
        return self._files[path]

    def _publishers_of(self, field_class: str) -> Iterator[str]:
        """Yield whose files of a class may be opened: those known of, and only after them who has one since."""
        known = self._publishers.setdefault(field_class, [])
        yield from tuple(known)
        there = {path.parent.name for path in self._folder.glob(f"*/{field_class}.sqlite")}
        new = sorted(oin for oin in there.difference(known) if self._may_open(oin, field_class))
        known += new
        yield from new

    def _look_there_first(self, oin: str, field_class: str) -> None:
        # Few publishers are hidden: those whose keys were found stand in front of all whose never are.
        known = self._publishers[field_class]
        known.remove(oin)
        known.insert(0, oin)


class _KeyFile:
    """One file of keys. What it has read it remembers until another connection changes the file, or it is too much."""

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        self._database = database
        self._path = path
        self._version = -1
        self._keys: dict[str, Key] = {}
        self._secrets: dict[str, bytes] = {}

    @classmethod
    def to_write(cls, path: Path) -> _KeyFile:
        """Open the file for its publisher, made with owner-only access when it is not there."""
        try:
            # A key must outlive every event sealed with it: on the disk before it is used.
            database = opened_to_write(path, SCHEMA, synchronous="FULL")
        except (OSError, sqlite3.Error) as error:
            raise _fault(path, error) from error
        return cls(database, path)

    @classmethod
    def to_read(cls, path: Path) -> _KeyFile:
        """Open the file for a zone, read-only."""
        try:
            return cls(opened_to_read(path), path)
        except sqlite3.Error as error:
            raise _fault(path, error) from error

    def keys_for(self, subjects: Sequence[str], prefix: str) -> dict[str, Key]:
        """Return the key of each subject, making those that are missing in one commit."""
        try:
            self._forget()
            missing = [subject for subject in subjects if subject not in self._keys]
            missing = [subject for subject in missing if not self._look_up(subject)]
            if missing:
                made = [(f"{prefix}.{secrets.token_hex(12)}", s, secrets.token_bytes(KEY_BYTES)) for s in missing]
                with self._database:
                    self._database.execute("BEGIN IMMEDIATE")
                    self._database.executemany(
                        "INSERT INTO key(key_id, subject, secret) VALUES (?, ?, ?) ON CONFLICT(subject) DO NOTHING",
                        made,
                    )
                for subject in missing:
                    self._look_up(subject)
        except sqlite3.Error as error:
            raise _fault(self._path, error) from error
        return {subject: self._keys[subject] for subject in subjects}

    def secret(self, key_id: str) -> bytes | None:
        """Return the secret of a key id, or None."""
        try:
            self._forget()
            if key_id not in self._secrets:
                row = self._database.execute("SELECT secret FROM key WHERE key_id = ?", (key_id,)).fetchone()
                if row is None:
                    return None
                self._secrets[key_id] = row[0]
        except sqlite3.Error as error:
            raise _fault(self._path, error) from error
        return self._secrets[key_id]

    def hidden(self, key_id: str, beginning: str) -> Key | None:
        """Return the key that is hidden under an id, of those whose own ids begin so, or None."""
        try:
            rows = self._database.execute(
                "SELECT key_id, secret FROM key WHERE key_id >= ? AND key_id < ?", (beginning, f"{beginning}g")
            ).fetchall()
        except sqlite3.Error as error:
            raise _fault(self._path, error) from error
        return next(((own, secret) for own, secret in rows if hidden(own) == key_id), None)

    def destroy(self, subject: str) -> int:
        """Delete a subject's key and every copy of it that this file or its log holds; return how many there were."""
        try:
            with self._database:
                self._database.execute("BEGIN IMMEDIATE")
                count = self._database.execute("DELETE FROM key WHERE subject = ?", (subject,)).rowcount
            self._keys.pop(subject, None)
            busy = self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.Error as error:
            raise _fault(self._path, error) from error
        if busy:
            raise RetryableError(f"{self._path.name}: the key is deleted, but a reader holds its log; destroy again")
        return count

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _look_up(self, subject: str) -> bool:
        row = self._database.execute("SELECT key_id, secret FROM key WHERE subject = ?", (subject,)).fetchone()
        if row is not None:
            self._keys[subject] = (row[0], row[1])
        return row is not None

    def _forget(self) -> None:
        # data_version rises when another connection commits: that may have been a key's destruction.
        version = self._database.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version or max(len(self._keys), len(self._secrets)) >= REMEMBERED:
            self._keys.clear()
            self._secrets.clear()
            self._version = version


def _fault(path: Path, error: Exception) -> Exception:
    """Return our error for one of the file system's or SQLite's; it names the file and no key."""
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return RetryableError(f"key file {path}: another process holds it; try again")
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
        return CorruptLogError(f"key file {path} is damaged ({type(error).__name__}): restore it from its backup")
    return ConfigurationError(f"key file {path} cannot be opened ({type(error).__name__}): check the keyring folder")
