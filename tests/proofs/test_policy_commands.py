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
