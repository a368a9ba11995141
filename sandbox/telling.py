"""Planned events, and the teller that writes them down with ids and outcomes as the story goes along."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5

from sandbox.people import Invention, Person

#: What can be wrong with an event that a partner sends, by the reason it is quarantined for.
FAULTS = (
    "unknown-type",
    "unknown-schema",
    "undecodable",
    "trailing-bytes",
    "wrong-key",
    "missing-signature",
    "bad-signature",
    "not-authorised",
    "id-reused",
    "future-occurred-at",
    "unknown-code",
    "oversize",
    "header-not-utf8",
    "double-header",
    "bus-header",
    "header-not-printable",
    "bad-headers",
    "unknown-publisher",
    "wrong-topic",
    "no-key",
    "no-value",
    "beyond-limits",
    "not-utf8",
    "wrong-schema",
    "unknown-partner",
    "future-time",
    "foreign-key",
    "bsn-in-clear",
    "phone-in-clear",
    "broken-rule",
)


@dataclass(frozen=True, slots=True)
class Planned:
    """One event a partner is to publish.

    `fields` are plaintext, as the generated models take them; what is sealed the publisher seals. A field not named is
    absent. `fault` names what is wrong with it, out of `FAULTS`. What an event says that it may not, stands here; what is
    wrong with its bytes or headers the sender makes (`faulty`), from an event sound here.
    `repeat_of` is the id of the event that this one is, sent again: same id, same content.
    """

    partner: str
    type: str
    id: str
    time: datetime
    fields: Mapping[str, object]
    fault: str | None = None
    repeat_of: str | None = None


class Outcome(NamedTuple):
    """What should become of one candidate of an event."""

    recipient: str
    purpose: str
    outcome: str
    reason: str


def delivered(recipient: str, purpose: str, reason: str = "legal-task") -> Outcome:
    """Return the outcome that it is delivered, on this ground."""
    return Outcome(recipient, purpose, "delivered", reason)


def withheld(recipient: str, purpose: str, reason: str) -> Outcome:
    """Return the outcome that it is withheld, for this reason."""
    return Outcome(recipient, purpose, "withheld", reason)


def registered(outcome: str, reason: str) -> Outcome:
    """Return an outcome for the national registration."""
    return Outcome("comensha", "REGISTRATIE", outcome, reason)


@dataclass(frozen=True, slots=True)
class Story:
    """A whole history: who was registered, every event as it arrives, and what should become of each by its id."""

    persons: tuple[Person, ...]
    events: tuple[Planned, ...]
    outcomes: Mapping[str, tuple[Outcome, ...]]


class Teller:
    """Writes events down; each has an id that follows from the seed and its place, and a day on which it arrives."""

    def __init__(self, seed: int, persons: Sequence[Person], oins: Mapping[str, str]) -> None:
        self.draw = random.Random(f"history-{seed}")
        self.persons = persons
        self.oins = oins
        self.outcomes: dict[str, tuple[Outcome, ...]] = {}
        self.extra = Invention(seed + 1_000_003)
        self._seed = seed
        self._arrivals: list[tuple[datetime, Planned]] = []
        self._numbers = 0

    def tell(
        self,
        partner: str,
        kind: str,
        time: datetime,
        fields: Mapping[str, object],
        outcomes: Sequence[Outcome] = (),
        *,
        fault: str | None = None,
        prompt: bool = False,
    ) -> str:
        """Write one event down and return its id; a prompt one arrives in the order of its time, others may lag."""
        event_id = str(uuid5(NAMESPACE_URL, f"ketenbus-sandbox:{self._seed}:{len(self._arrivals)}"))
        given = {name: value for name, value in fields.items() if value is not None}
        self.write(Planned(partner, kind, event_id, time, given, fault), time + self._lag(prompt))
        if fault is None:
            self.outcomes[event_id] = tuple(outcomes)
        return event_id

    def write(self, event: Planned, arrives: datetime) -> None:
        """Write down an event that has its id already, to arrive at that moment."""
        self._arrivals.append((arrives, event))

    def client_number(self, year: int) -> str:
        """Return a new client number; it says nothing about the person."""
        self._numbers += 1
        return f"{year}-{(self._numbers * 7919) % 1_000_003:06d}"

    def share(self, of_persons: float, at_least: int = 1) -> int:
        """Return how many a share of the registered persons is, at the smallest scale still some."""
        return max(at_least, round(of_persons * len(self.persons)))

    def arrivals(self) -> list[tuple[datetime, Planned]]:
        """Return what was written so far with the moment it arrives, in that order."""
        return sorted(self._arrivals, key=lambda arrival: (arrival[0], arrival[1].id))

    def _lag(self, prompt: bool) -> timedelta:
        if prompt:
            return timedelta(0)
        late = self.draw.random()
        days = 1.0 if late < 0.75 else 45.0 if late < 0.95 else 300.0
        return timedelta(days=self.draw.uniform(0, days))
