"""What a mask makes general: a view tells the month, the category, Dutch or not, and says that it does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from consent.masks import PARTS, class_of, left_out, let_through, made_general, share_of
from consent.policy import Decision
from ketenbus.contract import contract
from ketenbus.events import RegistrationRecorded, VictimReported
from ketenbus.view import Generalised, Withheld
from services.verify import masks
from streams.disclose.general import general
from streams.monitoring.binding import _content
from tests.consent_facts import NOON, the_register
from tests.contract.examples import example
from tests.log_events import of, told
from tests.unit.test_disclose_view import received

FILLED = example("victim-reported", filled=True)
GENERAL = ("neutral-generalised", "quasi-generalised")
DECISION = Decision("comensha", "REGISTRATIE", "delivered", GENERAL, "a/1", ("consent",))


def field(event_type: str, name: str) -> Any:
    return next(f for f in contract().types[event_type].fields if f.name == name)


@pytest.mark.parametrize(
    ("name", "exact", "expected"),
    [
        ("reported_on", date(2020, 5, 31), date(2020, 5, 1)),
        # The first instant of a month in the Netherlands is still the month before in UTC.
        ("occurred_at", datetime(2020, 5, 31, 22, 30, tzinfo=UTC), datetime(2020, 5, 31, 22, tzinfo=UTC)),
        ("occurred_at", datetime(2020, 5, 31, 21, 59, tzinfo=UTC), datetime(2020, 4, 30, 22, tzinfo=UTC)),
        ("occurred_at", datetime(2020, 1, 9, 12, tzinfo=UTC), datetime(2019, 12, 31, 23, tzinfo=UTC)),
        ("occurred_precision", "INSTANT", "MONTH"),
        ("occurred_precision", "DAY", "MONTH"),
        ("occurred_precision", "YEAR", "YEAR"),
        ("occurred_precision", "UNKNOWN", "UNKNOWN"),
        ("nationality", "NL", "NL"),
        ("nationality", "NG", "ANDERS"),
        ("nationality", "ANDERS", "ANDERS"),
        ("nationality", "ONBEKEND", "ONBEKEND"),
        ("age_at_report", 0, 0),
        ("age_at_report", 17, 0),
        ("age_at_report", 18, 18),
        ("age_at_report", 22, 18),
        ("age_at_report", 23, 23),
        ("age_at_report", 120, 23),
        ("age_at_report", None, None),
        ("sex", "VROUW", "VROUW"),
    ],
)  # fmt: skip
def test_the_general_value_of_an_exact_one(name: str, exact: Any, expected: Any) -> None:
    declared = field("victim-reported", name)
    assert general(declared, exact) == expected
    assert general(declared, expected) == expected


def test_of_an_array_each_items_day_is_its_month() -> None:
    recorded = example("registration-recorded", filled=True)
    assert isinstance(recorded, RegistrationRecorded)
    days = tuple(r.model_copy(update={"reported_in": date(2020, 5, 17)}) for r in recorded.reports)
    made = general(field("registration-recorded", "reports"), days)
    assert [r.reported_in for r in made] == [date(2020, 5, 1)] * len(days)
    assert [(r.reporter_kind, r.police_unit) for r in made] == [(r.reporter_kind, r.police_unit) for r in days]


def test_a_view_says_what_it_holds_in_general_only() -> None:
    event = FILLED.model_copy(update={"nationality": "NG", "age_at_report": 19, "reported_on": date(2020, 5, 17)})
    got = received(told(of(event), DECISION))
    assert isinstance(got.event, VictimReported)
    assert got.mask == "neutral-generalised+quasi-generalised"
    assert got.generalised == {
        "occurred_at", "occurred_precision", "reported_on", "nationality", "age_at_report",
    }  # fmt: skip
    said = got.field("age_at_report")
    assert isinstance(said, Generalised)
    assert (said.value, said.form.name, said.form.bands) == (18, "age-category", ((0, 17), (18, 22), (23, 120)))
    assert (got.field("nationality").value, got.field("nationality").form.name) == ("ANDERS", "dutch-or-not")
    assert (got.field("reported_on").value, got.field("reported_on").form.name) == (date(2020, 5, 1), "month")
    assert got.field("sex") == Withheld(got.mask)
    assert got.field("age_group") == event.age_group  # type: ignore[attr-defined]
    assert (got.exact("age_at_report"), got.exact("age_group")) == (None, event.age_group)  # type: ignore[attr-defined]


def test_what_is_not_known_is_not_known_in_general_either() -> None:
    got = received(told(of(FILLED.model_copy(update={"age_at_report": None})), DECISION))
    assert got.field("age_at_report") is None


@pytest.mark.parametrize(("mask", "time"), [(("neutral",), NOON), (GENERAL, datetime(2020, 4, 30, 22, tzinfo=UTC))])
@pytest.mark.parametrize("kind", ["delivery", "recall"])
def test_the_time_of_a_message_is_as_exact_as_its_activity_is(mask: tuple[str, ...], time: datetime, kind: str) -> None:
    outcome: Any = {"delivery": "delivered", "recall": "withheld"}[kind]
    decision = replace(DECISION, outcome=outcome, mask=mask if kind == "delivery" else ())
    assert NOON.year, NOON.month == (2020, 5)
    assert received(told(of(FILLED), decision, kind=kind, activity_mask=mask)).envelope.time == time


def test_a_recall_by_no_activity_tells_no_day() -> None:
    decision = Decision("comensha", "REGISTRATIE", "withheld", (), "", ("no-activity",))
    got = received(told(of(FILLED), decision, kind="recall", activity_mask=()))
    assert got.envelope.time == datetime(2020, 4, 30, 22, tzinfo=UTC)


def test_the_rapporteur_gets_no_day() -> None:
    [activity] = [a for a in the_register().activities if a.id == "monitoring-registratie"]
    decision = Decision("rapporteur", "MONITORING", "delivered", activity.mask, activity.ref, ("legal-task",))
    for name in activity.types:
        event = example(name, filled=True)
        got = received(told(of(event), decision))
        assert got.event is not None
        assert got.envelope.time.day in {28, 29, 30, 31}
        assert {"occurred_at", "occurred_precision"} <= got.generalised
        for held in contract().types[name].fields:
            if held.kind in {"date", "timestamp"}:
                assert isinstance(got.field(held.name), Generalised)


def test_the_tables_count_what_is_known_in_general_only_as_unknown() -> None:
    event = example("registration-recorded", filled=True)
    assert isinstance(event, RegistrationRecorded)
    decision = replace(DECISION, recipient="rapporteur", purpose="MONITORING")
    exact, coarse = (
        received(told(of(event), replace(decision, mask=mask))) for mask in (("neutral", "quasi"), GENERAL)
    )
    assert isinstance(exact.event, RegistrationRecorded)
    assert isinstance(coarse.event, RegistrationRecorded)
    assert f'"nationality": "{event.nationality}"' in _content(exact, exact.event)
    assert '"nationality": null' in _content(coarse, coarse.event)
    assert '"age_at_report": null' in _content(coarse, coarse.event)


@pytest.mark.parametrize("name", sorted(contract().types))
def test_the_recount_masks_every_type_as_disclose_does(name: str) -> None:
    event = example(name, filled=True)
    for mask in (GENERAL, ("neutral-generalised", "quasi"), ("neutral", "quasi-generalised"), ("neutral",)):
        assert masks.left_out(name, mask) == set(left_out(name, mask))
        assert masks.made_general(name, mask) == set(made_general(name, mask))
        assert masks.time(NOON, mask) == received(told(of(event), replace(DECISION, mask=mask))).envelope.time
        held = masks.masked(event, mask)
        for declared in contract().types[name].fields:
            share = share_of(mask, declared)
            exact = getattr(event, declared.name)
            right = {"exact": exact, "generalised": general(declared, exact), "left-out": None}[share]
            assert getattr(held, declared.name) == right


def test_who_gets_the_exact_value_has_the_general_one() -> None:
    assert let_through(("neutral", "special")) == {"neutral", "neutral-generalised", "special"}
    assert let_through(("quasi-generalised",)) == {"quasi-generalised"}
    assert let_through(()) == frozenset()
    assert {class_of(part) for part in PARTS} == {
        f.field_class for t in contract().types.values() for f in t.fields
    } | {"location"}


def test_nothing_sealed_has_a_general_value() -> None:
    sealed = [f for t in contract().types.values() for f in t.fields if f.kind == "sealed"]
    assert sealed
    assert {contract().form_of(f) for f in sealed} == {None}
