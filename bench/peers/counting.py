"""What a contestant lost or doubled: what its views and its receipts hold, beside what the input asks for. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bench.peers.inputs import Logged
from bench.peers.watching import Heard, Seat
from bench.peers.work import Job, Told

#: One outcome of one event in a receipt: recipient, purpose, outcome.
Outcome = tuple[str, str, str]
#: One row of receipts: the event, all that the row says, and the outcomes in it.
ReceiptRow = tuple[str, str, frozenset[Outcome]]


@dataclass(frozen=True, slots=True)
class Expected:
    """Where every candidate must end: the content its view holds last (None: taken back), and every event's outcomes."""

    last: Mapping[Seat, tuple[bytes, bytes] | None]
    outcomes: Mapping[str, frozenset[Outcome]]
    first_of: Mapping[str, Seat]

    def __or__(self, other: Expected) -> Expected:
        """Return what two inputs about different persons ask for together."""
        return Expected(
            {**self.last, **other.last}, {**self.outcomes, **other.outcomes}, {**self.first_of, **other.first_of}
        )


@dataclass(frozen=True, slots=True)
class Count:
    """What was lost and doubled, in the views (candidates, records) and in the receipts (outcomes, rows)."""

    candidates: int
    lost: int
    doubled: int
    receipts_lost: int
    receipts_doubled: int


def expected(work: Job, inputs: Iterable[Logged], view: str) -> Expected:
    """Return what the input asks for, done once by the work alone; `first_of` names every event's delivery in `view`."""
    states: dict[bytes, bytes] = {}
    last: dict[Seat, tuple[bytes, bytes] | None] = {}
    outcomes: dict[str, frozenset[Outcome]] = {}
    first_of: dict[str, Seat] = {}
    for one in inputs:
        taken = work.take(one.key, one.value, one.headers, states.get(one.key))
        states[one.key] = taken.state
        for told in taken.told:
            last[seat_of(told)] = None if told.value is None else (told.key, told.value)
            if told.topic == view and told.value is not None:
                first_of[one.id] = seat_of(told)
        for receipt in taken.receipts:
            outcomes[receipt.id] = outcomes_in(receipt.outcomes)
    return Expected(last, outcomes, first_of)


def seat_of(told: Told) -> Seat:
    """Return which candidate a record for a view is about."""
    return told.topic, dict(told.headers)["ce_id"].decode()


def outcomes_in(text: str) -> frozenset[Outcome]:
    """Return the outcomes in a receipt's text, as `Work` writes it."""
    return frozenset((row[0], row[1], row[2]) for row in json.loads(text))


def count(asked: Expected, heard: Iterable[Heard], receipts: Iterable[ReceiptRow]) -> Count:
    """Return what of it is missing and what is there more than once.

    Lost in a view: a candidate whose last change there is not where it must end, in kind or in any byte. Doubled: the same
    change of a candidate again. A receipt's outcome is lost when no row of its event says it.
    """
    newest: dict[Seat, Heard] = {}
    times: Counter[tuple[Seat, int]] = Counter()
    for one in heard:
        times[one.seat, one.change] += 1
        if one.seat not in newest or one.change >= newest[one.seat].change:
            newest[one.seat] = one
    lost = sum(not _stands(newest.get(seat), content) for seat, content in asked.last.items())
    rows: Counter[tuple[str, str]] = Counter()
    said: dict[str, set[Outcome]] = {}
    for event, text, outcomes in receipts:
        rows[event, text] += 1
        said.setdefault(event, set()).update(outcomes)
    return Count(
        candidates=len(asked.last),
        lost=lost,
        doubled=sum(n - 1 for n in times.values()),
        receipts_lost=sum(len(wanted - said.get(event, set())) for event, wanted in asked.outcomes.items()),
        receipts_doubled=sum(n - 1 for n in rows.values()),
    )


def _stands(newest: Heard | None, content: tuple[bytes, bytes] | None) -> bool:
    """Return whether a view ends where it must; one that was never told needs no taking back."""
    if content is None:
        return newest is None or newest.kind == "recall"
    return newest is not None and newest.content == content
