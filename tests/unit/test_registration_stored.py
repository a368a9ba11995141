"""What the registration stores of reports and records, and what stands there since before the contract had a field."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from streams.registration import store
from streams.registration.binding import changes
from streams.registration.fold import Person, persons
from streams.registration.store import RecordRow
from tests.registry import RULES, report

AT = datetime(2026, 5, 4, tzinfo=UTC)
#: As the registration stored them under the first version of victim-reported and registration-recorded.
REPORT = (
    '{"age_at_report": 30, "age_group": "ADULT", "event": "a", "forms": ["AU"], "identity": {"bsn": "x"}, "labour_sector": '
    '["HORECA"], "nationality": "PL", "police_unit": "LIMBURG", "reported_on": "2018-05-04", "reporter_kind": "POLITIE", '
    '"sex": "VROUW", "su_sector": [], "subject": "subject-a"}'
)
STATE = (
    '{"age_at_report": 30, "age_group": "ADULT", "forms": ["AU"], "labour_sector": ["HORECA"], "nationality": "PL", '
    '"reports": [["POLITIE", "LIMBURG", "2018-05-01"]], "sex": "VROUW", "su_sector": []}'
)
SAID = report("a", labour_sector=("HORECA",), identity={"bsn": "x"})


def person(**changed: object) -> Person:
    [found] = persons([replace(SAID, **changed)], [], RULES)  # type: ignore[arg-type]
    return found


def test_a_report_stored_before_is_read_as_what_it_said() -> None:
    assert store.report_of(REPORT) == SAID


def test_a_report_that_says_nothing_of_what_came_later_is_stored_as_before() -> None:
    assert store.report_text(SAID) == REPORT


@pytest.mark.parametrize("changed", [{}, {"cu_sector": ("OVERIG",)}, {"dublin_indication": ("DUBLINCLAIM",)}])
def test_a_report_is_read_as_it_was_stored(changed: dict[str, tuple[str, ...]]) -> None:
    said = replace(SAID, **changed)  # type: ignore[arg-type]
    assert store.report_of(store.report_text(said)) == said


def test_a_record_stored_before_gets_no_new_version_because_the_contract_has_one() -> None:
    found = person()
    before = {found.number: RecordRow(found.number, 3, False, STATE, AT)}
    assert changes([found], before, AT) == []


@pytest.mark.parametrize("changed", [{"cu_sector": ("DRUGSDELICTEN",)}, {"dublin_indication": ("DUBLINCLAIM",)}])
def test_a_record_gets_a_new_version_when_what_came_later_is_said(changed: dict[str, tuple[str, ...]]) -> None:
    found = person(**changed)
    [(row, _)] = changes([found], {found.number: RecordRow(found.number, 3, False, STATE, AT)}, AT)
    [(name, said)] = changed.items()
    assert (row.version, json.loads(row.state)[name]) == (4, list(said))
