"""Where a rule of precedence begins and ends: the scope a decision asks for, and the first and last day of an office."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from consent.days import day_of, start_of
from consent.known import Fact, replay
from consent.precedence import Consent, consent
from tests.consent_facts import (
    appointed,
    at,
    decision_on,
    ended,
    fact,
    given,
    refused,
    reported,
    retracted,
    unobtainable,
    withdrawn,
)
from tests.unit.test_disclose_view import MOVED

COMENSHA, OPVANG = "comensha", "opvang"
VOOGD: dict[str, Any] = {"given_by": "GUARDIAN", "giver": "voogd-1", "age_group": "MINOR"}


def stands(*facts: Fact) -> Consent:
    return consent(replay(facts), COMENSHA, "REGISTRATIE")


@pytest.mark.parametrize(
    "scope",
    [{"recipient": COMENSHA}, {"purpose": "REGISTRATIE"}, {"recipient": COMENSHA, "purpose": "REGISTRATIE"}],
    ids=str,
)
def test_a_decision_asks_for_its_own_recipient_and_purpose(scope: dict[str, str]) -> None:
    assert decision_on([given(**scope)]).outcome == "delivered"
    assert decision_on([given(), refused(when=at(-1), **scope)]).outcome == "withheld"


@pytest.mark.parametrize("scope", [{"recipient": OPVANG}, {"purpose": "HULP"}], ids=str)
def test_a_decision_hears_nothing_said_for_another_recipient_or_purpose(scope: dict[str, str]) -> None:
    assert decision_on([given(**scope)]).reasons == ("no-consent",)
    assert decision_on([given(), refused(when=at(9), **scope)]).outcome == "delivered"


@pytest.mark.parametrize("scope", [{"recipient": COMENSHA}, {"purpose": "REGISTRATIE"}], ids=str)
def test_that_nobody_could_be_asked_may_be_said_for_one_recipient_or_purpose(scope: dict[str, str]) -> None:
    assert stands(unobtainable(**scope)) is Consent.UNOBTAINABLE


@pytest.mark.parametrize("scope", [{"recipient": OPVANG}, {"purpose": "HULP"}], ids=str)
def test_that_nobody_could_be_asked_elsewhere_says_nothing(scope: dict[str, str]) -> None:
    assert stands(unobtainable(**scope)) is Consent.NONE


@pytest.mark.parametrize(
    ("said", "state"), [(-1, Consent.NO_AUTHORITY), (0, Consent.GIVEN), (3, Consent.GIVEN), (4, Consent.NO_AUTHORITY)]
)
def test_an_office_is_held_from_its_first_day_until_the_day_before_its_end(said: int, state: Consent) -> None:
    assert stands(appointed("g", "voogd-1", 0), ended("g", 4), given(when=at(said), **VOOGD)) is state


def test_an_office_ends_by_the_earliest_end_that_names_any_event_of_its_chain_of_corrections() -> None:
    first, mended = appointed("a", "voogd-1", 0), appointed("b", "voogd-1", 0, time=at(1))
    mended = replace(mended, event=mended.event.model_copy(update={"corrects": "a"}))
    for named in "ab":
        for order in permutations([first, mended, ended(named, 4), given(when=at(5), **VOOGD)]):
            assert stands(*order) is Consent.NO_AUTHORITY
        assert stands(first, mended, ended(named, 6), given(when=at(5), **VOOGD)) is Consent.GIVEN
    two = (ended("a", 4, id="one"), ended("b", 9, id="two"))
    for order in permutations([first, mended, *two, given(when=at(5), **VOOGD)]):
        assert stands(*order) is Consent.NO_AUTHORITY
    assert stands(first, mended, ended("c", 4), given(when=at(5), **VOOGD)) is Consent.GIVEN
    again = appointed("new", "voogd-1", 4)
    assert stands(first, mended, ended("a", 4), again, given(when=at(5), **VOOGD)) is Consent.GIVEN


def test_every_word_is_asked_whether_its_guardian_was_in_office_whatever_came_before_it() -> None:
    """The order of a set differs from id to id."""
    for n in range(20):
        late = [given(f"late-{n}-{m}", at(9), purpose=p, **VOOGD) for m, p in enumerate((None, "REGISTRATIE"))]
        of_another = refused(f"other-{n}", at(0), given_by="PARENT", age_group="MINOR", purpose="HULP")
        flawed = given(f"flawed-{n}", at(2), explicit=False)
        facts = (appointed("g", "voogd-1", 0), ended("g", 4), of_another, flawed, *late)
        assert stands(*facts) is not Consent.GIVEN
        assert stands(*facts, given("g2", at(1), **VOOGD)) is Consent.GIVEN


def test_who_granted_before_or_may_not_grant_any_more_and_refuses_disagrees_with_who_grants() -> None:
    father = {"given_by": "PARENT", "giver": "vader-1", "age_group": "MINOR"}
    hers = given("hers", given_by="PARENT", giver="moeder-1", age_group="MINOR")
    his = given("his", at(0), **father)
    assert stands(hers, his, refused(when=at(1), **father)) is Consent.CONFLICT
    named = given("named", at(0), purpose="REGISTRATIE", **father)
    assert stands(hers, named, refused(when=at(1), **father)) is Consent.GIVEN
    assert stands(hers, named, withdrawn("named"), refused(when=at(1), **father)) is Consent.CONFLICT
    term, late = (appointed("g", "voogd-1", 0), ended("g", 4)), given("late", at(9), purpose="REGISTRATIE", **VOOGD)
    assert stands(hers, *term, late, refused(when=at(1), **VOOGD)) is Consent.CONFLICT


#: A moment in the middle of everything, and the first instant of its Dutch day, month and year and that after them.
MIDDLE = datetime(2020, 5, 17, 12, 34, 56, 789, tzinfo=UTC)
SPANS = pytest.mark.parametrize(
    ("precision", "first", "after"),
    [
        ("DAY", datetime(2020, 5, 16, 22, tzinfo=UTC), datetime(2020, 5, 17, 22, tzinfo=UTC)),
        ("MONTH", datetime(2020, 4, 30, 22, tzinfo=UTC), datetime(2020, 5, 31, 22, tzinfo=UTC)),
        ("YEAR", datetime(2019, 12, 31, 23, tzinfo=UTC), datetime(2020, 12, 31, 23, tzinfo=UTC)),
    ],
)
INSTANT = timedelta(microseconds=1)


@SPANS
def test_a_refusal_so_dated_may_have_been_said_until_its_last_instant(
    precision: str, first: datetime, after: datetime
) -> None:
    refusal = refused(when=MIDDLE, occurred_precision=precision)
    assert stands(refusal, given(when=after - INSTANT)) is Consent.REFUSED
    assert stands(refusal, given(when=after)) is Consent.GIVEN


@SPANS
def test_a_grant_so_dated_may_have_been_said_from_its_first_instant(
    precision: str, first: datetime, after: datetime
) -> None:
    grant = given(when=MIDDLE, occurred_precision=precision)
    assert stands(grant, refused(when=first)) is Consent.REFUSED
    assert stands(grant, refused(when=first - INSTANT)) is Consent.GIVEN


def test_a_guardians_word_of_an_unknown_time_hides_no_other_word_out_of_office() -> None:
    """The order of a set differs from id to id."""
    for n in range(20):
        undated = given(f"undated-{n}", None, purpose="HULP", **VOOGD)
        late = given(f"late-{n}", at(9), **VOOGD)
        assert stands(appointed("g", "voogd-1", 0), ended("g", 4), undated, late) is Consent.NO_AUTHORITY


def on(instant: str) -> datetime:
    return datetime.fromisoformat(instant)


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("2020-05-03T21:59:59+00:00", Consent.NO_AUTHORITY),
        ("2020-05-03T22:00:00+00:00", Consent.GIVEN),
        ("2020-05-04T00:30:00+02:00", Consent.GIVEN),
        ("2020-05-07T21:59:59+00:00", Consent.GIVEN),
        ("2020-05-07T22:30:00+00:00", Consent.NO_AUTHORITY),
        ("2020-05-08T00:30:00+02:00", Consent.NO_AUTHORITY),
    ],
)
def test_an_office_is_held_on_days_in_the_netherlands(said: str, state: Consent) -> None:
    """From 4 May until the day before 8 May, whatever the offset a word's instant is written with."""
    assert stands(appointed("g", "voogd-1", 0), ended("g", 4), given(when=on(said), **VOOGD)) is state


