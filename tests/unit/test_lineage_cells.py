"""Which records count in a cell: the counting rules asked of one record at a time."""

from __future__ import annotations

from datetime import date

import pytest

from ketenbus.contract import contract
from ketenbus.errors import ConfigurationError
from services.lineage.cells import counted, find
from services.monitoring.tables import declared
from streams.monitoring.fold import Registered, count

LISTS = contract().codelists
MAY = date(2019, 5, 1)
RECORDS = (
    Registered("a", (("POLITIE", "LIMBURG", MAY), ("POLITIE", "ROTTERDAM", MAY)), ("BL_SU", "AU"), ("ESCORT_HOTEL",)),
    Registered("b", (("KMAR", None, MAY),), ("GO_SU",), ()),
    Registered("c", (("POLITIE", "LIMBURG", date(2018, 1, 1)), ("OVERIG", None, MAY)), ("ONBEKEND",), ()),
)


@pytest.mark.parametrize("table", declared(), ids=lambda table: table.table)
def test_what_the_records_of_a_cell_add_is_the_cell(table: object) -> None:
    for cell, value in count(table, RECORDS, LISTS).items():  # type: ignore[arg-type]
        assert sum(counted(table, RECORDS, LISTS, cell).values()) == value  # type: ignore[arg-type]


def test_a_record_that_adds_nothing_is_not_among_them() -> None:
    table, cell = find(declared(), LISTS, ("2.9", "POLITIE", "2019"))
    assert counted(table, RECORDS, LISTS, cell) == {"a": 1}


def test_a_record_may_add_more_than_one() -> None:
    table, cell = find(declared(), LISTS, ("2.10", "total", "2019"))
    assert counted(table, RECORDS, LISTS, cell) == {"a": 2}


def test_a_cell_is_found_however_its_letters_are_written() -> None:
    assert find(declared(), LISTS, ("2.9", "politie+inspectie_szw", "TOTAL"))[1] == (
        "2.9",
        "POLITIE+INSPECTIE_SZW",
        "total",
    )


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        (("2.4", "all", "2019"), f"there is no table 2.4; there are {', '.join(table.table for table in declared())}"),
        (("2.1", "POLITIE", "2019"), "POLITIE is no row of 2.1; there are all, excluding-kmar-only"),
        (("2.1", "all", "2015"), "2015 is no column of 2.1; there are 2016, 2017, 2018, 2019, 2020, total"),
    ],
)
def test_an_unknown_cell_names_what_there_is(cell: tuple[str, str, str], told: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        find(declared(), LISTS, cell)
    assert str(refused.value) == told
