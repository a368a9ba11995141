"""The contract as the SDK carries it: every type, its fields and their classes, and the code lists.

Read from `contract.json`, which `python -m schemas.build` writes from `schemas/avro`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a type: what it holds, its class, and the rules it must keep."""

    name: str
    kind: str
    field_class: str
    required: bool
    nullable: bool
    role: str | None = None
    codelist: str | None = None
    seals: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    pattern: str | None = None
    items: tuple[Field, ...] = ()
    minimum_items: int | None = None
    maximum_items: int | None = None


@dataclass(frozen=True, slots=True)
class EventType:
    """One version of an event type."""

    name: str
    version: int
    schema_id: int
    group: str
    key: str
    publishers: frozenset[str]
    shelter: bool
    schema: Mapping[str, Any]
    fields: tuple[Field, ...]

    @property
    def ce_type(self) -> str:
        """The CloudEvents type: `nl.mensenhandel.<type>.v<N>`, with N the major version: all of one major read each other."""
        return f"nl.mensenhandel.{self.name}.v{self.schema.get('major', 1)}"

    @property
    def has_subject(self) -> bool:
        """Whether events of this type are about one person or record."""
        return self.key != "publisher"


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a list, with the dates it is valid between (both included, None is open)."""

    code: str
    nl: str
    en: str
    valid_from: date | None
    valid_to: date | None
    more: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CodeList:
    """A versioned list of codes."""

    name: str
    version: int
    codes: Mapping[str, Code]

    def allows(self, code: str, on: date) -> bool:
        """Return whether `code` is in the list and valid on that day."""
        entry = self.codes.get(code)
        if entry is None:
            return False
        return (entry.valid_from is None or entry.valid_from <= on) and (entry.valid_to is None or on <= entry.valid_to)


@dataclass(frozen=True, slots=True)
class Form:
    """One form of general values: what stands for an exact value where a mask lets only what is general through.

    A number becomes the lowest of its band; a code that is not among `keep` becomes `other`; a time the first of its month.
    """

    name: str
    nl: str
    en: str
    kinds: frozenset[str]
    codelists: frozenset[str]
    fields: frozenset[str]
    bands: tuple[tuple[int, int], ...]
    keep: frozenset[str]
    other: str | None

    def is_for(self, field: Field) -> bool:
        """Return whether it has a general value for what the field holds."""
        return field.kind in self.kinds or field.codelist in self.codelists or field.name in self.fields


@dataclass(frozen=True, slots=True)
class Contract:
    """The newest version of every type by name, every version by schema id, all code lists by name, and the general values."""

    types: Mapping[str, EventType]
    by_id: Mapping[int, EventType]
    by_ce_type: Mapping[str, EventType]
    codelists: Mapping[str, CodeList]
    forms: tuple[Form, ...]

    def form_of(self, field: Field) -> Form | None:
        """Return the form of the field's general values; of an array that of what its items hold; None where it has none."""
        for one in (field, *field.items):
            if one.kind != "sealed" and (form := next((form for form in self.forms if form.is_for(one)), None)):
                return form
        return None


def field_of(avro: Mapping[str, Any]) -> Field:
    """Return the `Field` an Avro field declares."""
    declared = avro["type"]
    nullable = isinstance(declared, list)
    inner = declared[1] if nullable else declared
    items: tuple[Field, ...] = ()
    if isinstance(inner, dict) and inner["type"] == "array":
        kind = "array"
        items = tuple(field_of(item) for item in inner["items"]["fields"])
    elif isinstance(inner, dict):
        kind = {"date": "date", "timestamp-micros": "timestamp"}[inner["logicalType"]]
    else:
        kind = "sealed" if inner.endswith(".Sealed") else inner
    return Field(
        name=avro["name"],
        kind=kind,
        field_class=avro["class"],
        required=avro.get("required", False),
        nullable=nullable,
        items=items,
        **{
            k: avro.get(k)
            for k in ("role", "codelist", "seals", "minimum", "maximum", "pattern", "minimum_items", "maximum_items")
        },
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def read(bundle: Mapping[str, Any]) -> Contract:
    """Return the contract that a bundle (the parsed `contract.json`) describes."""
    types = {name: _version(name, entry, entry) for name, entry in bundle["types"].items()}
    earlier = [_version(name, entry, one) for name, entry in bundle["types"].items() for one in entry["earlier"]]
    lists = {
        name: CodeList(
            name=name,
            version=entry["version"],
            codes={
                c["code"]: Code(
                    code=c["code"],
                    nl=c["nl"],
                    en=c["en"],
                    valid_from=_day(c.get("valid_from")),
                    valid_to=_day(c.get("valid_to")),
                    more={k: v for k, v in c.items() if k not in {"code", "nl", "en", "valid_from", "valid_to"}},
                )
                for c in entry["codes"]
            },
        )
        for name, entry in bundle["codelists"].items()
    }
    return Contract(
        types=types,
        by_id={t.schema_id: t for t in (*earlier, *types.values())},
        by_ce_type={t.ce_type: t for t in types.values()},
        codelists=lists,
        forms=tuple(_form(form) for form in bundle["general"]),
    )


def _form(said: Mapping[str, Any]) -> Form:
    return Form(
        name=said["form"],
        nl=said["nl"],
        en=said["en"],
        kinds=frozenset(said.get("kinds", ())),
        codelists=frozenset(said.get("codelists", ())),
        fields=frozenset(said.get("fields", ())),
        bands=tuple((lowest, highest) for lowest, highest in said.get("bands", ())),
        keep=frozenset(said.get("keep", ())),
        other=said.get("other"),
    )


def _version(name: str, entry: Mapping[str, Any], version: Mapping[str, Any]) -> EventType:
    return EventType(
        name=name,
        version=version["version"],
        schema_id=version["id"],
        group=entry["group"],
        key=entry["key"],
        publishers=frozenset(entry["publishers"]),
        shelter=entry["shelter"],
        schema=version["schema"],
        fields=tuple(field_of(f) for f in version["schema"]["fields"]),
    )


@cache
def shared_schemas() -> tuple[Mapping[str, Any], ...]:
    """Return the named Avro types that several event types use."""
    return tuple(_bundle()["shared"])


@cache
def _bundle() -> Mapping[str, Any]:
    bundle: Mapping[str, Any] = json.loads(files("ketenbus").joinpath("contract.json").read_text("utf-8"))
    return bundle


@cache
def contract() -> Contract:
    """Return the contract this SDK was built with."""
    return read(_bundle())
