"""The decision compiled to a finite table: the register alone says how many rows there are, and every row can be visited.

A candidate's input falls into classes: the event type, the publisher's kind, the recipient, the purpose, the period
between two days on which the register changes for the type, and the situation (consent, with the classes it leaves out;
safety; fate). Types that no
activity names have no candidates; publishers that none names are one class, `OTHER`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import get_args

from consent.activities import Activity, Register
from consent.known import Known
from consent.narrowing import Stands, every
from consent.policy import (
    Case,
    Decision,
    Fate,
    Situation,
    asks,
    fate_of,
    how_consent_stands,
    is_safety_recorded,
    ruling,
)
from consent.precedence import Consent

#: Every kind of publisher that no activity of the register names.
OTHER = "any other"
_Key = tuple[Stands, bool, Fate]


@dataclass(frozen=True, slots=True)
class Cell:
    """One recipient and purpose of an event: what rules it, and the ruling in every situation."""

    recipient: str
    purpose: str
    activity: Activity | None
    rulings: Mapping[_Key, Decision]

    @property
    def states(self) -> tuple[Stands, ...]:
        """Every way in which consent may stand for it."""
        return tuple(dict.fromkeys(state for state, _, _ in self.rulings))


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table; valid from `start` until the day before `end`."""

    type: str
    publisher: str
    start: date
    end: date | None
    situation: Situation
    decision: Decision


@dataclass(frozen=True, slots=True)
class Table:
    """Every ruling of one register.

    Law: `table.decide(case, known) == policy.decide(register, case, known)`.
    """

    kinds: tuple[str, ...]
    starts: Mapping[str, tuple[date, ...]]
    cells: Mapping[tuple[str, str, int], tuple[Cell, ...]]
    rulings: Mapping[tuple[str, str, int, str, str], Mapping[_Key, Decision]]

    def look_up(
        self,
        event_type: str,
        publisher: str,
        day: date,
        recipient: str,
        purpose: str,
        state: Stands,
        safety_recorded: bool,
        fate: Fate,
    ) -> Decision | None:
        """Return the ruling, or None where the event has no such candidate on that day, or it no such situation."""
        period = bisect_right(self.starts.get(event_type, ()), day)
        found = self.rulings.get((event_type, publisher, period, recipient, purpose)) or self.rulings.get(
            (event_type, OTHER, period, recipient, purpose)
        )
        return None if found is None else found.get((state, safety_recorded, fate))

    def decide(self, case: Case, known: Known) -> tuple[Decision, ...]:
        """Return a decision for every candidate of the event, in order of recipient and purpose."""
        period = bisect_right(self.starts.get(case.type, ()), case.day)
        cells = self.cells.get((case.type, case.publisher_kind, period))
        if cells is None:
            cells = self.cells.get((case.type, OTHER, period), ())
        if not cells:
            return ()
        fate, safety = fate_of(case.ref, known), is_safety_recorded(case, known)
        return tuple(
            cell.rulings[
                how_consent_stands(cell.activity, case.type, known),
                safety,
                fate,
            ]
            for cell in cells
        )

    def rows(self) -> Iterator[Row]:
        """Yield every row, by type, publisher, period, recipient and purpose."""
        for (event_type, publisher, period), cells in sorted(self.cells.items(), key=lambda item: item[0]):
            starts = self.starts[event_type]
            start, end = starts[period - 1], starts[period] if period < len(starts) else None
            for cell in cells:
                for situation, decision in cell.rulings.items():
                    yield Row(event_type, publisher, start, end, Situation(*situation), decision)


def compiled(register: Register) -> Table:
    """Return the table of a register."""
    kinds = (*sorted({kind for a in register.activities for kind in a.publishers}), OTHER)
    starts = {name: _starts(register.by_type[name]) for name in sorted(register.by_type)}
    rulings: dict[tuple[str, str, str], Mapping[_Key, Decision]] = {}

    def cell(recipient: str, purpose: str, activity: Activity | None) -> Cell:
        name = (recipient, purpose, activity.ref if activity else "")
        if name not in rulings:
            rulings[name] = {
                (s.consent, s.safety_recorded, s.fate): ruling(register.rules, activity, recipient, purpose, s)
                for s in situations(activity)
            }
        return Cell(recipient, purpose, activity, rulings[name])

    cells = {
        (name, kind, period): tuple(
            cell(*candidate, register.activity(name, kind, *candidate, day))
            for candidate in register.candidates(name, day)
        )
        for name, days in starts.items()
        for period, day in enumerate(days, 1)
        for kind in kinds
    }
    flat = {(*key, one.recipient, one.purpose): one.rulings for key, several in cells.items() for one in several}
    return Table(kinds, starts, cells, flat)


def situations(activity: Activity | None) -> Iterator[Situation]:
    """Yield every situation a candidate ruled by this activity can be in: each set of classes that consent leaves out is one."""
    states = every(activity.mask) if activity is not None and asks(activity) else iter(Consent)
    for state, fate, safety in product(states, get_args(Fate), (False, True)):
        yield Situation(state, safety, fate)


def _starts(activities: Iterable[Activity]) -> tuple[date, ...]:
    days = {day for a in activities for day in (a.valid_from, a.valid_to) if day is not None}
    return tuple(sorted(days))
