"""A view message as its recipient reads it: withheld is not unknown, and nothing unsigned or unreadable passes."""

from __future__ import annotations

from typing import Any

import pytest

from ketenbus import codec, envelope, view
from ketenbus.envelope import Envelope, Headers
from ketenbus.errors import Unreadable
from ketenbus.sealing import seal
from ketenbus.values import Sealed
from ketenbus.view import Received, Withheld
from tests.made_up import DISCLOSE_KEY, NOW, OIN, SIGNING_KEY, report, ring

KEY = bytes(32)
IDENTITY = f"{OIN}.identity.{'1' * 24}"
PUBLIC = DISCLOSE_KEY.public_key()
NAME = seal("Ada", "string", KEY, IDENTITY, "victim-reported", "name", bytes(12))
EVENT = report(subject="v1-subject", name=NAME, birth_date=None, forms=None)
VALUE = codec.encode(EVENT)


def message(
    value: bytes | None = VALUE, key: bytes = b"v1-subject", private: Any = DISCLOSE_KEY, **changed: Any
) -> Headers:
    extensions = {
        view.MASK: "registratie",
        view.ACTIVITY: "registratie-opsporing/1",
        view.CHANGE: "1",
        view.KIND: "delivery",
        view.LEFT_OUT: "phone,narrative",
        **changed,
    }
    headers = envelope.write(
        Envelope(
            id="v1-event",
            source=f"urn:nld:oin:{OIN}:systeem:ketenbus",
            type=changed.get("type", "nl.mensenhandel.victim-reported.v1"),
            time=NOW,
            dataschema="urn:nl:mensenhandel:schema:1004",
            extensions=tuple((k, v) for k, v in extensions.items() if v is not None and k != "type"),
        )
    )
    return envelope.sign(headers, key, value or b"", private)


def received(**changed: Any) -> Received:
    read = view.read(message(**changed), b"v1-subject", VALUE, PUBLIC)
    assert isinstance(read, Received)
    return read


def test_a_delivery_is_a_typed_event_with_its_place_in_the_view() -> None:
    got = received()
    assert (got.id, got.subject, got.kind, got.change, got.type) == (
        "v1-event",
        "v1-subject",
        "delivery",
        1,
        "victim-reported",
    )
    assert (got.event, got.mask, got.activity) == (EVENT, "registratie", "registratie-opsporing/1")


def test_withheld_unknown_sealed_and_known_are_four_different_things() -> None:
    got = received()
    assert got.field("phone") == Withheld("registratie")
    assert got.field("age_at_report") is None
    assert got.field("name") == NAME
    assert got.field("nationality") == "PL"


@pytest.mark.parametrize("left_out", [None, ""])
def test_nothing_left_out_is_nothing_withheld(left_out: str | None) -> None:
    assert received(**{view.LEFT_OUT: left_out}).left_out == frozenset()


def test_a_field_the_type_does_not_have_is_an_error() -> None:
    with pytest.raises(KeyError, match="shoe_size"):
        received().field("shoe_size")


@pytest.mark.parametrize("kind", ["delivery", "release", "replacement"])
def test_every_kind_with_content_is_surfaced(kind: str) -> None:
    assert received(**{view.KIND: kind, view.CHANGE: "7"}).kind == kind


@pytest.mark.parametrize("value", [None, b""])
def test_a_recall_holds_nothing_and_withholds_everything(value: bytes | None) -> None:
    recalled: dict[str, Any] = {view.KIND: "recall", view.CHANGE: "2"}
    got = view.read(message(value, **recalled), b"v1-subject", value, PUBLIC)
    assert isinstance(got, Received)
    assert (got.kind, got.change, got.event) == ("recall", 2, None)
    assert got.field("nationality") == Withheld("registratie")


def test_fields_open_with_the_keys_one_has() -> None:
    assert view.opened(received(), ring({IDENTITY: KEY})).field("name") == "Ada"
    kept = view.opened(received(), ring({}))
    assert isinstance(kept.field("name"), Sealed)
    assert kept.unopened == {"name": "no-key"}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({view.KIND: "gift"}, "bad-headers"),
        ({view.KIND: None}, "bad-headers"),
        ({view.CHANGE: "-1"}, "bad-headers"),
        ({view.CHANGE: "²"}, "header-not-printable"),
        ({view.CHANGE: None}, "bad-headers"),
        ({view.MASK: None}, "bad-headers"),
        ({view.ACTIVITY: None}, "bad-headers"),
        ({view.KIND: "recall"}, "recall-with-content"),
        ({"type": "nl.mensenhandel.unheard-of.v1"}, "unknown-type"),
        ({"type": "nl.mensenhandel.signal-raised.v1"}, "type-mismatch"),
        ({"private": SIGNING_KEY}, "bad-signature"),
        ({"key": b"other"}, "bad-signature"),
        ({"value": b"other"}, "bad-signature"),
    ],
)
def test_a_message_the_bus_would_not_write_is_unreadable(changed: dict[str, Any], reason: str) -> None:
    read = view.read(message(**changed), b"v1-subject", VALUE, PUBLIC)
    assert isinstance(read, Unreadable)
    assert read.reason == reason


def test_signed_bytes_that_are_no_event_are_unreadable() -> None:
    read = view.read(message(VALUE + b"\0"), b"v1-subject", VALUE + b"\0", PUBLIC)
    assert read == Unreadable("trailing-bytes", f"byte {len(VALUE)}")


def test_a_key_that_is_no_token_is_unreadable() -> None:
    read = view.read(message(key=b"\xff"), b"\xff", VALUE, PUBLIC)
    assert read == Unreadable("bad-key", "not ascii")


def test_headers_that_are_no_envelope_are_unreadable() -> None:
    headers = envelope.sign((("a", b"b"),), b"", b"", DISCLOSE_KEY)
    read = view.read(headers, None, None, PUBLIC)
    assert isinstance(read, Unreadable)
    assert read.reason == "bad-headers"
