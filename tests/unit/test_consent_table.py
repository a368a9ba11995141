"""The decision table of programma-en-opvang section 3.5, row by row, against the real register."""

from __future__ import annotations

from itertools import chain

import pytest

from consent.activities import view_topic
from consent.known import Fact, replay
from consent.masks import classes_of
from consent.policy import Case, decide
from consent.proofs.named_rows import NAMED_ROWS, NamedRow
from ketenbus.contract import contract
from tests.consent_facts import case, decision_on, decisions, given, refused, the_register, withdrawn
from tests.registers import lawless

#: How a person's consent may stand, made by facts; a grant that ran out is as one withdrawn then (architecture, section 6, rule 5).
ANY: dict[str, list[Fact]] = {
    "geweigerd": [refused()],
    "onbekend": [],
    "ingetrokken of verlopen": [given("a"), withdrawn("a")],
    "verleend": [given()],
}
ROWS = pytest.mark.parametrize("row", NAMED_ROWS, ids=[f"{row.name}: {row.says}" for row in NAMED_ROWS])


@ROWS
def test_the_real_register_decides_as_the_row_says(row: NamedRow) -> None:
    assert list(row.check(the_register())) == []


@ROWS
def test_a_row_can_fail(row: NamedRow) -> None:
    """Everything is shared, or nothing is: one of the two is not what a row says."""
    [first, *_], rules = the_register().activities, the_register().rules
    held = {
        "publishers": tuple(sorted(contract().codelists["publisher-kind"].codes)),
        "types": tuple(sorted(contract().types)),
        "consent": "none",
        "mask": ("neutral", "identity"),
    }
    views = {*the_register().views(), ("dtv", "TERUGKEER")}
    open_to_all = [first.model_copy(update={**held, "recipient": r, "purpose": p}) for r, p in sorted(views)]
    broken = chain(row.check(lawless([], rules)), row.check(lawless(open_to_all, rules)))
    assert next(broken, None) is not None


def test_every_row_of_the_handbooks_table_is_there() -> None:
    assert [r.name for r in NAMED_ROWS if r.name.startswith("3.5")] == [f"3.5 row {n}" for n in range(1, 10)]


@pytest.mark.parametrize("name", ["registration-recorded", "registration-corrected", "registration-ended"])
def test_what_the_rapporteur_gets_of_a_record_is_all_but_what_identifies(name: str) -> None:
    decision = decision_on([], "rapporteur", "MONITORING", type=name, kind="comensha")
    kept = {f.field_class for f in contract().types[name].fields} - {"identity", "contact", "narrative", "location"}
    assert decision.outcome == "delivered"
    assert kept <= classes_of(decision.mask)


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


def test_a_signal_goes_to_nobody_for_nothing_in_clear_says_that_it_is_on_labour_exploitation() -> None:
    clear = {f.name for f in contract().types["signal-raised"].fields if f.field_class in {"neutral", "quasi"}}
    assert not clear & {"forms", "su_sector", "labour_sector", "cu_sector"}
    for kind in contract().types["signal-raised"].publishers:
        assert decide(the_register(), case("signal-raised", kind), replay([given()])) == (), kind


def test_an_activity_not_in_force_on_the_day_of_the_event_rules_nothing() -> None:
    before = Case(case().ref, "victim-reported", "politie", case().day.replace(year=2013), False)
    assert decide(the_register(), before, replay([])) == ()


def test_a_publisher_no_activity_names_is_withheld_for_that_reason() -> None:
    decision = decision_on([given()], "om", "OPSPORING", type="aangifte-filed")
    assert (decision.outcome, decision.activity, decision.reasons) == ("withheld", "", ("no-activity",))


def test_every_withheld_or_pending_candidate_has_an_empty_mask_and_one_reason() -> None:
    for facts in ANY.values():
        for name in contract().types:
            for decision in decisions(the_register(), case(name), replay(facts)).values():
                assert len(decision.reasons) == 1
                assert (decision.mask == ()) == (decision.outcome != "delivered")
                assert decision.mask_name == "+".join(decision.mask)


def test_a_view_is_named_by_its_recipient_and_purpose() -> None:
    assert view_topic("comensha", "REGISTRATIE") == "view.comensha.registratie"
