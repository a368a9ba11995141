"""From an event to the bytes that go on the bus: checked, sealed, encoded and signed. Nothing is sent here."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from ketenbus import codec, envelope, rules
from ketenbus.contract import EventType, Field, contract
from ketenbus.envelope import Envelope, Headers
from ketenbus.errors import Broken
from ketenbus.keyring import PublisherKeys
from ketenbus.sealing import CODES, NONCE_BYTES, Plain, seal
from ketenbus.settings import PartnerSettings
from ketenbus.values import Event, Sealed

CLOCK_LEEWAY = timedelta(minutes=5)
ID = rules.EVENT_ID
TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
SUBJECT = "subject"
#: The roles of a field that holds a code of the publisher's own kind: as which it reports, whose view it reads.
OWN_KIND = ("publisher-kind", "publisher-recipient")
LARGEST_VALUE_BYTES = 1_000_000  # a broker takes 1,048,588 bytes: the rest is for headers and framing


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One event to publish. Give it an `id` of your own to be able to offer it again without doubling it."""

    event: Event
    id: str | None = None
    time: datetime | None = None
    traceparent: str | None = None

    def stamped(self, now: datetime) -> Outgoing:
        """Return this with an id and a time (when the source recorded it): its own, else a new UUID and `now`."""
        return replace(self, id=self.id if self.id is not None else str(uuid4()), time=self.time or now)


@dataclass(frozen=True, slots=True)
class Prepared:
    """An event as it goes on the bus, byte for byte. Sending it again is a repeat, never a second event."""

    id: str
    topic: str
    key: bytes
    value: bytes
    headers: Headers


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was sent: which fields break which rules."""

    id: str
    problems: tuple[Broken, ...]


def prepare(
    outgoing: Outgoing,
    settings: PartnerSettings,
    keys: PublisherKeys,
    nonces: Callable[[int], bytes] = os.urandom,
) -> Prepared | Refused:
    """Return the signed bytes of a stamped event, or the rules it breaks.

    Law: the same event, id, time, traceparent, keys and nonces give the same bytes.
    """
    refused = _refused(outgoing, settings)
    return refused or signed(outgoing, settings, keys, nonces)


def prepare_many(batch: Sequence[Outgoing], settings: PartnerSettings, keys: PublisherKeys) -> list[Prepared | Refused]:
    """Return `prepare` of each stamped event, the keys they need stored together instead of one commit each."""
    judged = [_refused(outgoing, settings) for outgoing in batch]
    sound = [outgoing.event for outgoing, refused in zip(batch, judged, strict=True) if refused is None]
    keys.keys_for(pair for event in sound for pair in _keys_wanted(event, settings))
    return [
        refused or signed(outgoing, settings, keys, os.urandom) for outgoing, refused in zip(batch, judged, strict=True)
    ]


def dataschema_of(declared: EventType) -> str:
    """Return the CloudEvents dataschema of a type."""
    return f"urn:nl:mensenhandel:schema:{declared.schema_id}"


def record_key(event: Event, oin: str) -> bytes:
    """Return the Kafka key of an event: its subject, or the publisher's OIN for a type without one."""
    text: str = getattr(event, SUBJECT, oin)
    return text.encode()


def authority_broken(event: Event, kind: str, unit: str | None) -> Iterator[Broken]:
    """Yield what a publisher of this kind and unit may not say: a type that is not its own, another's kind or unit."""
    known = contract()
    declared = known.types[event.TYPE]
    if kind not in declared.publishers:
        yield Broken(
            "type", f"{declared.name} is published by {', '.join(sorted(declared.publishers)) or 'the bus only'}"
        )
    for field in declared.fields:
        value = getattr(event, field.name)
        if field.role in OWN_KIND and field.codelist is not None:
            code = known.codelists[field.codelist].codes.get(value)
            if code is not None and kind not in code.more.get("publisher_kinds", ()):
                yield Broken(field.name, f"is the code of the publisher's own kind, {kind}")
        elif field.role == "publisher-unit" and value != unit:
            yield Broken(field.name, f"is the publisher's own unit, {unit or 'none'}")


