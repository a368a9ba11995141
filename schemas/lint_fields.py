"""The rules on one field: its class, what is sealed, what may be null, and that nothing clear is free text."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from schemas.shape import is_nullable, item_record, kind, takes_no_bytes

CLEAR_CLASSES = frozenset({"neutral", "quasi"})
SEALED_CLASSES = frozenset({"identity", "contact", "special", "criminal", "location", "narrative"})
ATTRIBUTES = frozenset(
    {"name", "type", "doc", "default", "aliases", "class", "required", "role", "codelist", "seals", "pattern"}
    | {"minimum", "maximum", "minimum_items", "maximum_items"}
)

#: What each role asks of its field: the code list it takes, or that it is text of a form its reader checks.
ROLE_CODELISTS = {
    "publisher-kind": "reporter-kind",
    "publisher-recipient": "recipient",
    "publisher-unit": "police-unit",
}
TEXT_ROLES = frozenset({"subject", "other-subject", "link", "id", "token"})
SEALS = frozenset({"string", "date", "codes"})

#: The names the design gives to what points at another event.
LINKS = frozenset({"caused_by", "corrects", "withdraws", "reviews"})
#: Those without which the event would be about nothing.
REQUIRED_LINKS = frozenset({"withdraws", "reviews"})

#: Code lists whose codes say something of a class, whatever the field is called.
CODELIST_CLASSES = {
    "sex": "quasi",
    "nationality": "quasi",
    "shelter-region": "quasi",
    "exploitation-form": "special",
    "su-sector": "special",
    "labour-sector": "special",
    "cu-sector": "special",
    "dublin-indication": "special",
}

#: What each kind may say beside the attributes every field has.
KIND_ATTRIBUTES = {
    "string": {"codelist", "pattern", "role"},
    "sealed": {"codelist", "seals"},
    "int": {"minimum", "maximum"},
    "long": {"minimum", "maximum"},
    "array": {"minimum_items", "maximum_items"},
}
SPECIFIC = frozenset({"codelist", "pattern", "role", "seals", "minimum", "maximum", "minimum_items", "maximum_items"})
RANGES = {"int": 2**31, "long": 2**63}

#: A pattern that any of these fits lets free text through.
LONGEST_TEXT = 128
FREE_TEXT = ("Zij slaapt bij een nicht", "een\nregel", *(letter * (LONGEST_TEXT + 1) for letter in "aA0.-_"))


def field_faults(place: str, field: Mapping[str, Any], codelists: Mapping[str, Any]) -> Iterator[str]:
    """Yield every rule the field breaks, and for an array every rule its items' fields break."""
    yield from _name_faults(place, field)
    yield from _class_faults(place, field)
    yield from _null_faults(place, field)
    found = kind(field)
    if found is None:
        yield f"{place}: the type is not one the SDK is generated for"
        return
    for name in sorted(SPECIFIC & field.keys() - KIND_ATTRIBUTES.get(found, set())):
        yield f"{place}: {name} does not go with {found}"
    codelist = field.get("codelist")
    if codelist is not None and codelist not in codelists:
        yield f"{place}: there is no code list {codelist}"
    match found:
        case "string":
            yield from _text_faults(place, field)
        case "sealed":
            yield from _sealed_faults(place, field)
        case "int" | "long":
            yield from _bound_faults(place, field, found)
        case "array":
            yield from _array_faults(place, field, codelists)


def _name_faults(place: str, field: Mapping[str, Any]) -> Iterator[str]:
    name = field["name"]
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        yield f"{place}: a field's name is snake_case"
    elif keyword.iskeyword(name) or hasattr(BaseModel, name) or name.startswith("model_"):
        yield f"{place}: the name is taken in Python's model"
    if not str(field.get("doc", "")).strip():
        yield f"{place}: has a doc"
    for attribute in sorted(field.keys() - ATTRIBUTES):
        yield f"{place}: {attribute} is not an attribute of a field"


def _class_faults(place: str, field: Mapping[str, Any]) -> Iterator[str]:
    declared = field.get("class")
    if declared not in CLEAR_CLASSES | SEALED_CLASSES:
        yield f"{place}: the class is one of {', '.join(sorted(CLEAR_CLASSES | SEALED_CLASSES))}"
    elif declared in SEALED_CLASSES and kind(field) != "sealed":
        yield f"{place}: of class {declared}, so sealed"
    elif declared in CLEAR_CLASSES and kind(field) == "sealed":
        yield f"{place}: of class {declared}, so not sealed"
    implied = CODELIST_CLASSES.get(field.get("codelist", ""))
    if implied is not None and declared != implied:
        yield f"{place}: codes of list {field['codelist']} are of class {implied}"
    if re.match(r"(age|leeftijd)_at_", field["name"]) and declared == "neutral":
        yield f"{place}: an age at a named moment is of class quasi"


