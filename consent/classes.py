"""The table as a lawyer reads it: rows that differ in nothing that matters are one, under their activity and article.

Merged are situations, publishers, types and periods, in that order, and only where every ruling is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import get_args

from consent.activities import Activity, Register
from consent.narrowing import Narrowed, Stands
from consent.policy import Decision, Fate
from consent.precedence import Consent
from consent.table import OTHER, Cell, Table

#: Where a register's classes are written down, beside it; `./ketenbus policy table --write` writes them.
FILE = "table.txt"
_FATES = get_args(Fate)
#: What a group of rows has in common: recipient, purpose, activity, first day, day after the last.
_Head = tuple[str, str, str, date, date | None]


@dataclass(frozen=True, slots=True)
class Situations:
    """The situations in which one ruling holds: any of these of each; an empty reason is the consent's own."""

    fates: tuple[str, ...]
    consents: tuple[Stands, ...]
    safety: tuple[bool, ...]
    outcome: str
    mask: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Class:
    """One equivalence class of the decision."""

    recipient: str
    purpose: str
    activity: str
    start: date
    end: date | None
    types: tuple[str, ...]
    publishers: tuple[str, ...]
    situations: Situations


def classes(table: Table) -> tuple[Class, ...]:
    """Return the equivalence classes: every row of the table is in exactly one."""
    cells = {(c.recipient, c.purpose, _ref(c)): c for several in table.cells.values() for c in several}
    return tuple(
        Class(*head, types, publishers, situations)
        for head, groups in sorted(_heads(table).items(), key=lambda item: _order(item[0]))
        for publishers, types in groups
        for situations in _situations(cells[head[:3]])
    )


def text(register: Register, found: Iterable[Class]) -> str:
    """Return the classes as text: a change of law is a difference in it."""
    lines: list[str] = ["# Who gets what, on which ground: every decision of the register, alike ones as one line."]
    lines.append(
        "# What is not here is not shared. Written by ./ketenbus policy table --write; read it when the law changes."
    )
    place: tuple[str, str] | None = None
    above: tuple[object, ...] = ()
    for one in found:
        if place != (one.recipient, one.purpose):
            place = (one.recipient, one.purpose)
            lines += ["", f"## {one.recipient} for {one.purpose}"]
        head = (place, one.activity, one.start, one.end, one.types, one.publishers)
        if head != above:
            if head[:4] != above[:4]:
                lines += ["", *_heading(register, one)]
            lines += [f"    {', '.join(one.types)}", f"    from {', '.join(one.publishers)}"]
            above = head
        lines.append(f"        {_said(one.situations)}")
    return "\n".join(lines) + "\n"


def _heads(table: Table) -> Mapping[_Head, list[tuple[tuple[str, ...], tuple[str, ...]]]]:
    """Return, under each head, the groups of publishers with the types they share it for."""
    publishers: dict[_Head, dict[str, set[str]]] = {}
    for event_type, starts in table.starts.items():
        for kind in table.kinds:
            for head in _periods(table, event_type, kind, starts):
                publishers.setdefault(head, {}).setdefault(event_type, set()).add(kind)
    merged = {}
    for head, by_type in publishers.items():
        types: dict[tuple[str, ...], list[str]] = {}
        for event_type, kinds in by_type.items():
            said = (OTHER,) if OTHER in kinds else tuple(sorted(kinds))
            types.setdefault(said, []).append(event_type)
        merged[head] = sorted((said, tuple(sorted(names))) for said, names in types.items())
    return merged


def _periods(table: Table, event_type: str, kind: str, starts: tuple[date, ...]) -> Iterator[_Head]:
    """Yield what rules each candidate of the event, neighbouring periods under the same activity as one."""
    open_: dict[tuple[str, str, str], date] = {}
    for period, day in enumerate(starts, 1):
        now = {(c.recipient, c.purpose, _ref(c)) for c in table.cells[event_type, kind, period]}
        for gone in [name for name in open_ if name not in now]:
            yield (*gone, open_.pop(gone), day)
        for name in now:
            open_.setdefault(name, day)
    for name, start in open_.items():
        yield (*name, start, None)


def _situations(cell: Cell) -> tuple[Situations, ...]:
    """Return the fewest boxes of situations that read well: over safety, then over fate, where nothing differs."""
    boxes: dict[tuple[str, tuple[str, ...], str, tuple[Stands, ...], tuple[bool, ...]], list[str]] = {}
    for fate in _FATES:
        by_state: dict[tuple[str, tuple[str, ...], str, tuple[Stands, ...]], list[bool]] = {}
        for safety in (False, True):
            states: dict[tuple[str, tuple[str, ...], str], list[Stands]] = {}
            for state in cell.states:
                decision = cell.rulings[state, safety, fate]
                states.setdefault((decision.outcome, decision.mask, _reason(decision, state)), []).append(state)
            for said, several in states.items():
                by_state.setdefault((*said, tuple(several)), []).append(safety)
        for box, both in by_state.items():
            boxes.setdefault((*box, tuple(both)), []).append(fate)
    return tuple(
        Situations(tuple(fates), consents, safety, outcome, mask, reason)
        for (outcome, mask, reason, consents, safety), fates in boxes.items()
    )


def _reason(decision: Decision, state: Stands) -> str:
    said = " ".join(decision.reasons)
    return "" if said == state.value else said


def _ref(cell: Cell) -> str:
    return cell.activity.ref if cell.activity else ""


def _order(head: _Head) -> tuple[str, str, bool, str, date]:
    recipient, purpose, activity, start, _ = head
    return recipient, purpose, not activity, activity, start


def _heading(register: Register, one: Class) -> list[str]:
    days = f"from {one.start}" + (f" until {one.end}" if one.end else "")
    activity = register.by_ref(one.activity)
    if activity is None:
        return [f"No activity, {days}"]
    return [
        f"{activity.ref}, {days}, {activity.status}, {_recalled(activity)}",
        *(f"  {name}: {' '.join(said.split())}" for name, said in _texts(activity)),
    ]


def _recalled(activity: Activity) -> str:
    said = "recalled when it ends to stand" if activity.recalls else "not recalled when it ends to stand"
    if activity.consent == "none" or not activity.recalls:
        return said
    return said + (
        ", and when a period of consent ends" if activity.expiry_recalls else ", but not when a period of consent ends"
    )


def _texts(activity: Activity) -> tuple[tuple[str, str], ...]:
    return ("article", str(activity.article)), ("source", str(activity.source)), ("why", activity.why.en)


def _said(s: Situations) -> str:
    fate = "" if len(s.fates) == len(_FATES) else f"{' or '.join(s.fates)}, "
    states = "any consent" if set(Consent) <= set(s.consents) else _states(s.consents)
    safety = "" if len(s.safety) == 2 else ", safety recorded" if s.safety[0] else ", no safety ground"
    mask = f" {'+'.join(s.mask)}" if s.mask else ""
    return f"{fate}{states}{safety}: {s.outcome}{mask}, {s.reason or 'as consent stands'}"


def _states(states: tuple[Stands, ...]) -> str:
    named = [state for state in states if isinstance(state, Consent)]
    missing = [state.value for state in Consent if state not in named]
    partly = [f"consent but for {'+'.join(sorted(s.refused))}" for s in states if isinstance(s, Narrowed)]
    if named and len(missing) < len(named) - 1:
        return ", and ".join([f"any but {' or '.join(missing)}", *partly])
    return " or ".join([*(state.value for state in named), *partly])
