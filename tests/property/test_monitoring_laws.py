"""The laws of the tables, with the sandbox's truth as the oracle."""

from __future__ import annotations

import random
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from ketenbus.contract import contract
from sandbox import truth
from sandbox.partners import police_units
from sandbox.people import Person
from sandbox.plan import SU
from sandbox.targets import YEARS
from streams.monitoring.fold import Registered, count
from tests.registry import FORMS, SECTORS, cells, the_tables

KINDS = sorted(contract().codelists["reporter-kind"].codes)
UNITS = sorted(police_units().values())


@st.composite
def people(draw: st.DrawFn, number: int) -> Person:
    """A registered person: what counts is drawn, who they are is not."""
    forms = tuple(draw(st.lists(st.sampled_from(FORMS), min_size=1, max_size=3, unique=True)))
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
        sex="VROUW",
        nationality="PL",
        age=30,
        minor=False,
        birth_date=date(1990, 1, 31),
        name="Ada Voorbeeld",
        v_number=None,
        bsn=None,
    )


def as_record(person: Person, rng: random.Random) -> Registered:
    """The record of a person: their reports in any order, some made twice, later ones in later years."""
    said = [("POLITIE", unit) for unit in person.units]
    said += [(kind, None) for kind in person.kinds if kind != "POLITIE"]
    months = [date(person.year, rng.randint(1, 12), 1), *(date(person.year + n, 1, 1) for n in range(3))]
    reports = [(kind, unit, months[0] if n == 0 else rng.choice(months)) for n, (kind, unit) in enumerate(said)]
    reports += [(*rng.choice(said), rng.choice(months)) for _ in range(rng.randint(0, 2))]
    rng.shuffle(reports)
    return Registered(str(person.number), tuple(reports), person.forms, person.sectors)


PEOPLE = st.integers(0, 6).flatmap(lambda n: st.tuples(*(people(number) for number in range(n))))


@given(PEOPLE, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=150)
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
    renamed = [Registered(f"other-{r.number}", r.reports, r.forms, r.su_sector) for r in second]
    for table in the_tables():
        parts = [count(table, records, contract().codelists) for records in (first, renamed)]
        together = count(table, first + renamed, contract().codelists)
        assert together == {cell: parts[0][cell] + parts[1][cell] for cell in together}
