"""What the commands of the local platform say where there is nothing, and what the leash does when nobody holds it."""

from __future__ import annotations

import fcntl
import shutil
import sys
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

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
    monkeypatch.setattr(Platform, "down", lambda platform, **_: found.append(platform.data.name))
    leash.main(str(tmp_path / "folder"))
    assert found == stopped


def test_who_only_uses_a_platform_stops_none_that_up_keeps(tmp_path: Path) -> None:
    (tmp_path / "platform.json").write_text("{}")
    stopped: list[str] = []
    platform = Platform(tmp_path, layout=tuple)
    platform.down(unless_kept=True, first=lambda: stopped.append("lent"))
    (tmp_path / "platform.json").write_text('{"kept": {"until": "down"}}')
    platform.down(unless_kept=True, first=lambda: stopped.append("kept"))
    assert stopped == ["lent"]
    platform.down(first=lambda: stopped.append("down"))
    platform.down(unless_kept=True, first=lambda: stopped.append("lent again"))
    assert stopped == ["lent", "down", "lent again"]


def test_a_wipe_that_is_broken_off_can_be_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    for folder in ("secrets", "kafka", "keyring"):
        (data / folder).mkdir(parents=True)
        (data / folder / "file").touch()
    (data / "platform.json").write_text("{}")
    (data / "approvers.yaml").touch()
    removed = shutil.rmtree
    for times in range(1, 4):
        left = iter(range(times))

        def break_off(*words: Any, left: Iterator[int] = left, **named: Any) -> None:
            if next(left, None) is None:
                raise KeyboardInterrupt
            removed(*words, **named)

        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(shutil, "rmtree", break_off)
            Platform(data, layout=tuple).down(wipe=True)
        assert (data / "platform.json").exists()
    Platform(data, layout=tuple).down(wipe=True)
    assert not data.exists()


def test_who_waits_for_a_wipe_finds_a_new_folder_and_nobody_else_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "platform.json").write_text("{}")
    order: list[str] = []
    asked, inside, waited = threading.Semaphore(0), threading.Event(), threading.Event()
    flock = fcntl.flock
    monkeypatch.setattr(fcntl, "flock", lambda *words: [asked.release(), flock(*words)])

    def somebody_asks() -> bool:
        return asked.acquire(timeout=5)

    def wipe() -> None:
        # Once for its own lock, and once for that of who waits.
        held = [somebody_asks, second.start, somebody_asks, lambda: order.append("wiped")]
        Platform(data, layout=tuple).down(wipe=True, first=lambda: [step() for step in held])

    def next_one() -> None:
        held = [lambda: order.append("in"), inside.set, lambda: waited.wait(5), lambda: order.append("out")]
        Platform(data, layout=tuple).down(first=lambda: [step() for step in held])

    first, second = threading.Thread(target=wipe), threading.Thread(target=next_one)
    third = threading.Thread(target=lambda: Platform(data, layout=tuple).down(first=lambda: order.append("third")))
    first.start()
    first.join()
    assert inside.wait(5)
    while asked.acquire(blocking=False):
        pass
    third.start()
    assert somebody_asks()
    waited.set()
    second.join()
    third.join()
    assert order == ["wiped", "in", "out", "third"]
    assert (data / "platform.json").exists()


def test_the_leash_leaves_a_folder_that_holds_other_things(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=BytesIO(b"")))
    leash.main(str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
