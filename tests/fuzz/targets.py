"""Everything that reads bytes others wrote, each as a function of any bytes at all that fails when a promise is broken.

The same functions are given the corpus, made-up bytes (Hypothesis) and bytes that grow towards unseen code (atheris).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ketenbus import acknowledgements, codec, envelope, rules, sealing, view
from ketenbus.acknowledgements import Outcome
from ketenbus.codec import FRAME
from ketenbus.contract import contract
from ketenbus.envelope import NAME_ERRORS, Envelope, Headers
from ketenbus.errors import CorruptLogError, Unreadable
from ketenbus.sealing import Unopened
from ketenbus.values import Event, Sealed
from ketenbus.view import Received
from services.quarantine import parked as quarantine
from streams.admit import binding
from streams.admit.judge import Admissible, Rejected, judge
from streams.admit.reasons import REASONS
from streams.runtime.records import Record, pack_headers, unpack_headers
from tests.made_up import DISCLOSE_KEY
from tests.sent import APPENDED_MS, CARE, PARTNERS, SUBJECT_KEY, consented, judged, sent

IN_FORCE = date(2026, 1, 1)
SCHEMAS = sorted(contract().by_id)
SOUND = sent(consented(caused_by="event-0"), CARE)
VIEW_HEADERS: Headers = (
    *SOUND.made.headers,
    *((f"ce_{name}", b"1") for name in (view.CHANGE, view.MASK, view.ACTIVITY)),
    (f"ce_{view.KIND}", b"delivery"),
)
SEALING_KEY = bytes(32)


def headers_of(data: bytes) -> Headers:
    r"""Headers as bytes can spell them: name, `=`, value, `;`; a header without `=` has no value at all."""
    made = []
    for part in data.split(b";") if data else ():
        name, is_there, content = part.partition(b"=")
        made.append((name.decode("utf-8", NAME_ERRORS), content if is_there else None))
    return tuple(made)  # type: ignore[return-value]  # Kafka lets a header have no value


def record_of(data: bytes) -> Record:
    """A record of which the bytes say headers, key and value, a `|` between them; without one it has no key or value."""
    headers, has_key, rest = data.partition(b"|")
    key, has_value, value = rest.partition(b"|")
    made = headers_of(headers)
    return Record("consent-given", 0, 7, APPENDED_MS, key if has_key else None, value if has_value else None, made)


def decode(data: bytes) -> None:
    """What is read is an event that can be written and read again, or unreadable for a named reason."""
    read = codec.decode(data)
    if isinstance(read, Unreadable):
        assert read.reason in REASONS
        assert read.place.isascii()
        return
    assert isinstance(read, Event)
    assert codec.decode(codec.encode(read)) == read
    for broken in rules.broken(read, IN_FORCE):
        assert broken.rule


def decode_any_type(data: bytes) -> None:
    """The same under each schema, which the first byte picks."""
    if data:
        decode(FRAME.pack(0, SCHEMAS[data[0] % len(SCHEMAS)]) + data[1:])


def read_headers(data: bytes) -> None:
    """Headers are an envelope or wrong for a named reason at a place that can be shown; nobody signed them."""
    headers = headers_of(data)
    read = envelope.read(headers)
    if isinstance(read, Unreadable):
        assert read.reason in REASONS
        assert read.place.isascii()
        assert read.place.isprintable()
    else:
        assert isinstance(read, Envelope)
        assert envelope.read(envelope.write(read)) == read
    assert envelope.unprintable(headers) is None or envelope.shown(str(envelope.unprintable(headers)))
    assert not envelope.is_signed_by(headers, b"k", b"v", DISCLOSE_KEY.public_key())


def unpack(data: bytes) -> None:
    """Packed headers come out as they went in; any other text is said to be none of ours."""
    headers = headers_of(data)
    assert unpack_headers(pack_headers(headers)) == headers
    try:
        unpacked = unpack_headers(data.decode("utf-8", "replace"))
    except CorruptLogError:
        return
    assert unpack_headers(pack_headers(unpacked)) == unpacked


def admit_unsigned(data: bytes) -> None:
    """Nothing is admitted that no partner signed, and what is rejected is kept as it came and can be looked at."""
    record = record_of(data)
    verdict = judge(record, PARTNERS, SUBJECT_KEY)
    if isinstance(verdict, Rejected):
        _kept(record, verdict)
    else:
        signed = SOUND.record()
        assert (record.key, record.value, sorted(record.headers)) == (signed.key, signed.value, sorted(signed.headers))


def admit_signed(data: bytes) -> None:
    """Whatever a partner signs is admitted as an event that keeps every rule, or rejected for a named reason."""
    value, _, more = data.partition(b"|headers|")
    headers = (*SOUND.made.headers, *((n, c) for n, c in headers_of(more) if c is not None))
    record = SOUND.but(value=value, headers=headers).record()
    verdict = judged(record)
    if isinstance(verdict, Rejected):
        _kept(record, verdict)
    else:
        assert codec.decode(codec.encode(verdict.event)) == verdict.event
        assert rules.broken(verdict.event, verdict.envelope.time.date()) == ()


def admit_mutated(data: bytes) -> None:
    """A sound, signed record of which any byte was changed, added or taken away is not admitted."""
    record = SOUND.record()
    parts = [part for name, content in record.headers for part in (name.encode(), content)]
    parts += [record.key or b"", record.value or b""]
    for at in range(0, len(data) - 3, 4):
        which, place, how, byte = data[at : at + 4]
        part = parts[which % len(parts)]
        cut = place % (len(part) + 1)
        changed = {0: bytes([byte]) + part[cut + 1 :], 1: bytes([byte]) + part[cut:], 2: part[cut + 1 :]}
        parts[which % len(parts)] = part[:cut] + changed[how % 3]
    names, contents = parts[:-2:2], parts[1:-2:2]
    headers = tuple((n.decode("utf-8", NAME_ERRORS), c) for n, c in zip(names, contents, strict=True))
    mutated = replace(record, key=parts[-2], value=parts[-1], headers=headers)
    verdict = judged(mutated)
    assert isinstance(verdict, Admissible) == (mutated == record)
    if isinstance(verdict, Rejected):
        _kept(mutated, verdict)


def read_view(data: bytes) -> None:
    """A message of a view is received or unreadable, signed by the bus or not."""
    record = record_of(data)
    key, value = record.key or b"", record.value or b""
    unsigned = view.read(record.headers, key, value, DISCLOSE_KEY.public_key())
    assert isinstance(unsigned, Unreadable)
    kept = tuple((n, c) for n, c in record.headers if c is not None)
    for headers in (kept, (*VIEW_HEADERS, *kept)):
        signed = envelope.sign(headers, key, value, DISCLOSE_KEY)
        read = view.read(signed, record.key, record.value, DISCLOSE_KEY.public_key())
        assert isinstance(read, Received | Unreadable)
        if isinstance(read, Received):
            view.opened(read, lambda key_id: (key_id, SEALING_KEY))


def read_acknowledgement(data: bytes) -> None:
    """An acknowledgement is an outcome, or said to be none."""
    try:
        assert isinstance(acknowledgements.read_outcome(data, "place"), Outcome)
    except CorruptLogError as error:
        assert "place" in str(error)


def unseal(data: bytes) -> None:
    """What stands in a sealed field is a value of its kind or says why it is none, sealed properly or not."""
    for seals in ("string", "date", "codes"):
        key_id = data[:20].decode("latin-1")
        bound = sealing.associated_data("t", "f", key_id)
        written = Sealed(key_id=key_id, nonce=bytes(12), ciphertext=AESGCM(SEALING_KEY).encrypt(bytes(12), data, bound))
        opened = sealing.unseal(written, seals, SEALING_KEY, "t", "f")
        if not isinstance(opened, Unopened):
            again = sealing.seal(opened, seals, SEALING_KEY, key_id, "t", "f", bytes(12))
            assert sealing.unseal(again, seals, SEALING_KEY, "t", "f") == opened
        altered = Sealed(key_id=key_id, nonce=data[:12], ciphertext=data)
        assert isinstance(sealing.unseal(altered, seals, SEALING_KEY, "t", "f"), Unopened)


def _kept(record: Record, verdict: Rejected) -> None:
    """Quarantine has the record byte for byte, under a reason of the table, and can show it."""
    assert verdict.reason in REASONS
    parked = binding.parked(record, verdict)
    held = Record(parked.topic, 0, 0, APPENDED_MS, parked.key, parked.value, parked.headers)
    told = dict(parked.headers)
    key = None if "ketenbus-no-key" in told else base64.b64decode(told["ketenbus-key"])
    assert (key, parked.value) == (record.key, record.value)
    assert unpack_headers(told["ketenbus-headers"].decode()) == record.headers
    shown = quarantine.inspected(held, PARTNERS)
    assert json.dumps([shown.parked.place, shown.meaning, [header.name for header in shown.headers]]).isprintable()


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (
        decode,
        decode_any_type,
        read_headers,
        unpack,
        admit_unsigned,
        admit_signed,
        admit_mutated,
        read_view,
        read_acknowledgement,
        unseal,
    )
}
