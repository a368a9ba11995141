"""Registers that a loader might refuse, for tests of what proves and compares."""

from __future__ import annotations

from collections.abc import Iterable

from consent.activities import Activity, Register, Rules


def lawless(activities: Iterable[Activity], rules: Rules) -> Register:
    """A register of these activities, unchecked."""
    told = tuple(activities)
    types = {name for a in told for name in a.types}
    return Register(told, rules, {name: tuple(a for a in told if name in a.types) for name in sorted(types)})
