"""One quarantined event, however often the same bytes came, and what became of it since. Pure.

What is replayed and quarantined again is the same event: the same topic, key, value and headers. Bytes are compared,
not a header that says so, because nobody signs for what the bus would add.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from services.quarantine.parked import Original, Parked, totals

#: open: nothing came of it yet. replayed: the same bytes came again, and are in quarantine again. repaired: its id was
#: admitted since. taken: its id was admitted before it came, as another event that stands.
State = Literal["open", "replayed", "repaired", "taken"]
STATES: tuple[State, ...] = ("open", "replayed", "repaired", "taken")
#: What is done with: there is nothing to repair or replay.
DONE: frozenset[State] = frozenset({"repaired", "taken"})

#: (OIN, id) of admitted events, each with the coordinates of the record that brought it.
Admitted = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Chain:
    """One quarantined event: the first and the last record that held its bytes, and where each came from, in order."""

    first: Parked
    last: Parked
    origins: tuple[str, ...]
    held_at: tuple[str, ...]
    state: State
    admitted_at: str | None = None

    @property
    def reason(self) -> str:
        """Why it is in quarantine now: a replay may have found another reason than the first."""
        return self.last.reason

    def came_from(self, coordinates: str) -> bool:
        """Return whether one of its records came from, or is kept at, these coordinates."""
        return coordinates in self.origins or coordinates in self.held_at


def digest(original: Original) -> bytes:
    """Return what two records have in common when, and only when, they are the same bytes on the same topic."""
    parts = [original.topic.encode(), *_nullable(original.key), *_nullable(original.value)]
    for name, content in original.headers:
        parts += [name.encode("utf-8", "surrogateescape"), *_nullable(content)]
    return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()


def chains(found: Iterable[tuple[Parked, bytes]], admitted: Admitted) -> tuple[Chain, ...]:
    """Return each quarantined event once, in order of first arrival; each record comes with its digest.

    A record that admit wrote twice after a crash is one record: it has one origin.
    """
    by_bytes: dict[bytes, dict[str, Parked]] = {}
    for one, same in found:
        by_bytes.setdefault(same, {}).setdefault(one.origin, one)
    return tuple(_chain(tuple(records.values()), admitted) for records in by_bytes.values())


def by_reason(found: Iterable[Chain]) -> dict[str, int]:
    """Return how many there are by reason, most first."""
    return totals(chain.last for chain in found)


def by_state(found: Iterable[Chain]) -> dict[State, int]:
    """Return how many there are in each state that any is in."""
    counted = Counter(chain.state for chain in found)
    return {state: counted[state] for state in STATES if counted[state]}


def _chain(records: Sequence[Parked], admitted: Admitted) -> Chain:
    first, last = records[0], records[-1]
    holder = admitted.get((first.oin or "", first.id or ""))
    if holder is None:
        state: State = "open" if len(records) == 1 else "replayed"
    else:
        state = "taken" if first.reason == "id-reused" or _before(holder, first.origin) else "repaired"
    return Chain(
        first, last, tuple(one.origin for one in records), tuple(one.held_at for one in records), state, holder
    )


def _before(one: str, other: str) -> bool:
    """Return whether a record came before another on the same topic; topics have no common order."""
    (topic, partition, offset), (topic2, partition2, offset2) = one.split("/"), other.split("/")
    return (topic, partition) == (topic2, partition2) and int(offset) < int(offset2)


def _nullable(content: bytes | None) -> tuple[bytes, bytes]:
    return (b"0", b"") if content is None else (b"1", content)
