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
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


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
    """Return the envelope the headers hold, or `bad-headers` with the header that is missing, double or malformed."""
    names = [name for name, _ in headers]
    for name in names:
        if names.count(name) > 1:
            return Unreadable("bad-headers", f"{name} twice")
        if name.startswith(BUS_PREFIX):
            return Unreadable("bad-headers", f"{name} is the bus's own")
    try:
        texts = {name: value.decode("ascii") for name, value in headers}
    except (UnicodeDecodeError, AttributeError):
        return Unreadable("bad-headers", "not ascii")
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


def signing_bytes(headers: Headers, key: bytes, value: bytes) -> bytes:
    """Return what a signature covers: every header but itself and the bus's own, in order of name, then key and value, each with its length."""
    parts = [b"ketenbus/1"]
    for name, content in sorted(headers):
        if name != SIGNATURE and not name.startswith(BUS_PREFIX):
            parts += [name.encode(), content]
    parts += [key, value]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def sign(headers: Headers, key: bytes, value: bytes, private: Ed25519PrivateKey) -> Headers:
    """Return the headers with the publisher's signature over headers, key and value."""
    signature = base64.b64encode(private.sign(signing_bytes(headers, key, value)))
    return (*headers, (SIGNATURE, signature))


def is_signed_by(headers: Headers, key: bytes, value: bytes, public: Ed25519PublicKey) -> bool:
    """Return whether the signature header is there and was made by the owner of `public` over exactly this."""
    signature = dict(headers).get(SIGNATURE)
    if signature is None:
        return False
    try:
        public.verify(base64.b64decode(signature, validate=True), signing_bytes(headers, key, value))
    except (InvalidSignature, ValueError):
        return False
    return True


def headers_of(pairs: Iterable[tuple[str, bytes]] | Mapping[str, bytes] | None) -> Headers:
    """Return Kafka's headers, however a client hands them over, as one tuple."""
    if pairs is None:
        return ()
    if isinstance(pairs, Mapping):
        pairs = pairs.items()
    return tuple((str(name), value) for name, value in pairs)
