"""Any number of reports on one person: none stops the registration, and what the tables count of them stays right."""

from __future__ import annotations

import base64
import json
import logging
import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ketenbus import codec
from ketenbus.contract import contract
from ketenbus.events import RegistrationRecorded
from services.verify import standing
from services.verify.persons import Person as Audited
from services.verify.persons import Report as Counted
from streams.registration.binding import Registration, changes
from streams.registration.fold import MOST_REPORTS, Person, Report, Told, persons, told
from streams.runtime.records import Record, ToSend
from streams.runtime.settings import ProcessorSettings
from tests.made_up import DISCLOSE_KEY, NOW, file_of
from tests.registry import RULES, cells, registered, report

RESENT = date(2018, 5, 4)
KINDS = contract().codelists["reporter-kind"].codes
UNITS = contract().codelists["police-unit"].codes
FROM = Record("view.comensha.registratie", 0, 0, 0, b"", b"", ())


def resent(many: int) -> list[Report]:
    """The same report every night under another id, and one of somebody else long afterwards."""
    nightly = [report(f"e{n}", "s", reported_on=RESENT + timedelta(days=n % 300)) for n in range(many - 1)]
    return [*nightly, report("late", "s", reporter_kind="FAIRWORK", police_unit=None, reported_on=date(2020, 1, 1))]


def only(reports: list[Report]) -> Person:
    [person] = persons(reports, [], RULES)
    return person


def comensha(folder: Path) -> Registration:
    """The registration as its settings make it."""
    file = folder / "comensha.json"
    file.write_text(json.dumps(file_of(folder / "keyring", id="comensha", kind="comensha", unit=None)), "utf-8")
    keys = {
        "view_public_key": base64.b64encode(DISCLOSE_KEY.public_key().public_bytes_raw()).decode(),
        "keyring": [["*", "identity"], ["*", "special"]],
        "keyring_folder": str(folder / "keyring"),
        "partner": str(file),
    }
    return Registration(ProcessorSettings("registration", "127.0.0.1:1", "u", "p", "d", folder / "none", keys))


def published(folder: Path, person: Person) -> RegistrationRecorded:
    sent: list[ToSend] = comensha(folder).publish(FROM, changes([person], {}, NOW))
    [event] = [codec.decode(one.value or b"") for one in sent]
    assert isinstance(event, RegistrationRecorded)
    return event


@pytest.mark.parametrize("many", [1, 999, 1000])
def test_a_record_tells_of_every_report_it_has_room_for(many: int) -> None:
    person = only(resent(many))
    assert (len(person.state.reports), person.left_out) == (many, 0)


@pytest.mark.parametrize("many", [1_001, 2_500])
def test_more_reports_than_a_record_holds_are_published_and_told_of(
    many: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    person = only(resent(many))
    assert (len(person.state.reports), person.left_out) == (MOST_REPORTS, many - MOST_REPORTS)
    with caplog.at_level(logging.WARNING, "streams.registration.binding"):
        event = published(tmp_path, person)
    assert len(event.reports) == MOST_REPORTS
    assert [r.getMessage() for r in caplog.records] == [
        f"record {person.number}: {many - MOST_REPORTS} reports more than a record holds; it leaves them out"
    ]


def test_a_record_with_room_is_published_without_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert len(published(tmp_path, only(resent(MOST_REPORTS))).reports) == MOST_REPORTS
    assert not caplog.records


def test_no_report_more_changes_a_record_that_is_full_of_the_same() -> None:
    assert only(resent(1_500)).state == only([*resent(1_500), report("again", "s", reported_on=date(2019, 1, 1))]).state


def test_a_kind_and_a_unit_never_go_missing_behind_the_many_reports_of_another() -> None:
    assert ("FAIRWORK", None, date(2020, 1, 1)) in only(resent(2_500)).state.reports


def test_the_tables_count_a_person_of_many_reports_as_one_of_few() -> None:
    many, few = only(resent(2_500)), only(resent(2))
    assert cells([registered(many)]) == cells([registered(few)])


def test_a_record_has_room_for_every_kind_and_unit_that_there_is() -> None:
    [reports] = [f for f in contract().types["registration-recorded"].fields if f.name == "reports"]
    assert reports.maximum_items == MOST_REPORTS
    assert len(KINDS) * (len(UNITS) + 1) <= MOST_REPORTS


TOLD = st.builds(
    lambda kind, unit, month: (kind, unit if kind == "POLITIE" else None, month),
    st.sampled_from(sorted(KINDS)),
    st.sampled_from([*sorted(UNITS), None]),
    st.dates(date(2015, 1, 1), date(2021, 1, 1)).map(lambda day: day.replace(day=1)),
)


@st.composite
def crowds(draw: st.DrawFn) -> list[Told]:
    """Few different reports, some of them very often."""
    return [
        report
        for report, times in draw(st.lists(st.tuples(TOLD, st.sampled_from([1, 2, 300, 900])), min_size=1, max_size=8))
        for _ in range(times)
    ]


def counted(reports: list[Told]) -> tuple[date, set[str], set[str | None]]:
    """What a released table counts of reports: the first month, the kinds and the units."""
    return min(month for _, _, month in reports), {kind for kind, _, _ in reports}, {unit for _, unit, _ in reports}


@given(crowds(), st.randoms(use_true_random=False))
@example([("POLITIE", "LIMBURG", date(2018, 1, 1))] * 2_500, random.Random(0))
@settings(deadline=None, max_examples=50)
def test_what_is_told_of_any_reports_fits_and_counts_the_same(reports: list[Told], rng: random.Random) -> None:
    kept = told(reports)
    assert len(kept) == min(len(reports), MOST_REPORTS)
    assert counted(list(kept)) == counted(reports)
    assert all(kept.count(one) <= reports.count(one) for one in set(kept))
    assert told(rng.sample(reports, k=len(reports))) == kept == told(kept)


@given(crowds())
@settings(deadline=None, max_examples=50)
def test_the_recount_leaves_the_same_reports_out(reports: list[Told]) -> None:
    person = Audited(tuple(Counted(kind, unit, month, ("AU",), (), ()) for kind, unit, month in reports))
    [line] = standing.of_persons([person])
    kept = sorted(([kind, unit, month.isoformat()] for kind, unit, month in told(reports)), key=str)
    assert json.loads(line) == ["registration-recorded", kept, ["AU"], [], [], [], [], None, None, "ADULT", None]
