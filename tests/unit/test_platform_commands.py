"""What the commands of the local platform say where there is nothing, and what the leash does when nobody holds it."""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from infra.local import commands, leash
from infra.local.platform import Platform
from ketenbus.errors import ConfigurationError
from services.cli.app import app


def test_without_a_platform_there_are_no_logs_and_it_is_said_how_to_get_them(tmp_path: Path) -> None:
    for which in (None, "admit"):
        with pytest.raises(ConfigurationError, match="no logs in .*: start a platform with ./ketenbus up"):
            commands.logs(tmp_path / "nowhere", which)


def test_a_log_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "kafka.log").write_text("one\ntwo\n")
    with pytest.raises(ConfigurationError, match="there is: kafka"):
        commands.logs(tmp_path, "admit")


def test_the_last_lines_are_at_least_one(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["logs", "--data", str(tmp_path), "--lines", "0"])
    assert done.exit_code == 2
    assert "--lines" in done.stderr


def test_wiping_what_is_not_there_removes_nothing_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands.down(tmp_path / "nowhere", wipe=True)
    said = capsys.readouterr().out.splitlines()
    assert said == ["nothing was running", f"nothing to remove: there is no {tmp_path / 'nowhere'}"]


@pytest.mark.parametrize(("heard", "stopped"), [(b"", ["folder"]), (b"released", [])], ids=["killed", "let go"])
def test_the_leash_stops_the_servers_of_a_parent_that_is_gone(
    heard: bytes, stopped: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[str] = []
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=BytesIO(heard)))
    monkeypatch.setattr(Platform, "down", lambda platform: found.append(platform.data.name))
    leash.main(str(tmp_path / "folder"))
    assert found == stopped


def test_the_leash_leaves_a_folder_that_holds_other_things(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=BytesIO(b"")))
    leash.main(str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
