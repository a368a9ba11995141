"""The facts disclose has stored, as the independent judge of `services/verify` reads a log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from ketenbus import codec, envelope
from ketenbus.envelope import Envelope
from ketenbus.errors import Unreadable
from ketenbus.values import Event
from services.verify import law
from services.verify.judge import Outcome, outcomes
from services.verify.log import Entry
from streams.runtime.records import unpack_headers
from tests.simulation.premises import premises


@cache
def law_of(number: int) -> law.Law:
    """The register of a release as an auditor reads it."""
    release = premises().releases[number - 1]
    return law.read(release.activities, release.rules)


def judged(facts: list[Mapping[str, Any]], number: int) -> list[Outcome]:
    """Return what every candidate of one subject's facts should stand at, by the release of that number."""
    return list(outcomes(law_of(number), [_entry(f["subject"], f["headers"], f["value"], f["origin"]) for f in facts]))


@lru_cache(maxsize=5_000)
def _entry(subject: bytes, packed: str, value: bytes, origin: str) -> Entry:
    headers = unpack_headers(packed)
    bus = {name: content.decode() for name, content in headers if name.startswith(envelope.BUS_PREFIX)}
    told = envelope.read(tuple(h for h in headers if h[0] not in bus))
    assert isinstance(told, Envelope)
    joins = None
    if "ketenbus-other-subject" in bus:
        joins = (bus["ketenbus-subject"], bus["ketenbus-other-subject"])
    return Entry(
        subject=subject.hex(),
        oin=told.oin,
        id=told.id,
        source=told.source,
        time=told.time,
        publisher_kind=bus["ketenbus-publisher-kind"],
        origin=origin,
        event=event_of(value),
        joins=joins,
    )


@lru_cache(maxsize=5_000)
def event_of(value: bytes) -> Event:
    """The event these bytes hold."""
    event = codec.decode(value)
    assert not isinstance(event, Unreadable)
    return event


def moment(text: str) -> datetime:
    """The instant a header names."""
    return datetime.fromisoformat(text)
