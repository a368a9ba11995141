"""Every use of emergency access as it stands on a day: open, overdue, reviewed or taken back. Pure.

Overdue is an alarm and no more: the engine that opens a placement never asks it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from consent.emergency import Finding, Looked, standing
from consent.known import Fact, replay
from ketenbus.events import EmergencyAccessUsed

State = Literal["open", "overdue", "reviewed", "taken-back"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One use: what it is named by, when two others must have reviewed it, and how far that is.

    `reviewers` are others than the officer, each once; `placements` what is delivered without consent to its subject.
    """

    id: str
    publisher_kind: str
    ground: str
    used_on: date
    due_on: date
    state: State
    reviewers: int
    against: int
    finding: Finding | None
    placements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alarm:
    """What the data protection officer must hear of: how many reviews are open and overdue, and since when the oldest.

    `is_open` says that no source gives the term of `days`.
    """

    open: int
    overdue: int
    oldest_due_on: date | None
    days: int
    is_open: bool


def seen(
    facts: Iterable[Fact], publisher_kind: str, placements: Iterable[str], today: date, days: int
) -> Iterator[Seen]:
    """Yield every use among the facts of one subject; `days` is how long its review may take.

    Law: it is overdue only while fewer than two others have reviewed it.
    """
    told = tuple(facts)
    looked, placed = {one.use.ref: one for one in standing(replay(told))}, tuple(sorted(placements))
    for fact in told:
        if isinstance(event := fact.event, EmergencyAccessUsed):
            due = event.used_on + min(timedelta(days=days), date.max - event.used_on)  # a partner may name any day
            of = looked.get(fact.ref)
            state = _state(of, is_late=today > due)
            held = placed if of is not None and not of.is_overturned else ()
            yield Seen(
                fact.ref.id, publisher_kind, event.ground, event.used_on, due, state,
                len(of.reviewers) if of else 0, len(of.against) if of else 0, of.finding if of else None, held,
            )  # fmt: skip


def oldest_first(uses: Iterable[Seen]) -> tuple[Seen, ...]:
    """Return the uses by their day, then by their name."""
    return tuple(sorted(uses, key=lambda one: (one.used_on, one.id)))


def alarm(uses: Iterable[Seen], days: int, *, is_open: bool) -> Alarm:
    """Return what is to be told of these uses."""
    told = tuple(uses)
    late = [one.due_on for one in told if one.state == "overdue"]
    return Alarm(sum(1 for one in told if one.state == "open"), len(late), min(late, default=None), days, is_open)


def _state(looked: Looked | None, *, is_late: bool) -> State:
    if looked is None:
        return "taken-back"
    if looked.is_reviewed:
        return "reviewed"
    return "overdue" if is_late else "open"