def test_an_instant_of_the_repeated_hour_in_autumn_is_later_than_the_same_hour_before_it() -> None:
    first, second = on("2020-10-25T02:30:00+02:00"), on("2020-10-25T02:30:00+01:00")
    assert stands(refused(when=first), given(when=second)) is Consent.GIVEN
    assert stands(refused(when=second), given(when=first)) is Consent.REFUSED


@pytest.mark.parametrize(
    ("precision", "hours"), [("DAY", 23), ("MONTH", 31 * 24 - 1), ("YEAR", 366 * 24)], ids=lambda value: str(value)
)
def test_a_day_and_a_month_in_which_the_clock_goes_forward_are_an_hour_shorter(precision: str, hours: int) -> None:
    said = on("2020-03-29T12:00:00+02:00")
    first = {"DAY": "2020-03-29", "MONTH": "2020-03-01", "YEAR": "2020-01-01"}[precision]
    after = on(f"{first}T00:00:00+01:00") + timedelta(hours=hours)
    refusal = refused(when=said, occurred_precision=precision)
    assert stands(refusal, given(when=after - INSTANT)) is Consent.REFUSED
    assert stands(refusal, given(when=after)) is Consent.GIVEN


@pytest.mark.parametrize("precision", ["DAY", "MONTH", "YEAR"])
def test_the_first_instant_that_can_be_written_has_a_day_too(precision: str) -> None:
    first = datetime.min.replace(tzinfo=UTC)
    assert stands(refused(when=first, occurred_precision=precision), given(when=at(0))) is Consent.GIVEN


