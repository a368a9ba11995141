"""Every decision of the register is written down, so that a change of law shows what it changes."""

from __future__ import annotations

from pathlib import Path

from consent.precedence import Consent
from tests.golden import decisions


def test_the_register_decides_as_written_down() -> None:
    changed = decisions.differences(decisions.read(), sorted(decisions.rows()))
    assert not changed, "\n".join(
        [f"{len(changed)} decisions differ; python -m tests.golden.decisions --write", *changed]
    )


def test_every_decision_has_a_name_of_its_own_and_the_file_is_in_order() -> None:
    rows = decisions.read()
    assert len({row.name for row in rows}) == len(rows)
    assert rows == sorted(rows)


def test_every_way_consent_may_stand_is_in_it() -> None:
    assert {row.consent for row in decisions.read()} == {state.value for state in Consent}


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    file = tmp_path / "decisions.csv"
    decisions.write(file)
    assert decisions.read(file) == sorted(decisions.rows())


def test_a_difference_says_what_was_decided_and_what_is() -> None:
    [first, second, *_] = decisions.read()
    changed = second._replace(outcome="pending", mask="", activity="", reason="because")
    new = first._replace(name="new")
    assert decisions.differences([first, second], [changed, new]) == [
        f"- {first.name}: {first.outcome} [{first.mask}] by {first.activity} ({first.reason})",
        f"+ new: {first.outcome} [{first.mask}] by {first.activity} ({first.reason})",
        f"~ {second.name}: {second.outcome} [{second.mask}] by {second.activity} ({second.reason})"
        " -> pending [] by no activity (because)",
    ]
