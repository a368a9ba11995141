"""Every recall at every organisation that has to confirm it: confirmed, open or late. Pure.

A recipient of the register may be several organisations (two shelters read one view): each has what was delivered, so
each confirms. A recall that was followed by a release asks nothing any more, and is not here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from consent.days import day_of
from consent.terms import Term
from streams.disclose.confirmations import Confirmation
from streams.disclose.tokens import EventName
from streams.runtime.settings import Partner

State = Literal["late", "open", "confirmed"]
#: Why a confirmation counts for nothing.
Stray = Literal["names-no-event-of-the-view", "never-recalled", "not-the-recipient"]


@dataclass(frozen=True, slots=True)
class Recall:
    """One recall that stands: the view was told to stop using the event, and nothing was told of it since.

    `sent_at` is None where a restored database no longer knows when it was sent.
    """

    name: EventName
    type: str | None
    recipient: str
    purpose: str
    change: int
    activity: str
    reasons: tuple[str, ...]
    sent_at: datetime | None

    @property
    def candidate(self) -> tuple[EventName, str, str]:
        """Which event in which view."""
        return self.name, self.recipient, self.purpose


@dataclass(frozen=True, slots=True)
class Awaited:
    """One recall at one organisation. `until` is the last day on which a confirmation is in time."""

    recall: Recall
    organisation: str
    until: date | None
    confirmed_at: datetime | None
    state: State


@dataclass(frozen=True, slots=True)
class Ignored:
    """A confirmation that counts for nothing, and why."""

    confirmation: Confirmation
    why: Stray


@dataclass(frozen=True, slots=True)
class Listing:
    """Every recall at every organisation, and every confirmation that counts for nothing."""

    awaited: tuple[Awaited, ...]
    ignored: tuple[Ignored, ...]

    def count(self, state: State) -> int:
        """Return how many are in a state."""
        return sum(row.state == state for row in self.awaited)


def listing(
    recalls: Sequence[Recall],
    confirmations: Iterable[Confirmation],
    behind: Mapping[str, Sequence[Partner]],
    term: Term,
    now: datetime,
    sent: Collection[tuple[EventName, str, str, int]] = (),
) -> Listing:
    """Return where every recall stands at `now`, oldest first; `behind` are the organisations of each recipient.

    `sent` are recalls that were sent and stand no more: what confirms one of those counts for nothing, and is no stray.

    Law: the same for every order in which confirmations come; one more confirmation never opens what was confirmed.
    """
    changes = {r.candidate: r.change for r in recalls}
    known = {(*r.candidate, r.change) for r in recalls} | set(sent)
    when: dict[tuple[EventName, str, str, str], datetime] = {}
    ignored = []
    for c in sorted(confirmations, key=lambda c: (c.at, c.oin, c.id)):
        why = _stray(c, known, behind)
        if why is not None:
            ignored.append(Ignored(c, why))
        elif c.recalled is not None and changes.get((c.recalled, c.recipient, c.purpose)) == c.change:
            when.setdefault((c.recalled, c.recipient, c.purpose, c.oin), c.at)
    rows = [row for recall in recalls for row in _awaited(recall, behind, when, term, day_of(now))]
    return Listing(tuple(sorted(rows, key=_oldest_first)), tuple(ignored))


def _stray(
    c: Confirmation, known: Collection[tuple[EventName, str, str, int]], behind: Mapping[str, Sequence[Partner]]
) -> Stray | None:
    if c.recalled is None:
        return "names-no-event-of-the-view"
    if c.oin not in {partner.oin for partner in behind.get(c.recipient, ())}:
        return "not-the-recipient"
    return None if (c.recalled, c.recipient, c.purpose, c.change) in known else "never-recalled"


def _awaited(
    recall: Recall,
    behind: Mapping[str, Sequence[Partner]],
    when: Mapping[tuple[EventName, str, str, str], datetime],
    term: Term,
    today: date,
) -> Iterator[Awaited]:
    until = None if recall.sent_at is None else term.last_day(day_of(recall.sent_at))
    for partner in behind.get(recall.recipient, ()):
        at = when.get((*recall.candidate, partner.oin))
        in_time = until is not None and today <= until  # a recall of unknown age counts as late
        state: State = "confirmed" if at is not None else "open" if in_time else "late"
        yield Awaited(recall, partner.id, until, at, state)


def _oldest_first(row: Awaited) -> tuple[str, str, str, str, str, str]:
    sent = row.recall.sent_at.isoformat() if row.recall.sent_at else ""
    name = row.recall.name
    return sent, row.recall.recipient, row.recall.purpose, row.organisation, name.oin, name.id
