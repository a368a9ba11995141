"""The generated models say what the schemas say: every field, in order, its type, and whether it may be null."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, get_args, get_type_hints

import pytest
from pydantic import ValidationError

from ketenbus.contract import contract, field_of
from ketenbus.events import MODELS
from ketenbus.rules import broken
from ketenbus.values import Event, Record, Sealed
from tests.contract.drafts import real
from tests.contract.examples import example

#: Avro to Python, written down here a second time on purpose.
PLAIN: dict[str, Any] = {"string": str, "int": int, "long": int, "boolean": bool}
LOGICAL: dict[str, Any] = {"date": date, "timestamp-micros": datetime}
SEALS: dict[str, Any] = {"string": str, "date": date, "codes": tuple[str, ...]}

NAMES = sorted(name for name, _ in real().types)


def newest(name: str) -> dict[str, Any]:
    """Return the schema the model of a type is generated from."""
    return dict(real().types[name, real().versions(name)[-1]])


def assert_agrees(record: dict[str, Any], model: type[Record]) -> None:
    """Assert that a model and an Avro record declare the same."""
    hints = get_type_hints(model)
    assert model.__name__ == record["name"]
    assert list(model.model_fields) == [field["name"] for field in record["fields"]]
    for field in record["fields"]:
        nullable = isinstance(field["type"], list)
        avro = next(branch for branch in field["type"] if branch != "null") if nullable else field["type"]
        declared = model.model_fields[field["name"]]
        hint = hints[field["name"]]
        if isinstance(avro, dict) and avro["type"] == "array":
            array = next(part for part in get_args(hint) if get_args(part)) if nullable else hint
            item, ellipsis = get_args(array)
            assert ellipsis is Ellipsis
            assert_agrees(avro["items"], item)
            expected: Any = tuple.__class_getitem__((item, ...))
        elif isinstance(avro, dict):
            expected = LOGICAL[avro["logicalType"]]
        elif avro == "nl.mensenhandel.Sealed":
            expected = SEALS[field["seals"]] | Sealed
        else:
            expected = PLAIN[avro]
        assert hint == (expected | None if nullable else expected), field["name"]
        assert declared.is_required() is not nullable, field["name"]
        assert nullable is False or declared.default is None


@pytest.mark.parametrize("name", NAMES)
def test_a_model_agrees_with_its_schema(name: str) -> None:
    model = MODELS[name]

    assert_agrees(newest(name), model)
    assert name == model.TYPE
    assert real().ids[name, real().versions(name)[-1]] == model.SCHEMA_ID


@pytest.mark.parametrize("name", NAMES)
def test_the_carried_contract_agrees_with_its_schema(name: str) -> None:
    declared, schema = contract().types[name], newest(name)

    assert dict(declared.schema) == schema
    assert declared.fields == tuple(field_of(field) for field in schema["fields"])
    assert [(f.field_class, f.required) for f in declared.fields] == [
        (f["class"], f.get("required", False)) for f in schema["fields"]
    ]


def test_there_is_a_model_for_every_type_and_no_other() -> None:
    assert sorted(MODELS) == sorted(contract().types) == sorted(set(NAMES))
    assert set(MODELS.values()) == set(Event.__subclasses__())


@pytest.mark.parametrize("name", NAMES)
def test_a_model_is_frozen_and_takes_no_other_field(name: str) -> None:
    event = example(name, filled=True)

    for field in MODELS[name].model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(event, field, None)
    with pytest.raises(ValidationError, match="extra"):
        MODELS[name](**event.model_dump() | {"other": 1})


@pytest.mark.parametrize("filled", [True, False], ids=["filled", "sparse"])
@pytest.mark.parametrize("name", NAMES)
def test_the_examples_keep_the_rules(name: str, filled: bool) -> None:
    # A link has the field of every type, and may not fill it.
    is_filled_link = filled and name in ("identity-linked", "identity-unlinked")
    said = [each.field for each in broken(example(name, filled=filled), date(2020, 3, 1))]
    assert said == ["corrects"] * is_filled_link
