"""What a recipient may hold of an event under a mask. Pure, and written from the design's text alone.

A class travels whole, as `quasi`, or in general only, as `quasi-generalised`: then a time is its month in the Netherlands, a number
the lowest of its band, a code that is not kept another. What has no general value is then left out, but of `neutral` stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from ketenbus.contract import Field, contract
from ketenbus.values import Event
from services.verify.consent import dutch_day, midnight

IN_GENERAL = "-generalised"


def left_out(event_type: str, mask: Sequence[str]) -> frozenset[str]:
    """Return the fields of a type of which the mask lets nothing through."""
    return frozenset(
        field.name
        for field in _fields(event_type)
        if field.field_class not in mask
        and not (field.field_class + IN_GENERAL in mask and (field.field_class == "neutral" or _has_general(field)))
    )


def made_general(event_type: str, mask: Sequence[str]) -> frozenset[str]:
    """Return the fields of a type of which the mask lets only a general value through."""
    return frozenset(
        field.name
        for field in _fields(event_type)
        if field.field_class not in mask and field.field_class + IN_GENERAL in mask and _has_general(field)
    )


def masked(event: Event, mask: Sequence[str]) -> Event:
    """Return the event as a view under this mask holds it, by the names of its publisher."""
    made = made_general(event.TYPE, mask)
    held: dict[str, Any] = dict.fromkeys(left_out(event.TYPE, mask))
    held |= {
        field.name: _general(field, getattr(event, field.name)) for field in _fields(event.TYPE) if field.name in made
    }
    return event.model_copy(update=held) if held else event


def time(at: datetime, mask: Sequence[str]) -> datetime:
    """Return the time of an event as a view whose activity has this mask tells it."""
    return at if "neutral" in mask else _month(at)


def _fields(event_type: str) -> tuple[Field, ...]:
    return contract().types[event_type].fields


def _has_general(field: Field) -> bool:
    return any(_forms(one) for one in (field, *field.items))


def _forms(field: Field) -> list[Any]:
    if field.kind == "sealed":
        return []
    return [
        form
        for form in contract().forms
        if field.kind in form.kinds or field.codelist in form.codelists or field.name in form.fields
    ]


def _general(field: Field, value: Any) -> Any:
    if value is None:
        return None
    if field.items:
        return tuple(item.model_copy(update=dict(_items(field, item))) for item in value)
    for form in _forms(field):
        if isinstance(value, datetime):
            return _month(value)
        if isinstance(value, date):
            return date(value.year, value.month, 1)
        if isinstance(value, str):
            return value if value in form.keep else form.other
        return max(lowest for lowest, _ in form.bands if lowest <= value)
    return value


def _items(field: Field, item: Any) -> Iterator[tuple[str, Any]]:
    for one in field.items:
        yield one.name, _general(one, getattr(item, one.name))


def _month(at: datetime) -> datetime:
    return midnight(dutch_day(at).replace(day=1))
