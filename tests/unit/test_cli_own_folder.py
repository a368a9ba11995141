"""A run empties the folder of an earlier run, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from ketenbus.errors import ConfigurationError
from services.cases import casefile, running
from services.cli import own_folder
from services.cli.bad_input import BadInput
from services.cli.demo import Demo
from services.cli.progress import Progress
from services.cli.report import Options


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "thesis.txt").write_text("years of work", "utf-8")
    (tmp_path / "platform").mkdir()
    return tmp_path


@pytest.mark.parametrize("command", ["demo", "demo bad-input", "demo case"])
def test_a_folder_that_holds_other_things_is_refused_and_left_as_it_is(home: Path, command: str) -> None:
    progress = Progress(Console(quiet=True))
    with pytest.raises(ConfigurationError, match="holds other things than an earlier run.* with --out"):
        match command:
            case "demo":
                Demo(Options(out=home), progress).run()
            case "demo bad-input":
                BadInput(home, progress).run()
            case _:
                running.run(casefile.load("safe-shelter"), home, progress.say)
    assert sorted(path.name for path in home.iterdir()) == ["platform", "thesis.txt"]


def test_a_platform_that_somebody_keeps_beside_other_things_is_no_earlier_run(home: Path) -> None:
    (home / "platform" / "platform.json").write_text("{}", "utf-8")
    with pytest.raises(ConfigurationError, match="holds other things than an earlier run"):
        own_folder.fresh(home)
    assert (home / "platform" / "platform.json").exists()


@pytest.mark.parametrize("place", ["", "new/and/deeper"])
def test_an_empty_or_new_folder_is_used(tmp_path: Path, place: str) -> None:
    assert own_folder.fresh(tmp_path / place) == tmp_path / place / "platform"
    assert [path.name for path in (tmp_path / place).iterdir()] == [own_folder.MARK]


@pytest.mark.parametrize(
    "left",
    [
        ["platform/platform.json", "report.json", "tables/figure-2.1.csv"],
        [own_folder.MARK],
        [own_folder.MARK, "law/rules.yaml"],
        [own_folder.MARK, "platform/logs/kafka.log", "report.json"],
    ],
    ids=[
        "a whole run without a mark",
        "broken off at once",
        "broken off before its platform",
        "broken off while it was emptied",
    ],
)
def test_an_earlier_run_is_emptied_however_far_it_came(tmp_path: Path, left: list[str]) -> None:
    for name in left:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}", "utf-8")
    own_folder.fresh(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [own_folder.MARK]


def test_what_a_link_in_the_folder_points_at_is_left(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "thesis.txt").write_text("years of work", "utf-8")
    own_folder.fresh(tmp_path / "out")
    (tmp_path / "out" / "law").symlink_to(elsewhere)
    own_folder.fresh(tmp_path / "out")
    assert [path.name for path in elsewhere.iterdir()] == ["thesis.txt"]
