"""The register and the rulebook as they are in the project, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from consent.activities import Register
from consent.documents import Document, document
from consent.numbers import Number, read_numbers
from consent.rulebook import Rulebook, read_rulebook
from ketenbus.errors import ConfigurationError
from streams.runtime.settings import LAW, REGISTER, load_register


def read(activities: Path | None = None) -> tuple[Register, Rulebook]:
    """Return the register and the rulebook; `activities` is another file of activities to check them with.

    Raises ConfigurationError with file, line and reason of every fault.
    """
    register = load_register(activities or LAW["activities.yaml"])
    try:
        return register, read_rulebook(
            _document(REGISTER / "articles.yaml"),
            _document(REGISTER / "questions.yaml"),
            _document(REGISTER / "safeguards.yaml"),
            [_document(path) for path in sorted((REGISTER / "statements").glob("*.yaml"))],
            register,
        )
    except (ValueError, OSError) as error:
        raise ConfigurationError(f"register refused\n{error}") from error


def numbers(path: Path = REGISTER / "settings.yaml") -> Mapping[str, Number]:
    """Return the numbers the bus counts with where no source gives one.

    Raises ConfigurationError with file, line and reason of every fault.
    """
    try:
        questions = frozenset(row["id"] for row in _document(REGISTER / "questions.yaml").value)
        return read_numbers(_document(path), questions)
    except (ValueError, OSError) as error:
        raise ConfigurationError(f"register refused\n{error}") from error


def _document(path: Path) -> Document:
    return document(path.name, path.read_text("utf-8"))