def _refused(outgoing: Outgoing, settings: PartnerSettings) -> Refused | None:
    event_id, time = _stamps(outgoing)
    problems = tuple(_problems(outgoing, event_id, time, settings))
    return Refused(event_id, problems) if problems else None


def signed(
    outgoing: Outgoing, settings: PartnerSettings, keys: PublisherKeys, nonces: Callable[[int], bytes]
) -> Prepared | Refused:
    """Return the signed bytes of a stamped event without judging it: `prepare` after its checks."""
    event_id, time = _stamps(outgoing)
    declared = contract().types[outgoing.event.TYPE]
    key = record_key(outgoing.event, settings.oin)
    value = codec.encode(_sealed(outgoing.event, settings, keys, nonces))
    if len(value) > LARGEST_VALUE_BYTES:
        return Refused(event_id, (Broken("event", f"is at most {LARGEST_VALUE_BYTES} bytes"),))
    headers = envelope.write(
        Envelope(
            id=event_id,
            source=settings.source,
            type=declared.ce_type,
            time=time,
            dataschema=dataschema_of(declared),
            traceparent=outgoing.traceparent,
        )
    )
    return Prepared(event_id, declared.name, key, value, envelope.sign(headers, key, value, settings.signing_key))


def _problems(outgoing: Outgoing, event_id: str, time: datetime, settings: PartnerSettings) -> Iterator[Broken]:
    event = outgoing.event
    if not ID.fullmatch(event_id):
        yield Broken("id", "has 1 to 128 visible ASCII characters")
    yield from (Broken("id", rule) for rule in rules.personal(event_id))
    if outgoing.traceparent is not None and not TRACEPARENT.fullmatch(outgoing.traceparent):
        yield Broken("traceparent", "is a W3C traceparent")
    if time.tzinfo is None:
        yield Broken("time", "has a time zone")
        return
    for field in contract().types[event.TYPE].fields:
        if isinstance(getattr(event, field.name), Sealed):
            yield Broken(field.name, "is given in plain: the SDK seals it with this publisher's own key")
    # The day is UTC's, as admit reads it from the envelope: both judge a code's validity alike.
    yield from rules.broken(event, on=time.astimezone(UTC).date())
    yield from authority_broken(event, settings.kind, settings.unit)
    occurred_at = getattr(event, "occurred_at", None)
    if occurred_at is not None:
        if occurred_at.tzinfo is None:
            yield Broken("occurred_at", "has a time zone")
        elif occurred_at > time + CLOCK_LEEWAY:
            yield Broken("occurred_at", "is not later than the time the source recorded it")


def _stamps(outgoing: Outgoing) -> tuple[str, datetime]:
    if outgoing.id is None or outgoing.time is None:
        raise ValueError("prepare takes a stamped event: call Outgoing.stamped(now) first")
    return outgoing.id, outgoing.time


def _keys_wanted(event: Event, settings: PartnerSettings) -> Iterator[tuple[str, str]]:
    subject = record_key(event, settings.oin).decode()
    yield from ((subject, field.field_class) for field, _, _ in _to_seal(event))


def _sealed(event: Event, settings: PartnerSettings, keys: PublisherKeys, nonces: Callable[[int], bytes]) -> Event:
    declared = contract().types[event.TYPE]
    subject = record_key(event, settings.oin).decode()
    found = keys.keys_for(_keys_wanted(event, settings))
    sealed: dict[str, Sealed] = {}
    for field, seals, value in _to_seal(event):
        key_id, secret = found[subject, field.field_class]
        sealed[field.name] = seal(value, seals, secret, key_id, declared.name, field.name, nonces(NONCE_BYTES))
    return event.model_copy(update=sealed)


def _to_seal(event: Event) -> Iterator[tuple[Field, str, Plain]]:
    """Yield each field to seal, as what, and its value; of codes also where there is none: which sector is given says the form."""
    for field in contract().types[event.TYPE].fields:
        value = getattr(event, field.name)
        if field.seals is None or isinstance(value, Sealed):
            continue
        if value is not None:
            yield field, field.seals, value
        elif field.seals == CODES:
            yield field, field.seals, ()
