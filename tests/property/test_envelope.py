"""The laws of the envelope: it comes back as it was written, and its signature covers every byte."""

from __future__ import annotations

from datetime import UTC, datetime

import hypothesis.strategies as st
from hypothesis import assume, given

from ketenbus import envelope
from ketenbus.envelope import SIGNATURE, Envelope, Headers
from ketenbus.errors import Unreadable
from tests.made_up import DISCLOSE_KEY, SIGNING_KEY
from tests.strategies import IDS, INSTANTS

HEX = "0123456789abcdef"
NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=20)
ASCII = st.text(st.characters(max_codepoint=0x7E, min_codepoint=0x20), max_size=40)
TRACES = st.builds("00-{}-{}-01".format, st.text(HEX, min_size=32, max_size=32), st.text(HEX, min_size=16, max_size=16))
STANDARD = {"id", "source", "type", "time", "dataschema", "specversion", "ketenbussignature"}
ENVELOPES = st.builds(
    Envelope,
    id=IDS,
    source=st.from_regex(envelope.SOURCE, fullmatch=True),
    type=st.from_regex(r"nl\.mensenhandel\.[a-zA-Z0-9-]{1,40}\.v[1-9]", fullmatch=True),
    time=INSTANTS,
    dataschema=st.from_regex(r"urn:nl:mensenhandel:schema:[0-9]{4}", fullmatch=True),
    traceparent=st.none() | TRACES,
    extensions=st.dictionaries(NAMES.filter(lambda name: name not in STANDARD), ASCII, max_size=4).map(
        lambda d: tuple(d.items())
    ),
)
ANY_HEADERS = st.lists(st.tuples(st.text(max_size=12), st.binary(max_size=30)), max_size=12).map(tuple)


@given(ENVELOPES)
def test_an_envelope_comes_back_as_it_was_written(written: Envelope) -> None:
    assert envelope.read(envelope.write(written)) == written


@given(st.datetimes(timezones=st.just(UTC)))
def test_any_time_there_is_comes_back_as_it_was_written(time: datetime) -> None:
    assert datetime.fromisoformat(envelope.stamp(time)) == time


@given(ENVELOPES, st.binary(max_size=60), st.binary(max_size=60))
def test_a_signature_holds_for_what_was_signed_by_who_signed_it(written: Envelope, key: bytes, value: bytes) -> None:
    headers = envelope.sign(envelope.write(written), key, value, SIGNING_KEY)
    assert envelope.is_signed_by(headers, key, value, SIGNING_KEY.public_key())
    assert not envelope.is_signed_by(headers, key, value, DISCLOSE_KEY.public_key())
    assert envelope.read(headers) == written


@given(ENVELOPES, st.binary(max_size=60), st.binary(max_size=60), st.data())
def test_one_flipped_bit_in_any_header_key_or_value_breaks_it(
    written: Envelope, key: bytes, value: bytes, data: st.DataObject
) -> None:
    headers = envelope.sign(envelope.write(written), key, value, SIGNING_KEY)
    parts = [part for name, content in headers for part in (name.encode(), content)] + [key, value]
    place = data.draw(st.sampled_from([n for n, part in enumerate(parts) if part]))
    flipped = bytearray(parts[place])
    flipped[data.draw(st.integers(0, len(flipped) - 1))] ^= 1 << data.draw(st.integers(0, 6))
    parts[place] = bytes(flipped)
    try:
        changed = tuple((parts[n].decode(), parts[n + 1]) for n in range(0, len(parts) - 2, 2))
    except UnicodeDecodeError:
        assume(False)
    assert not envelope.is_signed_by(changed, parts[-2], parts[-1], SIGNING_KEY.public_key())


@given(ENVELOPES, st.data())
def test_a_header_added_or_taken_away_breaks_it(written: Envelope, data: st.DataObject) -> None:
    headers = envelope.sign(envelope.write(written), b"k", b"v", SIGNING_KEY)
    gone = data.draw(st.integers(0, len(headers) - 1))
    assert not envelope.is_signed_by(headers[:gone] + headers[gone + 1 :], b"k", b"v", SIGNING_KEY.public_key())
    more = (*headers, (data.draw(NAMES.map("x_".__add__)), b""))
    assert not envelope.is_signed_by(more, b"k", b"v", SIGNING_KEY.public_key())


@given(ENVELOPES, st.binary(max_size=20), st.binary(max_size=20), st.randoms())
def test_the_order_headers_arrive_in_does_not_matter(written: Envelope, key: bytes, value: bytes, rng: object) -> None:
    headers = list(envelope.sign(envelope.write(written), key, value, SIGNING_KEY))
    rng.shuffle(headers)  # type: ignore[attr-defined]
    assert envelope.is_signed_by(tuple(headers), key, value, SIGNING_KEY.public_key())


@given(st.binary(min_size=1, max_size=20), st.binary(max_size=20), st.data())
def test_a_byte_cannot_move_from_key_to_value(key: bytes, value: bytes, data: st.DataObject) -> None:
    headers = envelope.sign((), key, value, SIGNING_KEY)
    cut = data.draw(st.integers(0, len(key) - 1))
    assert not envelope.is_signed_by(headers, key[:cut], key[cut:] + value, SIGNING_KEY.public_key())


@given(ANY_HEADERS, st.binary(max_size=20))
def test_arbitrary_headers_never_crash(headers: Headers, signature: bytes) -> None:
    read = envelope.read(headers)
    assert isinstance(read, Unreadable)
    assert read.reason in {"bad-headers", "double-header", "header-not-utf8", "header-not-printable"}
    assert not envelope.is_signed_by((*headers, (SIGNATURE, signature)), b"k", b"v", SIGNING_KEY.public_key())
