"""The lines of the handbooks that are cited, pinned: which line, its hash, and the words that stand there.

The handbooks are not part of the project. What was cited when they were at hand is in `cited-lines.csv`; with them at hand the
same rows come out again, or the difference is named.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from consent.activities import Register
from consent.citations import Citation, on_line
from consent.rulebook import Rulebook
from ketenbus.errors import ConfigurationError
from streams.runtime.settings import REGISTER

FILE = REGISTER / "cited-lines.csv"


class Line(NamedTuple):
    """A cited line: the first 16 hex digits of the SHA-256 of its text, and the words a citation finds there."""

    file: str
    line: int
    sha256: str
    says: str


def cited(register: Register, rulebook: Rulebook) -> list[Citation]:
    """Return every citation of the register and the rulebook, in order, each once."""
    return sorted({*rulebook.citations(), *(source for a in register.activities for source in a.sources)})


def pinned(path: Path = FILE) -> list[Line]:
    """Return the pinned rows."""
    with path.open(encoding="utf-8", newline="") as rows:
        return [Line(row["file"], int(row["line"]), row["sha256"], row["says"]) for row in csv.DictReader(rows)]


def read(citations: Iterable[Citation], handbooks: Path) -> list[Line]:
    """Return the rows as the handbooks in this folder give them.

    Raises ConfigurationError naming every citation whose handbook, line or words are not there.
    """

    @cache
    def lines_of(file: str) -> list[str]:
        try:
            return (handbooks / f"{file}.md").read_text("utf-8").splitlines()
        except FileNotFoundError:
            raise ConfigurationError(f"no {file}.md in {handbooks}: name the folder of the handbooks") from None

    found, wrong = [], []
    for one in citations:
        text = lines_of(one.file)[one.line - 1] if one.line <= len(lines_of(one.file)) else None
        if text is None or not on_line(text, one.says):
            wrong.append(
                f"{one.file}:{one.line} does not say: {one.says}"
                if text is not None
                else f"{one.file} has no line {one.line}"
            )
        else:
            found.append(Line(one.file, one.line, hashlib.sha256(text.encode()).hexdigest()[:16], one.says))
    if wrong:
        raise ConfigurationError("\n".join(wrong))
    return found


def differences(old: Iterable[Line], new: Iterable[Line]) -> Iterator[str]:
    """Yield each row that is in one and not in the other."""
    before, after = set(old), set(new)
    for row in sorted(before ^ after):
        yield f"{'pinned, not cited so' if row in before else 'cited, not pinned so'}: {row.file}:{row.line} {row.says}"


def text(rows: Iterable[Line]) -> str:
    """Return the rows as the file has them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(Line._fields)
    writer.writerows(rows)
    return out.getvalue()
