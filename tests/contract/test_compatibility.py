"""FULL_TRANSITIVE: what Apache avro's checker refuses, and what it lets through and ours does not."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from schemas.compatibility import apache_accepts, check_history
from schemas.load import ContractSource
from tests.contract.drafts import REMOVED, change, real

NULLABLE_TEXT = {"type": ["null", "string"], "default": None}

#: The first version of a type, with one field of everything that could change.
FIRST: dict[str, Any] = {
    "type": "record",
    "name": "Tried",
    "namespace": "nl.mensenhandel",
    "doc": "A type to try changes on.",
    "fields": [
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}, "class": "neutral"},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}, "class": "neutral"},
        {"name": "amount", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}, "class": "neutral"},  # noqa: E501
        {"name": "id", "type": "string", "class": "neutral", "role": "id", "pattern": "^[a-f]{8}$"},
        {"name": "sex", **NULLABLE_TEXT, "class": "quasi", "codelist": "sex"},
        {"name": "forms", "type": ["null", "nl.mensenhandel.Sealed"], "default": None, "class": "special", "seals": "codes"},  # noqa: E501
        {"name": "count", "type": "int", "class": "neutral", "minimum": 0, "maximum": 9},
        {
            "name": "cells",
            "type": {
                "type": "array",
                "items": {
                    "type": "record",
                    "name": "Cell",
                    "namespace": "nl.mensenhandel",
                    "fields": [{"name": "row", "type": "string", "class": "neutral", "codelist": "sex"}],
                },
            },
            "class": "neutral",
            "minimum_items": 1,
            "maximum_items": 5,
        },
    ],
}  # fmt: skip

#: name, field (of v2), what changes, what our fault says. Apache's checker passes every one of them, both ways.
PASSED_BY_APACHE: list[tuple[str, str, dict[str, Any], str]] = [
    (
        "millis-to-micros",
        "at",
        {"type": {"type": "long", "logicalType": "timestamp-micros"}},
        "logicalType timestamp-mi",
    ),
    ("date-to-int", "day", {"type": "int"}, "logicalType date to None: changed"),
    ("date-to-time", "day", {"type": {"type": "int", "logicalType": "time-millis"}}, "logicalType date to time-millis"),
    (
        "scale",
        "amount",
        {"type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 3}},
        "scale 2 to 3",
    ),
    (
        "precision",
        "amount",
        {"type": {"type": "bytes", "logicalType": "decimal", "precision": 8, "scale": 2}},
        "precision",
    ),
    ("decimal-to-bytes", "amount", {"type": "bytes"}, "logicalType decimal to None"),
    ("string-to-uuid", "id", {"type": {"type": "string", "logicalType": "uuid"}}, "logicalType None to uuid"),
    ("string-to-bytes", "id", {"type": "bytes"}, 'type "string" to "bytes": changed'),
    ("class", "sex", {"class": "neutral"}, "class changed from quasi to neutral"),
    ("codelist", "sex", {"codelist": "nationality"}, "codelist changed from sex to nationality"),
    ("codelist-gone", "sex", {"codelist": REMOVED}, "codelist changed from sex to None"),
    ("seals", "forms", {"seals": "string"}, "seals changed from codes to string"),
    ("role", "id", {"role": "link"}, "role changed from id to link"),
    ("pattern", "id", {"pattern": "^[a-f]{9}$"}, "pattern changed"),
    ("required", "sex", {"required": True}, "sex: is required, which old events need not keep"),
    ("minimum-rose", "count", {"minimum": 1}, "minimum rose"),
    ("maximum-fell", "count", {"maximum": 8}, "maximum fell"),
    ("bound-came", "at", {"minimum": 1}, "minimum rose"),
    ("items-fell", "cells", {"maximum_items": 4}, "maximum_items fell"),
    ("inside-an-array", "cells.row", {"codelist": "nationality"}, "cells[].row: codelist changed"),
    ("type-inside-an-array", "cells.row", {"type": "bytes"}, 'cells[].row: type "string" to "bytes": changed'),
    ("renamed-without-alias", "sex", {"name": "gender"}, "sex is gone without an alias"),
    ("default-of-the-second-branch", "sex", {"default": "MAN"}, "sex: the default is no value of its type"),
    ("default-of-another-type", "count", {"default": "none"}, "count: the default is no value of its type"),
    ("default-out-of-range", "count", {"default": 2**31}, "count: the default is no value of its type"),
    ("default-of-a-day", "day", {"default": "2020-01-01"}, "day: the default is no value of its type"),
    ("default-in-an-array", "cells.row", {"default": 3}, "cells[].row: the default is no value of its type"),
]

REFUSED_BY_APACHE: list[tuple[str, str, dict[str, Any]]] = [
    ("int-to-long", "count", {"type": "long"}),
    ("int-to-string", "count", {"type": "string"}),
    ("null-allowed", "id", NULLABLE_TEXT),
    ("null-forbidden", "sex", {"type": "string", "default": REMOVED}),
    ("renamed-never-null", "id", {"name": "number", "aliases": ["id"]}),
]


def field_of(schema: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return a field by its path."""
    *arrays, last = path.split(".")
    for array in arrays:
        schema = field_of(schema, array)["type"]["items"]
    found: dict[str, Any] = next(field for field in schema["fields"] if field["name"] == last)
    return found


