"""The counting rules of the tables, and what a table may not say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any

import pytest

from ketenbus.contract import contract
from streams.monitoring.fold import Registered, Table, count, hierarchical, is_excluded, tables
from streams.monitoring.store import record_of
from tests.registry import FORMS, the_tables

CODES = contract().codelists


def record(
    number: str = "n",
    kinds: tuple[str, ...] = ("POLITIE",),
    forms: tuple[str, ...] = ("AU",),
    year: int = 2018,
    units: tuple[str | None, ...] = ("LIMBURG",),
    su_sector: tuple[str, ...] = (),
) -> Registered:
    reports = [("POLITIE", unit, date(year, 5, 1)) for unit in units if "POLITIE" in kinds]
    reports += [(kind, None, date(year, 5, 1)) for kind in kinds if kind != "POLITIE"]
    return Registered(number, tuple(reports), forms, su_sector)


def of(name: str, *records: Registered) -> dict[tuple[str, str], int]:
    """The cells of a released table that are not zero, by row and column."""
    [table] = [t for t in the_tables() if t.table == name]
    return {(row, column): number for (_, row, column), number in count(table, records, CODES).items() if number}


def of_crime(sectors: tuple[str, ...], dublin: tuple[str, ...], nationality: str, year: int = 2020) -> Registered:
    """A record of criminal exploitation."""
    held = record(year=year, forms=("CU",))
    return replace(held, cu_sector=sectors, dublin_indication=dublin, nationality=nationality)


def test_a_minor_of_unknown_age_is_in_the_youngest_band_however_a_table_orders_them() -> None:
    [table] = [t for t in the_tables() if t.table == "2.8"]
    turned = table.model_copy(update={"bands": dict(reversed(table.bands.items()))})
    minor = replace(record(), minor=True)
    assert count(turned, [minor], CODES)["2.8", "ONDER_18", "total"] == 1


def test_a_sector_of_crime_counts_for_criminal_exploitation_only() -> None:
    drugs = of_crime(("DRUGSDELICTEN",), (), "NG")
    assert of("2.5", drugs, replace(drugs, number="2", forms=("AU",))) == dict.fromkeys(
        product(("DRUGSDELICTEN", "total"), ("2020", "total")), 1
    )


def test_of_several_sectors_of_labour_the_rarest_counts_and_other_labour_last() -> None:
    several = replace(record(year=2020), labour_sector=("HORECA", "OVERIGE_ARBEID", "OVERIGE_DIENSTVERLENING"))
    two = [several, replace(several, number="2", labour_sector=("OVERIGE_ARBEID", "HORECA"))]
    found = of("2.4a", *two, record("3", year=2020))
    assert {row: n for (row, column), n in found.items() if column == "2020"} == {
        "OVERIGE_DIENSTVERLENING": 1, "HORECA": 1, "total": 2,
    }  # fmt: skip


def test_a_dublin_indication_of_either_kind_counts_in_the_drugs_sector_by_region() -> None:
    claim, drugs = ("DUBLINCLAIM",), ("DRUGSDELICTEN",)
    counted = [of_crime(drugs, claim, "NG"), of_crime(drugs, ("POTENTIELE_DUBLINCLAIM",), "PL")]
    not_counted = [
        of_crime(drugs, (), "NG"),
        of_crime(("OVERIG",), claim, "NG"),
        of_crime(drugs, claim, "NG", year=2018),  # not recorded so before 2019
    ]
    found = of("2.5-dublin", *(replace(one, number=str(n)) for n, one in enumerate([*counted, *not_counted])))
    assert {row: number for (row, column), number in found.items() if column == "2020"} == {
        "NG": 1, "PL": 1, "AFRIKA": 1, "total": 2,
    }  # fmt: skip


def test_a_record_stored_under_an_earlier_version_says_nothing_of_what_came_later() -> None:
    stored = (
        '{"reports": [["POLITIE", "LIMBURG", "2020-05-01"]], "forms": ["CU"], "su_sector": [], "labour_sector": [], '
    )
    stored += '"sex": "MAN", "nationality": "NG", "age_group": "ADULT", "age_at_report": 30, "unopened": []}'
    held = record_of("n", stored)
    assert (held.forms, held.cu_sector, held.dublin_indication) == (("CU",), (), ())
    assert of("2.2", held)["CU", "2020"] == 1


def test_every_released_table_loads_under_its_own_name_and_source() -> None:
    assert sorted(t.table for t in the_tables()) == [
        "2.1", "2.10", "2.2", "2.2-overlap", "2.3", "2.4a", "2.4a-fairwork", "2.4b", "2.5", "2.5-dublin", "2.6", "2.7",
        "2.7-labour", "2.8", "2.8-age", "2.8-dutch", "2.9",
    ]  # fmt: skip
    assert all(t.zone == "rapporteur" and t.source and set(t.title) == {"nl", "en"} for t in the_tables())


@pytest.mark.parametrize("table", the_tables(), ids=lambda t: t.table)
def test_a_table_without_records_has_every_cell_and_each_is_zero(table: Table) -> None:
    cells = count(table, [], CODES)
    assert cells
    assert set(cells.values()) == {0}
    assert {name for name, _, _ in cells} == {table.table}


@pytest.mark.parametrize("table", the_tables(), ids=lambda t: t.table)
def test_no_record_adds_a_cell_that_the_empty_table_does_not_have(table: Table) -> None:
    full = [
        record(str(n), ("POLITIE", "KMAR", "OVERIG"), (form,), year, ("LIMBURG", "AMSTERDAM"), ("THUIS",))
        for n, form in enumerate(FORMS)
        for year in table.years
    ]
    assert count(table, full, CODES).keys() == count(table, [], CODES).keys()


def test_a_person_counts_in_the_year_of_the_first_report() -> None:
    later = Registered("n", (("KMAR", None, date(2019, 1, 1)), ("OVERIG", None, date(2017, 12, 1))), ("AU",), ())
    assert later.year == 2017
    assert of("2.1", later) == {
        ("all", "2017"): 1, ("all", "total"): 1, ("excluding-kmar-only", "2017"): 1, ("excluding-kmar-only", "total"): 1,
    }  # fmt: skip


@pytest.mark.parametrize("year", [2015, 2021])
@pytest.mark.parametrize("table", the_tables(), ids=lambda t: t.table)
def test_a_record_of_another_year_counts_nowhere(table: Table, year: int) -> None:
    assert not any(count(table, [record(year=year, forms=("GO_SU",), su_sector=("THUIS",))], CODES).values())


@pytest.mark.parametrize(
    ("kinds", "forms", "excluded"),
    [
        (("KMAR",), ("GO_SU",), True),
        (("KMAR",), ("BL_SU", "CU"), True),
        (("KMAR",), ("AU",), False),
        (("KMAR",), ("ONBEKEND",), False),
        (("KMAR", "POLITIE"), ("GO_SU",), False),
        (("KMAR", "OVERIG"), ("GO_SU",), False),
        (("POLITIE",), ("GO_SU",), False),
    ],
)
def test_sexual_exploitation_that_only_the_kmar_reported_is_left_out_but_of_the_first_series(
    kinds: tuple[str, ...], forms: tuple[str, ...], excluded: bool
) -> None:
    one = record(kinds=kinds, forms=forms, su_sector=("THUIS",))
    assert is_excluded(one, "kmar-only-sexual") is excluded
    assert ("all", "2018") in of("2.1", one)
    assert (("excluding-kmar-only", "2018") in of("2.1", one)) is not excluded
    assert bool(of("2.2", one)) is not excluded
    assert bool(of("2.9", one)) is not excluded


def test_an_exclusion_nobody_knows_is_an_error() -> None:
    with pytest.raises((ValueError, AssertionError), match="politie-only"):
        is_excluded(record(), "politie-only")


@pytest.mark.parametrize(
    ("forms", "counts_as"),
    [
        (("BL_SU", "GO_SU"), "BL_SU"),
        (("AU", "GO_SU"), "GO_SU"),
        (("CU", "AU", "ORGAAN"), "AU"),
        (("CU", "ORGAAN"), "CU"),
        (("ORGAAN",), "ONBEKEND"),
        (("ORGAAN", "ONBEKEND"), "ONBEKEND"),
        (("ONBEKEND",), "ONBEKEND"),
    ],
)
def test_the_form_that_counts_is_the_highest_in_rank(forms: tuple[str, ...], counts_as: str) -> None:
    assert hierarchical(forms, CODES["exploitation-form"]) == counts_as


def test_several_forms_of_one_person_all_count_in_the_table_of_forms() -> None:
    assert of("2.2", record(forms=("AU", "CU"))) == {
        (form, column): number for form, number in (("AU", 1), ("CU", 1), ("total", 2)) for column in ("2018", "total")
    }


def test_one_form_of_one_person_counts_in_the_tables_of_reports() -> None:
    assert of("2.9", record(forms=("CU", "AU")))["POLITIE", "AU"] == 1
    assert ("POLITIE", "CU") not in of("2.9", record(forms=("CU", "AU")))


def test_sectors_count_for_sexual_exploitation_only() -> None:
    assert of("2.3", record(forms=("AU",), su_sector=("THUIS",))) == {}
    assert of("2.3", record(forms=("AU", "GO_SU"), su_sector=("THUIS", "RAAM")))["total", "2018"] == 2


def test_a_person_counts_once_per_kind_of_reporter_however_often_each_reported() -> None:
    cells = of("2.9", record(kinds=("POLITIE", "KMAR", "INSPECTIE_SZW"), units=("LIMBURG", "AMSTERDAM", "LIMBURG")))
    rows = {row: number for (row, column), number in cells.items() if column == "total"}
    assert rows == {"POLITIE": 1, "KMAR": 1, "INSPECTIE_SZW": 1, "total": 3, "POLITIE+INSPECTIE_SZW": 2}


def test_a_person_counts_once_per_police_unit_and_other_reporters_have_none() -> None:
    cells = of("2.10", record(kinds=("POLITIE", "KMAR"), units=("LIMBURG", "AMSTERDAM", "LIMBURG", None)))
    assert {row: n for (row, column), n in cells.items() if column == "2018"} == {
        "LIMBURG": 1, "AMSTERDAM": 1, "total": 2,
    }  # fmt: skip


def test_two_persons_count_as_two() -> None:
    assert of("2.9", record("n"), record("m"))["POLITIE", "total"] == 2


GOOD: dict[str, Any] = {
    "table": "9.9",
    "zone": "rapporteur",
    "title": {"nl": "Telling", "en": "Count"},
    "source": "a test",
    "counts": "report",
    "rows": "reporter_kind",
    "row_list": "reporter-kind",
    "columns": ["year"],
    "years": [2018],
}


def test_a_table_is_data_and_adding_one_needs_no_python() -> None:
    [table] = tables([GOOD])
    assert count(table, [record()], CODES)["9.9", "POLITIE", "2018"] == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("colour", "blue"),
        ("counts", "horses"),
        ("years", "all"),
        ("year", "last_report"),
        ("hierarchy", "deep"),
        ("columns", None),
        ("columns", ["month"]),
        ("rows", "postcode"),
        ("row_list", "postcode"),
        ("exclude", ["politie-only"]),
        ("series", {"all": ["politie-only"]}),
        ("once_per", ["postcode"]),
        ("where", {"postcode": "1234"}),
    ],
    ids=str,
)
def test_a_bad_table_is_refused_naming_the_field(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=field):
        tables([GOOD | {field: value}])


@pytest.mark.parametrize("field", ["table", "zone", "title", "source", "counts", "columns", "years"])
def test_a_table_that_misses_a_field_is_refused_naming_it(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        tables([{k: v for k, v in GOOD.items() if k != field}])


def test_a_table_without_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="row_list"):
        tables([{k: v for k, v in GOOD.items() if k != "row_list"}])
