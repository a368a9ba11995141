"""What the handbooks ask of the contract itself: who may publish and receive, and what no event holds."""

from __future__ import annotations

from consent.masks import share_of
from ketenbus.contract import Field, contract
from tests.consent_facts import LEGAL, the_register

TYPES = contract().types


def fields(name: str) -> dict[str, Field]:
    return {field.name: field for field in TYPES[name].fields}


def test_there_are_eight_recipients_and_each_view_is_of_one_of_them() -> None:
    known = set(contract().codelists["recipient"].codes)
    assert known == {"comensha", "rapporteur", "opvang", "zorgcoordinatie", "ind", "om", "nla", "fg"}
    assert {recipient for recipient, _ in the_register().views()} <= known


def test_a_report_holds_no_word_on_consent_and_a_consent_holds_who_gave_it_how_and_for_what() -> None:
    assert not [name for name in fields("victim-reported") if "consent" in name]
    asked = {
        "purpose",
        "recipient",
        "given_by",
        "giver",
        "channel",
        "language",
        "text_version",
        "explicit",
        "unbundled",
    }
    assert asked <= fields("consent-given").keys()
    assert fields("consent-withdrawn")["withdraws"].required


def test_the_bedenktijd_is_offered_by_the_three_investigative_services_and_by_nobody_else() -> None:
    assert TYPES["bedenktijd-offered"].publishers == LEGAL
    for activity in the_register().by_type["bedenktijd-offered"]:
        assert set(activity.publishers) == LEGAL, activity.ref


def test_no_event_establishes_that_someone_is_a_victim_or_a_suspect() -> None:
    for declared in TYPES.values():
        labels = {field.name for field in declared.fields if field.kind == "boolean"}
        assert not {name for name in labels if "victim" in name or "suspect" in name or "offender" in name}, (
            declared.name
        )


def test_everything_but_neutral_and_quasi_is_sealed_and_so_is_every_form_of_exploitation() -> None:
    for declared in TYPES.values():
        for field in declared.fields:
            assert (field.kind == "sealed") == (field.field_class not in {"neutral", "quasi"}), (
                declared.name,
                field.name,
            )
            if field.name in {"forms", "su_sector", "labour_sector", "cu_sector", "dublin_indication"}:
                assert field.field_class == "special", (declared.name, field.name)


def test_the_sector_of_crime_and_the_dublin_indication_reach_the_registration_and_the_rapporteur_only() -> None:
    views = {
        (activity.recipient, activity.purpose)
        for activity in the_register().activities
        for name in activity.types
        for field in TYPES[name].fields
        if field.codelist in {"cu-sector", "dublin-indication"} and share_of(activity.mask, field) != "left-out"
    }
    assert views == {("comensha", "REGISTRATIE"), ("rapporteur", "MONITORING")}


def test_no_event_holds_medical_data_or_descent_or_a_house() -> None:
    forbidden = {
        "ethnicity",
        "descent",
        "roma",
        "diagnosis",
        "medical",
        "transgender",
        "address",
        "postcode",
        "coordinate",
        "house",
    }
    for declared in TYPES.values():
        for field in declared.fields:
            assert not [word for word in forbidden if word in field.name], (declared.name, field.name)
            assert field.field_class != "location", (declared.name, field.name)


def test_shelter_events_hold_codes_and_no_text_and_no_aangifte() -> None:
    shelter = [declared for declared in TYPES.values() if declared.shelter]
    assert {declared.name for declared in shelter} == {
        "placement-moved",
        "emergency-access-used",
        "emergency-access-reviewed",
    }
    for declared in shelter:
        for field in declared.fields:
            assert field.field_class in {"neutral", "quasi"}, field.name
            assert "aangifte" not in field.name
            free = field.kind == "string" and field.codelist is None and field.pattern is None and field.role is None
            assert not free, field.name


def test_counts_are_about_no_person() -> None:
    for name in ("report-withheld", "anonymous-contact-counted", "inspection-performed", "tables-delivered"):
        assert not TYPES[name].has_subject
        assert {field.field_class for field in TYPES[name].fields} == {"neutral"}, name


def test_the_administrative_inspectorate_reports_no_victim_and_reaches_no_registration() -> None:
    assert "nla-pau" not in TYPES["victim-reported"].publishers
    for activity in the_register().activities:
        assert "nla-pau" not in activity.publishers or activity.purpose != "REGISTRATIE", activity.ref


def test_whoever_needs_consent_can_record_it_but_for_the_one_activity_that_is_open() -> None:
    may = TYPES["consent-given"].publishers
    cannot = {a.ref for a in the_register().activities if a.consent != "none" and not set(a.publishers) & may}
    assert cannot == {"hulp-verblijf/1"}
    assert [a.status for a in the_register().activities if a.ref in cannot] == ["open"]
