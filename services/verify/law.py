"""The register of processing activities as an auditor reads it: from its YAML, with no help of the bus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from ketenbus.errors import ConfigurationError

#: recipient and purpose
Candidate = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Activity:
    """One entry of the register."""

    ref: str
    recipient: str
    purpose: str
    types: frozenset[str]
    publishers: frozenset[str]
    consent: str
    mask: tuple[str, ...]
    valid_from: date
    valid_to: date | None

    @property
    def candidate(self) -> Candidate:
        """Who it is for, and what for."""
        return self.recipient, self.purpose

    def covers(self, event_type: str, on: date) -> bool:
        """Return whether it names the type and is in force on that day: from its first until the day before `valid_to`."""
        return event_type in self.types and self.valid_from <= on and (self.valid_to is None or on < self.valid_to)


@dataclass(frozen=True, slots=True)
class Law:
    """The register, and the rules over all its activities."""

    activities: tuple[Activity, ...]
    withholds_superseded: bool = True
    withholds_retracted: bool = True

    def candidates(self, event_type: str, on: date) -> tuple[Candidate, ...]:
        """Return every recipient and purpose that an activity in force names for this type."""
        return tuple(sorted({a.candidate for a in self.activities if a.covers(event_type, on)}))

    def activity(self, event_type: str, publisher_kind: str, candidate: Candidate, on: date) -> Activity | None:
        """Return the activity under which this kind of publisher may share the type, or None: the default is no."""
        for activity in self.activities:
            if (
                activity.candidate == candidate
                and activity.covers(event_type, on)
                and publisher_kind in activity.publishers
            ):
                return activity
        return None

    def views(self) -> tuple[Candidate, ...]:
        """Return every recipient and purpose of the register."""
        return tuple(sorted({activity.candidate for activity in self.activities}))


def view_topic(candidate: Candidate) -> str:
    """Return the topic of what one recipient gets for one purpose."""
    return f"view.{candidate[0]}.{candidate[1].lower()}"


def load(folder: Path) -> Law:
    """Return the law in a folder: `activities.yaml`, and `rules.yaml` where it is there; raises ConfigurationError as `read` does."""
    try:
        activities = (folder / "activities.yaml").read_text("utf-8")
    except FileNotFoundError:
        raise ConfigurationError(f"no activities.yaml in {folder}: name the folder of the register") from None
    rules = folder / "rules.yaml"
    return read(activities, rules.read_text("utf-8") if rules.exists() else "{}")


def read(activities: str, over_all: str) -> Law:
    """Return the law that two texts say: the activities, and the rules over all of them.

    Raises ConfigurationError where an activity keeps what it delivered when a period of consent ends: what then stands
    hangs on when it was delivered, and a recount from the facts alone cannot know that.
    """
    rows = yaml.safe_load(activities)
    if keeping := [row["id"] for row in rows if not row.get("expiry_recalls", True)]:
        raise ConfigurationError(f"{keeping[0]}: expiry_recalls is false, which the recount does not know how to judge")
    rules: Mapping[str, Any] = yaml.safe_load(over_all)
    return Law(
        activities=tuple(_activity(row) for row in rows),
        withholds_superseded=rules.get("withhold_superseded", True),
        withholds_retracted=rules.get("withhold_retracted", True),
    )


def _activity(row: Mapping[str, Any]) -> Activity:
    return Activity(
        ref=f"{row['id']}/{row['version']}",
        recipient=row["recipient"],
        purpose=row["purpose"],
        types=frozenset(row["types"]),
        publishers=frozenset(row["publishers"]),
        consent=row["consent"],
        mask=tuple(row["mask"]),
        valid_from=row["valid_from"],
        valid_to=row.get("valid_to"),
    )
