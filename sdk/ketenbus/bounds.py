"""Whether the Avro bytes of an event stay within what its schema can hold, found before anything is built from them.

A few bytes can ask a decoder for a gigabyte or for minutes: a block of 2**40 items, a length of 2**62. Here every
length is held against the bytes there are, every count against the items the contract allows, and every number
against its type, in one pass that never takes longer than the bytes are many.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from ketenbus.contract import contract, shared_schemas
from ketenbus.errors import Unreadable

INT = (-(2**31), 2**31 - 1)
LONG = (-(2**63), 2**63 - 1)
#: What Python's `date` and `datetime` can hold: the years 1 to 9999.
DATE = (-719_162, 2_932_896)
TIMESTAMP = (-62_135_596_800_000_000, 253_402_300_799_999_999)
VARINT_BYTES = 10
#: Where the contract names no maximum of its own.
MOST_ITEMS = 10_000

#: Reads one value at a place and returns the place after it.
Skim = Callable[[bytes, int], int]


class _FoundError(Exception):
    """Ends the pass at the first thing found."""

    def __init__(self, reason: str, place: str) -> None:
        self.unreadable = Unreadable(reason, place)


def unreadable(raw: bytes, start: int, schema_id: int) -> Unreadable | None:
    """Return why the bytes from `start` are no event of that schema, or None when they are one.

    The reason is `undecodable`, `beyond-limits`, `not-utf8` or `trailing-bytes`; the place is a field or a byte.
    """
    try:
        end = _event(schema_id)(raw, start)
    except _FoundError as found:
        return found.unreadable
    return None if end == len(raw) else Unreadable("trailing-bytes", f"byte {end}")


@cache
def _event(schema_id: int) -> Skim:
    shared = {f"{each['namespace']}.{each['name']}": each for each in shared_schemas()}
    return _of(contract().by_id[schema_id].schema, "", shared, MOST_ITEMS)


def _of(schema: Any, place: str, shared: Mapping[str, Mapping[str, Any]], most: int) -> Skim:
    """Return what reads a value of this Avro schema; raises TypeError on a kind that no event type may have."""
    match schema:
        case "string":
            return _text(place)
        case "bytes":
            return lambda raw, at: _content(raw, at, place)[1]
        case {"type": "fixed", "size": size}:
            return _fixed(place, size)
        case "boolean":
            return _fixed(place, 1)
        case "int" | {"type": "int", "logicalType": _} | "long" | {"type": "long", "logicalType": _}:
            return _number(place, *_range(schema))
        case ["null", inner]:
            return _nullable(place, _of(inner, place, shared, most))
        case {"type": "record", "fields": fields}:
            return _record([_field(f, place, shared) for f in fields])
        case {"type": "array", "items": items}:
            return _array(place, _of(items, f"{place}[]", shared, most), most)
        case str() if schema in shared:
            return _of(shared[schema], place, shared, most)
    raise TypeError(f"{place}: no event type may hold {schema}")


def _field(field: Mapping[str, Any], place: str, shared: Mapping[str, Mapping[str, Any]]) -> Skim:
    name = f"{place}.{field['name']}" if place else field["name"]
    return _of(field["type"], name, shared, field.get("maximum_items", MOST_ITEMS))


def _range(schema: Any) -> tuple[int, int]:
    match schema:
        case {"logicalType": "date"}:
            return DATE
        case {"logicalType": "timestamp-micros"}:
            return TIMESTAMP
        case "int":
            return INT
        case "long":
            return LONG
    raise TypeError(f"no event type may hold {schema}")


def _varint(raw: bytes, at: int, place: str) -> tuple[int, int]:
    """Return the zigzag number at a place, and the place after it."""
    if at < len(raw) and (byte := raw[at]) < 0x80:  # most lengths and choices are one byte
        return (byte >> 1) ^ -(byte & 1), at + 1
    number = shift = 0
    for byte in raw[at : at + VARINT_BYTES]:
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            if number >> 64:
                raise _FoundError("beyond-limits", place)
            return (number >> 1) ^ -(number & 1), at
        shift += 7
    raise _FoundError("undecodable" if at == len(raw) else "beyond-limits", place)


def _content(raw: bytes, at: int, place: str) -> tuple[int, int]:
    """Return where a text or bytes begin and end."""
    length, start = _varint(raw, at, place)
    if not 0 <= length <= len(raw) - start:
        raise _FoundError("undecodable", place)
    return start, start + length


def _text(place: str) -> Skim:
    def skim(raw: bytes, at: int) -> int:
        start, end = _content(raw, at, place)
        try:
            str(raw[start:end], "utf-8")
        except UnicodeDecodeError:
            raise _FoundError("not-utf8", place) from None
        return end

    return skim


def _fixed(place: str, size: int) -> Skim:
    def skim(raw: bytes, at: int) -> int:
        if len(raw) - at < size:
            raise _FoundError("undecodable", place)
        return at + size

    return skim


def _number(place: str, least: int, most: int) -> Skim:
    def skim(raw: bytes, at: int) -> int:
        number, at = _varint(raw, at, place)
        if not least <= number <= most:
            raise _FoundError("beyond-limits", place)
        return at

    return skim


def _nullable(place: str, inner: Skim) -> Skim:
    def skim(raw: bytes, at: int) -> int:
        branch, at = _varint(raw, at, place)
        if branch not in (0, 1):
            raise _FoundError("undecodable", place)
        return inner(raw, at) if branch else at

    return skim


def _record(fields: Sequence[Skim]) -> Skim:
    def skim(raw: bytes, at: int) -> int:
        for field in fields:
            at = field(raw, at)
        return at

    return skim


def _array(place: str, item: Skim, most: int) -> Skim:
    def skim(raw: bytes, at: int) -> int:
        there = 0
        while True:
            count, at = _varint(raw, at, place)
            if count == 0:
                return at
            if count < 0:  # Avro's other form: so many items, and how many bytes they take, which no reader needs
                _, at = _varint(raw, at, place)
            there += abs(count)
            if there > most:
                raise _FoundError("beyond-limits", place)
            for _ in range(abs(count)):
                at = item(raw, at)

    return skim
