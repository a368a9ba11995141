"""A draft of the register: the entries it changes, or the whole."""

from __future__ import annotations

from pathlib import Path as File
from typing import Any

from consent.activities import Register
from consent.documents import Document, Path, document
from ketenbus.errors import ConfigurationError
from streams.runtime.settings import LAW, load_register, read_law

Key = tuple[object, object]


def draft_register(draft: File, active: str | None = None) -> Register:
    """Return the register a draft would make: of a folder its own files, of a file its entries over the active ones.

    `active` is the text of the activities in force; without it, the project's own.

    Raises ConfigurationError with file, line and reason of every fault, and where a folder holds no whole register.
    """
    if draft.is_dir():
        files = [draft / name for name in ("activities.yaml", "rules.yaml")]
        if missing := [file.name for file in files if not file.exists()]:
            raise ConfigurationError(
                f"{draft} holds no {' and no '.join(missing)}: name a folder with a whole register, or a file with the "
                "entries that change"
            )
        return load_register(*files)
    text = LAW["activities.yaml"].read_text("utf-8") if active is None else active
    return read_law(lambda: (amended(document("activities.yaml", text), _read(draft)), _read(LAW["rules.yaml"])))


def _read(path: File) -> Document:
    return document(path.name, path.read_text("utf-8"))


def amended(active: Document, draft: Document) -> Document:
    """Return the register's activities as the draft would have them; what is wrong in it is told by the draft's lines.

    An entry of a version that is there changes the keys it names; a new version takes what it does not name from the one before
    it; a new id is a new activity.

    Raises ValueError naming file and line where an entry of the draft has no id or version.
    """
    rows: list[Any] = list(active.value)
    lines: dict[Path, int] = {(): draft.lines.get((), 1)}
    for number, entry in enumerate(_entries(draft)):
        place = _place(rows, entry)
        if place is None:
            before = _place(rows, {**entry, "version": entry["version"] - 1}) if _is_count(entry["version"]) else None
            rows.append({**(rows[before] if before is not None else {}), **entry})
            place = len(rows) - 1
        else:
            rows[place] = {**rows[place], **entry}
        lines |= {(place, *path[1:]): line for path, line in draft.lines.items() if path[:1] == (number,)}
    return Document(draft.name, rows, lines)


def _entries(draft: Document) -> list[dict[str, Any]]:
    if not isinstance(draft.value, list):
        raise ValueError(f"{draft.place(())}: a draft is a list of activities")
    for number, entry in enumerate(draft.value):
        if not isinstance(entry, dict) or not {"id", "version"} <= entry.keys():
            raise ValueError(f"{draft.place((number,))}: an entry of a draft names the id and the version it is about")
    return draft.value


def _place(rows: list[Any], entry: dict[str, Any]) -> int | None:
    return next((n for n, row in enumerate(rows) if _key(row) == _key(entry)), None)


def _key(row: dict[str, Any]) -> Key:
    return row["id"], row["version"]


def _is_count(version: object) -> bool:
    return isinstance(version, int) and not isinstance(version, bool)
