"""What can go wrong, named for what the caller does next.

    BusError
    ├── RetryableError       back off in place; nothing is lost, nothing is acknowledged
    ├── CorruptLogError      stop and call someone: the log or the store contradicts itself
    └── ConfigurationError   do not start; the message says what to do

Expected outcomes are values, not exceptions: `Unreadable` (a decoder), `Broken` (a rule), `Refused` (the producer).
Messages hold ids and places, never content.
"""

from __future__ import annotations

from dataclasses import dataclass


class BusError(Exception):
    """Any fault of the bus."""


class RetryableError(BusError):
    """Something outside is away for now: wait and try the same again."""


class CorruptLogError(BusError):
    """What was stored contradicts itself: going on could lose or double an event."""


class ConfigurationError(BusError):
    """The settings cannot work; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes that are no event, with the named reason."""

    reason: str
    place: str

    def __str__(self) -> str:
        if self.reason == "unknown-schema":
            return (
                f"{self.reason} ({self.place}): written under a newer contract than is here; upgrade, nothing is lost"
            )
        return f"{self.reason} ({self.place})"


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule of the contract that a field breaks; holds no content."""

    field: str
    rule: str

    def __str__(self) -> str:
        return f"{self.field}: {self.rule}"
