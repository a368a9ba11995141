"""The rules on a type as a whole: its names, its subject, when it happened, and what its group may never carry."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fastavro.schema import SchemaParseException, UnknownType, parse_schema

from schemas.lint_fields import field_faults
from schemas.load import ContractSource
from schemas.shape import NAMESPACE, inner, is_nullable, item_record, kind, records

#: B8 and D9 are the names the design card and the sources use; other chapter numbers change.
TYPE_NAME = re.compile(r"(B8|D9|[a-z]+)(-[a-z]+)*")
ATTRIBUTES = frozenset({"type", "name", "namespace", "doc", "fields", "major"})
RECORD_ATTRIBUTES = ATTRIBUTES - {"major"}

OCCURRED_AT = {"type": "long", "logicalType": "timestamp-micros"}

#: Names and code lists that give a place smaller than a region, or stand for one.
PLACE_NAME = re.compile(
    r"(^|_)(address|adres|building|city|coordinates?|gemeente|latitude|location|longitude|municipality|oin|phone|place|"
    r"plaats|postcode|street|town|unit|wijk)(_|$)"
)
PLACE_CODELISTS = frozenset({"gemeente", "municipality", "police-unit"})


def type_faults(name: str, version: int, schema: Mapping[str, Any], source: ContractSource) -> Iterator[str]:
    """Yield every rule one version of a type breaks, its fields' rules included."""
    place = f"{name}/v{version}"
    entry = source.catalogue.get(name) or {}
    unparsable = _unparsable(schema, source)
    if unparsable is not None:
        yield f"{place}: is no Avro schema: {unparsable}"
        return
    yield from _record_faults(place, name, schema)
    for field in schema["fields"]:
        yield from field_faults(f"{place} {field['name']}", field, source.codelists)
    yield from _subject_faults(place, schema, entry.get("key"))
    yield from _occurred_faults(place, schema)
    if entry.get("group") == "registration":
        yield from _registration_faults(place, schema)
    if entry.get("shelter") or entry.get("group") == "shelter":
        for field in _every_field(schema):
            yield from _shelter_faults(f"{place} {field['name']}", field)


def _unparsable(schema: Mapping[str, Any], source: ContractSource) -> str | None:
    names: dict[str, Any] = {}
    try:
        for shared in source.shared:
            parse_schema(dict(shared), named_schemas=names)
        parse_schema(dict(schema), named_schemas=names)
        for field in schema["fields"]:
            field["name"], field["type"]
    except (SchemaParseException, UnknownType, KeyError) as error:
        return f"{type(error).__name__} {error}"
    return None


def _record_faults(place: str, name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    if not TYPE_NAME.fullmatch(name):
        yield f"{place}: a type's name is kebab-case without numbers (B8 and D9 begin one)"
    expected = "".join(part[:1].upper() + part[1:] for part in name.split("-"))
    if schema.get("type") != "record" or schema.get("name") != expected:
        yield f"{place}: the record is called {expected}"
    if type(schema.get("major", 1)) is not int or schema.get("major", 1) < 1:
        yield f"{place}: major is a number from 1"
    for attribute in sorted(schema.keys() - ATTRIBUTES):
        yield f"{place}: {attribute} is not an attribute of a type"
    for record in records(schema):
        for attribute in sorted(record.keys() - RECORD_ATTRIBUTES):
            yield f"{place} {record['name']}: {attribute} is not an attribute of a record"
    for record in (schema, *records(schema)):
        if record.get("namespace") != NAMESPACE:
            yield f"{place}: the namespace of {record.get('name')} is {NAMESPACE}"
        names = [field["name"] for field in record["fields"]]
        for double in sorted({double for double in names if names.count(double) > 1}):
            yield f"{place} {double}: a field is there once"
    if not str(schema.get("doc", "")).strip():
        yield f"{place}: has a doc"


def _subject_faults(place: str, schema: Mapping[str, Any], key: str | None) -> Iterator[str]:
    subjects = [field for field in _every_field(schema) if field.get("role") == "subject"]
    if key == "publisher":
        for field in subjects:
            yield f"{place} {field['name']}: keyed by publisher, so without a subject"
        return
    if len(subjects) != 1 or subjects[0] not in schema["fields"]:
        yield f"{place}: keyed by {key}, so it has exactly one field of role subject"
    for field in subjects:
        if (field["type"], field.get("class"), field.get("required")) != ("string", "neutral", True):
            yield f"{place} {field['name']}: a subject is a neutral, required string"


def _occurred_faults(place: str, schema: Mapping[str, Any]) -> Iterator[str]:
    fields = {field["name"]: field for field in schema["fields"]}
    when = fields.get("occurred_at", {})
    if not is_nullable(when) or inner(when) != OCCURRED_AT or when.get("class") != "neutral":
        yield f"{place}: has occurred_at, a neutral timestamp-micros that may be null"
    precision = fields.get("occurred_precision", {})
    if (precision.get("type"), precision.get("class"), precision.get("codelist")) != ("string", "neutral", "precision"):
        yield f"{place}: has occurred_precision, a neutral, required code of list precision"


def _registration_faults(place: str, schema: Mapping[str, Any]) -> Iterator[str]:
    for field in _every_field(schema):
        if field.get("class") in {"identity", "contact", "location", "narrative"}:
            yield f"{place} {field['name']}: the registration publishes nothing of class {field['class']}"


def _shelter_faults(place: str, field: Mapping[str, Any]) -> Iterator[str]:
    name, codelist = field["name"], field.get("codelist")
    if field.get("class") in {"narrative", "location"}:
        yield f"{place}: a shelter type carries nothing of class {field['class']}"
    is_text = kind(field) == "string" or field.get("seals") == "string"
    if is_text and codelist is None and field.get("role") not in {"subject", "link", "id"}:
        yield f"{place}: a shelter type has no strings but ids and codes"
    if PLACE_NAME.search(name) or codelist in PLACE_CODELISTS:
        yield f"{place}: no shelter's place, nor what stands for one"
    if ("region" in name or "regio" in name) and codelist != "shelter-region":
        yield f"{place}: a region is a code of list shelter-region"


def _every_field(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for field in schema["fields"]:
        yield field
        if kind(field) == "array":
            yield from _every_field(item_record(field))
