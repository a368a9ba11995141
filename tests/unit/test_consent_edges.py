"""Where a rule of precedence begins and ends: the scope a decision asks for, and the first and last day of an office."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from consent.known import Fact, replay
from consent.precedence import Consent, consent
from tests.consent_facts import appointed, at, decision_on, ended, given, refused, unobtainable

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


def test_every_word_is_asked_whether_its_guardian_was_in_office_whatever_came_before_it() -> None:
    """The order of a set differs from id to id."""
    for n in range(20):
        late = [given(f"late-{n}-{m}", at(9), purpose=p, **VOOGD) for m, p in enumerate((None, "REGISTRATIE"))]
        of_another = refused(f"other-{n}", at(0), given_by="PARENT", age_group="MINOR", purpose="HULP")
        flawed = given(f"flawed-{n}", at(2), explicit=False)
        facts = (appointed("g", "voogd-1", 0), ended("g", 4), of_another, flawed, *late)
        assert stands(*facts) is not Consent.GIVEN
        assert stands(*facts, given("g2", at(1), **VOOGD)) is Consent.GIVEN


#: A moment in the middle of everything, and the first and the last instant of its day, month and year.
MIDDLE = datetime(2020, 5, 17, 12, 34, 56, 789, tzinfo=UTC)
SPANS = pytest.mark.parametrize(
    ("precision", "first", "after"),
    [
        ("DAY", datetime(2020, 5, 17, tzinfo=UTC), datetime(2020, 5, 18, tzinfo=UTC)),
        ("MONTH", datetime(2020, 5, 1, tzinfo=UTC), datetime(2020, 6, 1, tzinfo=UTC)),
        ("YEAR", datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)),
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
