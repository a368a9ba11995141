"""The general value of an exact one, as the contract declares it. Pure.

Law: values with the same general value cannot be told apart by it; what is general already stays as it is.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from consent.days import day_of, start_of
from ketenbus.contract import Field, Form, contract


def general(field: Field, value: Any) -> Any:
    """Return the general value of a field; of an array, each item's."""
    if value is None:
        return None
    if field.kind == "array":
        return tuple(_item(field, item) for item in value)
    form = contract().form_of(field)
    return value if form is None else _made(form, value)


def month_of(at: datetime) -> datetime:
    """Return the first instant of a month in the Netherlands."""
    return start_of(day_of(at).replace(day=1))


def _item(field: Field, item: Any) -> Any:
    return item.model_copy(update={held.name: general(held, getattr(item, held.name)) for held in field.items})


def _made(form: Form, value: Any) -> Any:
    match value:
        case datetime():
            return month_of(value)
        case date():
            return value.replace(day=1)
        case int():
            return next(lowest for lowest, highest in form.bands if lowest <= value <= highest)
        case _:
            return value if value in form.keep else form.other
