"""What recipients say of recalls: which recall of which event, as the view named it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from consent.activities import view_topic
from ketenbus import codec
from ketenbus.errors import CorruptLogError
from ketenbus.events import RecallConfirmed
from streams.disclose.tokens import EventName, Tokens
from streams.runtime.records import Record


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One confirmation, by its own name (`oin`, `id`), of change `change` of `recalled` in a view.

    `recalled` is None where the view calls no event so: it is kept, and confirms nothing. `at` is when the log received it.
    """

    oin: str
    id: str
    recipient: str
    purpose: str
    change: int
    recalled: EventName | None
    at: datetime


def confirmation(record: Record, oin: str, id: str, tokens: Callable[[str], Tokens]) -> Confirmation:
    """Return what a record of the log confirms.

    Whether that change was a recall that was sent, the decisions say: facts may come in any order. Raises CorruptLogError
    on a record that admit could not have logged.
    """
    event = codec.decode(record.value or b"")
    if not isinstance(event, RecallConfirmed):
        raise CorruptLogError(f"{record.origin}: not a confirmation that admit could have logged")
    named = tokens(view_topic(event.recipient, event.purpose)).read(event.recalled)
    return Confirmation(
        oin=oin,
        id=id,
        recipient=event.recipient,
        purpose=event.purpose,
        change=event.change,
        recalled=named if isinstance(named, EventName) else None,
        at=datetime.fromtimestamp(record.appended_ms / 1000, UTC),
    )
