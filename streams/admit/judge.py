"""Whether a record from a partner may enter the log: the contract, the signature, authority and the clock. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ketenbus import codec, envelope, preparing, rules
from ketenbus.contract import EventType, contract
from ketenbus.envelope import SIGNATURE, Envelope, Headers
from ketenbus.errors import Unreadable
from ketenbus.events import IdentityLinked, IdentityUnlinked
from ketenbus.sealing import is_well_sealed
from ketenbus.values import Event, Sealed
from streams.runtime.records import Record
from streams.runtime.settings import Partner

#: How far a publisher's clock may run ahead of the broker's.
CLOCK_SKEW = timedelta(minutes=5)
#: No source recorded anything before; PostgreSQL's driver reads the year 1 as no time at all.
FIRST_YEAR = 1900
#: What an event may take in Kafka, key, value and headers together; the topics take more, so that admit gets to say no.
LARGEST_EVENT_BYTES = 1024 * 1024
LARGEST_HEADERS_BYTES = 16 * 1024
MOST_HEADERS = 100
#: Where what stands there may not be told.
SOME_NAME = "a header's name"
LINKED_OINS = ("subject_oin", "other_oin")
#: The reason for each rule that keeps a person's number out of clear text.
PERSONAL: Mapping[str, str] = {rules.NO_BSN: "bsn-in-clear", rules.NO_PHONE: "phone-in-clear"}


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

    The order is from the outside in: how large it is, who says it (headers, signature), what it is (type, bytes, key),
    whether they may say it (authority), and whether it keeps the contract's rules (clock, keys, codes).
    """
    if (place := oversize(record)) is not None:
        return Rejected("oversize", place)
    read = envelope.read(record.headers)
    if isinstance(read, Unreadable):
        return Rejected(read.reason, read.place)
    if (place := envelope.unprintable(record.headers)) is not None:
        return Rejected("header-not-printable", place)
    if not preparing.ID.fullmatch(read.id):
        return Rejected("bad-headers", "ce_id")
    publisher = partners.get(read.oin)
    if publisher is None:
        return Rejected("unknown-publisher", "ce_source")
    if SIGNATURE not in dict(record.headers):
        return Rejected("missing-signature", SIGNATURE)
    key, value = record.key or b"", record.value or b""
    if not envelope.is_signed_by(record.headers, key, value, publisher.public_key):
        return Rejected("bad-signature", SIGNATURE)
    return _signed(record, read, publisher, partners, subject_key)


def oversize(record: Record) -> str | None:
    """Return what of a record is larger than any event's may be: its headers or the whole; None when nothing is."""
    if len(record.headers) > MOST_HEADERS:
        return "headers"
    headers = sum(len(name) + len(content or b"") for name, content in record.headers)
    if headers > LARGEST_HEADERS_BYTES:
        return "headers"
    return "record" if headers + len(record.key or b"") + len(record.value or b"") > LARGEST_EVENT_BYTES else None


def _signed(
    record: Record, read: Envelope, publisher: Partner, partners: Mapping[str, Partner], subject_key: bytes
) -> Admissible | Rejected:
    declared = contract().by_ce_type.get(read.type)
    if declared is None or declared.name != record.topic:
        return Rejected("unknown-type" if declared is None else "wrong-topic", "ce_type", publisher, read)
    if record.key is None:
        return Rejected("no-key", "key", publisher, read)
    key = record.key

    def no(reason: str, place: str, event: Event | None = None) -> Rejected:
        return Rejected(reason, place, publisher, read, _holds(declared, publisher, key, event))

    for name, reason in _personal(record.headers):
        # Holds up nothing: the fact that would hold it up names the event by its headers, in clear.
        return Rejected(reason, name, publisher, read)
    if record.value is None:
        return no("no-value", "value")
    event = codec.decode(record.value)
    if isinstance(event, Unreadable):
        return no(event.reason, event.place)
    if declared.name != event.TYPE:
        return no("wrong-schema", "frame")
    expected = getattr(event, "subject", None) if declared.has_subject else publisher.oin
    if expected is None or key != expected.encode():
        return Rejected("wrong-key", "key", publisher, read)
    appended = datetime.fromtimestamp(record.appended_ms / 1000, UTC)
    for reason, place in _broken(event, declared, read, publisher, partners, appended):
        return no(reason, place, event)
    admitted_at = read.time if publisher.backfill else appended
    return Admissible(read, publisher, event, _subjects(event, publisher, declared, subject_key), admitted_at)


