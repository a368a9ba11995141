"""The laws of the tables, with the sandbox's truth as the oracle."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from ketenbus.contract import contract
from sandbox import truth
from sandbox.partners import police_units
from sandbox.people import Person
from sandbox.plan import SU
from sandbox.targets import YEARS
from sandbox.traits import CRIMES, INDICATIONS, LABOUR, NATIONALITIES, SEXES
from services.monitoring.tables import told_in_text
from services.verify.persons import Person as Audited
from services.verify.persons import Report
from services.verify.told import values
from streams.monitoring.figures import value
from streams.monitoring.fold import Registered, count
from tests.registry import FORMS, SECTORS, cells, the_tables

RARER_FIRST = ("OVERIGE_DIENSTVERLENING", "HUISHOUDEN", "HORECA", "OVERIGE_ARBEID")
KINDS = sorted(contract().codelists["reporter-kind"].codes)
UNITS = sorted(police_units().values())
FIGURES = told_in_text()


@st.composite
def people(draw: st.DrawFn, number: int) -> Person:
    """A registered person: all that counts is drawn, the name is not."""
    age = draw(st.none() | st.integers(0, 90))
    drawn = draw(st.lists(st.sampled_from(FORMS), min_size=1, max_size=3, unique=True))
    forms = tuple(form for form in drawn if form != "ONBEKEND") or ("ONBEKEND",)  # unknown where nothing is known
    kinds = tuple(draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3, unique=True)))
    units = st.lists(st.sampled_from(UNITS), min_size=1, max_size=3, unique=True)
    sectors = st.lists(st.sampled_from(SECTORS), max_size=2, unique=True)
    return Person(
        number=number,
        human=number,
        year=int(draw(st.sampled_from(YEARS))),
        forms=forms,
        kinds=kinds,
        units=tuple(draw(units)) if "POLITIE" in kinds else (),
        sectors=tuple(draw(sectors)) if set(forms) & set(SU) else (),
        sex=draw(st.sampled_from(SEXES)),
        nationality=draw(st.sampled_from(NATIONALITIES)),
        age=age,
        minor=draw(st.booleans()) if age is None else age < 18,
        first=date(2018, draw(st.integers(1, 12)), 4),
        labour=(draw(st.sampled_from(LABOUR)),) if "AU" in forms and draw(st.booleans()) else (),
        crime=(draw(st.sampled_from(CRIMES)),) if "CU" in forms and draw(st.booleans()) else (),
        dublin=(draw(st.sampled_from(INDICATIONS)),) if draw(st.booleans()) else (),
        birth_date=date(1990, 1, 31),
        name="Ada Voorbeeld",
        v_number=None,
        bsn=None,
    )


def as_record(person: Person, rng: random.Random) -> Registered:
    """The record of a person: their reports in any order, some made twice, later ones in later years."""
    said = [("POLITIE", unit) for unit in person.units]
    said += [(kind, None) for kind in person.kinds if kind != "POLITIE"]
    first = date(person.year, person.first.month, 1)
    months = [first, *(date(person.year + n, 1, 1) for n in range(1, 4))]
    reports = [(kind, unit, months[0] if n == 0 else rng.choice(months)) for n, (kind, unit) in enumerate(said)]
    reports += [(*rng.choice(said), rng.choice(months)) for _ in range(rng.randint(0, 2))]
    rng.shuffle(reports)
    return Registered(
        number=str(person.number),
        reports=tuple(reports),
        forms=person.forms,
        su_sector=person.sectors,
        labour_sector=(*person.labour, *_commoner(person.labour, rng)),
        cu_sector=person.crime,
        dublin_indication=person.dublin,
        sex=person.sex,
        nationality=person.nationality,
        age=person.age,
        minor=person.minor,
    )


def _commoner(labour: Sequence[str], rng: random.Random) -> list[str]:
    """Sectors that other reports named as well: what is more common does not count beside what is rarer."""
    after = RARER_FIRST[RARER_FIRST.index(labour[0]) + 1 :] if labour else ()
    return rng.sample(after, k=rng.randint(0, len(after)))


PEOPLE = st.integers(0, 6).flatmap(lambda n: st.tuples(*(people(number) for number in range(n))))


@given(PEOPLE, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=80)
def test_the_tables_are_those_of_the_sandboxs_truth(persons: tuple[Person, ...], rng: random.Random) -> None:
    assert cells([as_record(person, rng) for person in persons]) == truth.cells(persons)


@given(PEOPLE, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_the_records_changes_nothing(persons: tuple[Person, ...], rng: random.Random) -> None:
    records = [as_record(person, rng) for person in persons]
    assert cells(rng.sample(records, k=len(records))) == cells(records)


@given(PEOPLE, PEOPLE, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_cells_of_two_groups_of_persons_add_up(
    one: tuple[Person, ...], other: tuple[Person, ...], rng: random.Random
) -> None:
    first, second = ([as_record(p, rng) for p in group] for group in (one, other))
    renamed = [replace(r, number=f"other-{r.number}") for r in second]
    for table in the_tables():
        parts = [count(table, records, contract().codelists) for records in (first, renamed)]
        together = count(table, first + renamed, contract().codelists)
        assert together == {cell: parts[0][cell] + parts[1][cell] for cell in together}


@given(PEOPLE, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_the_figures_in_words_are_those_of_the_sandboxs_truth_and_of_the_recount(
    persons: tuple[Person, ...], rng: random.Random
) -> None:
    records = [as_record(person, rng) for person in persons]
    counted = {cell: n for table in the_tables() for cell, n in count(table, records, contract().codelists).items()}
    told = {figure.cell: value(figure, counted) for figure in FIGURES}
    assert told == truth.text(truth.cells(persons))
    assert told == values([as_audited(record) for record in records])


def as_audited(record: Registered) -> Audited:
    """The same record as the recount makes it from the reports."""
    return Audited(
        tuple(
            Report(
                kind,
                unit,
                month,
                record.forms,
                record.su_sector,
                record.labour_sector,
                record.sex,
                record.nationality,
                record.age,
                "MINOR" if record.minor else "ADULT",
                record.cu_sector,
                record.dublin_indication,
            )
            for kind, unit, month in record.reports
        )
    )