def changed(path: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a second version that differs in one field."""
    second = copy.deepcopy(FIRST)
    change(field_of(second, path), changes)
    return second


def grown(field: Mapping[str, Any]) -> dict[str, Any]:
    """Return a second version with one field more."""
    second = copy.deepcopy(FIRST)
    second["fields"].append(dict(field))
    return second


def history(*versions: Mapping[str, Any]) -> list[str]:
    """Return the faults of a type with these versions."""
    types = {("tried", number): schema for number, schema in enumerate(versions, 1)}
    return list(check_history(ContractSource(types, {}, {}, real().shared, (), ())))


def accepted_both_ways(
    first: Mapping[str, Any], second: Mapping[str, Any], shared: Sequence[Mapping[str, Any]]
) -> bool:
    return apache_accepts(first, second, shared) and apache_accepts(second, first, shared)


def test_the_real_contract_reads_all_its_history() -> None:
    assert list(check_history(real())) == []


@pytest.mark.parametrize(
    ("path", "changes", "rule"), [pytest.param(*case[1:], id=case[0]) for case in PASSED_BY_APACHE]
)
def test_what_apache_passes_is_refused(path: str, changes: dict[str, Any], rule: str) -> None:
    second = changed(path, changes)

    assert accepted_both_ways(FIRST, second, real().shared), "Apache refuses it, so it belongs in the other table"
    assert any(rule in fault for fault in history(FIRST, second)), history(FIRST, second)


@pytest.mark.parametrize(("path", "changes"), [pytest.param(*case[1:], id=case[0]) for case in REFUSED_BY_APACHE])
def test_what_apache_refuses_is_refused(path: str, changes: dict[str, Any]) -> None:
    second = changed(path, changes)

    assert not accepted_both_ways(FIRST, second, real().shared)
    assert any("read" in fault for fault in history(FIRST, second))


def test_a_nullable_field_may_be_added() -> None:
    assert history(FIRST, grown({"name": "more", **NULLABLE_TEXT, "class": "quasi"})) == []


def test_a_field_may_be_renamed_with_an_alias() -> None:
    assert history(FIRST, changed("sex", {"name": "gender", "aliases": ["sex"]})) == []


def test_bounds_may_widen_and_docs_may_change() -> None:
    assert history(FIRST, changed("count", {"maximum": 10, "minimum": -1, "doc": "Said better."})) == []


def test_a_required_field_is_not_added_though_apache_passes_it() -> None:
    second = grown({"name": "more", **NULLABLE_TEXT, "class": "quasi", "required": True})

    assert accepted_both_ways(FIRST, second, real().shared)
    assert history(FIRST, second) == ["tried v1 to v2: more is added as required: no old event has it"]


def test_a_field_without_default_is_not_added() -> None:
    faults = history(FIRST, grown({"name": "more", "type": "string", "class": "neutral"}))

    assert faults == ["tried v1 to v2: what was written before cannot be read any more"]


def test_a_change_two_versions_apart_is_seen() -> None:
    second = copy.deepcopy(FIRST)
    second["fields"] = [field for field in second["fields"] if field["name"] != "sex"]
    third = grown({"name": "other", **NULLABLE_TEXT, "class": "quasi"})
    third["fields"] = [
        dict(field, **{"class": "neutral"}) if field["name"] == "sex" else field for field in third["fields"]
    ]

    assert "tried v1 to v3: sex: class changed from quasi to neutral" in history(FIRST, second, third)


def test_what_apache_cannot_parse_is_no_schema() -> None:
    faults = history(FIRST, grown({"name": "more", "type": "nl.mensenhandel.Nothing", "class": "neutral"}))

    assert any("is no Avro schema to Apache's library" in fault for fault in faults)


def test_a_new_major_may_change_anything() -> None:
    second = {**changed("day", {"type": "string", "class": "narrative"}), "major": 2}

    assert history(FIRST, second) == []


def test_a_major_never_goes_back() -> None:
    assert history({**FIRST, "major": 2}, {**FIRST, "major": 1}) == ["tried: a major never goes back"]
