"""The register of processing activities as data: parsed, checked and asked.

Source: AVG art. 30; `programma-en-opvang`, section 3.5; each activity carries its own source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

FieldClass = Literal["neutral", "quasi", "identity", "contact", "special", "criminal", "location", "narrative"]
ConsentNeed = Literal["none", "required", "required-or-safety"]


class Why(BaseModel):
    """The reason in plain words, Dutch and English."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    nl: str
    en: str


class Activity(BaseModel):
    """One processing activity: who may get which types from whom, for what, on which ground, and how masked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    version: int
    controller: str
    recipient: str
    purpose: str
    types: tuple[str, ...]
    publishers: tuple[str, ...]
    consent: ConsentNeed
    mask: tuple[FieldClass, ...]
    recalls: bool
    article: str
    source: str
    status: Literal["confirmed", "inferred", "open"]
    valid_from: date
    valid_to: date | None = None
    why: Why

    @property
    def ref(self) -> str:
        """The versioned id: `registratie-opsporing/1`."""
        return f"{self.id}/{self.version}"

    def in_force(self, on: date) -> bool:
        """Return whether the activity is valid on that day."""
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)


class Rules(BaseModel):
    """The rules of the register that hold for every activity."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    withhold_superseded: bool
    withhold_retracted: bool
    source: str


@dataclass(frozen=True, slots=True)
class Register:
    """The activities by event type, and the rules over all of them."""

    activities: tuple[Activity, ...]
    rules: Rules
    by_type: Mapping[str, tuple[Activity, ...]]

    def candidates(self, event_type: str, on: date) -> tuple[tuple[str, str], ...]:
        """Return every (recipient, purpose) that an activity in force names for the type, sorted."""
        named = {(a.recipient, a.purpose) for a in self.by_type.get(event_type, ()) if a.in_force(on)}
        return tuple(sorted(named))

    def activity(self, event_type: str, publisher_kind: str, recipient: str, purpose: str, on: date) -> Activity | None:
        """Return the one activity that rules this candidate, or None: default no."""
        for a in self.by_type.get(event_type, ()):
            if (a.recipient, a.purpose) == (recipient, purpose) and publisher_kind in a.publishers and a.in_force(on):
                return a
        return None

    def by_ref(self, ref: str) -> Activity | None:
        """Return the activity a decision names."""
        return next((a for a in self.activities if a.ref == ref), None)

    def views(self) -> tuple[tuple[str, str], ...]:
        """Return every (recipient, purpose) any activity names: one view topic each."""
        return tuple(sorted({(a.recipient, a.purpose) for a in self.activities}))


def view_topic(recipient: str, purpose: str) -> str:
    """Return the topic of a view: `view.comensha.registratie`."""
    return f"view.{recipient}.{purpose.lower()}"


def register(activities: Iterable[Any], rules: Any) -> Register:
    """Return the register those rows (parsed YAML) describe.

    Raises ValueError naming both activities where two could rule the same candidate on one day, and where a zone's
    output would come back to a view it folds.
    """
    parsed = tuple(TypeAdapter(list[Activity]).validate_python(list(activities)))
    for i, a in enumerate(parsed):
        for b in parsed[i + 1 :]:
            if _overlap(a, b):
                raise ValueError(
                    f"register: {a.ref} and {b.ref} both rule {a.recipient} {a.purpose} for the same events"
                )
    for a in parsed:
        if a.recipient == "comensha" and any(t.startswith("registration-") for t in a.types):
            raise ValueError(f"register: {a.ref} returns the registration's output to the zone that makes it")
    by_type: dict[str, tuple[Activity, ...]] = {}
    for a in parsed:
        for event_type in a.types:
            by_type[event_type] = (*by_type.get(event_type, ()), a)
    return Register(parsed, Rules.model_validate(rules), by_type)


def _overlap(a: Activity, b: Activity) -> bool:
    same = (a.recipient, a.purpose) == (b.recipient, b.purpose)
    events = set(a.types) & set(b.types) and set(a.publishers) & set(b.publishers)
    apart = (a.valid_to is not None and a.valid_to <= b.valid_from) or (
        b.valid_to is not None and b.valid_to <= a.valid_from
    )
    return bool(same and events and not apart)
