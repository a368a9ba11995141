"""The highest change number seen per event of a view: what makes a re-delivery, or an older message, drop."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ketenbus.errors import ConfigurationError
from ketenbus.files import opened_to_write

SCHEMA = """
CREATE TABLE IF NOT EXISTS change(
    view TEXT,
    id TEXT,
    number INTEGER NOT NULL,
    PRIMARY KEY (view, id)
) WITHOUT ROWID;
"""


class Changes:
    """The highest change handled per (view, event); in a file when it must outlive the process.

    Law: the numbers only rise, so messages in any order and any number of times end in the same state.
    """

    def __init__(self, path: Path | None, view: str) -> None:
        self._view = view
        try:
            # A number lost with the power means one message handed out again, never one lost: no need to wait for disk.
            self._database = opened_to_write(path, SCHEMA, synchronous="NORMAL")
        except (OSError, sqlite3.Error) as error:
            raise ConfigurationError(
                f"state file {path} cannot be used ({type(error).__name__}): choose a folder you may write; if it is"
                " damaged, remove it: the consumer hands out again what it no longer remembers"
            ) from error

    def is_news(self, event_id: str, change: int) -> bool:
        """Return whether this change is higher than every one handled of this event."""
        row = self._database.execute(
            "SELECT number FROM change WHERE view = ? AND id = ?", (self._view, event_id)
        ).fetchone()
        return row is None or change > row[0]

    def handled(self, event_id: str, change: int) -> None:
        """Remember that the caller has finished with this change."""
        self._database.execute(
            "INSERT INTO change(view, id, number) VALUES (?, ?, ?)"
            " ON CONFLICT(view, id) DO UPDATE SET number = max(number, excluded.number)",
            (self._view, event_id, change),
        )

    def close(self) -> None:
        """Close the file."""
        self._database.close()
