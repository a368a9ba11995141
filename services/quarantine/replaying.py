"""The same bytes once more on their type topic, and what admit makes of them now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from services.quarantine import standing
from services.quarantine.parked import Original, original
from services.quarantine.raw import RawWriter
from services.quarantine.reading import read_topic
from streams.runtime import topics
from streams.runtime.settings import ProcessorSettings

JUDGED_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Replayed:
    """One record that was put on its type topic again: where it had been kept, where it went, what became of it."""

    held_at: str
    origin: str
    outcome: str
    reason: str | None


def counted(replayed: Iterable[Replayed]) -> dict[str, int]:
    """Return how many were admitted, repeated and quarantined; each is named, also where it is none."""
    outcomes = Counter(one.outcome for one in replayed)
    return {outcome: outcomes[outcome] for outcome in ("admitted", "repeated", "quarantined")}


async def replay(
    operator: ProcessorSettings, auditor: ProcessorSettings, held_at: Collection[str]
) -> tuple[Replayed, ...]:
    """Put the records kept at these places of quarantine on their topics again, and return what became of each.

    `operator` may read quarantine and write the type topics, and nothing else; what became of a record is the
    auditor's to see. Raises RetryableError when the broker or admit does not come to it in time.
    """
    wanted = frozenset(held_at)
    again = (
        (record.origin, original(record))
        for record in read_topic(operator, topics.QUARANTINE)
        if record.origin in wanted
    )
    written = await _write(operator, again)
    origins = [origin for _, origin in written]
    await standing.judged(auditor.dsn, _ends(origins), JUDGED_SECONDS)
    admitted = await standing.admitted_from(auditor.dsn, origins)
    reasons = {
        (record.key or b"").decode(): dict(record.headers)["ketenbus-reason"].decode()
        for record in read_topic(auditor, topics.QUARANTINE)
    }
    return tuple(Replayed(place, origin, *_outcome(origin, admitted, reasons)) for place, origin in written)


def _outcome(origin: str, admitted: Collection[str], reasons: dict[str, str]) -> tuple[str, str | None]:
    if origin in admitted:
        return "admitted", None
    return ("quarantined", reasons[origin]) if origin in reasons else ("repeated", None)


async def _write(operator: ProcessorSettings, records: Iterable[tuple[str, Original]]) -> list[tuple[str, str]]:
    """Write the records in order, one in memory at a time; return where each was kept and the coordinates it got."""
    access = {
        "bootstrap_servers": operator.kafka,
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-256",
        "sasl_plain_username": operator.user,
        "sasl_plain_password": operator.password,
    }
    async with RawWriter(access) as writer:
        return [(place, await writer.write(one)) for place, one in records]


def _ends(origins: Iterable[str]) -> dict[str, int]:
    """Return how far admit has to come: by topic, the offset after the last of these records."""
    ends: dict[str, int] = {}
    for origin in origins:
        topic, _, offset = origin.split("/")
        ends[topic] = max(ends.get(topic, 0), int(offset) + 1)
    return ends