def _null_faults(place: str, field: Mapping[str, Any]) -> Iterator[str]:
    nullable, required = is_nullable(field), field.get("required", False)
    if not isinstance(required, bool):
        yield f"{place}: required is true or false"
    if nullable and field.get("default", "none") is not None:
        yield f"{place}: nullable, so its default is null"
    if not nullable and "default" in field:
        yield f"{place}: only null is a default: another would be read as if it were said"
    if field.get("class") != "neutral" and not nullable:
        yield f"{place}: a view may leave it out, so it is nullable"
    elif field.get("class") == "neutral" and nullable and required:
        yield f"{place}: neutral and required, so it is not nullable"
    elif field.get("class") == "neutral" and not nullable and not required:
        yield f"{place}: never null, so it says that it is required"


def _text_faults(place: str, field: Mapping[str, Any]) -> Iterator[str]:
    role, codelist, pattern = field.get("role"), field.get("codelist"), field.get("pattern")
    if role is not None and role not in TEXT_ROLES | ROLE_CODELISTS.keys():
        yield f"{place}: {role} is not a role"
    if role in ROLE_CODELISTS and codelist != ROLE_CODELISTS[role]:
        yield f"{place}: role {role} takes code list {ROLE_CODELISTS[role]}"
    if role == "id" and pattern is None:
        yield f"{place}: an id has a pattern"
    if codelist is None and pattern is None and role not in TEXT_ROLES:
        yield f"{place}: free text is never clear: it has a code list, a role or a pattern"
    if (field["name"] in LINKS) != (role == "link"):
        yield f"{place}: {', '.join(sorted(LINKS))} and nothing else have role link"
    if role == "link":
        if field["name"] in REQUIRED_LINKS and (is_nullable(field) or not field.get("required")):
            yield f"{place}: a withdrawal or review names what it is about, so it is required"
        if field["name"] not in REQUIRED_LINKS and not is_nullable(field):
            yield f"{place}: a link is nullable"
        if field.get("class") != "neutral":
            yield f"{place}: a link is neutral"
    if pattern is not None:
        yield from _pattern_faults(place, pattern)


def _pattern_faults(place: str, pattern: Any) -> Iterator[str]:
    try:
        lets_through = [text for text in FREE_TEXT if re.fullmatch(pattern, text)]
    except (re.error, TypeError):
        yield f"{place}: the pattern is no regular expression"
        return
    if lets_through:
        yield f"{place}: the pattern lets spaces or more than {LONGEST_TEXT} characters through, so free text"


def _sealed_faults(place: str, field: Mapping[str, Any]) -> Iterator[str]:
    seals, codelist = field.get("seals"), field.get("codelist")
    if seals not in SEALS:
        yield f"{place}: sealed, so it says what it seals: {', '.join(sorted(SEALS))}"
    if seals == "codes" and codelist is None:
        yield f"{place}: seals codes, so it names their code list"
    if seals != "codes" and codelist is not None:
        yield f"{place}: has a code list, so it seals codes"


def _bound_faults(place: str, field: Mapping[str, Any], found: str) -> Iterator[str]:
    least, most = field.get("minimum"), field.get("maximum")
    if type(least) is not int or type(most) is not int:
        yield f"{place}: a number has a minimum and a maximum"
    elif not -RANGES[found] <= least <= most < RANGES[found]:
        yield f"{place}: minimum and maximum are in order and fit in {found}"


def _array_faults(place: str, field: Mapping[str, Any], codelists: Mapping[str, Any]) -> Iterator[str]:
    least, most = field.get("minimum_items"), field.get("maximum_items")
    if type(least) is not int or type(most) is not int or not 0 <= least <= most or most < 1:
        yield f"{place}: an array has minimum_items from 0 and maximum_items, in order"
    record = item_record(field)
    if takes_no_bytes(record):
        yield f"{place}: items that take no bytes make a bomb of a few bytes"
    if not str(record.get("doc", "")).strip():
        yield f"{place}: the record of its items has a doc"
    for item in record["fields"]:
        inside = f"{place}[].{item['name']}"
        yield from field_faults(inside, item, codelists)
        if item.get("class") != field.get("class") or kind(item) == "array":
            yield f"{inside}: a view leaves an array out whole: its items are of its class, and no arrays"
