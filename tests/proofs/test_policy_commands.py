"""What `make test` proves of the register: the command itself, in full."""

from __future__ import annotations

import pytest
import typer

from services.cli import policy


def test_policy_prove_finds_nothing_against_the_register(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        policy.prove_register()
    told = capsys.readouterr().out
    assert ended.value.exit_code == 0, told
    assert "findings 0" in told


@pytest.mark.long
def test_no_change_of_one_rule_goes_unseen(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        policy.mutate_register(only=None)
    told = capsys.readouterr().out
    assert ended.value.exit_code == 0, [line for line in told.splitlines() if line.startswith("SURVIVES")]
    assert told.splitlines()[-1].endswith("surviving 0")
