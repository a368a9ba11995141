"""What a mask lets through of each class of fields: all of it, only what is general, or nothing.

Source: architecture, section 3 (mask: clear, sealed, generalised, left out). Only what the bus can read can be made general:
`neutral` and `quasi`. A mask is a set of parts; the part `quasi-generalised` is the class `quasi`, made general. What has a general value gets
it; of `quasi` the rest is left out; of `neutral` the rest stays, for it says not who it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Literal, get_args

from ketenbus.contract import Field, contract

FieldClass = Literal["neutral", "quasi", "identity", "contact", "special", "criminal", "location", "narrative"]
#: A class as a whole, or made general.
Part = Literal[FieldClass, "neutral-generalised", "quasi-generalised"]
#: What a mask lets through of a field.
Share = Literal["exact", "generalised", "left-out"]

NEUTRAL: FieldClass = "neutral"
PARTS: tuple[str, ...] = get_args(Part)
_GENERALISED = "-generalised"


def generalised(field_class: str) -> str:
    """Return the part of a mask that lets a class through made general."""
    return field_class + _GENERALISED


def class_of(part: str) -> str:
    """Return the class that a part of a mask is about.

    >>> class_of("quasi-generalised"), class_of("quasi")
    ('quasi', 'quasi')
    """
    return part.removesuffix(_GENERALISED)


def classes_of(mask: Iterable[str]) -> frozenset[str]:
    """Return the classes of which a mask lets anything through."""
    return frozenset(map(class_of, mask))


def let_through(mask: Iterable[str]) -> frozenset[str]:
    """Return all parts that a mask lets through: who gets the exact value has the general one.

    Law: one mask is no wider than another where what it lets through is a subset.
    """
    whole = frozenset(mask)
    return whole | {part for part in PARTS if part != class_of(part) and class_of(part) in whole}


def share_of(mask: Iterable[str], field: Field) -> Share:
    """Return what a mask lets through of a field."""
    parts = frozenset(mask)
    if field.field_class in parts:
        return "exact"
    if generalised(field.field_class) not in parts:
        return "left-out"
    if contract().form_of(field) is not None:
        return "generalised"
    return "exact" if field.field_class == NEUTRAL else "left-out"


@cache
def left_out(event_type: str, mask: tuple[str, ...]) -> tuple[str, ...]:
    """Return the fields of a type that a mask leaves out, in the schema's order."""
    return _of_share("left-out", event_type, mask)


@cache
def made_general(event_type: str, mask: tuple[str, ...]) -> tuple[str, ...]:
    """Return the fields of a type of which a mask lets only a general value through, in the schema's order."""
    return _of_share("generalised", event_type, mask)


def _of_share(share: Share, event_type: str, mask: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(field.name for field in contract().types[event_type].fields if share_of(mask, field) == share)
