"""Every decision of the register is written down beside it, so that a change of law is a difference a lawyer reads."""

from __future__ import annotations

from pathlib import Path

from consent.classes import classes, text
from consent.known import replay
from consent.precedence import consent
from consent.proofs.examples import EXAMPLES
from consent.table import compiled
from services.cli import policy
from tests.consent_facts import the_register


def test_the_register_decides_as_written_down() -> None:
    said = text(the_register(), classes(compiled(the_register())))
    assert policy.WRITTEN.read_text("utf-8") == said, "a decision differs: ./ketenbus policy table --write, and read it"


def test_the_command_writes_what_is_compared(tmp_path: Path) -> None:
    policy.show_table(write=True, out=tmp_path / "table.txt")
    assert (tmp_path / "table.txt").read_bytes() == policy.WRITTEN.read_bytes()


def test_every_way_consent_may_stand_is_made_by_its_example_for_every_recipient_and_purpose() -> None:
    for state, facts in EXAMPLES.items():
        for view in the_register().views():
            assert consent(replay(facts), *view) is state
