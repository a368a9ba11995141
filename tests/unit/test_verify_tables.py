"""The recount of persons and figures: who is who, and which cells a person is in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ketenbus.events import IdentityLinked, IdentityUnlinked, RegisteredReport, RegistrationEnded, RegistrationRecorded
from ketenbus.sealing import Key, seal
from services.verify import figures, standing
from services.verify.judge import Outcome
from services.verify.log import Entry
from services.verify.persons import Person, Report, persons
from tests.made_up import OIN, report

KEY = bytes(range(32))
TIME = datetime(2018, 3, 4, tzinfo=UTC)
CODES = ("forms", "su_sector", "labour_sector", "cu_sector", "dublin_indication")
SEALS = {**dict.fromkeys(CODES, "codes"), "birth_date": "date"}
BSN = "999912346"
IDENTITY = {"v_number", "bsn", "name", "birth_date"}


def keys(key_id: str) -> Key:
    return key_id, KEY


def sealed(type_name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    out = {}
    for number, (name, value) in enumerate(values.items()):
        key_id = f"{OIN}.{'identity' if name in IDENTITY else 'special'}.{'1' * 24}"
        out[name] = seal(value, SEALS.get(name, "string"), KEY, key_id, type_name, name, bytes([number]) * 12)
    return out


MASK = ("neutral", "quasi", "identity", "special")


def delivered(subject: str, event: Any, id_: str, joins: tuple[str, str] | None = None) -> Outcome:
    entry = Entry(subject, OIN, id_, f"urn:nld:oin:{OIN}:systeem:x", TIME, "politie", "t/0/0", event, joins)
    return Outcome(entry, ("comensha", "REGISTRATIE"), "delivered", "+".join(MASK), "a/1", ("legal-task",), MASK)


def reported(subject: str, **held: Any) -> Outcome:
    plain = {"forms": ("AU",), **{k: v for k, v in held.items() if k in SEALS or k in IDENTITY}}
    clear = {k: v for k, v in held.items() if k not in plain}
    event = report(**{"name": None, "birth_date": None, **clear, **sealed("victim-reported", plain)})
    return delivered(subject, event, f"{subject}.{len(held)}")


def linked(one: str, other: str, id_: str = "link") -> list[Outcome]:
    event = IdentityLinked(
        subject=one, occurred_at=TIME, occurred_precision="INSTANT", subject_oin=OIN, other_subject=other, other_oin=OIN,
        ground="DESK_REVIEW",
    )  # fmt: skip
    return [delivered(subject, event, id_, (one, other)) for subject in (one, other)]


def unlinked(one: str, other: str, link: str) -> list[Outcome]:
    event = IdentityUnlinked(
        subject=one, occurred_at=TIME, occurred_precision="INSTANT", withdraws=link, subject_oin=OIN,
        other_subject=other, other_oin=OIN, ground="DESK_REVIEW",
    )  # fmt: skip
    return [delivered(subject, event, f"un.{link}", (one, other)) for subject in (one, other)]


def how_many(*outcomes: Outcome) -> int:
    counts = {len(persons(order, keys)) for order in (outcomes, outcomes[::-1])}
    assert len(counts) == 1
    return counts.pop()


def test_equal_numbers_are_one_person() -> None:
    assert how_many(reported("a", v_number="V1"), reported("b", v_number="V1"), reported("c", v_number="V2")) == 2
    assert how_many(reported("a", bsn=BSN), reported("b", bsn=BSN)) == 1
    assert how_many(reported("a", bsn=BSN), reported("b", v_number=BSN)) == 2


def test_a_name_is_one_person_only_with_its_birth_date() -> None:
    born = date(1990, 1, 31)
    ada, shouted = {"name": "Ada Straße", "birth_date": born}, {"name": "ADA STRASSE", "birth_date": born}
    assert how_many(reported("a", **ada), reported("b", **shouted)) == 1
    assert how_many(reported("a", **ada), reported("b", name="Ada Straße")) == 2


def test_persons_are_joined_through_a_third() -> None:
    assert how_many(reported("a", bsn=BSN), reported("b", bsn=BSN, v_number="V9"), reported("c", v_number="V9")) == 1


def test_a_link_joins_until_it_is_ended() -> None:
    two = [reported("a"), reported("b")]
    assert how_many(*two, *linked("a", "b")) == 1
    assert how_many(*two, *linked("a", "b"), *unlinked("a", "b", "link")) == 2
    assert how_many(*two, *linked("a", "b"), *unlinked("b", "a", "link")) == 2
    assert how_many(*two, *linked("a", "b"), *unlinked("a", "b", "link"), *linked("a", "b", "again")) == 1


def test_an_end_that_names_another_pair_ends_a_link_only_under_the_subject_it_is_logged_under() -> None:
    two = [reported("a"), reported("b"), *linked("a", "b")]
    assert how_many(*two, *unlinked("a", "c", "link")) == 1
    assert how_many(*two, *unlinked("c", "d", "link")) == 1
    assert how_many(*two, *unlinked("a", "c", "link"), *unlinked("d", "b", "link")) == 2


def test_nobody_is_a_person_by_links_alone() -> None:
    assert how_many(*linked("a", "b"), reported("b")) == 1


def person(*reports: Report) -> Person:
    return Person(reports)


def told(
    kind: str = "POLITIE",
    unit: str | None = None,
    year: int = 2018,
    forms: tuple[str, ...] = ("AU",),
    su: tuple[str, ...] = (),
) -> Report:
    return Report(kind, unit, date(year, 5, 6), forms, su, ())


def test_a_person_counts_in_the_year_of_the_first_report() -> None:
    cells = figures.count([person(told(year=2019), told("FAIRWORK", year=2017))])
    assert cells["2.1", "all", "2017"] == cells["2.1", "all", "total"] == 1
    assert cells["2.9", "FAIRWORK", "2017"] == cells["2.9", "POLITIE", "2017"] == 1
    assert cells["2.9", "total", "total"] == 2
    assert cells["2.1", "all", "2019"] == 0


def test_a_year_outside_the_period_counts_nowhere() -> None:
    assert not figures.count([person(told(year=2015), told(year=2016))])


def test_sexual_exploitation_told_by_the_kmar_alone_counts_in_one_row() -> None:
    alone = person(told("KMAR", forms=("GO_SU",), su=("RAAM",)))
    assert figures.count([alone]) == {("2.1", "all", "2018"): 1, ("2.1", "all", "total"): 1}
    assert figures.count([person(told("KMAR", forms=("AU",)))])["2.9", "KMAR", "AU"] == 1
    together = person(*alone.reports, told("POLITIE", "LIMBURG", forms=("GO_SU",)))
    assert figures.count([together])["2.1", "excluding-kmar-only", "2018"] == 1


def test_forms_count_each_and_rank_where_the_count_is_hierarchical() -> None:
    cells = figures.count([person(told("POLITIE", "LIMBURG", forms=("CU", "BL_SU")), told(forms=("ONBEKEND",)))])
    assert cells["2.2", "BL_SU", "2018"] == cells["2.2", "CU", "2018"] == 1
    assert cells["2.2", "ONBEKEND", "2018"] == 0
    assert cells["2.2", "total", "2018"] == 2
    assert cells["2.10", "LIMBURG", "BL_SU"] == cells["2.10", "total", "total"] == 1
    assert cells["2.9", "POLITIE+INSPECTIE_SZW", "BL_SU"] == 1
    assert cells["2.9", "POLITIE", "CU"] == 0


def test_organ_removal_is_unknown_where_the_count_is_hierarchical() -> None:
    cells = figures.count([person(told(forms=("ORGAAN",)))])
    assert cells["2.2", "ORGAAN", "total"] == cells["2.9", "POLITIE", "ONBEKEND"] == 1


def test_sectors_count_where_known() -> None:
    cells = figures.count([person(told(forms=("BL_SU",), su=("RAAM", "THUIS"))), person(told(forms=("BL_SU",)))])
    assert cells["2.3", "RAAM", "2018"] == cells["2.3", "THUIS", "total"] == 1
    assert cells["2.3", "total", "total"] == 2


def test_a_sector_of_sexual_exploitation_counts_for_who_has_that_form() -> None:
    one = person(told(forms=("AU",), su=("RAAM",)))
    assert figures.count([one])["2.3", "total", "total"] == 0
    assert figures.count([person(*one.reports, told(forms=("GO_SU",)))])["2.3", "RAAM", "total"] == 1


def test_codes_that_no_list_has_count_nowhere_and_stop_nothing() -> None:
    [unlisted] = persons([reported("a", forms=("NIEUW",), su_sector=("NIEUW",))], keys)
    assert (unlisted.forms, unlisted.su_sectors, unlisted.form) == ({"ONBEKEND"}, set(), "ONBEKEND")
    [listed] = persons([reported("a", forms=("NIEUW", "CU"), reported_on=date(2018, 5, 6))], keys)
    assert figures.count([listed])["2.2", "total", "total"] == 1


def recorded(version: int, forms: tuple[str, ...] = ("AU",)) -> RegistrationRecorded:
    return RegistrationRecorded(
        subject="1", occurred_at=TIME, occurred_precision="INSTANT", version=version, age_group="ADULT", sex="MAN",
        reports=(RegisteredReport(reporter_kind="POLITIE", police_unit="LIMBURG", reported_in=date(2018, 5, 1)),),
        **sealed("registration-recorded", {"forms": forms}),
    )  # fmt: skip


def ended(version: int) -> RegistrationEnded:
    return RegistrationEnded(
        subject="1", occurred_at=TIME, occurred_precision="INSTANT", version=version, reason="NO_REPORT_STANDS"
    )


def in_force(*events: Any) -> list[int]:
    versions = []
    for order in (events, events[::-1]):
        entries = [delivered("rec", event, str(number)).entry for number, event in enumerate(order)]
        versions.append([record.version for record in standing.in_force(entries)])
    assert versions[0] == versions[1]
    return versions[0]


def test_the_highest_version_of_a_record_is_in_force_and_an_end_is_not_final() -> None:
    assert in_force(recorded(1), recorded(2)) == [2]
    assert in_force(recorded(1), ended(2)) == []
    assert in_force(recorded(1), ended(2), recorded(3)) == [3]


def test_a_record_and_its_person_count_the_same() -> None:
    man = replace(told("POLITIE", "LIMBURG"), sex="MAN")
    assert standing.of_records([recorded(1)], keys) == list(standing.of_persons([person(man)]))


@pytest.mark.parametrize("changed", [{"sex": "VROUW"}, {"nationality": "NL"}, {"age": 17}, {"age_group": "MINOR"}])
def test_a_record_that_says_another_sex_nationality_or_age_than_its_person_is_seen(changed: dict[str, Any]) -> None:
    man = replace(told("POLITIE", "LIMBURG"), sex="MAN")
    assert standing.of_records([recorded(1)], keys) != list(standing.of_persons([person(replace(man, **changed))]))


def test_the_standing_is_the_same_in_any_order_and_with_any_version_number() -> None:
    first, second = recorded(1, ("CU", "AU")), recorded(7, ("AU", "CU"))
    assert standing.of_records([first], keys) == standing.of_records([second], keys)
    outcomes = [*linked("a", "b"), reported("c")]
    lines = standing.of_events(outcomes)
    assert len(lines) == 2, "a link stands under two subjects and is one event"
    assert standing.digest(lines) == standing.digest(list(standing.of_events(outcomes[::-1])))
