"""A question is asked of the platform that is there, and changes nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ketenbus.errors import ConfigurationError
from services.cli import audited


class Asked:
    """Stands in for a platform, and remembers how it was named."""

    named: tuple[Path, dict[str, Any]]

    def __init__(self, data: Path, **how: Any) -> None:
        Asked.named = data, how
        self._data = data

    @contextmanager
    def running(self) -> Iterator[Asked]:
        yield self

    def processor_file(self, name: str) -> Path:
        return self._data / name


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(audited, "Platform", Asked)
    monkeypatch.setattr(audited, "OUT", tmp_path / "demo")
    monkeypatch.setenv("KETENBUS_DATA", str(tmp_path / "own"))
    return tmp_path


def made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "platform.json").write_text("{}")
    return folder


def test_a_question_leaves_who_may_say_when_it_recorded_a_fact_as_it_is(folder: Path) -> None:
    with audited.audited(made(folder / "named")) as settings:
        assert settings == folder / "named" / "auditor"
    assert Asked.named == (folder / "named", {"backfill": None})


def test_the_platform_in_use_is_asked_before_the_last_demo(folder: Path) -> None:
    demo = made(folder / "demo" / "platform")
    with audited.audited(None):
        assert Asked.named[0] == demo
    own = made(folder / "own")
    with audited.audited(None):
        assert Asked.named[0] == own


def test_without_a_platform_the_question_says_how_to_get_one(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="run ./ketenbus up or ./ketenbus demo first"), audited.audited(None):
        pass
