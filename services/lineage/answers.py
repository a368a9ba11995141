"""What lineage answers: ids, tokens, codes of decisions and articles; never what an event says of a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Ground:
    """The entry of the register a decision went by."""

    activity: str
    article: str
    source: str
    status: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """One decision on one candidate, as it was right at its time; `kind` is what the view was told, if anything."""

    decided_at: datetime
    outcome: str
    kind: str | None
    change: int
    activity: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one event stands for one recipient and purpose, and how that came to be.

    `token` is the event's name in that view; `subject` begins the bus's keyed hash of whom it is about.
    """

    recipient: str
    purpose: str
    subject: str
    outcome: str
    reasons: tuple[str, ...]
    ground: Ground | None
    mask: tuple[str, ...]
    left_out: tuple[str, ...]
    generalised: tuple[str, ...]
    change: int
    in_view: bool
    token: str
    history: tuple[Judgement, ...]

    @property
    def reached(self) -> bool:
        """Whether the recipient was ever sent it."""
        return self.change > 0


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the log by the names that anyone may trace it with; `origin` is its place in its type's topic."""

    id: str
    type: str
    publisher: str
    subject: str
    origin: str


@dataclass(frozen=True, slots=True)
class Rested:
    """One event that a counted record rests on, and the outcome that let it through."""

    event: Event
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class CountedRecord:
    """One record that counts in a cell: its name in the Rapporteur's zone, how it got there, and what it rests on."""

    record: str
    counts: int
    version: int
    told_by: Rested
    reports: tuple[Rested, ...]
    links: tuple[Rested, ...]


@dataclass(frozen=True, slots=True)
class LetThrough:
    """How many of a cell's events one entry of the register let through."""

    ground: Ground
    type: str
    events: int


@dataclass(frozen=True, slots=True)
class CellLineage:
    """What one figure rests on. `breaks` are the places where the chain does not hold: none when the bus is at rest."""

    table: str
    row: str
    column: str
    value: int
    records: int
    reports: int
    subjects: int
    links: int
    let_through: tuple[LetThrough, ...]
    counted: tuple[CountedRecord, ...]
    breaks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Related:
    """Another event of the same subject that bears on this one, and how."""

    relation: str
    event: Event


@dataclass(frozen=True, slots=True)
class PartOf:
    """A record in force that an event is part of. Not the cells it counts in: those would tell what was done to a person."""

    record: str
    version: int


@dataclass(frozen=True, slots=True)
class NotAdmitted:
    """One arrival under this id that did not enter the log: quarantined under a reason, or a repeat."""

    origin: str
    reason: str
    place: str
    at: datetime


@dataclass(frozen=True, slots=True)
class EventLineage:
    """Everyone who got an event and why, everyone who did not and why, and every arrival that was not admitted."""

    id: str
    publisher: str
    type: str | None
    time: datetime | None
    admitted_at: datetime | None
    admitted_from: str | None
    logged_at: tuple[str, ...]
    subjects: tuple[str, ...]
    got: tuple[Outcome, ...]
    did_not: tuple[Outcome, ...]
    not_named: tuple[tuple[str, str], ...]
    related: tuple[Related, ...]
    part_of: tuple[PartOf, ...]
    not_admitted: tuple[NotAdmitted, ...]
