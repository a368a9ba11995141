"""Where a rule comes from: a line of a handbook, and words that stand on it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

#: The domain handbooks: what the published sources say, with line numbers.
HANDBOOKS = frozenset(
    {"bescherming-2010-2014", "programma-en-opvang", "slachtoffermonitor-part1", "slachtoffermonitor-part2"}
)
_FORM = re.compile(r"(?P<file>[a-z0-9-]+):(?P<line>[1-9][0-9]*) (?P<says>\S.*\S)")


@dataclass(frozen=True, slots=True, order=True)
class Citation:
    """A line of a handbook, and words that stand there."""

    file: str
    line: int
    says: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.says}"


def citation(said: str) -> Citation:
    """Return what `handbook:line words` cites; raises ValueError where a handbook, a line or the words are missing.

    >>> citation("programma-en-opvang:267 P-01. Consent for named registration").line
    267
    """
    form = _FORM.fullmatch(said)
    if form is None:
        raise ValueError("a source is `handbook:line words that stand there`")
    if form["file"] not in HANDBOOKS:
        raise ValueError(f"{form['file']} is no handbook: {', '.join(sorted(HANDBOOKS))}")
    return Citation(form["file"], int(form["line"]), form["says"])


def on_line(text: str, says: str) -> bool:
    """Return whether a line says these words; emphasis does not count."""
    return says in text.replace("*", "")


def _cited(value: Any) -> Any:
    return citation(value) if isinstance(value, str) else value


Cited = Annotated[Citation, BeforeValidator(_cited), PlainSerializer(str)]
