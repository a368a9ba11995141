"""The seven rules of precedence of architecture section 6, each by its number and its sentence."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from consent.known import Fact, replay
from consent.precedence import Consent, consent
from ketenbus.events import ConsentRequested
from tests.consent_facts import (
    appointed,
    at,
    decision_on,
    ended,
    fact,
    given,
    linked,
    refused,
    reported,
    retracted,
    unobtainable,
    withdrawn,
)

REGISTRATION = {"purpose": "REGISTRATIE"}
COMENSHA = {"recipient": "comensha"}
PLACEMENT = {"purpose": "PLAATSING"}


def stands(*facts: Fact) -> Consent:
    """How consent stands for the registration at CoMensha."""
    return consent(replay(facts), "comensha", "REGISTRATIE")


def requested() -> Fact:
    held = {"given_by": "PERSON", "age_group": "ADULT", "channel": "WRITTEN", "language": "nl", "text_version": "1"}
    return fact(
        ConsentRequested(subject="client-1", occurred_at=at(0), occurred_precision="INSTANT", **held), "request"
    )


@pytest.mark.parametrize("facts", [(), (requested(),), (reported(),), (linked(),)], ids=len)
def test_1_unknown_is_no(facts: tuple[Fact, ...]) -> None:
    assert stands(*facts) is Consent.NONE
    assert decision_on(facts).outcome == "withheld"


def test_1_unknown_is_no_also_when_another_purpose_or_recipient_is_known() -> None:
    assert stands(given(**PLACEMENT)) is Consent.NONE
    assert stands(given(recipient="opvang")) is Consent.NONE


def test_1_unknown_is_no_and_says_when_nobody_could_be_asked() -> None:
    assert stands(unobtainable()) is Consent.UNOBTAINABLE
    assert stands(unobtainable(), given()) is Consent.GIVEN


def test_1_unknown_is_no_and_that_nobody_could_be_asked_for_another_purpose_says_nothing_here() -> None:
    assert stands(unobtainable(**PLACEMENT)) is Consent.NONE


@pytest.mark.parametrize("scope", [{}, REGISTRATION, COMENSHA, REGISTRATION | COMENSHA], ids=str)
def test_2_of_equally_specific_facts_the_latest_occurred_at_stands(scope: dict[str, str]) -> None:
    assert stands(given(when=at(0), **scope), refused(when=at(1), **scope)) is Consent.REFUSED
    assert stands(refused(when=at(0), **scope), given(when=at(1), **scope)) is Consent.GIVEN


def test_2_the_latest_is_by_when_it_was_said_and_not_by_when_it_was_written_down() -> None:
    assert stands(refused(when=at(0), time=at(9)), given(when=at(1), time=at(2))) is Consent.GIVEN


@pytest.mark.parametrize("grant", [at(0), None], ids=str)
@pytest.mark.parametrize("refusal", [at(0), None], ids=str)
def test_2_at_equal_or_unknown_times_refusal_wins(grant: datetime | None, refusal: datetime | None) -> None:
    assert stands(given(when=grant), refused(when=refusal)) is Consent.REFUSED


def test_2_a_grant_later_than_one_refusal_and_earlier_than_another_is_no() -> None:
    assert stands(refused("a", at(0)), given(when=at(1)), refused("b", at(2))) is Consent.REFUSED


@pytest.mark.parametrize("precision", ["DAY", "MONTH", "YEAR"])
def test_2_a_refusal_that_may_have_been_later_than_the_grant_wins(precision: str) -> None:
    first = datetime(2020, 1, 1, tzinfo=UTC)
    refusal = refused(when=first, occurred_precision=precision)
    assert stands(refusal, given(when=first.replace(hour=9))) is Consent.REFUSED


@pytest.mark.parametrize(("precision", "after"), [("DAY", 1), ("MONTH", 31), ("YEAR", 366)])
def test_2_a_grant_later_than_all_a_refusal_may_have_been_stands(precision: str, after: int) -> None:
    first = datetime(2020, 1, 1, tzinfo=UTC)
    refusal = refused(when=first, occurred_precision=precision)
    assert stands(refusal, given(when=first + (at(after) - at(0)))) is Consent.GIVEN


@pytest.mark.parametrize(
    ("general", "specific"),
    [
        ({}, REGISTRATION),
        ({}, COMENSHA),
        (REGISTRATION, COMENSHA),
        (REGISTRATION, REGISTRATION | COMENSHA),
        (COMENSHA, REGISTRATION | COMENSHA),
    ],
    ids=str,
)
def test_3_the_more_specific_beats_the_more_general_recipient_before_purpose(
    general: dict[str, str], specific: dict[str, str]
) -> None:
    assert stands(given(when=at(9), **general), refused(when=at(0), **specific)) is Consent.REFUSED
    assert stands(refused(when=at(9), **general), given(when=at(0), **specific)) is Consent.GIVEN


def test_3_a_specific_word_about_something_else_beats_nothing() -> None:
    assert stands(given(), refused(**PLACEMENT)) is Consent.GIVEN


def test_4_a_withdrawal_ends_exactly_its_grant() -> None:
    assert stands(given("a"), withdrawn("a")) is Consent.WITHDRAWN
    assert stands(given("a"), given("b"), withdrawn("a")) is Consent.GIVEN
    assert stands(given("a", **REGISTRATION), given("b"), withdrawn("a")) is Consent.GIVEN


def test_4_a_withdrawal_may_arrive_before_its_grant() -> None:
    assert stands(withdrawn("a")) is Consent.NONE
    assert stands(withdrawn("a"), given("a")) is Consent.WITHDRAWN


def test_4_a_withdrawal_of_another_publisher_names_no_grant_of_this_one() -> None:
    assert stands(given("a"), withdrawn("a", oin="9" * 20)) is Consent.GIVEN


def test_4_a_withdrawal_leaves_a_refusal_what_it_was() -> None:
    assert stands(given("a", at(1)), refused("b", at(0)), withdrawn("b")) is Consent.GIVEN
    assert stands(refused("b"), withdrawn("b")) is Consent.REFUSED


def test_4_a_speaker_who_withdrew_one_grant_and_gave_a_flawed_one_has_withdrawn() -> None:
    assert stands(given("a"), withdrawn("a"), given("b", explicit=False)) is Consent.WITHDRAWN


def test_4_what_a_withdrawn_grant_had_beaten_stands_again() -> None:
    assert stands(given("a", at(1)), refused(when=at(0)), withdrawn("a")) is Consent.REFUSED


def test_5_a_grant_ends_by_a_fact_only_and_an_ended_grant_is_as_one_withdrawn_then() -> None:
    long_ago = datetime(1920, 1, 1, tzinfo=UTC)
    assert stands(given("a", long_ago)) is Consent.GIVEN
    assert stands(given("a", long_ago), withdrawn("a")) is Consent.WITHDRAWN


@pytest.mark.parametrize(
    ("giver", "age", "authority"),
    [
        ("PERSON", "ADULT", True),
        ("REPRESENTATIVE", "ADULT", False),
        ("PARENT", "ADULT", False),
        ("GUARDIAN", "ADULT", False),
        ("PERSON", "MINOR", False),
        ("REPRESENTATIVE", "MINOR", False),
        ("PARENT", "MINOR", True),
        ("GUARDIAN", "MINOR", False),
        *((giver, "UNKNOWN", False) for giver in ("PERSON", "REPRESENTATIVE", "PARENT", "GUARDIAN")),
    ],
)
def test_6_who_lacks_authority_grants_nothing_but_refuses_validly(giver: str, age: str, authority: bool) -> None:
    speaker = {"given_by": giver, "age_group": age}
    assert stands(given(**speaker)) is (Consent.GIVEN if authority else Consent.NO_AUTHORITY)
    assert stands(refused(**speaker)) is Consent.REFUSED


def test_6_who_lacks_authority_refuses_validly_against_a_grant_of_who_has_it() -> None:
    grant = given(given_by="PARENT", age_group="MINOR", when=at(1))
    assert stands(grant, refused(given_by="PERSON", age_group="MINOR")) is not Consent.GIVEN


def test_6_a_grant_without_authority_does_not_hide_the_general_grant_of_the_same_speaker() -> None:
    assert stands(given("a"), given("b", age_group="UNKNOWN", **REGISTRATION)) is Consent.GIVEN


def test_6_a_guardian_nobody_appointed_grants_nothing_and_an_appointment_that_comes_later_opens_it() -> None:
    for number in ("voogd-1", None):
        grant = given(when=at(5), given_by="GUARDIAN", giver=number, age_group="MINOR")
        assert stands(grant) is Consent.NO_AUTHORITY
        assert stands(grant, appointed("g", "voogd-2", 0)) is Consent.NO_AUTHORITY
    named = given(when=at(5), given_by="GUARDIAN", giver="voogd-1", age_group="MINOR")
    assert stands(named, appointed("g", "voogd-1", 0, time=at(9))) is Consent.GIVEN


def test_6_a_guardian_has_authority_while_the_guardianship_lasts() -> None:
    grant = given(when=at(5), given_by="GUARDIAN", giver="voogd-1", age_group="MINOR")
    assert stands(appointed("g", "voogd-1", 0), grant) is Consent.GIVEN
    assert stands(appointed("g", "voogd-1", 0), ended("g", 9), grant) is Consent.GIVEN


def test_6_a_guardian_whose_guardianship_had_ended_grants_nothing() -> None:
    grant = given(when=at(5), given_by="GUARDIAN", giver="voogd-1", age_group="MINOR")
    assert stands(appointed("g", "voogd-1", 0), ended("g", 4), grant) is Consent.NO_AUTHORITY


def test_6_of_two_words_on_when_a_guardianship_ended_the_earlier_counts_in_any_order() -> None:
    grant = given(when=at(5), given_by="GUARDIAN", giver="voogd-1", age_group="MINOR")
    for n in range(20):  # the order of a set differs from id to id
        early, late = ended("g", 4, id=f"early-{n}"), ended("g", 9, id=f"late-{n}")
        assert stands(appointed("g", "voogd-1", 0), early, late, grant) is Consent.NO_AUTHORITY


def test_6_a_guardian_who_spoke_at_an_unknown_time_grants_nothing_once_a_term_is_known() -> None:
    grant = given(when=None, given_by="GUARDIAN", giver="voogd-1", age_group="MINOR")
    assert stands(appointed("g", "voogd-1", 0), grant) is Consent.NO_AUTHORITY


def test_6_a_guardian_appointed_after_speaking_grants_nothing() -> None:
    grant = given(when=at(5), given_by="GUARDIAN", giver="voogd-1", age_group="MINOR")
    assert stands(appointed("g", "voogd-1", 6), grant) is Consent.NO_AUTHORITY


def test_6_a_guardian_appointed_anew_has_authority_again() -> None:
    grant = given(when=at(9), given_by="GUARDIAN", giver="voogd-1", age_group="MINOR")
    terms = (appointed("g", "voogd-1", 0), ended("g", 4), appointed("h", "voogd-1", 8))
    assert stands(*terms, grant) is Consent.GIVEN


def test_6_another_guardians_term_says_nothing_of_this_one() -> None:
    grant = given(when=at(5), given_by="GUARDIAN", giver="voogd-1", age_group="MINOR")
    terms = (appointed("g", "voogd-1", 0), appointed("h", "voogd-2", 0), ended("h", 1))
    assert stands(*terms, grant) is Consent.GIVEN


def test_6_a_guardianship_that_was_taken_back_is_no_term() -> None:
    grant = given(when=at(5), given_by="GUARDIAN", giver="voogd-1", age_group="MINOR")
    terms = (appointed("g", "voogd-1", 6), appointed("h", "voogd-1", 0), retracted("h", time=at(9)))
    assert stands(*terms, grant) is Consent.NO_AUTHORITY
    assert stands(appointed("h", "voogd-1", 0), ended("h", 4), retracted("ended", time=at(9)), grant) is Consent.GIVEN


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (at(-1), Consent.GIVEN),
        (at(0), Consent.NO_AUTHORITY),
        (at(1), Consent.NO_AUTHORITY),
        (None, Consent.NO_AUTHORITY),
    ],
    ids=str,
)
def test_6_nobody_grants_for_a_minor_who_was_called_an_adult_that_day_or_before(
    said: datetime | None, state: Consent
) -> None:
    adult = reported(age_group="ADULT", reported_on=at(0).date())
    grant = given(when=said, given_by="PARENT", giver="ouder-1", age_group="MINOR")
    assert stands(adult, grant) is state
    assert stands(adult, retracted("report", time=at(9)), grant) is Consent.GIVEN


def test_6_a_word_of_a_minor_that_may_have_been_said_on_the_day_as_an_adult_grants_nothing() -> None:
    adult = reported(age_group="ADULT", reported_on=at(9).date())
    grant = given(given_by="PARENT", giver="ouder-1", age_group="MINOR", occurred_precision="MONTH")
    assert stands(adult, grant) is Consent.NO_AUTHORITY


def test_7_two_with_authority_who_disagree_are_no_and_a_human_decides() -> None:
    yes = given(given_by="PARENT", giver="ouder-1", age_group="MINOR", when=at(9))
    no = refused(given_by="PARENT", giver="ouder-2", age_group="MINOR", when=at(0))
    assert stands(yes, no) is Consent.CONFLICT
    assert decision_on([yes, no]).reasons == ("consent-conflict",)
    assert decision_on([yes, no]).outcome == "withheld"


def test_7_a_guardian_out_of_office_refuses_validly_but_is_no_second_one_with_authority() -> None:
    yes = given(given_by="PARENT", giver="ouder-1", age_group="MINOR", when=at(9))
    no = refused(given_by="GUARDIAN", giver="voogd-1", age_group="MINOR", when=at(5))
    assert stands(appointed("g", "voogd-1", 0), ended("g", 4), yes, no) is Consent.REFUSED
    assert stands(appointed("g", "voogd-1", 0), yes, no) is Consent.CONFLICT


def test_7_a_refusal_with_authority_that_a_more_specific_one_without_it_beat_is_no_disagreement() -> None:
    yes = given(given_by="PARENT", giver="ouder-1", age_group="MINOR")
    general = refused("a", given_by="PARENT", giver="ouder-2", age_group="MINOR")
    specific = {"given_by": "PARENT", "giver": "ouder-2", **REGISTRATION}
    assert stands(yes, general, refused("b", age_group="UNKNOWN", **specific)) is Consent.REFUSED
    assert stands(yes, general, refused("b", age_group="MINOR", **specific)) is Consent.CONFLICT


def test_7_one_who_changes_their_mind_is_not_two_who_disagree() -> None:
    parent = {"given_by": "PARENT", "giver": "ouder-1", "age_group": "MINOR"}
    assert stands(refused(when=at(0), **parent), given(when=at(1), **parent)) is Consent.GIVEN


def test_7_the_disagreement_ends_when_one_of_them_withdraws() -> None:
    yes = given("a", given_by="PARENT", giver="ouder-1", age_group="MINOR")
    no = refused(given_by="PARENT", giver="ouder-2", age_group="MINOR")
    assert stands(yes, no, withdrawn("a")) is Consent.REFUSED


@pytest.mark.parametrize("changed", [{"explicit": False}, {"unbundled": False}], ids=str)
def test_consent_that_is_implied_or_bundled_is_none(changed: dict[str, bool]) -> None:
    assert stands(given(**changed)) is Consent.NOT_EXPLICIT
    assert stands(given("a", at(9), **changed), given("b", at(0))) is Consent.GIVEN


def test_a_refusal_is_the_reason_before_a_withdrawal_and_that_before_a_flaw() -> None:
    flawed = given("c", given_by="PARENT", giver="x", explicit=False, age_group="MINOR")
    gone = given("a", given_by="PARENT", giver="y", age_group="MINOR")
    assert stands(gone, withdrawn("a"), flawed, refused(given_by="PERSON")) is Consent.REFUSED
    assert stands(gone, withdrawn("a"), flawed) is Consent.WITHDRAWN
