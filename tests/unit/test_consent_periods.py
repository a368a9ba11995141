"""Periods of consent: rule (5) of precedence, the facts a timer owes, and what an expiry recalls."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from consent.activities import Register
from consent.instants import as_of
from consent.known import Fact, replay
from consent.periods import due
from consent.precedence import Consent, consent
from ketenbus import rules
from ketenbus.events import ConsentBegun, ConsentExpired, ConsentGiven
from streams.disclose.judge import judge
from tests.consent_facts import NOON, at, begun, given, over, refused, reported, retracted, the_register, withdrawn
from tests.log_events import logged
from tests.unit.test_disclose_judge import KEY, after

#: NOON is 4 May.
FIRST, LATER = date(2020, 5, 4), date(2020, 5, 5)


def stands(*facts: Fact) -> Consent:
    return consent(replay(facts), "comensha", "REGISTRATIE")


def test_5_a_grant_whose_period_ended_is_as_one_withdrawn_then() -> None:
    assert stands(given("a"), over("a")) is Consent.EXPIRED
    assert stands(given("a"), given("b"), over("a")) is Consent.GIVEN
    assert stands(refused(when=at(-1)), given("a"), over("a")) is Consent.REFUSED


def test_5_that_a_period_ended_may_arrive_before_its_grant() -> None:
    assert stands(over("a")) is Consent.NONE
    assert stands(over("a"), given("a")) is Consent.EXPIRED


def test_5_a_period_that_ends_in_the_calendar_ends_nothing_before_the_bus_says_so() -> None:
    assert stands(given("a", valid_until=date(1999, 1, 1))) is Consent.GIVEN


def test_5_a_grant_given_before_its_period_counts_only_once_begun() -> None:
    grant = given("a", valid_from=LATER)
    assert stands(grant) is Consent.NOT_BEGUN
    assert stands(grant, begun("a")) is Consent.GIVEN
    assert stands(grant, begun("a"), over("a", "end")) is Consent.EXPIRED
    assert stands(grant, begun("b")) is Consent.NOT_BEGUN


def test_5_a_grant_given_within_its_period_counts_at_once() -> None:
    assert stands(given("a", valid_from=FIRST)) is Consent.GIVEN


@pytest.mark.parametrize(
    ("said", "precision", "waits"),
    [
        ("2020-05-03T21:59:59+00:00", "INSTANT", True),  # a second before the Dutch day
        ("2020-05-03T22:00:00+00:00", "INSTANT", False),
        ("2020-05-04T12:00:00+00:00", "DAY", False),
        ("2020-05-04T12:00:00+00:00", "MONTH", True),  # perhaps on the first of May
        (None, "UNKNOWN", True),
    ],
)
def test_5_a_grant_waits_if_it_may_have_been_given_before_its_first_day_in_the_netherlands(
    said: str | None, precision: str, waits: bool
) -> None:
    when = None if said is None else datetime.fromisoformat(said)
    grant = given("a", when, occurred_precision=precision, valid_from=FIRST)
    assert stands(grant) is (Consent.NOT_BEGUN if waits else Consent.GIVEN)


def test_what_says_most_is_the_reason() -> None:
    assert stands(given("a"), over("a"), withdrawn("a")) is Consent.WITHDRAWN
    assert stands(given("a", valid_from=LATER), over("a")) is Consent.EXPIRED
    assert stands(given("a", valid_from=LATER), given("b", explicit=False)) is Consent.NOT_BEGUN


def test_another_publishers_grant_of_the_same_id_goes_on() -> None:
    assert stands(given("a"), over("a", oin="9" * 20)) is Consent.GIVEN


def test_no_partner_can_take_back_what_the_bus_says_of_a_period() -> None:
    assert stands(given("a"), over("a", "end"), retracted("end")) is Consent.EXPIRED


def test_a_correction_has_a_period_of_its_own() -> None:
    right = given("b", time=at(1), corrects="a")
    assert stands(given("a"), over("a"), right) is Consent.GIVEN


@pytest.mark.parametrize(
    ("period", "owed"),
    [
        ({}, []),
        ({"valid_from": FIRST}, []),
        ({"valid_from": LATER}, [(ConsentBegun, LATER)]),
        ({"valid_until": LATER}, [(ConsentExpired, LATER)]),
        (
            {"valid_from": LATER, "valid_until": date(2021, 1, 1)},
            [(ConsentBegun, LATER), (ConsentExpired, date(2021, 1, 1))],
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_a_timer_owes_a_grant(period: dict[str, date], owed: list[tuple[type, date]]) -> None:
    event = given("a", **period).event
    assert isinstance(event, ConsentGiven)
    assert list(due(event)) == owed


@pytest.mark.parametrize(
    ("said", "precision", "until", "broken"),
    [
        ("2020-05-04T12:00:00+00:00", "INSTANT", "2020-05-04", True),
        ("2020-05-04T12:00:00+00:00", "INSTANT", "2020-05-05", False),
        ("2020-05-04T12:00:00+00:00", "DAY", "2020-05-03", True),
        ("2020-05-04T12:00:00+00:00", "MONTH", "2020-05-01", True),
        ("2020-05-04T12:00:00+00:00", "MONTH", "2020-05-02", False),
        ("2020-05-04T12:00:00+00:00", "YEAR", "2020-01-01", True),
        (None, "UNKNOWN", "1999-01-01", False),
    ],
)
def test_a_period_that_surely_ended_before_it_was_said_breaks_a_rule(
    said: str | None, precision: str, until: str, broken: bool
) -> None:
    when = None if said is None else datetime.fromisoformat(said)
    event = given("a", when, occurred_precision=precision, valid_until=date.fromisoformat(until)).event
    assert [b.field for b in rules.broken(event, LATER)] == (["valid_until"] if broken else [])


@pytest.mark.parametrize(("days", "broken"), [(-1, True), (0, True), (1, False)])
def test_a_period_that_ends_before_it_begins_breaks_a_rule(days: int, broken: bool) -> None:
    begins = date(2021, 1, 1)
    event = given("a", valid_from=begins, valid_until=begins + timedelta(days=days)).event
    assert [b.rule for b in rules.broken(event, LATER)] == (["is after valid_from"] if broken else [])


def keeping() -> Register:
    """The register, in which what was delivered stays when no more than a period of consent ends."""
    rows = [a.model_copy(update={"expiry_recalls": False}) for a in the_register().activities]
    by_type = {name: tuple(a for a in rows if name in a.types) for name in the_register().by_type}
    return Register(tuple(rows), the_register().rules, by_type)


def kinds(register: Register, *batches: list[Fact]) -> list[str | None]:
    """What the view is told of the report as batch after batch arrives."""
    known: list[Fact] = []
    standings: dict[object, object] = {}
    told = []
    for batch in batches:
        known += batch
        changes = judge(register, map(logged, known), standings)  # type: ignore[arg-type]
        standings = after(standings, changes)  # type: ignore[arg-type,assignment]
        told.append(next((c.kind for c in changes if c.logged.name == KEY[0]), None))
    return told


def test_an_expiry_recalls_what_rested_on_the_grant() -> None:
    told = kinds(the_register(), [reported("r"), given("a")], [over("a")], [given("b")])
    assert told == ["delivery", "recall", "release"]


def test_where_the_register_says_so_an_expiry_recalls_nothing_and_a_refusal_after_it_does() -> None:
    told = kinds(keeping(), [reported("r"), given("a")], [over("a")], [refused("b", NOON.astimezone(UTC))])
    assert told == ["delivery", None, "recall"]


def test_a_grant_that_begins_releases() -> None:
    assert kinds(the_register(), [reported("r"), given("a", valid_from=LATER)], [begun("a")]) == [None, "release"]


def test_as_of_an_instant_a_period_began_or_ended_as_its_day_began() -> None:
    """The bus said both of 5 May, whose first instant in the Netherlands is 22:00 of the day before."""
    first = datetime(2020, 5, 4, 22, tzinfo=UTC)
    dated = {"occurred_at": first, "occurred_precision": "DAY"}
    for said, earlier, later in (
        (begun("a"), Consent.NOT_BEGUN, Consent.GIVEN),
        (over("a"), Consent.GIVEN, Consent.EXPIRED),
    ):
        fact = replace(said, time=first, event=said.event.model_copy(update=dated))
        grant = given("a", valid_from=LATER if earlier is Consent.NOT_BEGUN else None)
        assert stands(*as_of([grant, fact], first - timedelta(microseconds=1))) is earlier
        assert stands(*as_of([grant, fact], first)) is later
