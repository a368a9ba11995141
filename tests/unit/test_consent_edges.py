"""Where a rule of precedence begins and ends: the scope a decision asks for, and the first and last day of an office."""

from __future__ import annotations

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
