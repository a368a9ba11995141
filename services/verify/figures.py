"""The five figures recounted from persons by the counting rules of slachtoffermonitor-part1, section 6. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from services.verify.persons import Person

#: table, row, column
Cell = tuple[str, str, str]

YEARS = ("2016", "2017", "2018", "2019", "2020")
SEXUAL = {"BL_SU", "GO_SU"}
#: Rows that the source gives together only (reproducible-figures, unknown in the sources).
TOGETHER = {"POLITIE": "POLITIE+INSPECTIE_SZW", "INSPECTIE_SZW": "POLITIE+INSPECTIE_SZW"}


def count(persons: Iterable[Person]) -> Counter[Cell]:
    """Return every cell above nought of figures 2.1, 2.2, 2.3, 2.9 and 2.10.

    Law: a cell counts persons, persons and forms, persons and sectors, persons and kinds of reporter, or persons and
    police units, each pair once and all in the year of the person's first report.
    """
    cells: Counter[Cell] = Counter()
    for person in persons:
        if person.year in YEARS:
            cells.update(_cells(person))
    return cells


def _cells(person: Person) -> Iterator[Cell]:
    by_year = (person.year, "total")
    yield from (("2.1", "all", column) for column in by_year)
    if person.is_kmar_only_sexual:
        return  # rule 5: not in any further figure
    yield from (("2.1", "excluding-kmar-only", column) for column in by_year)
    yield from _pairs("2.2", person.forms, by_year)
    if person.forms & SEXUAL:
        yield from _pairs("2.3", person.su_sectors, by_year)
    by_year_and_form = (person.year, person.form, "total")
    yield from _pairs("2.9", person.kinds, by_year_and_form)
    for kind in person.kinds & TOGETHER.keys():
        yield from (("2.9", TOGETHER[kind], column) for column in by_year_and_form)
    yield from _pairs("2.10", person.units, by_year_and_form)


def _pairs(table: str, rows: Iterable[str], columns: tuple[str, ...]) -> Iterator[Cell]:
    """Return the cells of a person under each of these rows, and under their total."""
    for row in rows:
        for column in columns:
            yield table, row, column
            yield table, "total", column
