"""Bugs planted on purpose are found within a thousand seeds, replay step by step, and shrink to what they need."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.simulation.__main__ import main
from tests.simulation.plan import Plan, drawn
from tests.simulation.plants import PLANTS, Plant
from tests.simulation.shrink import fails, shrunk
from tests.simulation.violation import Violation

WITHIN = 1000


def first(plant: Plant) -> tuple[Plan, Violation]:
    """The first seed whose world breaks a law."""
    for seed in range(WITHIN):
        violation = fails(drawn(seed, restores=plant.restores), plant)
        if violation is not None:
            return drawn(seed, restores=plant.restores), violation
    pytest.fail(f"{plant.name} is not found within {WITHIN} seeds")


@pytest.mark.parametrize("name", sorted(PLANTS))
def test_a_planted_bug_is_found(name: str) -> None:
    _, violation = first(PLANTS[name])
    assert violation.law in PLANTS[name].breaks


def test_what_is_left_of_a_failing_plan_is_only_what_it_needs() -> None:
    plant = PLANTS["judged-at-arrival"]
    plan, violation = first(plant)
    small = shrunk(plan, plant)
    again = fails(small, plant)
    assert again is not None
    assert again.law == violation.law
    assert len(small.publishings) < len(plan.publishings)
    for name in ("publishings", "faults"):
        whole = getattr(small, name)
        for left_out in range(len(whole)):
            found = fails(replace(small, **{name: whole[:left_out] + whole[left_out + 1 :]}), plant)
            assert found is None or found.law != violation.law


def test_a_failing_seed_is_told_step_by_step_and_without_the_bug_nothing_goes_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plan, violation = first(PLANTS["repeats-counted"])
    asked = ["--seed", str(plan.seed)]
    assert main(asked) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "nothing went wrong"
    assert main([*asked, "--plant", "repeats-counted"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == str(violation)
    assert any("admit commits: decided" in line for line in lines)
