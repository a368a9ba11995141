"""A register that could decide two ways, feed itself or name what does not exist is refused, and says where."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from consent.activities import Register, register
from consent.masks import share_of
from ketenbus.contract import contract
from ketenbus.errors import ConfigurationError
from streams.runtime.settings import load_register
from tests.consent_facts import the_register

RULES = {"withhold_superseded": True, "withhold_retracted": True, "source": "a test"}


def activity(**changed: Any) -> dict[str, Any]:
    held: dict[str, Any] = {
        "id": "one",
        "version": 1,
        "controller": "ind",
        "recipient": "ind",
        "purpose": "UITVOERING",
        "types": ["aangifte-filed"],
        "publishers": ["politie"],
        "consent": "none",
        "mask": ["neutral"],
        "recalls": True,
        "ground": {"nl": "een wet", "en": "a law"},
        "articles": ["vw-2000"],
        "sources": ["bescherming-2010-2014:277 P4"],
        "retention": "open",
        "status": "inferred",
        "valid_from": date(2014, 1, 1),
        "why": {"nl": "omdat", "en": "because"},
    }
    return held | changed


def made(*activities: dict[str, Any], **rules: Any) -> Register:
    return register(activities, RULES | rules)


def test_two_activities_over_one_candidate_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"one/1 and two/3 both rule ind UITVOERING"):
        made(activity(), activity(id="two", version=3))


@pytest.mark.parametrize(
    "apart",
    [
        {"types": ["seponeerd"], "publishers": ["om"]},
        {"publishers": ["kmar"]},
        {"purpose": "HULP"},
        {"recipient": "om"},
        {"valid_from": date(2020, 1, 1)},
        {"valid_from": date(2000, 1, 1), "valid_to": date(2014, 1, 1)},
    ],
    ids=str,
)
def test_activities_that_share_no_candidate_on_any_day_stand_together(apart: dict[str, Any]) -> None:
    both = made(activity(valid_to=date(2020, 1, 1)), activity(id="two", **apart))
    assert [a.ref for a in both.activities] == ["one/1", "two/1"]


@pytest.mark.parametrize("valid_to", [None, date(2020, 1, 2)], ids=str)
def test_one_day_in_common_is_too_much(valid_to: date | None) -> None:
    with pytest.raises(ValueError, match="both rule"):
        made(activity(valid_to=valid_to), activity(id="two", valid_from=date(2020, 1, 1)))


@pytest.mark.parametrize("name", ["registration-recorded", "registration-corrected", "registration-ended"])
def test_the_registrations_output_never_returns_to_the_zone_that_makes_it(name: str) -> None:
    with pytest.raises(ValueError, match=r"one/1 returns the registration's output"):
        made(activity(recipient="comensha", publishers=["comensha"], types=[name]))


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"mask": ["neutral", "secret"]}, "mask"),
        ({"consent": "maybe"}, "consent"),
        ({"status": "sure"}, "status"),
        ({"recalls": "sometimes"}, "recalls"),
        ({"valid_from": "soon"}, "valid_from"),
        ({"why": {"nl": "omdat"}}, "why"),
        ({"colour": "blue"}, "colour"),
    ],
    ids=str,
)
def test_a_wrong_field_is_refused_by_its_name(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(ValueError, match=field):
        made(activity(**changed))


def test_a_class_travels_as_it_is_or_made_general_and_not_both() -> None:
    assert made(activity(mask=["neutral-generalised"])).activities[0].mask == ("neutral-generalised",)
    with pytest.raises(ValueError, match=r"one/1: the mask lets neutral through as it is and made general"):
        made(activity(mask=["neutral", "neutral-generalised"]))
    with pytest.raises(ValueError, match="mask"):
        made(activity(mask=["neutral", "special-generalised"]))
    with pytest.raises(ValueError, match=r"one/1: the mask leaves out subject of aangifte-filed"):
        made(activity(mask=["quasi-generalised"]))


def test_every_fault_is_told_with_the_document_that_has_it() -> None:
    with pytest.raises(ValueError, match="interpret") as refused:
        made(activity(consent="maybe"), withhold_superseded="maybe")
    assert [line.partition(": Input")[0] for line in str(refused.value).splitlines()] == [
        "rules: withhold_superseded",
        "activities: consent",
    ]


@pytest.mark.parametrize("field", sorted(activity()))
def test_a_missing_field_is_refused_by_its_name(field: str) -> None:
    row = activity()
    del row[field]
    with pytest.raises(ValueError, match=field):
        made(row)


def test_a_register_that_is_refused_stops_the_start_and_names_the_file(tmp_path: Path) -> None:
    bad = tmp_path / "activities.yaml"
    bad.write_text("- {id: one}")
    with pytest.raises(ConfigurationError, match=r"activities\.yaml"):
        load_register(bad)
    with pytest.raises(ConfigurationError, match=r"absent\.yaml"):
        load_register(tmp_path / "absent.yaml")


def test_an_activity_is_in_force_from_its_first_day_until_the_day_before_its_end() -> None:
    [one] = made(activity(valid_to=date(2020, 1, 1))).activities
    days = (date(2013, 12, 31), date(2014, 1, 1), date(2019, 12, 31), date(2020, 1, 1))
    assert [one.in_force(day) for day in days] == [False, True, True, False]


def test_a_decision_is_found_back_by_the_activity_it_names() -> None:
    both = made(activity(valid_to=date(2020, 1, 1)), activity(version=2, valid_from=date(2020, 1, 1)))
    assert both.by_ref("one/2") is both.activities[1]
    assert both.by_ref("one/3") is None


def test_candidates_are_what_an_activity_in_force_names_for_the_type() -> None:
    both = made(activity(), activity(id="two", recipient="om", publishers=["kmar"], valid_from=date(2020, 1, 1)))
    assert both.candidates("aangifte-filed", date(2019, 12, 31)) == (("ind", "UITVOERING"),)
    assert both.candidates("aangifte-filed", date(2020, 1, 1)) == (("ind", "UITVOERING"), ("om", "UITVOERING"))
    assert both.candidates("seponeerd", date(2020, 1, 1)) == ()


def test_the_released_register_names_only_what_the_contract_knows() -> None:
    known = contract()
    for a in the_register().activities:
        assert set(a.types) <= set(known.types), a.ref
        assert set(a.publishers) <= set(known.codelists["publisher-kind"].codes), a.ref
        assert a.recipient in known.codelists["recipient"].codes, a.ref
        assert a.purpose in known.codelists["purpose"].codes, a.ref


def test_in_the_released_register_every_type_has_a_publisher_of_its_activity_and_every_publisher_a_type() -> None:
    for a in the_register().activities:
        may = {name: contract().types[name].publishers for name in a.types}
        assert all(set(a.publishers) & publishers for publishers in may.values()), a.ref
        assert set(a.publishers) <= frozenset().union(*may.values()), a.ref


def test_the_released_register_releases_no_contact_location_or_narrative_but_to_prosecution() -> None:
    for a in the_register().activities:
        assert not {"contact", "location"} & set(a.mask), a.ref
        assert "narrative" not in a.mask or a.purpose == "OPSPORING", a.ref


def test_no_mask_leaves_out_a_field_the_schema_cannot_leave_out() -> None:
    for a in the_register().activities:
        for name in a.types:
            left = [f for f in contract().types[name].fields if share_of(a.mask, f) == "left-out"]
            assert all(f.nullable for f in left), (a.ref, name)


def test_what_the_sources_leave_open_is_no_without_consent() -> None:
    assert all(a.consent == "required" for a in the_register().activities if a.status == "open")


def test_every_activity_has_a_uri_of_its_own_version() -> None:
    uris = [a.uri for a in the_register().activities]
    assert len(set(uris)) == len(uris)
    assert "urn:nl:mensenhandel:verwerking:registratie-opsporing:1" in uris
