"""The envelope of an event: CloudEvents 1.0 in Kafka headers (NL GOV profile) and the publisher's signature.

Nothing personal is in a header.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ketenbus.errors import Unreadable

Headers = tuple[tuple[str, bytes], ...]

SIGNATURE = "ce_ketenbussignature"
#: Headers the bus adds to its own records (the log, quarantine); no publisher may send one, and no signature covers them.
BUS_PREFIX = "ketenbus-"
SOURCE = re.compile(r"urn:nld:oin:([0-9]{20}):systeem:([a-z0-9-]{1,64})")
CONTENT_TYPE = b"application/avro"
LONGEST_SHOWN = 64
#: How bytes of a header's name that are not UTF-8 stand in a Python string, to come out again as they were.
NAME_ERRORS = "surrogateescape"
REQUIRED = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_dataschema", "content-type")


@dataclass(frozen=True, slots=True)
class Envelope:
    """The headers of one event, read: ids and times, and any further extension by its name without `ce_`."""

    id: str
    source: str
    type: str
    time: datetime
    dataschema: str
    traceparent: str | None = None
    extensions: tuple[tuple[str, str], ...] = ()

    @property
    def oin(self) -> str:
        """The OIN of the organisation that the source names."""
        match = SOURCE.fullmatch(self.source)
        if match is None:
            raise ValueError(f"source {self.source} names no OIN")
        return match[1]

    def extension(self, name: str) -> str | None:
        """Return the value of a CloudEvents extension, or None."""
        return dict(self.extensions).get(name)


def source_of(oin: str, system: str) -> str:
    """Return the CloudEvents source of a system of an organisation."""
    return f"urn:nld:oin:{oin}:systeem:{system}"


def stamp(time: datetime) -> str:
    """Return an instant as RFC 3339 in UTC with microseconds."""
    # Not strftime: it writes the year 21 as 21, which nobody can read back.
    return f"{time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def write(envelope: Envelope) -> Headers:
    """Return the headers of an envelope, unsigned."""
    headers = [
        ("ce_specversion", "1.0"),
        ("ce_id", envelope.id),
        ("ce_source", envelope.source),
        ("ce_type", envelope.type),
        ("ce_time", stamp(envelope.time)),
        ("ce_dataschema", envelope.dataschema),
        *((f"ce_{name}", value) for name, value in envelope.extensions),
    ]
    if envelope.traceparent is not None:
        headers.append(("traceparent", envelope.traceparent))
    return (*((name, value.encode()) for name, value in headers), ("content-type", CONTENT_TYPE))


def read(headers: Headers) -> Envelope | Unreadable:
    """Return the envelope the headers hold, or the first header that is wrong and why.

    Reasons: `double-header`, `bus-header`, `header-not-utf8`, `header-not-printable`, and `bad-headers` where one is
    missing or malformed.
    """
    texts: dict[str, str] = {}
    for name, content in headers:
        if name in texts:
            return Unreadable("double-header", shown(name))
        if name.startswith(BUS_PREFIX):
            return Unreadable("bus-header", shown(name))
        text = _text(name, content)
        if isinstance(text, Unreadable):
            return text
        texts[name] = text
    for name in REQUIRED:
        if not texts.get(name):
            return Unreadable("bad-headers", f"{name} missing")
    if texts["ce_specversion"] != "1.0" or texts["content-type"].encode() != CONTENT_TYPE:
        return Unreadable("bad-headers", "ce_specversion or content-type")
    if not SOURCE.fullmatch(texts["ce_source"]):
        return Unreadable("bad-headers", "ce_source")
    if not re.fullmatch(
        r"[!-~]{1,256}", texts["ce_id"]
    ):  # a publisher's has 128 at most; a view's name of it is longer
        return Unreadable("bad-headers", "ce_id")
    try:
        time = datetime.fromisoformat(texts["ce_time"])
        if time.tzinfo is None:
            return Unreadable("bad-headers", "ce_time without zone")
        time = time.astimezone(UTC)
    except (ValueError, OverflowError):  # the years 1 and 9999 have hours that no UTC time can hold
        return Unreadable("bad-headers", "ce_time")
    known = {*REQUIRED, SIGNATURE, "traceparent"}
    return Envelope(
        id=texts["ce_id"],
        source=texts["ce_source"],
        type=texts["ce_type"],
        time=time,
        dataschema=texts["ce_dataschema"],
        traceparent=texts.get("traceparent"),
        extensions=tuple(
            (name[3:], value) for name, value in texts.items() if name.startswith("ce_") and name not in known
        ),
    )


def shown(name: str) -> str:
    """Return a header's name as it can be told: whoever breaks the contract may have put anything there."""
    return name if name.isascii() and name.isprintable() and 0 < len(name) <= LONGEST_SHOWN else "a header"


def unprintable(headers: Headers) -> str | None:
    """Return a header whose name or value holds a control character (a line's end, for one), or None."""
    for name, content in headers:
        if not (name.isascii() and name.isprintable() and (content or b"").decode("ascii", "replace").isprintable()):
            return shown(name)
    return None


def _text(name: str, content: bytes | None) -> str | Unreadable:
    if content is None:
        return Unreadable("bad-headers", f"{shown(name)} has no value")
    try:
        name.encode()  # a lane hands over the bytes of a name that is not UTF-8 as lone surrogates
        text = content.decode()
    except UnicodeError:
        return Unreadable("header-not-utf8", shown(name))
    return text if text.isascii() else Unreadable("header-not-printable", shown(name))


def signing_bytes(headers: Headers, key: bytes, value: bytes) -> bytes:
    """Return what a signature covers: every header but itself and the bus's own, in order of name, then key and value, each with its length."""
    parts = [b"ketenbus/1"]
    for name, content in sorted(headers):
        if name != SIGNATURE and not name.startswith(BUS_PREFIX):
            parts += [name.encode("utf-8", NAME_ERRORS), content]
    parts += [key, value]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def sign(headers: Headers, key: bytes, value: bytes, private: Ed25519PrivateKey) -> Headers:
    """Return the headers with the publisher's signature over headers, key and value."""
    signature = base64.b64encode(private.sign(signing_bytes(headers, key, value)))
    return (*headers, (SIGNATURE, signature))


def is_signed_by(headers: Headers, key: bytes, value: bytes, public: Ed25519PublicKey) -> bool:
    """Return whether the signature header is there and was made by the owner of `public` over exactly this.

    Each signature is written in one way only: a base64 text that says the same bytes otherwise is no signature.
    """
    if any(content is None for _, content in headers):
        return False
    written = dict(headers).get(SIGNATURE, b"")
    try:
        signature = base64.b64decode(written, validate=True)
        public.verify(signature, signing_bytes(headers, key, value))
    except (InvalidSignature, ValueError):
        return False
    return base64.b64encode(signature) == written


def headers_of(pairs: Iterable[tuple[str, bytes]] | Mapping[str, bytes] | None) -> Headers:
    """Return Kafka's headers, however a client hands them over, as one tuple."""
    if pairs is None:
        return ()
    if isinstance(pairs, Mapping):
        pairs = pairs.items()
    return tuple((str(name), value) for name, value in pairs)
