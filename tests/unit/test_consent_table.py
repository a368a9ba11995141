"""The decision table of programma-en-opvang section 3.5, row by row, against the real register."""

from __future__ import annotations

import pytest

from consent.known import Fact, replay
from consent.policy import Case, decide
from ketenbus.contract import contract
from tests.consent_facts import CARE, LEGAL, case, decision_on, decisions, given, refused, the_register, withdrawn

REGISTRATION_SET = ("neutral", "quasi", "identity", "special")
PLACEMENT_SET = ("neutral", "quasi")
#: geweigerd, onbekend, ingetrokken; a grant that ran out is as one withdrawn then (architecture, section 6, rule 5).
NO_CONSENT: dict[str, list[Fact]] = {
    "geweigerd": [refused()],
    "onbekend": [],
    "ingetrokken of verlopen": [given("a"), withdrawn("a")],
}
ANY = NO_CONSENT | {"verleend": [given()]}
SAFETY = pytest.mark.parametrize("safety", [True, False], ids=["veiligheid", "geen veiligheid"])
REPORTERS = pytest.mark.parametrize("kind", sorted(CARE))
STATES = pytest.mark.parametrize("state", ANY)


@REPORTERS
@SAFETY
def test_row_1_care_may_report_to_the_registration_with_consent(kind: str, safety: bool) -> None:
    decision = decision_on([given(purpose="REGISTRATIE")], kind=kind, safety=safety)
    assert (decision.outcome, decision.mask) == ("delivered", REGISTRATION_SET)


@REPORTERS
@SAFETY
@pytest.mark.parametrize("state", NO_CONSENT)
def test_row_2_care_may_not_report_to_the_registration_without_also_when_safety_is_at_stake(
    kind: str, safety: bool, state: str
) -> None:
    decision = decision_on(NO_CONSENT[state], kind=kind, safety=safety)
    assert (decision.outcome, decision.mask) == ("withheld", ())


@SAFETY
@pytest.mark.parametrize("recipient", ["comensha", "opvang"])
@pytest.mark.parametrize("kind", ["zorgcoordinator", "opvang"])
def test_row_3_care_may_place_with_consent_for_that_purpose(kind: str, recipient: str, safety: bool) -> None:
    decision = decision_on(
        [given(purpose="PLAATSING")], recipient, "PLAATSING", type="placement-moved", kind=kind, safety=safety
    )
    assert (decision.outcome, decision.mask) == ("delivered", PLACEMENT_SET)


@pytest.mark.parametrize("recipient", ["comensha", "opvang"])
@pytest.mark.parametrize("state", NO_CONSENT)
def test_row_4_care_may_place_without_consent_where_a_safety_ground_is_recorded_the_placement_set_only(
    state: str, recipient: str
) -> None:
    decision = decision_on(NO_CONSENT[state], recipient, "PLAATSING", type="placement-moved", safety=True)
    assert (decision.outcome, decision.mask, decision.reasons) == ("delivered", PLACEMENT_SET, ("safety",))


@pytest.mark.parametrize("recipient", ["comensha", "opvang"])
@pytest.mark.parametrize("state", NO_CONSENT)
def test_row_5_care_may_not_place_without_consent_where_safety_is_not_at_stake(state: str, recipient: str) -> None:
    decision = decision_on(NO_CONSENT[state], recipient, "PLAATSING", type="placement-moved", safety=False)
    assert (decision.outcome, decision.mask) == ("withheld", ())


@pytest.mark.parametrize("kind", sorted(LEGAL))
@SAFETY
@STATES
def test_row_6_police_kmar_and_nla_report_to_the_registration_under_their_own_legal_task(
    kind: str, safety: bool, state: str
) -> None:
    decision = decision_on(ANY[state], kind=kind, safety=safety)
    assert (decision.outcome, decision.mask, decision.reasons) == ("delivered", REGISTRATION_SET, ("legal-task",))


def test_row_7_the_rapporteur_gets_records_of_the_registration_and_counts_and_no_event_about_a_person() -> None:
    for name, declared in contract().types.items():
        recipients = {recipient for recipient, _ in the_register().candidates(name, case().day)}
        assert "rapporteur" not in recipients or declared.key in {"record", "publisher"}, name


@pytest.mark.parametrize("name", ["registration-recorded", "registration-corrected", "registration-ended"])
def test_row_7_what_the_rapporteur_gets_of_a_record_holds_no_identity(name: str) -> None:
    decision = decision_on([], "rapporteur", "MONITORING", type=name, kind="comensha")
    kept = {f.field_class for f in contract().types[name].fields} - {"identity", "contact", "narrative", "location"}
    assert decision.outcome == "delivered"
    assert not {"identity", "contact", "narrative", "location"} & set(decision.mask)
    assert kept <= set(decision.mask)


@pytest.mark.parametrize("purpose", ["OPSPORING", "TERUGKEER", "TOEZICHT"])
@SAFETY
@STATES
def test_rows_8_and_9_nothing_of_care_or_shelter_goes_to_investigation_return_or_supervision(
    purpose: str, safety: bool, state: str
) -> None:
    known = replay(ANY[state])
    for name in contract().types:
        for kind in CARE:
            judged = decide(the_register(), case(name, kind, safety=safety), known)
            assert not [d for d in judged if d.purpose == purpose and d.outcome == "delivered"], (name, kind)


def test_consent_to_one_purpose_of_a_receiver_is_none_to_its_other() -> None:
    placement = [given(purpose="PLAATSING")]
    assert decision_on(placement).outcome == "withheld"
    assert (
        decision_on([given(purpose="REGISTRATIE")], purpose="PLAATSING", type="placement-moved").outcome == "withheld"
    )


def test_help_during_the_bedenktijd_is_unconditional() -> None:
    for facts in ANY.values():
        decision = decision_on(facts, "zorgcoordinatie", "HULP", type="bedenktijd-offered", kind="politie")
        assert (decision.outcome, decision.reasons) == ("delivered", ("legal-task",))


def test_an_activity_not_in_force_on_the_day_of_the_event_rules_nothing() -> None:
    before = Case(case().ref, "victim-reported", "politie", case().day.replace(year=2013), False)
    assert decide(the_register(), before, replay([])) == ()


def test_a_publisher_no_activity_names_is_withheld_for_that_reason() -> None:
    decision = decision_on([given()], "nla", "OPSPORING", type="signal-raised")
    assert (decision.outcome, decision.activity, decision.reasons) == ("withheld", "", ("no-activity",))


def test_every_withheld_or_pending_candidate_has_an_empty_mask_and_one_reason() -> None:
    for facts in ANY.values():
        for name in contract().types:
            for decision in decisions(the_register(), case(name), replay(facts)).values():
                assert len(decision.reasons) == 1
                assert (decision.mask == ()) == (decision.outcome != "delivered")
                assert decision.mask_name == "+".join(decision.mask)
