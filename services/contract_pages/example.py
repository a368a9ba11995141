"""A made-up event of a type as its publisher gives it to the SDK: every field filled that may be, and every rule of the contract kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args, get_type_hints

from ketenbus.contract import EventType, Field, contract
from ketenbus.events import MODELS, IdentityLinked, IdentityUnlinked
from ketenbus.preparing import OWN_KIND
from ketenbus.values import Event, Record

WHEN = datetime(2019, 3, 4, 10, 15, tzinfo=UTC)
DAY = date(2019, 3, 4)
AFTERWARDS = DAY + timedelta(days=365)
SUBJECT = "Z2-4410"
EARLIER = "0190b0a2-1111-7000-8000-000000000001"
TOKEN = f"1.{'bmlldGVjaHQ' * 11}"
SEALED_TEXT = "verzonnen"
#: Nobody's: it fails the eleven test.
BSN = "999912346"
V_NUMBER = "9999000001"

#: What is tried on a pattern, in this order.
TEXTS = (
    "3f9a1c5e7b20d846",
    "2019.1",
    "figuur-2.9",
    "POLITIE",
    "00000099000000009000",
    "urn:nld:oin:00000099000000009000:systeem:voorbeeld",
)


def publisher_of(declared: EventType) -> str | None:
    """Return the kind of partner that the example is by: the first by name; None where only the bus publishes it."""
    return min(declared.publishers, default=None)


def example(declared: EventType) -> Event:
    """Return the example; the same at every call."""
    model = MODELS[declared.name]
    held = dict(_values(declared.fields, model, publisher_of(declared)))
    if issubclass(model, IdentityLinked | IdentityUnlinked):
        held["corrects"] = None  # a link is undone, never corrected
    return model(**held)


def _values(fields: tuple[Field, ...], model: type[Record], publisher: str | None) -> Iterator[tuple[str, Any]]:
    hints = get_type_hints(model)
    for field in fields:
        if field.name == "occurred_precision":
            yield field.name, "INSTANT"
        elif field.role == "publisher-unit" and publisher != "politie":
            yield field.name, None
        elif field.kind == "array":
            item = next(inner for inner in get_args(hints[field.name]) if isinstance(inner, type))
            yield field.name, (item(**dict(_values(field.items, item, publisher))),)
        else:
            yield field.name, _value(field, publisher)


def _value(field: Field, publisher: str | None) -> Any:
    if field.codelist is not None:
        code = _code(field, publisher)
        return (code,) if field.seals == "codes" else code
    match field.seals or field.kind:
        case "string" if field.pattern is not None:
            return next(text for text in TEXTS if re.fullmatch(str(field.pattern), text))
        case "string" if field.role == "link":
            return EARLIER
        case "string" if field.role == "token":
            return TOKEN
        case "string" if field.name == "bsn":
            return BSN
        case "string" if field.name == "v_number":
            return V_NUMBER
        case "string":
            return SUBJECT if field.role in {"subject", "other-subject"} else SEALED_TEXT
        case "int" | "long":
            return field.minimum or 1
        case "boolean":
            return True
        case "date":
            return AFTERWARDS if field.name == "valid_until" else DAY
        case _:
            return WHEN


def _code(field: Field, publisher: str | None) -> str:
    codes = contract().codelists[field.codelist or ""].codes.values()
    if field.role in OWN_KIND and publisher is not None:
        codes = [code for code in codes if publisher in code.more.get("publisher_kinds", ())]  # type: ignore[assignment]
    return next(c.code for c in codes if contract().codelists[field.codelist or ""].allows(c.code, DAY))
