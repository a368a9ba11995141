"""What must come out, counted from the made-up persons and from the storyteller's intent, never from pipeline code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox.people import Person
from sandbox.plan import SU
from sandbox.targets import SUM_ROW, TOTAL, YEARS, Cell
from sandbox.telling import Outcome, Planned, Story
from sandbox.text import wishes
from sandbox.traits import Traits, cells_of


@dataclass(frozen=True, slots=True)
class Expected:
    """What a history must lead to.

    `outcomes` counts the candidates of admitted partner events by recipient, purpose, outcome and reason; a person's
    registration records are not among them. `quarantined` is by fault; an invalid event sent twice counts twice.
    """

    cells: Mapping[Cell, int]
    outcomes: Mapping[Outcome, int]
    reports: Mapping[Outcome, int]
    admitted: int
    repeated: int
    quarantined: Mapping[str, int]


def expected(story: Story, events: Sequence[Planned] | None = None) -> Expected:
    """Return what a story leads to, or a shuffled or repeated telling of it."""
    events = story.events if events is None else events
    sound = [event for event in events if event.fault is None]
    first = {event.id: event for event in sound}
    return Expected(
        cells=cells(story.persons),
        outcomes=Counter(outcome for event_id in first for outcome in story.outcomes[event_id]),
        reports=Counter(
            outcome
            for event in first.values()
            if event.type == "victim-reported"
            for outcome in story.outcomes[event.id]
        ),
        admitted=len(first),
        repeated=len(sound) - len(first),
        quarantined=Counter(event.fault for event in events if event.fault is not None),
    )


def cells(persons: Sequence[Person]) -> dict[Cell, int]:
    """Return every cell of every table that these registered persons add up to; a cell that is not there is zero."""
    count: Counter[Cell] = Counter()
    for person in persons:
        year = str(person.year)
        left_out = person.kinds == ("KMAR",) and bool(set(person.forms) & set(SU))
        _add(count, "2.1", "all", year)
        if left_out:
            continue
        _add(count, "2.1", "excluding-kmar-only", year)
        for form in person.forms:
            _add(count, "2.2", form, year, rows=(TOTAL,))
        for sector in person.sectors:
            _add(count, "2.3", sector, year, rows=(TOTAL,))
        for kind in person.kinds:
            both = (TOTAL, SUM_ROW) if kind in {"POLITIE", "INSPECTIE_SZW"} else (TOTAL,)
            _add(count, "2.9", kind, year, hierarchical(person.forms), rows=both)
        for unit in person.units:
            _add(count, "2.10", unit, year, hierarchical(person.forms), rows=(TOTAL,))
        ranked = (hierarchical(person.forms),)
        for cell, number in cells_of(year, person.forms, ranked, person.kinds, _traits(person), minor=person.minor):
            count[cell] += number
    return dict(count)


def text(cells: Mapping[Cell, int]) -> dict[Cell, float]:
    """Return what each figure of the text is in these cells; a cell that is not there is zero."""
    return {wish.cell: wish.value(cells) for wish in wishes()}


def _traits(person: Person) -> Traits:
    labour, crime, dublin = (each[0] if each else None for each in (person.labour, person.crime, person.dublin))
    return Traits(person.nationality, person.sex, person.age, labour, person.first.month, crime, dublin)


def hierarchical(forms: Sequence[str]) -> str:
    """Return the form that counts where one does: SU > AU > CU > unknown (slachtoffermonitor-part1, L992-996).

    >>> hierarchical(("CU", "AU")), hierarchical(("ORGAAN",))
    ('AU', 'ONBEKEND')
    """
    return next((form for form in ("BL_SU", "GO_SU", "AU", "CU") if form in forms), "ONBEKEND")


def _add(count: Counter[Cell], table: str, row: str, year: str, *columns: str, rows: Sequence[str] = ()) -> None:
    assert year in YEARS
    for each in (row, *rows):
        for column in (year, *columns, TOTAL):
            count[Cell(table, each, column)] += 1
