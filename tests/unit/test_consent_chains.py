"""Corrections, retractions and quarantined facts: what stands, what is superseded, what waits."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from consent.chains import superseded
from consent.known import Fact, replay
from consent.precedence import Consent, consent
from tests.consent_facts import (
    DAY,
    at,
    begun,
    decision_on,
    given,
    linked,
    over,
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


def corrected(id: str, corrects: str, days: float, **changed: Any) -> Fact:
    """The grant again, with another word in a field that nobody asked the person about, some days later."""
    return given(id, time=at(days), corrects=corrects, **({"language": "fr"} | changed))


def test_a_withdrawal_ends_every_grant_of_the_chain_of_corrections_it_names_in_any_order() -> None:
    for named in "abc":
        for order in permutations([given("a"), corrected("b", "a", 1), corrected("c", "b", 3), withdrawn(named)]):
            assert stands(*order) is Consent.WITHDRAWN


def test_a_correction_never_turns_a_no_by_withdrawal_into_a_yes_whatever_it_corrects() -> None:
    said = [given("a"), withdrawn("a")]
    changes: list[dict[str, Any]] = [
        {},
        {"purpose": "REGISTRATIE"},
        {"valid_from": DAY},
        {"when": at(9)},
        {"given_by": "REPRESENTATIVE"},
    ]
    for changed in changes:
        for order in permutations([*said, corrected("b", "a", 9, **changed)]):
            assert stands(*order) is Consent.WITHDRAWN
    assert stands(*said, corrected("b", "a", -9)) is Consent.WITHDRAWN
    assert stands(*said, corrected("b", "a", 9, explicit=False)) is Consent.WITHDRAWN


def test_a_retracted_correction_still_joins_what_a_withdrawal_ends() -> None:
    facts = [given("a"), corrected("b", "a", 1), corrected("c", "b", 2), retracted("b"), withdrawn("a")]
    for order in permutations(facts):
        assert stands(*order) is Consent.WITHDRAWN
    assert stands(given("a"), corrected("b", "a", 1), withdrawn("b"), retracted("b")) is Consent.WITHDRAWN


def test_a_withdrawal_that_was_taken_back_or_names_no_grant_of_the_chain_ends_nothing_of_it() -> None:
    chain = (given("a"), corrected("b", "a", 1))
    assert stands(*chain, withdrawn("a"), retracted("withdrawal")) is Consent.GIVEN
    assert stands(*chain, withdrawn("c")) is Consent.GIVEN
    assert stands(*chain, withdrawn("a", oin="9" * 20)) is Consent.GIVEN
    assert stands(given("c"), refused("b", at(-1), time=at(1), corrects="c"), withdrawn("b")) is Consent.GIVEN


def test_who_grants_anew_after_a_withdrawal_says_a_new_grant() -> None:
    assert stands(given("a"), corrected("b", "a", 1), withdrawn("a"), given("new")) is Consent.GIVEN


def test_a_period_is_of_one_grant_and_not_of_its_correction() -> None:
    assert stands(given("a"), over("a"), corrected("b", "a", 1)) is Consent.GIVEN
    assert stands(given("a", valid_from=DAY), begun("a"), corrected("b", "a", 1, valid_from=DAY)) is Consent.NOT_BEGUN


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
