"""Whether every version of a type can read every other (FULL_TRANSITIVE), and what Apache avro's checker lets through.

Versions with the same `major` (1 where a schema names none) must be compatible; a new major is a new `ce_type`.
Apache's checker compares how bytes are written, not what they mean. It passes millis read as micros, another decimal
scale, a date read as an int, a string read as bytes or uuid, a field that vanished, a default of the wrong type. So
beside it stands a rule that needs no judgement: a field that two versions share is the same field.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.errors import AvroException
from avro.name import Names
from avro.schema import Schema, make_avsc_object

from schemas.load import ContractSource
from schemas.shape import inner, is_nullable, item_record, kind

#: What a field means beside its Avro type; another meaning is another field.
MEANING = ("class", "role", "codelist", "seals", "pattern")
MINIMA, MAXIMA = ("minimum", "minimum_items"), ("maximum", "maximum_items")
INTEGERS = {"int": 2**31, "long": 2**63}

#: How JSON writes a default of each type; of any other, a record or a map, as an object.
JSON_DEFAULTS: dict[str, type | tuple[type, ...]] = {
    "null": type(None),
    "boolean": bool,
    "float": (int, float),
    "double": (int, float),
    "string": str,
    "bytes": str,
    "fixed": str,
    "enum": str,
    "array": list,
}


def check_history(source: ContractSource) -> Iterator[str]:
    """Yield every pair of versions that cannot read each other as `<type>: <why>`."""
    for name in dict.fromkeys(name for name, _ in source.types):
        history: dict[int, list[int]] = {}
        for version in source.versions(name):
            schema = source.types[name, version]
            yield from (f"{name}/v{version} {fault}" for fault in _default_faults(schema))
            history.setdefault(schema.get("major", 1), []).append(version)
        if list(history) != sorted(history):
            yield f"{name}: a major never goes back"
        for versions in history.values():
            for older, newer in combinations(versions, 2):
                pair = (source.types[name, older], source.types[name, newer])
                for fault in (*_unread(*pair, source.shared), *_changes(*pair)):
                    yield f"{name} v{older} to v{newer}: {fault}"


def apache_accepts(reader: Mapping[str, Any], writer: Mapping[str, Any], shared: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether Apache avro's own checker lets `reader` read what `writer` wrote."""
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]  # Apache types all but its constructor
    result = checker.get_compatibility(parsed(reader, shared), parsed(writer, shared))
    return result.compatibility is SchemaCompatibilityType.compatible


def parsed(schema: Mapping[str, Any], shared: Sequence[Mapping[str, Any]]) -> Schema:
    """Return the schema as Apache avro knows it."""
    names = Names()
    for record in shared:
        make_avsc_object(record, names)
    return make_avsc_object(schema, names)


def _unread(older: Mapping[str, Any], newer: Mapping[str, Any], shared: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    try:
        if not apache_accepts(newer, older, shared):
            yield "what was written before cannot be read any more"
        if not apache_accepts(older, newer, shared):
            yield "who still has the older version cannot read the newer"
    except AvroException as error:
        yield f"is no Avro schema to Apache's library: {type(error).__name__}"


def _changes(older: Mapping[str, Any], newer: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Yield every field that is not the same field in both, and every field added that old events would lack."""
    fields = {field["name"]: field for field in newer["fields"]}
    aliases = {alias: field for field in newer["fields"] for alias in field.get("aliases", ())}
    kept = set()
    for old in older["fields"]:
        new = fields.get(old["name"], aliases.get(old["name"]))
        if new is None:
            yield f"{path}{old['name']} is gone without an alias: what old events say there would be lost"
        else:
            kept.add(new["name"])
            yield from (f"{path}{new['name']}{change}" for change in _field_changes(old, new))
    for name, field in fields.items():
        if name not in kept and field.get("required"):
            yield f"{path}{name} is added as required: no old event has it"


def _field_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for attribute in MEANING:
        if old.get(attribute) != new.get(attribute):
            yield f": {attribute} changed from {old.get(attribute)} to {new.get(attribute)}"
    if new.get("required", False) and not old.get("required", False):
        yield ": is required, which old events need not keep"
    for attribute in MINIMA:
        if new.get(attribute) is not None and (old.get(attribute) is None or new[attribute] > old[attribute]):
            yield f": {attribute} rose, which old events need not keep"
    for attribute in MAXIMA:
        if new.get(attribute) is not None and (old.get(attribute) is None or new[attribute] < old[attribute]):
            yield f": {attribute} fell, which old events need not keep"
    if is_nullable(old) == is_nullable(new) and kind(old) == kind(new) == "array":
        yield from (f"[].{change}" for change in _changes(item_record(old), item_record(new)))
    elif _bare(old["type"]) != _bare(new["type"]):
        yield f": {_part(inner(old), inner(new))} changed"


def _bare(avro: Any) -> Any:
    """Return a type without its docs: what is left must stay as it is."""
    match avro:
        case dict():
            return {name: _bare(value) for name, value in avro.items() if name != "doc"}
        case list():
            return [_bare(value) for value in avro]
        case _:
            return avro


def _part(old: Any, new: Any) -> str:
    """Return what of a type changed, as narrowly as it can be named."""
    before, after = (side if isinstance(side, dict) else {"type": side} for side in (old, new))
    for attribute in ("logicalType", "precision", "scale"):
        if before.get(attribute) != after.get(attribute):
            return f"{attribute} {before.get(attribute)} to {after.get(attribute)}:"
    return f"type {json.dumps(before.get('type'))} to {json.dumps(after.get('type'))}:"


def _default_faults(record: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for field in record["fields"]:
        if "default" in field and not _fits(field["default"], field["type"]):
            yield f"{path}{field['name']}: the default is no value of its type"
        if kind(field) == "array":
            yield from _default_faults(item_record(field), f"{path}{field['name']}[].")


def _fits(value: Any, avro: Any) -> bool:
    """Return whether a default may stand for the type; for a union the first branch decides, as Avro has it."""
    match avro:
        case [first, *_]:
            return _fits(value, first)
        case {"type": kind_of_type}:
            return _fits(value, kind_of_type)
        case "int" | "long":
            return type(value) is int and -INTEGERS[avro] <= value < INTEGERS[avro]
        case _:
            return isinstance(value, JSON_DEFAULTS.get(avro, dict))
