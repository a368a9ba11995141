"""Pairs of invented events that differ in nothing a view shows: tried for every activity, and seen where a view shows more."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from ketenbus import codec
from ketenbus.contract import contract
from services.policy import noninterference
from services.policy.noninterference import event, tried
from streams.disclose import view
from tests.consent_facts import the_register


def test_every_activity_and_type_is_tried_and_none_shows_what_it_leaves_out() -> None:
    found = list(tried(the_register(), pairs=5))
    assert len(found) == sum(len(a.types) for a in the_register().activities)
    assert [breach for _, breach in found if breach] == []
    assert sum(n for n, _ in found) > 0


def test_a_view_that_shows_a_field_it_leaves_out_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    real = view._masked

    def leaking(logged: Any, fields: Any, hidden: tuple[str, ...], *others: Any) -> Any:
        return real(logged, fields, tuple(name for name in hidden if name != "name"), *others)

    monkeypatch.setattr(view, "_masked", leaking)
    rows = [
        a.model_copy(update={"mask": ("neutral",)})
        for a in the_register().activities
        if a.id == "registratie-opsporing"
    ]
    law: Mapping[str, Any] = {"activities": tuple(rows)}
    breaches = [b for _, b in tried(type("Law", (), law)(), pairs=20) if b]  # type: ignore[arg-type]
    assert [(b.activity, b.type) for b in breaches] == [("registratie-opsporing/1", "victim-reported")]
    assert "name" in breaches[0].fields


def breaches_in_general() -> list[str]:
    [activity] = [a for a in the_register().activities if a.id == "registratie-opsporing"]
    general = activity.model_copy(update={"mask": ("neutral-generalised", "quasi-generalised")})
    return [b.type for _, b in tried(type("Law", (), {"activities": (general,)})(), pairs=20) if b]  # type: ignore[arg-type]


@pytest.mark.parametrize("field", ["age_at_report", "nationality", "reported_on", "occurred_at", "occurred_precision"])
def test_a_view_that_shows_more_than_what_is_general_is_found(monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    assert breaches_in_general() == []
    real = view.general
    monkeypatch.setattr(view, "general", lambda f, value: value if f.name == field else real(f, value))
    assert breaches_in_general() == ["victim-reported"]


def test_a_view_that_tells_the_day_by_its_time_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "month_of", lambda at: at)
    assert breaches_in_general() == ["victim-reported"]


@pytest.mark.parametrize("name", sorted(contract().types))
def test_an_invented_event_is_one_that_travels(name: str) -> None:
    made = event(contract().types[name], Random(1))
    assert codec.decode(codec.encode(made)) == made
    assert noninterference.event(contract().types[name], Random(1)) == made
