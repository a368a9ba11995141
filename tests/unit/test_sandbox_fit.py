"""The fit: the published figures hold together exactly, and any other wish has a nearest plan."""

from functools import cache

import pytest

from sandbox.fit import fit
from sandbox.people import people
from sandbox.plan import Plan
from sandbox.targets import YEARS, Cell, Targets, added, errata, published, random_targets, scaled
from sandbox.text import wishes
from sandbox.truth import cells, text


@cache
def plan_of(name: str) -> Plan:
    wanted: dict[str, Targets] = {
        "published": published(),
        "twentieth": scaled(published(), 0.05),
        "random": random_targets(7, 0.05),
    }
    return fit(wanted[name], seed=7)


def test_the_printed_totals_are_what_the_printed_cells_add_up_to() -> None:
    assert added(published().cells, published().sums) == dict(published().cells)


def test_the_target_list_has_the_cells_the_handbook_counts() -> None:
    tables = [cell.table for cell in published().cells]
    assert [tables.count(table) for table in ("2.9", "2.10")] == [55 + 5, 132]
    assert len(published().ranges) == 17


def test_every_erratum_names_two_numbers_and_its_lines() -> None:
    assert all(e.printed != e.counted and e.lines.startswith("L") for e in errata())


def test_the_published_figures_are_met_in_every_cell() -> None:
    plan = plan_of("published")
    assert set(plan.slack.values()) == {0}
    assert plan.targets.cells == dict(published().cells)
    assert plan.targets.sums == dict(published().sums)
    assert plan.size == 5252


def test_the_unknown_cells_lie_inside_their_published_ranges() -> None:
    found = cells(people(plan_of("published"), seed=7))
    found[Cell("2.9", "INSPECTIE_SZW", "total")] = sum(found[Cell("2.9", "INSPECTIE_SZW", year)] for year in YEARS)
    assert all(low <= found.get(cell, 0) <= high for cell, (low, high) in published().ranges.items())


@pytest.mark.parametrize("seed", [7])
def test_the_published_persons_say_every_figure_of_the_text_as_it_is_printed(seed: int) -> None:
    told = text(cells(people(fit(published(), seed), seed)))
    assert {wish.cell.row: told[wish.cell] for wish in wishes() if not wish.low <= told[wish.cell] <= wish.high} == {}


@pytest.mark.parametrize("name", ["twentieth", "random"])
def test_the_persons_of_any_plan_say_what_its_targets_say(name: str) -> None:
    told = text(cells(people(plan_of(name), seed=7)))
    assert {cell: (value, value) for cell, value in told.items()} == plan_of(name).targets.text


def test_the_text_has_every_figure_that_its_contract_can_give() -> None:
    figures = {wish.cell.row.split(".")[0] for wish in wishes()}
    derivable = {*range(2, 8), *range(9, 28), *range(29, 37)}
    assert figures == {f"H{number}" for number in derivable}


def test_a_figure_that_contradicts_the_tables_names_an_erratum_with_that_number() -> None:
    by_name = {erratum.name: erratum for erratum in errata()}
    for wish in wishes():
        if wish.erratum is not None:
            assert by_name[wish.erratum].printed == wish.printed


def test_domestic_sexual_exploitation_is_of_the_dutch_and_cross_border_of_others() -> None:
    for person in people(plan_of("published"), seed=7):
        if "BL_SU" in person.forms or "GO_SU" in person.forms:
            assert (person.nationality == "NL") == ("BL_SU" in person.forms)


def test_an_age_is_that_on_the_day_of_the_first_report() -> None:
    for person in people(plan_of("published"), seed=7):
        before = (person.first.month, person.first.day) < (person.birth_date.month, person.birth_date.day)
        years = person.first.year - person.birth_date.year - before
        assert person.age in (None, years)
        assert person.minor == (years < 18)


def test_criminal_exploitation_often_goes_with_a_higher_form() -> None:
    plan = plan_of("published")
    assert sum(n for sort, n in plan.persons.items() if "CU" in sort.forms and sort.ranked != "CU") >= 238


@pytest.mark.parametrize("name", ["published", "twentieth", "random"])
def test_the_persons_of_a_plan_count_to_its_targets(name: str) -> None:
    plan = plan_of(name)
    counted = cells(people(plan, seed=7))
    wanted = {**plan.targets.cells, **plan.targets.sums}
    assert {cell: counted.get(cell, 0) for cell in wanted} == wanted


@pytest.mark.parametrize("name", ["twentieth", "random"])
def test_every_rule_has_something_to_decide_at_a_small_scale(name: str) -> None:
    persons = plan_of(name).persons
    assert sum(n for sort, n in persons.items() if sort.kmar_only) >= 3
    assert sum(n for sort, n in persons.items() if len(sort.forms) > 1) >= 3
    assert sum(n for sort, n in persons.items() if len(sort.kinds) > 1) >= 3


def test_a_small_scale_stays_near_the_published_figures() -> None:
    assert sum(plan_of("twentieth").slack.values()) <= 20
    assert plan_of("twentieth").targets.cells[Cell("2.1", "all", "total")] == 263


def test_the_same_wish_gives_the_same_plan() -> None:
    assert fit(random_targets(7, 0.05), seed=7) == plan_of("random")


def test_random_targets_differ_from_the_published_ones_and_per_seed() -> None:
    assert random_targets(7) == random_targets(7)
    assert random_targets(7) != random_targets(8)
    assert random_targets(7).cells != published().cells
