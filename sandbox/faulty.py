"""What a faulty or hostile system puts on the bus: a sound event made invalid, byte by byte, as its fault says.

Apart from its fault the event is whole and signed by its publisher: it can be refused for that fault only.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ketenbus import codec, envelope
from ketenbus.codec import FRAME
from ketenbus.envelope import SIGNATURE, Headers
from ketenbus.events import EventRetracted
from ketenbus.preparing import Prepared
from ketenbus.settings import PartnerSettings

NO_SUCH_SCHEMA = 4_000_000
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))
NOBODY, SOMEBODY_ELSE = "9" * 20, "8" * 20
#: A number of seven bytes more than any instant takes, where an instant should be.
ENDLESS = b"\x02" + b"\xff" * 9 + b"\x01"
OTHER_TOPIC = {"signal-raised": "signal-forwarded"}


@dataclass(frozen=True, slots=True)
class Spoiled:
    """An invalid event as it goes on the bus."""

    id: str
    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers


def spoil(made: Prepared, fault: str, settings: PartnerSettings) -> Spoiled:
    """Return a sound event made invalid as the fault says; a fault that is in what it says already changes nothing."""
    headers = _headers(tuple(h for h in made.headers if h[0] != SIGNATURE), fault)
    topic = OTHER_TOPIC.get(made.topic, "signal-raised") if fault == "wrong-topic" else made.topic
    key, value = _key(made.key, fault), _value(made, fault, settings)
    if fault == "missing-signature":
        return Spoiled(made.id, topic, key, value, headers)
    signed = envelope.sign(headers, key or b"", value or b"", settings.signing_key)
    if fault == "bad-signature":
        signed = _by_somebody_else(signed) if int(made.id[-1], 16) % 2 else (*signed, ("x-added", b"on the way"))
    return Spoiled(made.id, topic, key, value, signed)


def _headers(headers: Headers, fault: str) -> Headers:
    match fault:
        case "unknown-type":
            return _with(headers, "ce_type", b"nl.mensenhandel.no-such-type.v1")
        case "unknown-publisher":
            return _with(headers, "ce_source", envelope.source_of(NOBODY, "bvh").encode())
        case "bad-headers":
            return _with(headers, "ce_time", b"yesterday")
        case "future-time":
            return _with(headers, "ce_time", b"2999-01-01T00:00:00Z")
        case "double-header":
            return (*headers, ("ce_type", dict(headers)["ce_type"]))
        case "bus-header":
            return (*headers, ("ketenbus-publisher-kind", b"bus"))
        case "header-not-utf8":
            return (*headers, ("x-note", b"caf\xe9"))
        case "header-not-printable":
            return (*headers, ("x-note", b"one\r\nce_type: another"))
        case "oversize":
            return (*headers, ("x-note", b"-" * 20_000))
    return headers


def _with(headers: Headers, name: str, content: bytes) -> Headers:
    return tuple((n, content if n == name else c) for n, c in headers)


def _by_somebody_else(signed: Headers) -> Headers:
    """Return the headers under the publisher's name, with a signature that is not the publisher's."""
    return _with(signed, SIGNATURE, dict(envelope.sign((), b"", b"", STRANGER))[SIGNATURE])


def _key(key: bytes, fault: str) -> bytes | None:
    match fault:
        case "wrong-key":
            return key + b"9"
        case "no-key":
            return None
    return key


def _value(made: Prepared, fault: str, settings: PartnerSettings) -> bytes | None:
    value = made.value
    subject = FRAME.size + 1  # after the frame and the length of the subject, which is one byte
    after_subject = subject + len(made.key)
    match fault:
        case "no-value":
            return None
        case "unknown-schema":
            return FRAME.pack(0, NO_SUCH_SCHEMA) + value[FRAME.size :]
        case "undecodable":
            return value[: FRAME.size + (len(value) - FRAME.size) // 2]
        case "trailing-bytes":
            return value + b"\0"
        case "wrong-schema":
            said = EventRetracted(
                subject=made.key.decode(), occurred_precision="UNKNOWN", withdraws=made.id, reason="WRONG_PERSON"
            )
            return codec.encode(said)
        case "not-utf8":
            return value[:subject] + b"\xff" * len(made.key) + value[after_subject:]
        case "beyond-limits":
            return value[:after_subject] + ENDLESS + value[after_subject + len(ENDLESS) :]
        case "foreign-key":
            return value.replace(settings.oin.encode(), SOMEBODY_ELSE.encode())
    return value
