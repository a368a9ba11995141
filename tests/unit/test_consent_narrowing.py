"""Words about one class of fields, one phase of the case or one organisation: they narrow a mask and never widen it."""

from __future__ import annotations

from datetime import date

import pytest

from consent.known import Fact, replay
from consent.narrowing import Narrowed, Stands, every, stands
from consent.narrowing import given as classes_given
from consent.precedence import Consent, consent
from ketenbus import rules
from ketenbus.contract import contract
from tests.consent_facts import at, decision_on, given, over, quarantined, refused, withdrawn

MASK = ("neutral", "quasi", "identity", "special")
OF = {"recipient": "comensha"}
FATHER = {"given_by": "PARENT", "giver": "father", "age_group": "MINOR"}
MOTHER = {"given_by": "PARENT", "giver": "mother", "age_group": "MINOR"}


def stand(*facts: Fact, mask: tuple[str, ...] = MASK, phase: str = "signal") -> Stands:
    return stands(replay(facts), "comensha", "REGISTRATIE", mask, phase)


def but_for(*classes: str) -> Narrowed:
    return Narrowed(frozenset(classes))


def test_a_refusal_of_a_class_narrows_a_general_grant_to_the_other_classes() -> None:
    narrowed = stand(given(), refused(field_class="special"))
    assert narrowed == but_for("special")
    assert narrowed.of(MASK) == ("neutral", "quasi", "identity")
    decision = decision_on([given(), refused(field_class="special")])
    assert (decision.outcome, decision.mask_name) == ("delivered", "neutral+quasi+identity")
    assert decision.reasons == ("consent-narrowed",)


def test_a_grant_for_one_class_opens_that_class_and_what_says_not_who_it_is() -> None:
    assert stand(given(field_class="special")) == but_for("quasi", "identity")
    assert decision_on([given(field_class="special")]).mask_name == "neutral+special"


def test_grants_for_each_class_are_a_grant() -> None:
    assert stand(*(given(name, field_class=name) for name in MASK[1:])) is Consent.GIVEN


def test_a_class_that_the_mask_does_not_hold_opens_and_closes_nothing() -> None:
    assert stand(given(field_class="location")) is Consent.NONE
    assert stand(given(), refused(field_class="location")) is Consent.GIVEN


def test_where_every_class_is_refused_and_all_is_granted_no_more_travels_than_that_it_was() -> None:
    refusals = [refused(name, field_class=name) for name in MASK[1:]]
    assert decision_on([given(), *refusals]).mask_name == "neutral"
    assert stand(given(), refused("q", field_class="quasi"), mask=("neutral", "quasi")) == but_for("quasi")


def test_of_several_reasons_the_one_that_says_most_is_told() -> None:
    assert stand(refused(field_class="special")) is Consent.REFUSED
    assert stand(given("g", field_class="special"), withdrawn("g")) is Consent.WITHDRAWN
    assert stand(given("g", field_class="special"), over("g"), refused(field_class="quasi")) is Consent.REFUSED


def test_3_a_word_about_a_class_beats_one_about_all_and_is_beaten_by_one_that_names_the_purpose() -> None:
    special = {"field_class": "special"}
    assert stand(refused(when=at(9)), given(when=at(0), **special)) == but_for("quasi", "identity")
    assert stand(given(when=at(0), purpose="REGISTRATIE"), refused(when=at(9), **special)) is Consent.GIVEN
    assert stand(given(when=at(0), **OF), refused(when=at(9), **special)) is Consent.GIVEN
    assert stand(given(when=at(0), **OF), refused(when=at(0), **OF, **special)) == but_for("special")


def test_2_of_two_words_about_one_class_the_later_stands() -> None:
    special = {"field_class": "special"}
    assert stand(given("all"), refused(when=at(0), **special), given("late", at(1), **special)) is Consent.GIVEN
    assert stand(given("all"), given("g", at(0), **special), refused(when=at(1), **special)) == but_for("special")


def test_7_two_who_disagree_about_a_class_share_the_others() -> None:
    assert stand(given(**MOTHER), refused(field_class="special", **FATHER)) == but_for("special")
    known = replay([given(**MOTHER), refused(field_class="special", **FATHER)])
    assert consent(known, "comensha", "REGISTRATIE", "special", "signal") is Consent.CONFLICT


def test_while_a_fact_is_quarantined_nothing_rests_on_any_class() -> None:
    assert stand(given(), refused(field_class="special"), quarantined("q")) is Consent.QUARANTINED


def test_a_safety_ground_opens_its_set_whatever_class_is_refused() -> None:
    facts = [given(), refused(field_class="quasi")]
    of = {"type": "placement-moved", "recipient": "opvang", "purpose": "PLAATSING"}
    assert decision_on(facts, **of).mask_name == "neutral"
    unsafe = decision_on(facts, safety=True, **of)
    assert (unsafe.mask_name, unsafe.reasons) == ("neutral+quasi", ("safety",))


def test_a_word_for_a_phase_is_heard_of_the_events_of_that_phase_and_comes_after_all_else() -> None:
    assert stand(given(case_phase="signal")) is Consent.GIVEN
    assert stand(given(case_phase="shelter")) is Consent.NONE
    assert stand(given(when=at(9)), refused(when=at(0), case_phase="signal")) is Consent.REFUSED
    assert stand(given(when=at(0), purpose="REGISTRATIE"), refused(when=at(9), case_phase="signal")) is Consent.GIVEN
    special = given(when=at(0), field_class="special")
    assert stand(special, refused(when=at(9), case_phase="signal")) == but_for("quasi", "identity")


def test_the_phase_of_an_event_is_the_group_of_its_type() -> None:
    facts = [given(), refused(case_phase="shelter")]
    assert decision_on(facts).outcome == "delivered"
    assert decision_on(facts, "opvang", "PLAATSING", type="placement-moved").outcome == "withheld"
    phases = contract().codelists["case-phase"].codes.keys()
    assert phases <= {declared.group for declared in contract().types.values()} | {"help"}


def test_who_grants_to_one_organisation_has_not_granted_to_all_and_who_refuses_one_refuses_the_view_they_share() -> (
    None
):
    one = {"recipient": "comensha", "recipient_organisation": "00000099000000029000"}
    assert stand(given(**one)) is Consent.NONE
    assert stand(given(when=at(9)), refused(when=at(0), **one)) is Consent.REFUSED
    assert stand(given(when=at(9), **OF), refused(when=at(0), **one)) is Consent.REFUSED
    assert stand(given(when=at(0), **OF), refused(recipient="opvang", recipient_organisation="1" * 20)) is Consent.GIVEN


def test_an_organisation_is_one_of_a_recipient_that_is_named() -> None:
    event = given(recipient_organisation="00000099000000029000").event
    assert [b.field for b in rules.broken(event, date(2020, 5, 5))] == ["recipient_organisation"]


def test_neutral_is_no_class_that_a_word_can_name() -> None:
    event = given(field_class="neutral").event
    assert [b.field for b in rules.broken(event, date(2020, 5, 5))] == ["field_class"]


@pytest.mark.parametrize(("mask", "ways"), [(("neutral",), 0), (("neutral", "quasi"), 1), (MASK, 7)])
def test_how_consent_may_stand_for_a_mask_is_finite(mask: tuple[str, ...], ways: int) -> None:
    found = list(every(mask))
    assert len(found) == len(set(found)) == len(Consent) + ways
    assert {classes_given(state, mask) for state in found} >= {frozenset(mask), frozenset()}
