"""How a field of the contract is shaped, read the same way by the lint, the compatibility check and the generator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

NAMESPACE = "nl.mensenhandel"
SEALED = f"{NAMESPACE}.Sealed"


def is_nullable(field: Mapping[str, Any]) -> bool:
    """Return whether the type is `["null", <one other>]`, the only union the contract knows."""
    match field.get("type"):
        case ["null", _]:
            return True
        case _:
            return False


def inner(field: Mapping[str, Any]) -> Any:
    """Return the type with its null taken off."""
    return field["type"][1] if is_nullable(field) else field.get("type")


def kind(field: Mapping[str, Any]) -> str | None:
    """Return which of the kinds an SDK can be generated for the field has, or None when it has another."""
    match inner(field):
        case ("string" | "int" | "long" | "boolean") as primitive:
            return str(primitive)
        case name if name == SEALED:
            return "sealed"
        case {"type": "int", "logicalType": "date"}:
            return "date"
        case {"type": "long", "logicalType": "timestamp-micros"}:
            return "timestamp"
        case {"type": "array", "items": {"type": "record", "fields": [*_]}}:
            return "array"
        case _:
            return None


def item_record(field: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the record an array field repeats."""
    record: Mapping[str, Any] = inner(field)["items"]
    return record


def records(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the records inside an event type, each after the ones it holds."""
    for field in schema.get("fields", ()):
        if kind(field) == "array":
            yield from records(item_record(field))
            yield item_record(field)


def fields_within(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the fields of an event type, and those of the records inside it."""
    for record in (schema, *records(schema)):
        yield from record.get("fields", ())


def takes_no_bytes(avro: Any) -> bool:
    """Return whether a value of the type is written as nothing, so that a few bytes could claim a billion of them."""
    match avro:
        case "null" | {"type": "null"} | {"type": "fixed", "size": 0}:
            return True
        case {"type": "record", "fields": [*fields]}:
            return all(takes_no_bytes(field["type"]) for field in fields)
        case _:
            return False
