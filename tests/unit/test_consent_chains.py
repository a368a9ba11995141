"""Corrections, retractions and quarantined facts: what stands, what is superseded, what waits."""

from __future__ import annotations

from itertools import permutations

import pytest

from consent.chains import superseded
from consent.known import Fact, replay
from consent.precedence import Consent, consent
from tests.consent_facts import (
    at,
    decision_on,
    given,
    linked,
    quarantined,
    refused,
    reported,
    retracted,
    unobtainable,
    withdrawn,
)


def gone(*facts: Fact) -> set[str]:
    """The ids of the events that a later one of their chain replaces."""
    return {ref.id for ref in superseded(replay(facts))}


def stands(*facts: Fact) -> Consent:
    return consent(replay(facts), "comensha", "REGISTRATIE")


def outcome(*facts: Fact, id: str) -> str:
    """What becomes of a report of the police, who need no consent, for the reason it gets."""
    decision = decision_on(facts, kind="politie", id=id)
    return f"{decision.outcome} {decision.reasons[0]}"


A, B, C = reported("a"), reported("b", time=at(1), corrects="a"), reported("c", time=at(2), corrects="b")


def test_the_latest_of_a_chain_stands_and_the_earlier_are_superseded() -> None:
    for order in permutations([A, B, C]):
        assert gone(*order) == {"a", "b"}
    assert [outcome(A, B, C, id=id) for id in "abc"] == [
        "withheld superseded",
        "withheld superseded",
        "delivered legal-task",
    ]


def test_the_latest_is_by_time_and_then_by_id_whoever_corrects_whom() -> None:
    assert gone(reported("a", time=at(2)), reported("b", time=at(1), corrects="a")) == {"b"}
    assert gone(reported("a"), reported("b", corrects="a")) == {"a"}
    assert gone(reported("b"), reported("a", corrects="b")) == {"a"}


def test_two_corrections_of_one_event_are_one_chain() -> None:
    assert gone(A, B, reported("c", time=at(2), corrects="a")) == {"a", "b"}


def test_a_correction_may_arrive_before_what_it_corrects_and_stands_meanwhile() -> None:
    assert gone(B) == set()
    assert outcome(B, id="b") == "delivered legal-task"
    assert gone(B, A) == {"a"}


def test_two_corrections_of_an_event_that_has_not_arrived_are_one_chain() -> None:
    assert gone(B, reported("c", time=at(2), corrects="a")) == {"b"}


def test_a_chain_may_bite_its_own_tail() -> None:
    assert gone(reported("a", corrects="b"), reported("b", time=at(1), corrects="a")) == {"a"}
    assert gone(reported("a", corrects="a")) == set()


def test_a_correction_of_another_type_is_no_correction() -> None:
    assert gone(A, given("b", time=at(1), corrects="a")) == set()


def test_corrections_of_two_types_that_name_one_missing_event_are_not_one_chain() -> None:
    assert gone(reported("b", corrects="a"), given("c", time=at(1), corrects="a")) == set()


def test_another_publisher_cannot_correct_or_retract() -> None:
    other = "9" * 20
    assert gone(A, reported("b", time=at(1), corrects="a", oin=other)) == set()
    assert outcome(A, retracted("a", oin=other), id="a") == "delivered legal-task"


def test_a_retracted_event_is_withheld_and_may_be_retracted_before_it_arrives() -> None:
    assert outcome(A, retracted("a"), id="a") == "withheld retracted"
    assert outcome(retracted("a"), A, id="a") == "withheld retracted"


def test_when_a_correction_is_retracted_what_it_corrected_stands_again() -> None:
    assert outcome(A, B, retracted("b"), id="a") == "delivered legal-task"
    assert outcome(A, B, retracted("b"), id="b") == "withheld retracted"


def test_a_retracted_link_still_joins_the_chain_but_never_stands() -> None:
    facts = (A, B, C, retracted("b"))
    assert [outcome(*facts, id=id) for id in "abc"] == [
        "withheld superseded",
        "withheld retracted",
        "delivered legal-task",
    ]


def test_when_the_whole_chain_is_retracted_nothing_stands() -> None:
    facts = (A, B, retracted("a", "r1"), retracted("b", "r2"))
    assert [outcome(*facts, id=id) for id in "ab"] == ["withheld retracted", "withheld retracted"]


