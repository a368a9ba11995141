"""Apache avro as an independent reader and writer: our bytes are Avro to others, and theirs are events to us."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import fastavro
import pytest
from avro.io import BinaryDecoder, BinaryEncoder, DatumReader, DatumWriter
from avro.schema import Schema

from ketenbus.codec import FRAME, decode, encode
from ketenbus.contract import contract
from ketenbus.events import MODELS
from ketenbus.values import Event
from schemas.compatibility import parsed
from tests.contract.drafts import real
from tests.contract.examples import examples

EXAMPLES = [pytest.param(event, id=name) for name, event in examples()]


def apache_schema(event: Event) -> Schema:
    """Return the schema of an event as Apache's library reads it from `schemas/avro`."""
    return parsed(real().types[event.TYPE, contract().types[event.TYPE].version], real().shared)


def fastavro_schema(event: Event) -> Any:
    """Return the schema of an event as fastavro reads it from `schemas/avro`."""
    names: dict[str, Any] = {}
    for shared in real().shared:
        fastavro.parse_schema(dict(shared), named_schemas=names)
    return fastavro.parse_schema(
        dict(real().types[event.TYPE, contract().types[event.TYPE].version]), named_schemas=names
    )


@pytest.mark.parametrize("event", EXAMPLES)
def test_apache_reads_our_bytes_as_fastavro_does(event: Event) -> None:
    raw = encode(event)
    body = BytesIO(raw[FRAME.size :])

    read = DatumReader(apache_schema(event)).read(BinaryDecoder(body))

    assert body.read() == b""
    assert read == fastavro.schemaless_reader(BytesIO(raw[FRAME.size :]), fastavro_schema(event), None)
    assert MODELS[event.TYPE].model_validate(_tuples(read)) == event


@pytest.mark.parametrize("event", EXAMPLES)
def test_we_read_what_apache_wrote(event: Event) -> None:
    body = BytesIO()
    DatumWriter(apache_schema(event)).write(_lists(event.model_dump()), BinaryEncoder(body))

    assert decode(FRAME.pack(0, event.SCHEMA_ID) + body.getvalue()) == event


def _lists(value: Any) -> Any:
    match value:
        case dict():
            return {name: _lists(inner) for name, inner in value.items()}
        case tuple():
            return [_lists(inner) for inner in value]
        case _:
            return value


def _tuples(value: Any) -> Any:
    match value:
        case dict():
            return {name: _tuples(inner) for name, inner in value.items()}
        case list():
            return tuple(_tuples(inner) for inner in value)
        case _:
            return value
