"""Fewer sayings and fewer faults that still go wrong in the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from tests.simulation.plan import Plan
from tests.simulation.plants import NONE, Plant
from tests.simulation.violation import Violation
from tests.simulation.world import check


def fails(plan: Plan, plant: Plant = NONE) -> Violation | None:
    """Return what goes wrong in the world of a plan, or None."""
    try:
        check(plan, plant)
    except Violation as violation:
        return violation
    return None


def shrunk(plan: Plan, plant: Plant = NONE) -> Plan:
    """Return a plan of which nothing can be left out without losing the violation of that law."""
    first = fails(plan, plant)
    if first is None:
        raise ValueError(f"nothing goes wrong in the world of seed {plan.seed}: there is nothing to shrink")

    def still(**smaller: Any) -> bool:
        found = fails(replace(plan, **smaller), plant)
        return found is not None and found.law == first.law

    before = None
    while before != plan:
        before = plan
        if plan.workers > 1 and still(workers=1):
            plan = replace(plan, workers=1)
        for name in ("faults", "announced", "publishings"):
            plan = replace(plan, **{name: _fewest(getattr(plan, name), lambda part, name=name: still(**{name: part}))})
    return plan


def _fewest(whole: Sequence[Any], still: Callable[[tuple[Any, ...]], bool]) -> tuple[Any, ...]:
    """Leave out halves, then quarters, down to single ones, as long as it still goes wrong (delta debugging)."""
    kept, size = tuple(whole), max(len(whole) // 2, 1)
    while size and kept:
        for start in range(0, len(kept), size):
            without = kept[:start] + kept[start + size :]
            if len(without) < len(kept) and still(without):
                kept = without
                break
        else:
            size //= 2
    return kept
