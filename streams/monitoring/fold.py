"""Counting rules to table cells: a table is data, and adding one needs no Python. Pure.

Source: slachtoffermonitor-part1, section 6, rules 3 to 11.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, Self, assert_never

from pydantic import BaseModel, ConfigDict, model_validator

from ketenbus.contract import CodeList, contract

Cell = tuple[str, str, str]
TOTAL = "total"
SEXUAL = ("BL_SU", "GO_SU")


#: What a table may leave out, by name: see `is_excluded`.
Exclusion = Literal["kmar-only-sexual"]
#: What a person is or was reported as, which a table may ask for.
Trait = Literal["form", "nationality", "reporter_kind", "cu_sector", "dublin_indication"]
Counts = Literal[
    "person", "form", "forms_together", "su_sector", "labour_sector", "cu_sector", "report", "sex", "nationality", "age",
    "age_sum", "month",
]  # fmt: skip
#: What can be unknown of a person: nobody's row for it unless the table names one.
UNKNOWN = "ONBEKEND"


class Table(BaseModel):
    """One declared table: what it counts, once per what, in which rows and columns."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    zone: str
    title: Mapping[str, str]
    source: str
    counts: Counts
    once_per: tuple[Literal["person", "reporter_kind", "police_unit"], ...] = ()
    where: Mapping[Literal["reporter_kind", "police_unit"], str] = {}
    rows: Literal["reporter_kind", "police_unit"] | None = None
    series: Mapping[str, tuple[Exclusion, ...]] = {}
    row_list: str | None = None
    row_names: tuple[str, ...] = ()
    bands: Mapping[str, tuple[int, int]] = {}
    only: Mapping[Trait, tuple[str, ...]] = {}
    columns: tuple[Literal["year", "form", "total"], ...]
    hierarchy: bool = False
    exclude: tuple[Exclusion, ...] = ()
    year: Literal["first_report"] = "first_report"
    years: tuple[int, ...]
    total_row: bool = False
    sum_rows: Mapping[str, tuple[str, ...]] = {}

    @model_validator(mode="after")
    def _has_rows(self) -> Self:
        if [bool(self.series), self.row_list is not None, bool(self.row_names), bool(self.bands)].count(True) != 1:
            raise ValueError("a table has its rows from one of row_list, row_names, series and bands")
        if (self.counts == "age") != bool(self.bands):
            raise ValueError("bands: a table of ages has bands of years, and no other table has")
        if self.row_list is not None and self.row_list not in contract().codelists:
            raise ValueError(f"row_list: no code list is named {self.row_list}")
        return self


@dataclass(frozen=True, slots=True)
class Registered:
    """One record of the registration as the Rapporteur has it."""

    number: str
    reports: tuple[tuple[str, str | None, date], ...]
    forms: tuple[str, ...]
    su_sector: tuple[str, ...]
    labour_sector: tuple[str, ...] = ()
    sex: str = UNKNOWN
    nationality: str = UNKNOWN
    age: int | None = None
    minor: bool = False
    cu_sector: tuple[str, ...] = ()
    dublin_indication: tuple[str, ...] = ()

    @property
    def year(self) -> int:
        """The one reporting year: that of the first report.

        That it is a year of report: slachtoffermonitor-part1, section 6, rule 4. Whether a person counts again in a later year
        no source says (rule 3): asked as `once-a-year`, and until then once.
        """
        return self.first.year

    @property
    def first(self) -> date:
        """The month of the first report."""
        return min(month for _, _, month in self.reports)


def is_excluded(record: Registered, rule: Exclusion) -> bool:
    """Return whether an exclusion of a table leaves the record out.

    `kmar-only-sexual`: sexual exploitation reported by the KMar and nobody else (slachtoffermonitor-part1, L479-492).
    """
    match rule:
        case "kmar-only-sexual":
            only_kmar = {kind for kind, _, _ in record.reports} == {"KMAR"}
            return only_kmar and any(form in SEXUAL for form in record.forms)
        case _:
            assert_never(rule)


def hierarchical(codes: Iterable[str], codelist: CodeList) -> str:
    """Return the one code a person counts under: the highest rank.

    Of forms: slachtoffermonitor-part1, L992-996; of sectors of labour, what is rarer before what is common: L775-780.
    """
    first = min(codes, key=lambda code: (codelist.codes[code].more["rank"], code))
    counts_as: str = codelist.codes[first].more.get("counts_as", first)
    return counts_as


