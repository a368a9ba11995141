"""Bytes that ask for more than there is, or than the contract allows, are refused before anything is built of them."""

from __future__ import annotations

import time

import pytest

from ketenbus import bounds
from ketenbus.bounds import INT, LONG, MOST_ITEMS

ROOM_SECONDS = 0.1
EMPTY = {"type": "record", "name": "Empty", "fields": []}


def varint(number: int) -> bytes:
    """A number as Avro writes it."""
    zigzag, out = (number << 1) ^ (number >> 63), bytearray()
    zigzag &= 2**64 - 1
    while zigzag > 0x7F:
        out.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    return bytes([*out, zigzag])


def end(schema: object, raw: bytes) -> int | tuple[str, str]:
    """Where a value ends, or why there is none."""
    try:
        return bounds._of(schema, "x", {}, MOST_ITEMS)(raw, 0)
    except bounds._FoundError as found:
        return found.unreadable.reason, found.unreadable.place


@pytest.mark.parametrize("count", [2**28, 2**40, 2**63 - 1, -(2**40), -(2**63)])
def test_items_of_no_bytes_do_not_multiply(count: int) -> None:
    """fastavro builds them: half a second for 2**24, which five bytes ask for."""
    before = time.process_time()
    assert end({"type": "array", "items": EMPTY}, varint(count) + varint(0) * 2) == ("beyond-limits", "x")
    assert time.process_time() - before < ROOM_SECONDS


def test_items_are_counted_over_all_blocks() -> None:
    block = varint(MOST_ITEMS // 2) + b"\0" * (MOST_ITEMS // 2)
    booleans = {"type": "array", "items": "boolean"}
    assert end(booleans, block * 2 + b"\0") == len(block) * 2 + 1
    assert end(booleans, block * 2 + varint(1) + b"\0\0") == ("beyond-limits", "x")


def test_a_block_may_say_how_many_bytes_it_takes() -> None:
    raw = varint(-3) + varint(3) + b"\1\0\1" + varint(0)
    assert end({"type": "array", "items": "boolean"}, raw) == len(raw)


@pytest.mark.parametrize("length", [6, 2**62, -1, -(2**63)])
def test_a_text_is_no_longer_than_the_bytes_there_are(length: int) -> None:
    assert end("string", varint(length) + b"12345") == ("undecodable", "x")
    assert end("bytes", varint(length) + b"12345") == ("undecodable", "x")


@pytest.mark.parametrize(("kind", "least", "most"), [("int", *INT), ("long", *LONG)])
def test_a_number_is_of_its_type(kind: str, least: int, most: int) -> None:
    for number in (least, most, 0, -1):
        assert end(kind, varint(number)) == len(varint(number))
    if kind == "int":
        assert {end(kind, varint(number)) for number in (least - 1, most + 1)} == {("beyond-limits", "x")}
    assert end(kind, b"\xff" * 9 + b"\x02") == ("beyond-limits", "x")
    assert end(kind, b"\xff" * 11) == ("beyond-limits", "x")
    assert end(kind, b"\xff" * 9) == ("undecodable", "x")


@pytest.mark.parametrize(
    "kind", ["double", {"type": "map", "values": "string"}, {"type": "int", "logicalType": "time-millis"}]
)
def test_a_kind_no_event_may_hold_is_a_fault_of_ours(kind: object) -> None:
    with pytest.raises(TypeError, match="no event type may hold"):
        end(kind, b"\0")
