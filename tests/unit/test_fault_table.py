"""The table of troubles runs what is asked, and does not call it well where nothing was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fault import table
from tests.fault.trouble import Fault, faults


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []

    def run(chosen: Sequence[Fault], folder: Path) -> bool:
        names.extend(fault.name for fault in chosen)
        return True

    @contextmanager
    def no_small_disk(folder: Path) -> Iterator[bool]:
        folder.mkdir()
        yield False

    monkeypatch.setattr(table, "run", run)
    monkeypatch.setattr(table, "small_disk", no_small_disk)
    return names


def test_a_trouble_that_is_not_there_is_refused_with_those_that_are(
    ran: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        table.main(["--only", "awya"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert all(fault.name in said for fault in faults())
    assert ran == []


def test_only_what_is_asked_is_run(ran: list[str]) -> None:
    assert table.main(["--only", "away", "--away", "600"]) == 0
    assert ran == ["kafka away for 600 s", "postgres away for 600 s", "both servers away for 600 s"]


def test_where_what_is_asked_cannot_be_run_here_nothing_is_called_well(
    ran: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert table.main(["--only", table.DISK]) == 1
    assert ran == []
    assert capsys.readouterr().out == f"{table.DISK}: not run, it takes root on Linux to make a small disk\n"
