"""Whether a record from a partner may enter the log: the contract, the signature, authority and the clock. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ketenbus import codec, envelope, preparing, rules
from ketenbus.contract import EventType, contract
from ketenbus.envelope import SIGNATURE, Envelope
from ketenbus.errors import Unreadable
from ketenbus.events import IdentityLinked, IdentityUnlinked
from ketenbus.values import Event, Sealed
from streams.runtime.records import Record
from streams.runtime.settings import Partner

#: How far a publisher's clock may run ahead of the broker's.
CLOCK_SKEW = timedelta(minutes=5)
LONGEST_NUMBER = 64


@dataclass(frozen=True, slots=True)
class Admissible:
    """A record that keeps every rule: the subjects it is logged under and when it counts as admitted."""

    envelope: Envelope
    publisher: Partner
    event: Event
    subjects: tuple[bytes, ...]
    admitted_at: datetime


#: Types whose quarantine makes what rests on the subject's consent pending (architecture, section 5).
HOLDS_CONSENT = frozenset(
    {
        "consent-given",
        "consent-refused",
        "consent-withdrawn",
        "consent-unobtainable",
        "guardian-appointed",
        "guardian-ended",
        "event-retracted",
    }
)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that goes to quarantine whole, under a named reason; `publisher` only where the signature holds."""

    reason: str
    place: str
    publisher: Partner | None = None
    envelope: Envelope | None = None
    holds: Holds | None = None


@dataclass(frozen=True, slots=True)
class Holds:
    """Which record of which client number is quarantined, though its publisher may say it: type and number."""

    type: str
    number: str


def subject_of(key: bytes, oin: str, number: str) -> bytes:
    """Return the bus's name of a publisher's client number: a keyed hash, 16 bytes."""
    return hmac.digest(key, f"{oin}\0{number}".encode(), "sha256")[:16]


def stand_in_id(oin: str, event_id: str) -> str:
    """Return the id of the bus's own fact that stands for a quarantined event of that organisation."""
    return f"quarantined.{hashlib.sha256(f'{oin} {event_id}'.encode()).hexdigest()[:32]}"


def judge(record: Record, partners: Mapping[str, Partner], subject_key: bytes) -> Admissible | Rejected:
    """Return whether the record may enter the log.

    The order is from the outside in: who says it (headers, signature), what it is (type, bytes, key), whether they may
    say it (authority), and whether it keeps the contract's rules (clock, codes).
    """
    read = envelope.read(record.headers)
    if isinstance(read, Unreadable):
        return Rejected(read.reason, read.place)
    if not preparing.ID.fullmatch(read.id):
        return Rejected("bad-headers", "ce_id")
    publisher = partners.get(read.oin)
    if publisher is None:
        return Rejected("unknown-publisher", "ce_source")
    if SIGNATURE not in dict(record.headers):
        return Rejected("missing-signature", SIGNATURE)
    key, value = record.key or b"", record.value or b""
    if not envelope.is_signed_by(record.headers, key, value, Ed25519PublicKey.from_public_bytes(publisher.public_key)):
        return Rejected("bad-signature", SIGNATURE)
    return _signed(record, read, publisher, key, value, subject_key)


def _signed(
    record: Record, read: Envelope, publisher: Partner, key: bytes, value: bytes, subject_key: bytes
) -> Admissible | Rejected:
    declared = contract().by_ce_type.get(read.type)

    def no(reason: str, place: str, event: Event | None = None) -> Rejected:
        return Rejected(reason, place, publisher, read, _holds(declared, publisher, key, event))

    if declared is None or declared.name != record.topic:
        return Rejected("unknown-type" if declared is None else "wrong-topic", "ce_type", publisher, read)
    event = codec.decode(value)
    if isinstance(event, Unreadable):
        return no(event.reason, event.place)
    if declared.name != event.TYPE:
        return no("wrong-schema", "frame")
    expected = getattr(event, "subject", None) if declared.has_subject else publisher.oin
    if expected is None or key != expected.encode():
        return Rejected("wrong-key", "key", publisher, read)
    for broken in preparing.authority_broken(event, publisher.kind, publisher.unit):
        return no("not-authorised", broken.field, event)
    appended = datetime.fromtimestamp(record.appended_ms / 1000, UTC)
    if read.time > appended + CLOCK_SKEW:
        return no("future-time", "ce_time", event)
    occurred = getattr(event, "occurred_at", None)
    if occurred is not None and occurred > read.time + CLOCK_SKEW:
        return no("future-occurred-at", "occurred_at", event)
    for field in declared.fields:
        sealed = getattr(event, field.name)
        # Else a publisher could copy a value that another sealed into an event of its own.
        if isinstance(sealed, Sealed) and sealed.key_id.split(".")[:2] != [publisher.oin, field.field_class]:
            return no("foreign-key", field.name, event)
    for broken in rules.broken(event, read.time.date()):
        reason = "unknown-code" if broken.rule.startswith("is a code of list") else "broken-rule"
        return no(reason, broken.field, event)
    admitted_at = read.time if publisher.backfill else appended
    return Admissible(read, publisher, event, _subjects(event, publisher, declared, subject_key), admitted_at)


def _holds(declared: EventType | None, publisher: Partner, key: bytes, event: Event | None) -> Holds | None:
    """Return whose consent is held up: what the event says, or, where it cannot be read, what its key says."""
    if declared is None or declared.name not in HOLDS_CONSENT or publisher.kind not in declared.publishers:
        return None
    try:
        number = str(getattr(event, "subject", None) or key.decode())
    except UnicodeDecodeError:
        return None
    return Holds(declared.name, number) if 0 < len(number) <= LONGEST_NUMBER else None


def _subjects(event: Event, publisher: Partner, declared: EventType, subject_key: bytes) -> tuple[bytes, ...]:
    if isinstance(event, IdentityLinked | IdentityUnlinked):
        return (
            subject_of(subject_key, event.subject_oin, event.subject),
            subject_of(subject_key, event.other_oin, event.other_subject),
        )
    number = getattr(event, "subject", "") if declared.has_subject else ""
    return (subject_of(subject_key, publisher.oin, number),)
