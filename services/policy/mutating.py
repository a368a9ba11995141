"""Each rule of a register weakened, strengthened or deleted in turn, and what sees it.

A mutant changes one activity, so only the rows of that recipient and purpose (and where it moves to) are compiled and
proven again. Cedar reads the same register as we do and can therefore not see a change of it: its work is our code.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from consent.activities import Register, register
from consent.classes import classes, text
from consent.masks import PARTS, class_of
from consent.proofs.claims import Known
from consent.proofs.named_rows import NAMED_ROWS
from consent.proofs.prohibitions import broken
from consent.table import OTHER, Table, compiled
from ketenbus.contract import contract

Row = dict[str, Any]
#: A named row and a case that is decided otherwise.
Broken = tuple[str, str]
NEEDS = ("none", "required", "required-or-safety")
GOLDEN = "table"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change to a register: its rows and rules afterwards, of the places it touches."""

    name: str
    rows: tuple[Row, ...]
    rules: Mapping[str, Any]
    places: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Caught:
    """What saw a mutant; seen by nothing it survives. Idle is one that no event the contract admits can meet."""

    mutant: str
    by: tuple[str, ...]
    idle: bool

    @property
    def beside_the_table(self) -> bool:
        """Whether something other than a difference in the written table saw it."""
        return any(name != GOLDEN for name in self.by)


def mutants(law: Register) -> Iterator[Mutant]:
    """Yield every register that differs from this one in one rule."""
    rows = tuple(a.model_dump() for a in law.activities)
    rules = law.rules.model_dump()
    for n, row in enumerate(rows):
        others = rows[:n] + rows[n + 1 :]
        here = _place(row)
        yield Mutant(f"{_ref(row)} deleted", others, rules, frozenset({here}))
        for what, changed in _weakened(row, law):
            yield Mutant(
                f"{_ref(row)} {what}", (*others, row | changed), rules, frozenset({here, _place(row | changed)})
            )
    for rule, holds in rules.items():
        if isinstance(holds, bool):
            every = frozenset(map(_place, rows))
            yield Mutant(f"rule {rule}: {not holds}", rows, rules | {rule: not holds}, every)


def catch(law: Register, known: Known, wanted: Collection[Mutant]) -> Iterator[Caught]:
    """Yield what sees each mutant."""
    rows, rules = tuple(a.model_dump() for a in law.activities), law.rules.model_dump()
    before: dict[frozenset[tuple[str, str]], tuple[Table, str, frozenset[Broken]]] = {}
    for mutant in wanted:
        if mutant.places not in before:
            real = _of(rows, rules, mutant.places)
            before[mutant.places] = (compiled(real), _text(real), _rows_broken(real))
        yield _caught(mutant, known, *before[mutant.places])


def _caught(mutant: Mutant, known: Known, table: Table, written: str, told_before: frozenset[Broken]) -> Caught:
    try:
        law = _of(mutant.rows, mutant.rules, mutant.places)
    except ValueError:
        return Caught(mutant.name, ("refused by the register",), False)
    after = compiled(law)
    changed, ended = _changed(table, after), _changed(after, table)
    seen = (GOLDEN,) if _text(law) != written else ()
    cells = {*changed.cells, *ended.cells}
    if cells and not any(_can_happen(*cell[:2], changed.kinds) for cell in cells):
        return Caught(mutant.name, seen, True)
    if changed.cells:
        seen = (*broken(changed, known), *seen)
    return Caught(mutant.name, (*sorted({name for name, _ in _rows_broken(law) - told_before}), *seen), False)


def _can_happen(event_type: str, kind: str, kinds: Collection[str]) -> bool:
    """Return whether the contract lets such a partner publish this type."""
    publishers = contract().types[event_type].publishers
    return kind in publishers or (kind == OTHER and not publishers <= set(kinds))


def _changed(before: Table, after: Table) -> Table:
    """Return the cells of the second table that are not the first's: what was proven of the others still is."""
    cells = {}
    for (event_type, kind, period), several in after.cells.items():
        day = after.starts[event_type][period - 1]
        new = tuple(
            cell
            for cell in several
            if any(
                before.look_up(event_type, kind, day, cell.recipient, cell.purpose, *situation) != decision
                for situation, decision in cell.rulings.items()
            )
        )
        if new:
            cells[event_type, kind, period] = new
    return replace(after, cells=cells)


def _of(rows: Collection[Row], rules: Mapping[str, Any], places: Collection[tuple[str, str]]) -> Register:
    return register([row for row in rows if _place(row) in places], rules)


def _text(law: Register) -> str:
    return text(law, classes(compiled(law)))


def _rows_broken(law: Register) -> frozenset[Broken]:
    return frozenset((row.name, told) for row in NAMED_ROWS for told in row.check(law))


def _weakened(row: Row, law: Register) -> Iterator[tuple[str, Row]]:
    """Yield every change of one rule of an activity, and what it is called."""
    for need in NEEDS:
        if need != row["consent"]:
            yield f"consent {row['consent']} -> {need}", {"consent": need}
    kinds = contract().codelists["publisher-kind"].codes
    yield from _widened("mask", row, PARTS)
    for part in row["mask"]:
        for other in PARTS:
            if other != part and class_of(other) == class_of(part):
                changed = [other if held == part else held for held in row["mask"]]
                yield f"mask {part} -> {other}", {"mask": changed}
    yield from _widened("publishers", row, sorted(kinds))
    yield from _widened("types", row, sorted(contract().types))
    for recipient in sorted({a.recipient for a in law.activities} - {row["recipient"]}):
        yield f"recipient {recipient}", {"recipient": recipient}
    for purpose in sorted(set(contract().codelists["purpose"].codes) - {row["purpose"]}):
        yield f"purpose {purpose}", {"purpose": purpose}
    yield from _validity(row)
    yield f"recalls {not row['recalls']}", {"recalls": not row["recalls"]}
    if row["consent"] != "none":
        expires = not row["expiry_recalls"]
        yield f"expiry recalls {expires}", {"expiry_recalls": expires}


def _widened(field: str, row: Row, every: Collection[str]) -> Iterator[tuple[str, Row]]:
    held = list(row[field])
    for name in every:
        if name not in held:
            yield f"{field} + {name}", {field: [*held, name]}
    for name in held:
        if len(held) > 1:
            yield f"{field} - {name}", {field: [other for other in held if other != name]}


def _validity(row: Row) -> Iterator[tuple[str, Row]]:
    start: date = row["valid_from"]
    year = timedelta(days=365)
    yield "in force a year earlier", {"valid_from": start - year}
    yield "in force a year later", {"valid_from": start + year}
    end: date | None = row["valid_to"]
    if end is None:
        yield "ended after ten years", {"valid_to": start + 10 * year}
    else:
        yield "without end", {"valid_to": None}
        yield "ended a year earlier", {"valid_to": max(end - year, start + timedelta(days=1))}


def _place(row: Row) -> tuple[str, str]:
    return row["recipient"], row["purpose"]


def _ref(row: Row) -> str:
    return f"{row['id']}/{row['version']}"