def test_a_corrected_grant_says_what_the_correction_says() -> None:
    wrong = given("a", purpose="REGISTRATIE")
    assert stands(wrong) is Consent.GIVEN
    assert stands(wrong, given("b", time=at(1), corrects="a", purpose="PLAATSING")) is Consent.NONE


def test_a_retracted_refusal_refuses_nothing() -> None:
    assert stands(given(when=at(0)), refused("no", at(1)), retracted("no")) is Consent.GIVEN


def test_a_retracted_word_that_nobody_could_be_asked_is_as_never_said() -> None:
    assert stands(unobtainable("u"), retracted("u")) is Consent.NONE


def test_a_retracted_withdrawal_ends_nothing() -> None:
    assert stands(given("a"), withdrawn("a", "w"), retracted("w")) is Consent.GIVEN


def test_a_corrected_withdrawal_ends_only_the_grant_its_correction_names() -> None:
    facts = (given("a"), withdrawn("a", "w"), withdrawn("b", "v", time=at(1), corrects="w"))
    assert stands(*facts) is Consent.GIVEN
    assert stands(*facts, given("b")) is Consent.GIVEN


def test_a_corrected_retraction_takes_back_only_what_its_correction_names() -> None:
    facts = (A, retracted("a", "r"), retracted("z", "s", time=at(1), corrects="r"))
    assert outcome(*facts, id="a") == "delivered legal-task"


def test_a_retraction_that_is_taken_back_takes_nothing_back() -> None:
    facts = (A, retracted("a", "r", time=at(1)), retracted("r", "s", time=at(2)))
    assert outcome(*facts, id="a") == "delivered legal-task"
    assert outcome(*facts, retracted("a", "t", time=at(3)), id="a") == "withheld retracted"


def test_a_retraction_stands_again_when_what_took_it_back_is_taken_back() -> None:
    facts = (A, retracted("a", "r", time=at(1)), retracted("r", "s", time=at(2)), retracted("s", "t", time=at(3)))
    assert outcome(*facts, id="a") == "withheld retracted"


def test_a_retraction_stands_again_when_its_correction_is_taken_back() -> None:
    wrong = retracted("z", "s", time=at(2), corrects="r")
    facts = (A, retracted("a", "r", time=at(1)), wrong, retracted("s", "t", time=at(3)))
    assert outcome(*facts, id="a") == "withheld retracted"


@pytest.mark.parametrize("type", ["consent-given", "consent-withdrawn", "guardian-ended", "event-retracted"])
def test_what_rests_on_consent_is_pending_while_a_fact_of_it_is_quarantined(type: str) -> None:
    decision = decision_on([given(), quarantined("q", type=type)])
    assert (decision.outcome, decision.reasons, decision.mask) == ("pending", ("consent-quarantined",), ())


def test_a_quarantined_fact_is_waited_for_until_its_id_is_admitted_in_any_order() -> None:
    for facts in permutations([given("g"), quarantined("q"), refused("q", at(1))]):
        assert decision_on(facts).reasons == ("consent-refused",)
    for facts in permutations([quarantined("q"), given("q")]):
        assert decision_on(facts).outcome == "delivered"


def test_each_quarantined_fact_is_waited_for() -> None:
    facts = [given("g"), quarantined("p"), quarantined("q"), given("p")]
    assert decision_on(facts).outcome == "pending"
    assert decision_on([*facts, given("q")]).outcome == "delivered"


def test_the_same_id_of_another_publisher_is_not_what_is_waited_for() -> None:
    facts = [given("g"), quarantined("q", oin="9" * 20), given("q")]
    assert decision_on(facts).outcome == "pending"


def test_what_needs_no_consent_does_not_wait_for_it() -> None:
    assert decision_on([quarantined("q")], kind="politie").outcome == "delivered"


def test_a_retraction_is_heard_while_a_consent_is_quarantined() -> None:
    assert decision_on([given(), quarantined("q"), retracted("case")]).reasons == ("retracted",)


def test_an_event_that_says_nothing_of_consent_is_not_what_is_waited_for_even_under_its_id() -> None:
    desk = "00000009900000000029"
    waiting = [given("g"), quarantined("q", type="event-retracted", oin=desk)]
    assert decision_on([*waiting, linked("q")]).outcome == "pending"
    assert decision_on([*waiting, reported("q", oin=desk)]).outcome == "pending"
    assert decision_on([*waiting, retracted("z", "q", oin=desk)]).outcome == "delivered"