def _broken(
    event: Event,
    declared: EventType,
    read: Envelope,
    publisher: Partner,
    partners: Mapping[str, Partner],
    appended: datetime,
) -> Iterator[tuple[str, str]]:
    """Yield what a readable event of a known publisher breaks, reason and place, the outermost first."""
    for broken in preparing.authority_broken(event, publisher.kind, publisher.unit):
        yield "not-authorised", broken.field
    if isinstance(event, IdentityLinked | IdentityUnlinked):
        # A link is logged under both subjects: one that no publisher can ever have is a slip, and would never tell.
        yield from (("unknown-partner", oin) for oin in LINKED_OINS if getattr(event, oin) not in partners)
    if read.time > appended + CLOCK_SKEW:
        yield "future-time", "ce_time"
        return  # so that no clock is added to that no calendar can hold
    if read.time.year < FIRST_YEAR:
        yield "broken-rule", "ce_time"
    occurred = getattr(event, "occurred_at", None)
    if occurred is not None and occurred > read.time + CLOCK_SKEW:
        yield "future-occurred-at", "occurred_at"
    for field in declared.fields:
        sealed = getattr(event, field.name)
        if not isinstance(sealed, Sealed):
            continue
        # Else a publisher could copy a value that another sealed into an event of its own.
        if sealed.key_id.split(".")[:2] != [publisher.oin, field.field_class]:
            yield "foreign-key", field.name
        # Else it could say in clear, as a key's id or for a ciphertext, what is to be sealed.
        if not is_well_sealed(sealed):
            yield "broken-rule", field.name
    for broken in rules.broken(event, read.time.date()):
        is_code = broken.rule.startswith("is a code of list")
        yield PERSONAL.get(broken.rule, "unknown-code" if is_code else "broken-rule"), broken.field


def _personal(headers: Headers) -> Iterator[tuple[str, str]]:
    """Yield the headers that hold a number that names a person, and the reason; a signature is no text.

    A name that is such a number is not told.
    """
    for name, content in headers:
        yield from ((SOME_NAME, PERSONAL[rule]) for rule in rules.personal(name))
        if name != SIGNATURE:
            yield from ((name, PERSONAL[rule]) for rule in rules.personal(content.decode()))


def _holds(declared: EventType | None, publisher: Partner, key: bytes, event: Event | None) -> Holds | None:
    """Return whose consent is held up: what the event says, or, where it cannot be read, what its key says."""
    if declared is None or declared.name not in HOLDS_CONSENT or publisher.kind not in declared.publishers:
        return None
    try:
        number = str(getattr(event, "subject", None) or key.decode())
    except UnicodeDecodeError:
        return None
    if not rules.is_number(number) or any(rules.personal(number)):
        return None  # nothing is admitted under such a number, so nothing rests on its consent
    return Holds(declared.name, number)


def _subjects(event: Event, publisher: Partner, declared: EventType, subject_key: bytes) -> tuple[bytes, ...]:
    if isinstance(event, IdentityLinked | IdentityUnlinked):
        return (
            subject_of(subject_key, event.subject_oin, event.subject),
            subject_of(subject_key, event.other_oin, event.other_subject),
        )
    number = getattr(event, "subject", "") if declared.has_subject else ""
    return (subject_of(subject_key, publisher.oin, number),)
