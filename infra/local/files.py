"""Files and folders that only their owner reads, written whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def private_folder(folder: Path, mode: int = 0o700) -> Path:
    """Make a folder with exactly this mode, whatever the umask, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(mode)
    return folder


def write_private(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file in one step; a reader sees the old or the new text, never a part."""
    if path.exists() and path.read_text() == text:
        return
    passing = path.with_name(f".{path.name}.{os.getpid()}")
    passing.unlink(missing_ok=True)
    with os.fdopen(os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
    passing.replace(path)


def write_json(path: Path, content: Any) -> None:
    """Write `content` as private JSON."""
    write_private(path, json.dumps(content, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """Return the content of a JSON file, or None when there is no such file."""
    return json.loads(path.read_text()) if path.exists() else None


def size_bytes(folder: Path) -> int:
    """Return the disk space a folder takes; Kafka's index files are mostly holes, so blocks are counted."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(place, name).lstat().st_blocks * 512
            except FileNotFoundError:
                continue  # servers remove files while we look
    return total
