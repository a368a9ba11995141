"""Unique persons of the registration: who is joined, what their record says, and what it never says."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest
import yaml

from streams.registration.fold import JoinRules, Link, Person, Report, persons, record_number
from streams.runtime.settings import LAW
from tests.registry import RULES, report

ALONE = [report("a"), report("b")]


def groups(reports: list[Report], links: list[Link] | None = None, rules: JoinRules = RULES) -> list[set[str]]:
    """The persons, each as its subjects without their first word."""
    found = persons(reports, links or [], rules)
    return sorted(({s.removeprefix("subject-") for s in p.subjects} for p in found), key=sorted)


def only(*reports: Report) -> Person:
    """The one person these reports of one subject are on."""
    [person] = persons(reports, [], RULES)
    return person


def test_the_released_rules_join_by_every_key_the_design_names_and_by_the_desk() -> None:
    raw = yaml.safe_load(LAW["persons.yaml"].read_text("utf-8"))
    assert JoinRules(frozenset(raw["join_by"]), raw["desk_links"]) == RULES


def test_subjects_nobody_linked_count_as_separate_persons() -> None:
    assert groups(ALONE) == [{"a"}, {"b"}]


def test_a_subject_reported_twice_is_one_person_with_two_reports() -> None:
    person = only(report("a", "s"), report("b", "s", reporter_kind="KMAR", police_unit=None))
    assert [kind for kind, _, _ in person.state.reports] == ["KMAR", "POLITIE"]


@pytest.mark.parametrize("kind", sorted(RULES.join_by))
def test_subjects_with_an_equal_key_are_one_person(kind: str) -> None:
    one, other = report("a", identity={kind: "x"}), report("b", identity={kind: "x"})
    assert groups([one, other]) == [{"a", "b"}]
    assert groups([one, other], rules=JoinRules(RULES.join_by - {kind}, True)) == [{"a"}, {"b"}]


def test_equal_values_of_different_kinds_of_key_join_nobody() -> None:
    assert groups([report("a", identity={"bsn": "x"}), report("b", identity={"v_number": "x"})]) == [{"a"}, {"b"}]


def test_persons_are_joined_through_any_number_of_steps() -> None:
    chain = [
        report("a", identity={"bsn": "1"}),
        report("b", identity={"bsn": "1", "v_number": "2"}),
        report("c", identity={"v_number": "2", "name_and_birth_date": "3"}),
        report("d", identity={"name_and_birth_date": "3"}),
    ]
    for order in permutations(chain):
        assert groups(list(order)) == [{"a", "b", "c", "d"}]


def test_the_desk_joins_what_no_key_joins_unless_its_links_are_not_to_count() -> None:
    link = Link("l", "subject-a", "subject-b")
    assert groups(ALONE, [link]) == [{"a", "b"}]
    assert groups(ALONE, [link], JoinRules(RULES.join_by, desk_links=False)) == [{"a"}, {"b"}]


def test_a_link_that_is_undone_is_not_given_and_the_persons_are_apart_again() -> None:
    keep, undone = Link("k", "subject-a", "subject-b"), Link("l", "subject-b", "subject-c")
    three = [*ALONE, report("c")]
    assert groups(three, [keep, undone]) == [{"a", "b", "c"}]
    assert groups(three, [keep]) == [{"a", "b"}, {"c"}]


def test_a_link_may_go_through_a_subject_that_has_no_report() -> None:
    links = [Link("k", "subject-a", "silent"), Link("l", "silent", "subject-b")]
    assert groups(ALONE, links) == [{"a", "b"}]


def test_a_link_of_subjects_without_a_report_makes_no_person() -> None:
    assert persons([], [Link("l", "x", "y")], RULES) == ()


def test_a_link_of_a_subject_with_itself_joins_nobody_else() -> None:
    assert groups(ALONE, [Link("l", "subject-a", "subject-a")]) == [{"a"}, {"b"}]


def test_the_number_follows_from_the_smallest_reporting_subject_whatever_the_order_or_the_links() -> None:
    link = Link("l", "subject-b", "a-smaller-silent-subject")
    for order in permutations([*ALONE, report("c", identity={"bsn": "1"})]):
        found = persons(order, [link], RULES)
        assert {p.number for p in found} == {record_number(f"subject-{name}") for name in "abc"}


def test_the_number_tells_nothing_of_the_subject() -> None:
    number = record_number("subject-a")
    assert len(number) == 24
    assert set(number) <= set("0123456789abcdef")
    assert number == record_number("subject-a") != record_number("subject-b")


def test_one_more_report_on_a_person_keeps_the_number() -> None:
    assert only(report("a", "s")).number == only(report("a", "s"), report("b", "s")).number


def test_persons_come_in_order_of_number() -> None:
    found = persons([report(name) for name in "dbca"], [], RULES)
    assert [p.number for p in found] == sorted(p.number for p in found)


def test_a_report_told_twice_is_one_report() -> None:
    assert len(only(report("a"), report("a")).state.reports) == 1


def test_the_first_report_says_who_the_person_is() -> None:
    early = report("a", "s", reported_on=date(2018, 1, 2), sex="MAN", age_group="MINOR", age_at_report=17)
    late = report("b", "s", reported_on=date(2019, 1, 1), sex="VROUW", nationality="NL")
    for order in permutations([early, late]):
        state = only(*order).state
        assert (state.sex, state.age_group, state.age_at_report, state.nationality) == ("MAN", "MINOR", 17, "PL")


def test_of_two_reports_of_one_day_the_same_one_speaks_whatever_they_are_called() -> None:
    for one, other in ("ab", "ba"):
        man, woman = report(one, "s", sex="MAN"), report(other, "s", sex="VROUW")
        assert only(man, woman).state.sex == only(woman, man).state.sex == "MAN"


def test_months_are_all_a_record_says_of_days() -> None:
    [(_, _, month)] = only(report("a", reported_on=date(2018, 5, 31))).state.reports
    assert month == date(2018, 5, 1)


def test_a_record_holds_every_form_and_sector_once_in_order() -> None:
    state = only(
        report("a", "s", forms=("CU", "AU"), su_sector=("THUIS",), labour_sector=("HORECA",)),
        report("b", "s", forms=("AU",), su_sector=("STRAAT", "THUIS"), labour_sector=("HORECA",)),
    ).state
    assert (state.forms, state.su_sector, state.labour_sector) == (("AU", "CU"), ("STRAAT", "THUIS"), ("HORECA",))


def test_a_record_holds_every_sector_of_crime_and_dublin_indication_once() -> None:
    state = only(
        report("a", "s", forms=("CU",), cu_sector=("DRUGSDELICTEN",), dublin_indication=("DUBLINCLAIM",)),
        report("b", "s", forms=("CU",), cu_sector=("OVERIG", "DRUGSDELICTEN")),
    ).state
    assert (state.cu_sector, state.dublin_indication) == (("DRUGSDELICTEN", "OVERIG"), ("DUBLINCLAIM",))


@pytest.mark.parametrize(
    ("said", "forms"),
    [
        ([("ONBEKEND",), ("AU",)], ("AU",)),
        ([("ONBEKEND", "CU")], ("CU",)),
        ([("ONBEKEND",), ("ONBEKEND",)], ("ONBEKEND",)),
        ([(), ()], ("ONBEKEND",)),
        ([(), ("GO_SU",)], ("GO_SU",)),
    ],
)
def test_unknown_is_dropped_beside_a_known_form_and_said_where_none_is_known(
    said: list[tuple[str, ...]], forms: tuple[str, ...]
) -> None:
    assert only(*(report(str(n), "s", forms=each) for n, each in enumerate(said))).state.forms == forms


def test_a_record_holds_no_identity() -> None:
    state = only(report("event-name", "subject-name", identity={"bsn": "identity-digest"})).state
    said = repr(state)
    assert not [text for text in ("event-name", "subject-name", "identity-digest") if text in said]
