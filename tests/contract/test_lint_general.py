"""Every rule on general values has a case that breaks it, on the real contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from schemas import lint
from tests.contract.drafts import REMOVED, Draft, change, draft

Break = Callable[[Draft], object]


def form(name: str, /, **changes: Any) -> Break:
    """Change attributes of a form."""
    return lambda draft: change(draft.form(name), changes)


CASES: list[tuple[Break, str]] = [
    (form("month", nl=REMOVED), "general month: says its nl"),
    (form("month", source=""), "general month: says its source"),
    (form("month", status="sure"), "general month: the status is one of"),
    (form("month", rounds=True), "general month: rounds is not an attribute of a form"),
    (form("month", kinds=["string"]), "general month: of the kinds, only date and timestamp have a month"),
    (form("month", codelists=[], other=REMOVED, kinds=[]), "general month: names the kinds, code lists or fields"),
    (form("dutch-or-not", other=REMOVED), "general dutch-or-not: codelists go with the other code"),
    (form("dutch-or-not", other="EU"), "general dutch-or-not: EU is not a code of list nationality"),
    (form("dutch-or-not", keep=["NL", "BE"]), "general dutch-or-not: BE is not a code of list nationality"),
    (form("dutch-or-not", codelists=["country"]), "general dutch-or-not: there is no code list country"),
    (form("dutch-or-not", codelists=["precision"]), "general dutch-or-not: precision has its general value from"),
    (form("age-category", bands=REMOVED), "general age-category: fields go with bands"),
    (form("age-category", bands=[[0, 17], [19, 120]]), "the bands follow each other without a gap"),
    (form("age-category", bands=[[0, 17], [18, 99]]), "the bands run from the minimum to the maximum of age_at_report"),
    (form("age-category", fields=["shoe_size"]), "general age-category: no type has a field shoe_size"),
    (form("age-category", fields=["v_number"]), "general age-category: v_number of victim-reported is no clear number"),
]


@pytest.mark.parametrize(("broken", "expected"), CASES, ids=[expected for _, expected in CASES])
def test_a_broken_rule_is_named(broken: Break, expected: str) -> None:
    one = draft()
    broken(one)
    assert any(expected in fault for fault in lint.unreleased_faults(one.source()))
