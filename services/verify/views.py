"""What recipients in fact hold: messages that are all signed, and standing in them no more and no less than is right.

A view names its events by tokens that nobody else can read, so what stands is compared by content: type, time, source, mask,
activity, the fields left out or made general, and the values of every other field that is no name or link; of a sealed value
all but the id of its key, which a view may hide. A message of an earlier version of its type could not name what came later: of
those fields it is held to say what its mask says.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ketenbus import view
from ketenbus.contract import contract
from ketenbus.errors import Unreadable
from ketenbus.sealing import class_of_key
from ketenbus.values import Event, Sealed
from ketenbus.view import Received
from services.verify.checks import Check
from services.verify.judge import Outcome
from services.verify.kafka import Raw
from services.verify.masks import left_out, made_general, masked, time

#: The source of what is of a shelter type, or by a shelter: it names nobody.
NOBODY = "urn:nld:oin:00000000000000000000:systeem:disclose"
#: Fields a view replaces by names of its own.
RENAMED = {"subject", "other-subject", "link"}


def read(topic: str, records: Iterable[Raw], public: Ed25519PublicKey) -> tuple[Check, list[Received]]:
    """Return whether every message of a view is one disclose signed, and the highest change of each event in it."""
    highest: dict[str, Received] = {}
    wrong: list[str] = []
    looked_at = 0
    for record in records:
        looked_at += 1
        message = view.read(record.headers, record.key, record.value, public)
        if isinstance(message, Unreadable):
            wrong.append(record.origin)
        elif message.id not in highest or highest[message.id].change <= message.change:
            highest[message.id] = message
    return Check.of(f"messages of {topic} signed", looked_at, wrong), list(highest.values())


def against(topic: str, held: Iterable[Received], expected: Iterable[Outcome]) -> Check:
    """Return whether what stands in a view is what our rules deliver there, field by field."""
    stands = Counter(_held(message) for message in held if message.event is not None)
    delivered = Counter(_given(outcome) for outcome in expected if outcome.outcome == "delivered")
    differs = [f"{kind} of {at}" for kind, at, _ in ((stands - delivered) + (delivered - stands)).elements()]
    return Check.of(f"events standing in {topic}", max(stands.total(), delivered.total()), differs)


Content = tuple[str, str, bytes]


def _held(message: Received) -> Content:
    assert message.event is not None
    at = message.envelope.time.isoformat()
    mask, later = message.mask.split("+"), _later(message)
    hidden = message.left_out | (left_out(message.type, mask) & later)
    made = message.generalised | (made_general(message.type, mask) & later)
    return (
        message.type,
        at,
        _content(message.event, hidden, made, message.mask, message.activity, message.envelope.source),
    )


def _later(message: Received) -> frozenset[str]:
    """Return the fields of the type that came after the version this message was written in."""
    number = message.envelope.dataschema.rpartition(":")[2]
    written = contract().by_id.get(int(number)) if number.isdecimal() else None
    had = {field.name for field in written.fields} if written is not None else set()
    return frozenset(field.name for field in contract().types[message.type].fields if written and field.name not in had)


def _given(outcome: Outcome) -> Content:
    event = outcome.entry.event
    mask, type_ = outcome.classes, event.TYPE
    at = time(outcome.entry.time, mask).isoformat()
    source = (
        NOBODY if contract().types[type_].shelter or outcome.entry.publisher_kind == "opvang" else outcome.entry.source
    )
    content = _content(
        masked(event, mask), left_out(type_, mask), made_general(type_, mask), outcome.mask, outcome.activity, source
    )
    return type_, at, content


def _content(
    event: Event, hidden: frozenset[str], made: frozenset[str], mask: str, activity: str, source: str
) -> bytes:
    fields = contract().types[event.TYPE].fields
    kept = [_compared(getattr(event, field.name)) for field in fields if field.role not in RENAMED]
    return hashlib.sha256(repr((mask, activity, source, sorted(hidden), sorted(made), kept)).encode()).digest()


def _compared(value: object) -> object:
    return (class_of_key(value.key_id), value.nonce, value.ciphertext) if isinstance(value, Sealed) else value
