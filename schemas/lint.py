"""The rules of architecture section 4 on the contract as written."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.lint_codelists import codelist_faults
from schemas.lint_general import general_faults
from schemas.lint_types import type_faults
from schemas.load import ContractSource
from schemas.lock import lock_faults
from schemas.shape import NAMESPACE, records, takes_no_bytes

GROUPS = frozenset(
    {"signal", "serious-disadvantage", "consent", "reflection", "criminal", "residence", "return", "shelter", "help"}
    | {"registration", "identity", "correction", "bus"}
)
KEYS = frozenset({"person", "record", "publisher"})
CATALOGUE_ATTRIBUTES = frozenset({"group", "key", "publishers", "shelter"})

#: The names on the design card, which are literal.
CARD = ("signal-raised", "bedenktijd-offered", "aangifte-filed", "B8-granted", "seponeerd", "placement-moved")


def faults(source: ContractSource) -> Iterator[str]:
    """Yield every broken rule as `<place>: <rule>`."""
    yield from unreleased_faults(source)
    yield from lock_faults(source)


def unreleased_faults(source: ContractSource) -> Iterator[str]:
    """Yield every broken rule but those on `ids.lock`: what must hold before a schema is released."""
    yield from _catalogue_faults(source)
    for (name, version), schema in source.types.items():
        yield from type_faults(name, version, schema, source)
    yield from _name_faults(source)
    yield from _shared_faults(source)
    yield from codelist_faults(source.codelists)
    yield from general_faults(source)


def _catalogue_faults(source: ContractSource) -> Iterator[str]:
    known_kinds = {entry["code"] for entry in source.codelists.get("publisher-kind", {}).get("codes", ())}
    for name in CARD:
        if name not in source.catalogue:
            yield f"catalogue: the design card's {name} is missing"
    for name in sorted({name for name, _ in source.types} - source.catalogue.keys()):
        yield f"{name}: has a schema, but the catalogue does not name it"
    for name, entry in source.catalogue.items():
        versions = source.versions(name)
        if not versions:
            yield f"{name}: the catalogue names it, but it has no schema"
        elif versions != tuple(range(1, len(versions) + 1)):
            yield f"{name}: its versions run from 1 without a gap"
        if entry.get("group") not in GROUPS:
            yield f"{name}: {entry.get('group')} is not a group"
        if entry.get("key") not in KEYS:
            yield f"{name}: the key is one of {', '.join(sorted(KEYS))}"
        for attribute in sorted(entry.keys() - CATALOGUE_ATTRIBUTES):
            yield f"{name}: {attribute} is not an attribute of the catalogue"
        if (entry.get("group") == "shelter") != (entry.get("shelter", False) is True):
            yield f"{name}: the types of group shelter, and no other, say shelter: true"
        publishers = entry.get("publishers")
        if not isinstance(publishers, list) or len(set(publishers)) != len(publishers):
            yield f"{name}: names the kinds that publish it, each once"
            continue
        if not publishers and entry.get("group") != "bus":
            yield f"{name}: has a publisher (only the bus writes without one)"
        for publisher in publishers:
            if publisher not in known_kinds:
                yield f"{name}: {publisher} is not a code of list publisher-kind"


def _name_faults(source: ContractSource) -> Iterator[str]:
    """Yield every record name that two types give: the generated classes share one module."""
    owners: dict[str, str] = {record["name"]: "shared" for record in source.shared}
    for name in source.catalogue:
        for version in source.versions(name)[-1:]:
            schema = source.types[name, version]
            for record in (*records(schema), schema):
                owner = owners.setdefault(str(record.get("name")), name)
                if owner != name:
                    yield f"{name}/v{version}: the record name {record.get('name')} is already {owner}'s"


def _shared_faults(source: ContractSource) -> Iterator[str]:
    for record in source.shared:
        place = f"shared/{record.get('name')}"
        if record.get("namespace") != NAMESPACE:
            yield f"{place}: the namespace is {NAMESPACE}"
        if not str(record.get("doc", "")).strip():
            yield f"{place}: has a doc"
        for field in record["fields"]:
            if not str(field.get("doc", "")).strip():
                yield f"{place} {field['name']}: has a doc"
            if takes_no_bytes(field["type"]):
                yield f"{place} {field['name']}: takes at least a byte"
