"""The table as constraints: a claim about its rows is proven when z3 finds no row that breaks it.

A row is symbolic: its type, publisher, recipient, purpose, period, consent, safety and fate are free, and what the table
says of them is one disjunct a cell and one a ruling. Nothing is merged or left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import z3

from consent.masks import PARTS, let_through
from consent.narrowing import Stands
from consent.policy import Decision, Fate, Situation
from consent.table import Row, Table

#: What tells one cell of the table from another.
_CELL = ("type", "publisher", "period", "place")


class Choice:
    """One of a few named values, unknown to the solver until it finds one."""

    def __init__(self, label: str, names: Iterable[object]) -> None:
        self.names = tuple(names)
        self.term = z3.BitVec(label, max(len(self.names), 2).bit_length())
        self._is: dict[object, z3.BoolRef] = {name: self.term == n for n, name in enumerate(self.names)}

    def is_(self, name: object) -> z3.BoolRef:
        """Return the constraint that it is this one; a name the table does not know it never is."""
        return self._is.get(name, z3.BoolVal(False))

    def among(self, names: Iterable[object]) -> z3.BoolRef:
        """Return the constraint that it is one of these."""
        return z3.Or([self.is_(name) for name in names])

    def found(self, model: z3.ModelRef) -> Any:
        """Return what the solver chose."""
        return self.names[model.eval(self.term, model_completion=True).as_long()]


@dataclass(frozen=True, slots=True)
class Symbolic:
    """A row that can be any row of the table."""

    type: Choice
    publisher: Choice
    place: Choice
    recipient: Choice
    purpose: Choice
    period: Choice
    situation: Choice
    consent: Choice
    fate: Choice
    reason: Choice
    safety: z3.BoolRef
    delivered: z3.BoolRef
    mask: Mapping[str, z3.BoolRef]
    is_a_row: z3.BoolRef

    def differs_only_in(self, other: Symbolic, input: str) -> z3.BoolRef:
        """Return the constraint that two rows have the same inputs, but for this one."""
        same = ("type", "publisher", "place", "period", "consent", "fate")
        equal = [getattr(self, name).term == getattr(other, name).term for name in same if name != input]
        return z3.And([*equal, *([] if input == "safety" else [self.safety == other.safety])])

    def shows(self, classes: Iterable[str]) -> z3.BoolRef:
        """Return the constraint that it delivers one of these parts of a mask; what is let through whole is so made general too."""
        return z3.And(self.delivered, z3.Or([self.mask[name] for name in classes if name in self.mask]))


class Rows:
    """Every row of a table, as constraints."""

    def __init__(self, table: Table) -> None:
        cells = [(key, cell) for key, several in table.cells.items() for cell in several]
        columns = {id(cell.rulings): cell.rulings for _, cell in cells}
        numbers = {name: n for n, name in enumerate(columns)}
        self._table = table
        self._columns = tuple(columns.values())
        self._cells = [(*key, (cell.recipient, cell.purpose), numbers[id(cell.rulings)]) for key, cell in cells]
        self._places = tuple(sorted({(cell.recipient, cell.purpose) for _, cell in cells}))
        self._decisions = {d for column in self._columns for d in column.values()}
        self._situations = tuple(dict.fromkeys(Situation(*key) for column in self._columns for key in column))

    def symbolic(self, label: str) -> Symbolic:
        """Return a row that can be any of them; `label` tells it from another in the same claim."""
        periods = max((len(starts) for starts in self._table.starts.values()), default=0)
        choices: dict[str, Iterable[object]] = {
            "type": self._table.starts,
            "publisher": self._table.kinds,
            "place": self._places,
            "recipient": sorted({recipient for recipient, _ in self._places}),
            "purpose": sorted({purpose for _, purpose in self._places}),
            "period": range(1, periods + 1),
            "situation": self._situations,
            "consent": tuple(dict.fromkeys(s.consent for s in self._situations)),
            "fate": get_args(Fate),
            "reason": sorted({" ".join(d.reasons) for d in self._decisions}),
        }
        held = {name: Choice(f"{label}.{name}", names) for name, names in choices.items()}
        column = Choice(f"{label}.column", range(len(self._columns)))
        safety, delivered = z3.Bool(f"{label}.safety"), z3.Bool(f"{label}.delivered")
        mask = {name: z3.Bool(f"{label}.{name}") for name in PARTS}

        def says(decision: Decision) -> z3.BoolRef:
            through = let_through(decision.mask)
            shown = [flag if name in through else z3.Not(flag) for name, flag in mask.items()]
            is_delivered = delivered if decision.outcome == "delivered" else z3.Not(delivered)
            return z3.And(is_delivered, held["reason"].is_(" ".join(decision.reasons)), *shown)

        said = {decision: says(decision) for decision in self._decisions}
        parts = [
            z3.Or(
                [
                    z3.And(
                        *(held[name].is_(value) for name, value in zip(_CELL, cell, strict=False)), column.is_(cell[4])
                    )
                    for cell in self._cells
                ]
            ),
            z3.Or(
                [
                    z3.And(held["place"].is_(p), held["recipient"].is_(p[0]), held["purpose"].is_(p[1]))
                    for p in self._places
                ]
            ),
            z3.Or(
                [
                    z3.And(
                        held["situation"].is_(s),
                        held["consent"].is_(s.consent),
                        held["fate"].is_(s.fate),
                        safety if s.safety_recorded else z3.Not(safety),
                    )
                    for s in self._situations
                ]
            ),
            z3.Or(
                [
                    z3.And(column.is_(number), held["situation"].among(situations), said[decision])
                    for number, rulings in enumerate(self._columns)
                    for decision, situations in _by_decision(rulings).items()
                ]
            ),
        ]
        return Symbolic(**held, safety=safety, delivered=delivered, mask=mask, is_a_row=z3.And(parts))

    def row(self, symbolic: Symbolic, model: z3.ModelRef) -> Row:
        """Return the row that the solver found, as the table has it."""
        event_type, publisher, period = (getattr(symbolic, name).found(model) for name in _CELL[:3])
        situation, place = symbolic.situation.found(model), symbolic.place.found(model)
        starts = self._table.starts[event_type]
        [cell] = [c for c in self._table.cells[event_type, publisher, period] if (c.recipient, c.purpose) == place]
        end = starts[period] if period < len(starts) else None
        decision = cell.rulings[situation.consent, situation.safety_recorded, situation.fate]
        return Row(event_type, publisher, starts[period - 1], end, situation, decision)


def found(rows: Rows, symbolic: Sequence[Symbolic], claim: z3.BoolRef) -> tuple[Row, ...] | None:
    """Return rows for which the claim holds, or None when there are none."""
    solver = z3.SolverFor("QF_BV")
    solver.add(*(one.is_a_row for one in symbolic), claim)
    answer = solver.check()
    if answer == z3.unsat:
        return None
    if answer == z3.unknown:
        raise ValueError(f"z3 neither proved nor refuted a claim: {solver.reason_unknown()}")
    model = solver.model()
    return tuple(rows.row(one, model) for one in symbolic)


def _by_decision(rulings: Mapping[tuple[Stands, bool, Fate], Decision]) -> dict[Decision, list[Situation]]:
    found: dict[Decision, list[Situation]] = {}
    for key, decision in rulings.items():
        found.setdefault(decision, []).append(Situation(*key))
    return found
