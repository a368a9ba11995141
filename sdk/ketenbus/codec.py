"""Bytes to events and back: Confluent framing (magic 0, schema id, Avro), total and strict."""

from __future__ import annotations

import struct
from functools import cache
from io import BytesIO
from typing import Any

import fastavro
from pydantic import ValidationError

from ketenbus import bounds, events
from ketenbus.contract import EventType, contract, shared_schemas
from ketenbus.errors import Unreadable
from ketenbus.values import Event

FRAME = struct.Struct(">bI")

#: What fastavro and pydantic raise on bytes that are no event; anything else is a fault of ours.
UNDECODABLE = (
    EOFError,
    IndexError,
    KeyError,
    OverflowError,
    TypeError,
    ValueError,
    UnicodeDecodeError,
    ValidationError,
    struct.error,
    fastavro.read.SchemaResolutionError,
)


@cache
def _parsed(schema_id: int) -> Any:
    names: dict[str, Any] = {}
    for shared in shared_schemas():
        fastavro.parse_schema(dict(shared), named_schemas=names)
    return fastavro.parse_schema(dict(contract().by_id[schema_id].schema), named_schemas=names)


@cache
def model_of(event_type: str) -> type[Event]:
    """Return the generated model of an event type."""
    return events.MODELS[event_type]


def encode(event: Event) -> bytes:
    """Return the framed bytes of an event whose sealed fields are sealed.

    Raises TypeError or ValueError (fastavro's) when a field still holds its plain value.
    """
    out = BytesIO()
    out.write(FRAME.pack(0, event.SCHEMA_ID))
    fastavro.schemaless_writer(
        out, _parsed(event.SCHEMA_ID), event.model_dump(), strict=True, disable_tuple_notation=True
    )
    return out.getvalue()


def type_of(raw: bytes) -> EventType | None:
    """Return the type whose schema id the frame names, or None when there is none."""
    if len(raw) < FRAME.size:
        return None
    magic, schema_id = FRAME.unpack_from(raw)
    return contract().by_id.get(schema_id) if magic == 0 else None


def decode(raw: bytes) -> Event | Unreadable:
    """Return the event in `raw`, or why it is none.

    What an earlier version of the type wrote is an event of the newest: a field that came later is null.

    Reasons: `unknown-schema`, `beyond-limits`, `not-utf8`, `undecodable`, `trailing-bytes`. The time it takes grows with
    the bytes only, whatever they say. Law: every byte is consumed, and `decode(encode(event)) == event`.
    """
    declared = type_of(raw)
    if declared is None:
        return Unreadable("unknown-schema", "frame")
    found = bounds.unreadable(raw, FRAME.size, declared.schema_id)
    if found is not None:
        return found
    body = BytesIO(raw)
    body.seek(FRAME.size)
    try:
        values = fastavro.schemaless_reader(body, _parsed(declared.schema_id), None)
        return model_of(declared.name).model_validate(_with_tuples(values))
    except UNDECODABLE as error:
        return Unreadable("undecodable", type(error).__name__)


def _with_tuples(values: Any) -> dict[str, Any]:
    """Return what fastavro read with its arrays as tuples, as the models have them."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
