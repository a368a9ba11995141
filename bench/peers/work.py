"""The work every contestant does with one record of the log: learn it, judge its subject's candidates again, mask, sign.

Made of the same pure parts that disclose is made of, so that what differs between contestants is the framework alone.
What is known of a subject is one value of bytes: each contestant keeps it in the state its framework has.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from functools import cache
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent.policy import Decision
from ketenbus import codec, envelope
from ketenbus.envelope import Headers
from ketenbus.errors import Unreadable
from streams.disclose.binding import logged, telling
from streams.disclose.judge import Candidate, Change, Standing, judge
from streams.disclose.store import StoredFact
from streams.disclose.tokens import EventName, Tokens
from streams.runtime.records import pack_headers
from streams.runtime.settings import ProcessorSettings, load_register


@dataclass(frozen=True, slots=True)
class Told:
    """One record for a view; `topic` is the bus's name of it, and a contestant adds its own prefix."""

    topic: str
    key: bytes
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class Receipt:
    """One event's outcomes as JSON, and the signature over them."""

    id: str
    outcomes: str
    headers: Headers


@dataclass(frozen=True, slots=True)
class Taken:
    """What one record made of its subject: the state to keep, what the views hear, and the receipts."""

    state: bytes
    told: tuple[Told, ...]
    receipts: tuple[Receipt, ...]


class Job(Protocol):
    """What a contestant does with one record at a time, without any store."""

    def take(self, key: bytes, value: bytes, headers: Headers, state: bytes | None) -> Taken:
        """Return what this record of the log makes of what was known of its subject."""
        ...


class Work:
    """Disclose's work on one record at a time, without any store."""

    def __init__(self, settings: ProcessorSettings) -> None:
        self.register = load_register()
        self.signing = Ed25519PrivateKey.from_private_bytes(settings.key("signing"))
        view_key = settings.key("views")
        self.tokens = cache(lambda topic: Tokens(view_key, topic))

    def take(self, key: bytes, value: bytes, headers: Headers, state: bytes | None) -> Taken:
        """Return what this record of the log makes of what was known of its subject; a known one changes nothing."""
        facts, before = unpack(state)
        new = fact_of(key, value, headers)
        if any((f.oin, f.id) == (new.oin, new.id) for f in facts):
            return Taken(state or b"", (), ())
        facts = (*facts, new)
        events = [logged(fact) for fact in facts]
        changes = judge(self.register, events, before)
        stands = before | {
            (c.logged.name, c.standing.decision.recipient, c.standing.decision.purpose): c.standing for c in changes
        }
        heard = {c.logged.name.id for c in changes} | {new.id}
        return Taken(
            pack(facts, stands),
            tuple(self._tell(change) for change in changes if change.kind),
            tuple(self._receipt(fact.id, stands) for fact in facts if fact.id in heard),
        )

    def _tell(self, change: Change) -> Told:
        topic, told = telling(self.register, change, self.tokens)
        return Told(topic, told.key, told.value, envelope.sign(told.headers, told.key, told.value or b"", self.signing))

    def _receipt(self, event_id: str, stands: dict[Candidate, Standing]) -> Receipt:
        rows = sorted(
            (recipient, purpose, s.decision.outcome, s.decision.mask_name, s.decision.activity, *s.decision.reasons)
            for (name, recipient, purpose), s in stands.items()
            if name.id == event_id
        )
        text = json.dumps(rows, separators=(",", ":"))
        digest = hashlib.sha256(f"{event_id}\0{text}".encode()).digest()
        signature = base64.b64encode(self.signing.sign(b"ketenbus-receipts/1" + digest))
        return Receipt(event_id, text, (("ketenbus-batch-signature", signature),))


def fact_of(key: bytes, value: bytes, headers: Headers) -> StoredFact:
    """Return a record of the log as the fact it is; raises ValueError on what admit could not have logged."""
    read = envelope.read(tuple(h for h in headers if not h[0].startswith(envelope.BUS_PREFIX)))
    declared = codec.type_of(value)
    if isinstance(read, Unreadable) or declared is None:
        raise ValueError("not a record of the log")
    return StoredFact(bytes.fromhex(key.decode()), read.oin, read.id, declared.name, "", pack_headers(headers), value)


def pack(facts: Iterable[StoredFact], stands: dict[Candidate, Standing]) -> bytes:
    """Return a subject's facts and standings as bytes that `unpack` gives back."""
    return json.dumps(
        [
            [
                [f.subject.hex(), f.oin, f.id, f.type, f.origin, f.headers, base64.b64encode(f.value).decode()]
                for f in facts
            ],
            [
                [name.subject.hex(), name.oin, name.id, *astuple(s.decision), s.change, s.in_view]
                for (name, _, _), s in stands.items()
            ],
        ],
        separators=(",", ":"),
    ).encode()


def unpack(state: bytes | None) -> tuple[tuple[StoredFact, ...], dict[Candidate, Standing]]:
    """Return the facts and standings in a state; none of either in no state."""
    if not state:
        return (), {}
    facts, stands = json.loads(state)
    return (
        tuple(StoredFact(bytes.fromhex(s), o, i, t, p, h, base64.b64decode(v)) for s, o, i, t, p, h, v in facts),
        {
            (EventName(bytes.fromhex(s), o, i), recipient, purpose): Standing(
                Decision(recipient, purpose, outcome, tuple(mask), activity, tuple(reasons)), change, in_view
            )
            for s, o, i, recipient, purpose, outcome, mask, activity, reasons, change, in_view in stands
        },
    )
