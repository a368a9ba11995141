"""Two made-up events of every type, the same at every run: one with every field filled, one with only what must be.

They keep every rule of the contract and stand as on the bus: what is sealed holds made-up ciphertext.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, get_args, get_type_hints

from ketenbus.contract import Field, contract
from ketenbus.events import MODELS
from ketenbus.values import Event, Record, Sealed

#: A leap day's last microsecond, so that a reader that rounds or shifts is seen.
INSTANT = datetime(2020, 2, 29, 23, 59, 59, 999999, tzinfo=UTC)
DAY = date(1969, 12, 31)
#: A period that begins on DAY ends after what was said at INSTANT.
ENDS_ON = date(2020, 3, 2)
SEALED = Sealed(
    key_id="00000000000000000001.special.0a1b2c3d4e5f60718293a4b5",
    nonce=bytes(range(244, 256)),
    ciphertext=bytes(range(64)) + bytes(range(192, 256)),
)
TEXT = "client-é-1"  # two bytes for one letter
EVENT_ID = "0190b0a2-1111-7000-8000-000000000001"
TOKEN = f"1.{'Zm9v' * 30}"

#: What is tried on a pattern, in this order.
TEXTS = (
    "0123456789abcdef",
    "ROW_1",
    "00000000000000000001",
    "urn:nld:oin:00000000000000000001:systeem:example",
)


def examples() -> Iterator[tuple[str, Event]]:
    """Yield both events of every type, each with a name for it."""
    for name in contract().types:
        yield f"{name}-filled", example(name, filled=True)
        yield f"{name}-sparse", example(name, filled=False)


@cache
def example(name: str, *, filled: bool) -> Event:
    """Return the event of a type with every field filled, or with only what it must hold."""
    declared, model = contract().types[name], MODELS[name]
    values = _values(declared.fields, model, filled=filled)
    values["occurred_precision"] = "INSTANT" if filled else "UNKNOWN"
    return model(**values)


def _values(fields: tuple[Field, ...], model: type[Record], *, filled: bool) -> dict[str, Any]:
    hints = get_type_hints(model)
    return {
        field.name: _array(field, hints[field.name], filled=filled) if field.kind == "array" else _value(field)
        for field in fields
        if filled or field.required
    }


def _array(field: Field, hint: Any, *, filled: bool) -> tuple[Record, ...]:
    item = next(inner for inner in get_args(hint) if isinstance(inner, type) and issubclass(inner, Record))
    each = [item(**_values(field.items, item, filled=every)) for every in (True, False)]
    return tuple(each if filled else each[-1:])


def _value(field: Field) -> Any:
    match field.kind:
        case "string" if field.codelist is not None:
            return next(iter(contract().codelists[field.codelist].codes))
        case "string" if field.pattern is not None:
            return next(text for text in TEXTS if re.fullmatch(str(field.pattern), text))
        case "string":
            return {"link": EVENT_ID, "token": TOKEN}.get(field.role or "", TEXT)
        case "int" | "long":
            return field.maximum
        case "boolean":
            return True
        case "date":
            return ENDS_ON if field.name == "valid_until" else DAY
        case "timestamp":
            return INSTANT
        case "sealed":
            return SEALED
        case other:
            raise AssertionError(f"no example for {other}")