def test_the_first_and_the_last_day_that_can_be_written_are_days_in_the_netherlands() -> None:
    assert day_of(datetime.max.replace(tzinfo=UTC)) == date.max
    assert day_of(datetime.max.replace(tzinfo=UTC) - timedelta(days=2)) == date.max - timedelta(days=1)
    assert day_of(on("0001-01-01T00:30:00+02:00")) == date.min == day_of(start_of(date.min))


def test_a_day_begins_at_an_instant_told_in_utc_wherever_it_is_asked() -> None:
    assert (start_of(date(2020, 5, 4)), start_of(date.min)) == (
        on("2020-05-03T22:00:00Z"),
        datetime.min.replace(tzinfo=UTC),
    )
    assert start_of(date(2020, 5, 4)).tzinfo is start_of(date.min).tzinfo is UTC


@pytest.mark.parametrize("scope", [{}, {"purpose": "REGISTRATIE"}], ids=str)
def test_two_parents_without_a_number_are_not_known_to_be_one_who_changed_their_mind(scope: dict[str, str]) -> None:
    speaker = {"given_by": "PARENT", "age_group": "MINOR"}
    assert stands(refused(when=at(0), **speaker), given(when=at(1), **speaker, **scope)) is Consent.CONFLICT
    assert stands(refused(when=at(0), **speaker, **scope), given(when=at(1), **speaker)) is Consent.CONFLICT
    assert stands(given("a", at(0), **speaker), given("b", at(1), **speaker)) is Consent.GIVEN
    one = speaker | {"giver": "one"}
    assert stands(refused(when=at(0), **one), given(when=at(1), **speaker)) is Consent.CONFLICT
    assert stands(refused(when=at(0), **one), given(when=at(1), **one)) is Consent.GIVEN


def test_the_person_is_one_without_a_number() -> None:
    assert stands(refused(when=at(0)), given(when=at(1))) is Consent.GIVEN


@pytest.mark.parametrize(
    ("said", "state"),
    [(-30, Consent.NO_AUTHORITY), (0, Consent.NO_AUTHORITY), (1, Consent.GIVEN), (None, Consent.NO_AUTHORITY)],
)
def test_who_is_a_minor_that_day_or_later_was_no_adult_and_who_was_one_before_may_be(
    said: int | None, state: Consent
) -> None:
    grant = given(when=None if said is None else at(said))
    minor = {"age_group": "MINOR", "reported_on": at(0).date()}
    assert stands(grant, reported("r", **minor)) is state
    assert stands(grant, reported("r", **minor), reported("s", age_group="ADULT")) is state
    assert stands(grant, reported("r", **minor), retracted("r", time=at(1))) is Consent.GIVEN
    assert stands(grant, reported("r", **minor), reported("s", time=at(1), corrects="r")) is Consent.GIVEN
    assert stands(grant, reported("r", age_group="UNKNOWN")) is Consent.GIVEN


def test_a_grant_of_a_month_of_which_the_person_was_a_minor_for_a_part_has_no_authority() -> None:
    grant = given(when=at(0), occurred_precision="MONTH")
    assert stands(grant, reported(age_group="MINOR", reported_on=date(2020, 5, 1))) is Consent.NO_AUTHORITY
    assert stands(grant, reported(age_group="MINOR", reported_on=date(2020, 4, 30))) is Consent.GIVEN


def test_of_several_days_on_which_the_person_was_a_minor_the_last_counts() -> None:
    days = [reported(id, age_group="MINOR", reported_on=at(on).date()) for id, on in (("r", -20), ("s", 0), ("t", -30))]
    assert stands(given(when=at(-10)), *days) is Consent.NO_AUTHORITY
    assert stands(given(when=at(1)), *days) is Consent.GIVEN


def test_a_placement_says_a_minor_as_well_and_its_day_is_dutch() -> None:
    moved = fact(MOVED.model_copy(update={"age_group": "MINOR", "moved_on": date(2020, 5, 4)}), "moved")
    assert stands(given(when=on("2020-05-04T21:59:59+00:00")), moved) is Consent.NO_AUTHORITY
    assert stands(given(when=on("2020-05-04T22:00:00+00:00")), moved) is Consent.GIVEN


def test_a_placement_says_an_adult_as_well() -> None:
    moved = fact(MOVED.model_copy(update={"age_group": "ADULT", "moved_on": date(2020, 5, 4)}), "moved")
    parent = {"given_by": "PARENT", "age_group": "MINOR"}
    assert stands(given(when=at(0), **parent), moved) is Consent.NO_AUTHORITY
    assert stands(given(when=at(-1), **parent), moved) is Consent.GIVEN


def test_a_person_said_to_be_a_minor_refuses_validly_and_is_no_second_one_with_authority() -> None:
    minor = reported(age_group="MINOR", reported_on=at(9).date())
    parent = given(given_by="PARENT", giver="ouder-1", age_group="MINOR")
    assert stands(parent, minor) is Consent.GIVEN
    assert stands(parent, refused(), minor) is Consent.REFUSED
