"""A command that is given the wrong name or file says which there are, or what makes one."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.app import app
from tests.consent_facts import the_register

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.parametrize("command", [("approve", "--key", "approver.json"), ("announce",)], ids=lambda words: words[0])
@pytest.mark.parametrize(
    ("file", "why"),
    [
        (README, "no release of the register: not JSON; ./ketenbus register propose writes one"),
        (README.with_name("none.json"), "No such file or directory; ./ketenbus register propose writes a release"),
    ],
    ids=["another file", "no file"],
)
def test_a_file_that_is_no_release_is_told_with_what_writes_one(command: tuple[str, ...], file: Path, why: str) -> None:
    done = CliRunner().invoke(app, ["register", *command, str(file)])
    assert done.exit_code == 2
    assert done.stderr == f"ketenbus: {file}: {why}\n"


def test_an_activity_that_is_not_in_the_register_is_told_with_those_that_are() -> None:
    done = CliRunner().invoke(app, ["policy", "mutate", "--only", "foo"])
    assert done.exit_code == 2
    assert done.stderr.startswith("ketenbus: no activity foo: one of ")
    assert all(activity.id in done.stderr for activity in the_register().activities)