def count(table: Table, records: Iterable[Registered], codelists: Mapping[str, CodeList]) -> dict[Cell, int]:
    """Return every cell of the table, zeros included.

    Law: the order of the records changes nothing, and records outside the table's years count nowhere.
    """
    cells: Counter[Cell] = Counter(dict.fromkeys(_frame(table, codelists), 0))
    form_list = codelists["exploitation-form"]
    for record in records:
        if record.year not in table.years or any(is_excluded(record, rule) for rule in table.exclude):
            continue
        if not _is_asked_for(table, record):
            continue
        forms = (hierarchical(record.forms, form_list),) if table.hierarchy else record.forms
        for row, number in _rows(table, record, codelists):
            for column in _columns(table, record, forms):
                for each in (row, *_sums(table, row)):
                    cells[table.table, each, column] += number
    return dict(cells)


def _is_asked_for(table: Table, record: Registered) -> bool:
    """Return whether the record has one of the values that the table asks for, of every trait it names."""
    had = {
        "form": set(record.forms),
        "nationality": {record.nationality},
        "reporter_kind": {kind for kind, _, _ in record.reports},
        "cu_sector": set(record.cu_sector),
        "dublin_indication": set(record.dublin_indication),
    }
    return all(had[trait] & set(values) for trait, values in table.only.items())


def _sums(table: Table, row: str) -> Iterator[str]:
    if table.total_row:
        yield TOTAL
    for name, parts in table.sum_rows.items():
        if row in parts:
            yield name


def _rows(table: Table, record: Registered, codelists: Mapping[str, CodeList]) -> Iterator[tuple[str, int]]:
    """Yield the rows a record counts in, and how much in each."""
    names: Iterable[str]
    match table.counts:
        case "person":
            names = (n for n, rules in table.series.items() if not any(is_excluded(record, rule) for rule in rules))
        case "form":
            names = record.forms
        case "forms_together":
            together = "+".join(sorted({"SU" if form in SEXUAL else form for form in record.forms}))
            names = (together,) if together in table.row_names else ()
        case "su_sector":
            names = record.su_sector if any(form in SEXUAL for form in record.forms) else ()
        case "labour_sector":
            sectors = record.labour_sector
            names = (hierarchical(sectors, codelists["labour-sector"]),) if sectors else ()
        case "cu_sector":
            names = record.cu_sector
        case "sex":
            names = (record.sex,)
        case "nationality":
            names = (record.nationality,)
        case "month":
            names = (f"{record.first.month:02}",)
        case "age":
            names = _bands(table, record)
        case "age_sum":
            if record.age is not None:
                yield from (("persons", 1), ("years", record.age))
            return
        case "report":
            names = _reports(table, record)
        case _:
            assert_never(table.counts)
    for name in names:
        yield name, 1


def _bands(table: Table, record: Registered) -> Iterator[str]:
    """Yield the band of an age; of an unknown one that of the youngest where the person is known to be a minor."""
    if record.age is None:
        yield min(table.bands, key=lambda name: table.bands[name]) if record.minor else UNKNOWN
        return
    yield next((name for name, (low, high) in table.bands.items() if low <= record.age <= high), UNKNOWN)


def _reports(table: Table, record: Registered) -> Iterator[str]:
    seen: set[tuple[str | None, ...]] = set()
    for kind, unit, _ in record.reports:
        report = {"reporter_kind": kind, "police_unit": unit, "person": record.number}
        row = report[table.rows or "reporter_kind"]
        if any(report[name] != value for name, value in table.where.items()) or row is None:
            continue
        once = tuple(report[name] for name in table.once_per)
        if table.once_per and once in seen:
            continue
        seen.add(once)
        yield row


def _columns(table: Table, record: Registered, forms: Iterable[str]) -> Iterator[str]:
    for column in table.columns:
        match column:
            case "year":
                yield str(record.year)
            case "form":
                yield from forms
            case "total":
                yield TOTAL
            case _:
                assert_never(column)


def _frame(table: Table, codelists: Mapping[str, CodeList]) -> Iterator[Cell]:
    rows = tuple(table.series) or table.row_names
    if table.bands:
        rows = (*table.bands, UNKNOWN)
    elif table.row_list is not None:
        rows = tuple(codelists[table.row_list].codes)
    form_list = codelists["exploitation-form"]
    columns: list[str] = []
    for declared in table.columns:
        if declared == "year":
            columns += map(str, table.years)
        elif declared == "form":
            columns += (c for c in form_list.codes if not (table.hierarchy and "counts_as" in form_list.codes[c].more))
        else:
            columns.append(TOTAL)
    for row in (*rows, *table.sum_rows, *((TOTAL,) if table.total_row else ())):
        for column in columns:
            yield table.table, row, column


def tables(raw: Iterable[Any]) -> tuple[Table, ...]:
    """Return the tables those documents (parsed YAML) declare; raises ValueError naming the field that is wrong."""
    return tuple(Table.model_validate(document) for document in raw)
