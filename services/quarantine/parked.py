"""What a quarantined record says of itself, without saying anything of a person. Pure."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ketenbus import codec, envelope, preparing, rules
from ketenbus.contract import contract
from ketenbus.envelope import NAME_ERRORS, SOURCE, Headers
from ketenbus.errors import Broken, CorruptLogError, Unreadable
from ketenbus.values import Event, Sealed
from streams.admit.reasons import REASONS, UNVERIFIED
from streams.runtime.records import Record, unpack_headers
from streams.runtime.settings import Partner

#: The headers whose values name events, systems and times. Of any other header only name and size are told:
#: whoever breaks the contract may have put anything there.
TOLD = frozenset(envelope.REQUIRED) | {"traceparent"}
LONGEST_TOLD = 200
FRAME_BYTES = codec.FRAME.size


@dataclass(frozen=True, slots=True)
class Parked:
    """One record in quarantine: where it came from, why it is here, and who says they sent it."""

    origin: str
    held_at: str
    appended_at: datetime
    reason: str
    place: str
    publisher: str | None
    oin: str | None
    verified: bool
    source: str | None
    id: str | None
    type: str | None
    key_bytes: int
    value_bytes: int


@dataclass(frozen=True, slots=True)
class Original:
    """A quarantined record as it was on its type topic, byte for byte."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class Header:
    """One header as it came; `text` is None where its content is not told."""

    name: str
    bytes: int
    text: str | None


@dataclass(frozen=True, slots=True)
class FieldShape:
    """One field that the value holds: its name, its class, and whether it came sealed; never what it says."""

    name: str
    field_class: str
    sealed: bool


@dataclass(frozen=True, slots=True)
class Inspected:
    """One record in quarantine, looked at more closely."""

    parked: Parked
    meaning: str
    mended_by: tuple[str, ...]
    headers: tuple[Header, ...]
    frame: str | None
    event_type: str | None
    fields: tuple[FieldShape, ...]
    broken: tuple[Broken, ...]


def parked(record: Record, partners: Mapping[str, Partner]) -> Parked:
    """Return what a record of the topic `quarantine` says.

    Raises CorruptLogError when it is not one that admit wrote.
    """
    bus = _bus(record)
    original = dict(_original(record))
    source, event_id, ce_type = (_text(original.get(name)) for name in ("ce_source", "ce_id", "ce_type"))
    match = SOURCE.fullmatch(source or "")
    oin = match[1] if match else None
    known = partners.get(oin or "")
    return Parked(
        origin=bus["ketenbus-origin"].decode(),
        held_at=record.origin,
        appended_at=datetime.fromtimestamp(record.appended_ms / 1000, UTC),
        reason=bus["ketenbus-reason"].decode(),
        place=_text(bus["ketenbus-place"]) or "(not printable)",
        publisher=known.id if known else None,
        oin=oin,
        verified=bus["ketenbus-reason"].decode() not in UNVERIFIED,
        source=source,
        id=event_id,
        type=ce_type,
        key_bytes=len(base64.b64decode(bus["ketenbus-key"])),
        value_bytes=len(record.value or b""),
    )


def original(record: Record) -> Original:
    """Return the record that admit quarantined, as it came."""
    bus = _bus(record)
    topic = bus["ketenbus-origin"].decode().rpartition("/")[0].rpartition("/")[0]
    key = None if "ketenbus-no-key" in bus else base64.b64decode(bus["ketenbus-key"])
    return Original(topic, key, record.value, _original(record))


def once(found: Iterable[Parked]) -> tuple[Parked, ...]:
    """Return each quarantined record once: after a crash admit writes the same one again."""
    first: dict[str, Parked] = {}
    for one in found:
        first.setdefault(one.origin, one)
    return tuple(first.values())


def totals(found: Iterable[Parked]) -> dict[str, int]:
    """Return how many records there are by reason, most first."""
    return dict(sorted(Counter(one.reason for one in found).items(), key=lambda item: (-item[1], item[0])))


def inspected(record: Record, partners: Mapping[str, Partner]) -> Inspected:
    """Return everything that may be shown of a quarantined record: no content of key, value or unknown header."""
    what = parked(record, partners)
    value = record.value or b""
    event = codec.decode(value)
    readable = None if isinstance(event, Unreadable) else event
    declared = codec.type_of(value)
    return Inspected(
        parked=what,
        meaning=known.meaning if (known := REASONS.get(what.reason)) else "",
        mended_by=_mended_by(what.reason),
        headers=tuple(_header(name, content) for name, content in _original(record)),
        # A value that does not begin as a frame may be plain text: then not even its first bytes are shown.
        frame=value[:FRAME_BYTES].hex(" ") if len(value) >= FRAME_BYTES and value[0] == 0 else None,
        event_type=declared.name if declared else None,
        fields=_shapes(readable) if readable else (),
        broken=_broken(readable, _original(record), what, partners) if readable else (),
    )


def _broken(event: Event, original: Headers, what: Parked, partners: Mapping[str, Partner]) -> tuple[Broken, ...]:
    """Return every rule of the contract that the event breaks, judged as admit judges."""
    read = envelope.read(original)
    found = () if isinstance(read, Unreadable) else rules.broken(event, read.time.date())
    publisher = partners.get(what.oin or "")
    authority = preparing.authority_broken(event, publisher.kind, publisher.unit) if publisher else ()
    return (*authority, *found)


def _mended_by(reason: str) -> tuple[str, ...]:
    """Return which commands can bring such a record in: repair, by its publisher; replay, once the bus has changed."""
    known = REASONS.get(reason)
    if known is None:
        return ()
    if reason in UNVERIFIED and not (known.repair or known.replay):
        return ("repair --as its publisher, if that knows the event as its own",)
    return tuple(how for how, can in (("repair", known.repair), ("replay", known.replay)) if can)


def _shapes(event: Event) -> tuple[FieldShape, ...]:
    return tuple(
        FieldShape(field.name, field.field_class, isinstance(getattr(event, field.name), Sealed))
        for field in contract().types[event.TYPE].fields
        if getattr(event, field.name) is not None
    )


def _bus(record: Record) -> dict[str, bytes]:
    bus = {name: value for name, value in record.headers if name.startswith(envelope.BUS_PREFIX)}
    wanted = {"ketenbus-reason", "ketenbus-place", "ketenbus-origin", "ketenbus-key", "ketenbus-headers"}
    if missing := sorted(wanted - bus.keys()):
        raise CorruptLogError(f"{record.origin}: no quarantined record, {', '.join(missing)} missing")
    return bus


def _original(record: Record) -> Headers:
    return unpack_headers(_bus(record)["ketenbus-headers"].decode())


def _header(name: str, content: bytes | None) -> Header:
    """Return one header as it is told; its name may be any bytes, and it may have no value."""
    shown = _text(name.encode("utf-8", NAME_ERRORS)) or "(not printable)"
    return Header(shown, len(content or b""), _text(content) if name in TOLD else None)


def _text(content: bytes | None) -> str | None:
    """Return printable text of a sane length, or None.

    What a terminal would act on is not passed to it, and a number that names a person is not told, wherever it stands.
    """
    text = (content or b"").decode("ascii", "replace")
    told = text.isascii() and text.isprintable() and 0 < len(text) <= LONGEST_TOLD and not any(rules.personal(text))
    return text if told else None
