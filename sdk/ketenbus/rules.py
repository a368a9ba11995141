"""The contract's rules on values, the same at the SDK (before sealing) and at admit (after)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, timedelta
from typing import Any

from ketenbus import identity
from ketenbus.cleartext import holds_bsn, holds_phone
from ketenbus.contract import Contract, Field, contract
from ketenbus.errors import Broken
from ketenbus.events import IdentityLinked, IdentityUnlinked, VictimReported
from ketenbus.values import Event, Sealed

NO_BSN = "holds no BSN in clear (of a number that is none: put a letter directly before its nine digits)"
NO_PHONE = "holds no phone number in clear"
#: No text in clear is longer; what is longer is not read any further.
LONGEST_TEXT = 256
#: How long a client number may be.
LONGEST_NUMBER = 64
#: Who is younger is a minor (slachtoffermonitor-part1, L1036-1065).
OF_AGE = 18
EVENT_ID = re.compile(r"[!-~]{1,128}")
#: A name that one view alone holds, as disclose made it: epoch and what it encrypted.
TOKEN = re.compile(r"[0-9]{1,4}\.[A-Za-z0-9_-]{24,252}")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def broken(event: Event, on: date) -> tuple[Broken, ...]:
    """Return every rule the event breaks, codes judged as valid on the day `on`; empty when it keeps them all.

    A sealed value is taken as present: its codes were checked before sealing and are checked again after opening.
    """
    known = contract()
    fields = known.types[event.TYPE].fields
    own = (*_occurred(event), *_period(event), *_scope(event), *_age(event), *_reported(event, on), *_link(event))
    return (*_fields(fields, event, on, known, ""), *own)


def _occurred(event: Event) -> Iterator[Broken]:
    precision = getattr(event, "occurred_precision", None)
    if (getattr(event, "occurred_at", None) is None) != (precision == "UNKNOWN"):
        yield Broken("occurred_at", "is given exactly where its precision is not UNKNOWN")


def _period(event: Event) -> Iterator[Broken]:
    """Yield what a period contradicts: itself, or the moment at which it was said.

    What is certain in every time zone is refused; by the law's days, the Dutch, a grant may be over a little earlier.
    """
    begins, ends = getattr(event, "valid_from", None), getattr(event, "valid_until", None)
    if ends is None:
        return
    if begins is not None and ends <= begins:
        yield Broken("valid_until", "is after valid_from")
    said = getattr(event, "occurred_at", None)
    if said is not None and ends <= _earliest(said.astimezone(UTC).date(), getattr(event, "occurred_precision", "")):
        yield Broken("valid_until", "is after the day it was said")


def _scope(event: Event) -> Iterator[Broken]:
    if getattr(event, "recipient_organisation", None) is not None and getattr(event, "recipient", None) is None:
        yield Broken("recipient_organisation", "is one of a recipient that is named")


def _age(event: Event) -> Iterator[Broken]:
    """Yield that a child is not called one: whose word counts for a person hangs on the group."""
    if not isinstance(event, VictimReported) or event.age_at_report is None:
        return
    if event.age_at_report < OF_AGE and event.age_group != "MINOR":
        yield Broken("age_group", f"is MINOR where age_at_report is under {OF_AGE}")


def _reported(event: Event, on: date) -> Iterator[Broken]:
    """Yield that a report is of a day to come: of a year that no table has, its person would count nowhere.

    What is certain in every time zone is refused: somewhere the day is one later than UTC's.
    """
    if isinstance(event, VictimReported) and event.reported_on > on + timedelta(days=1):
        yield Broken("reported_on", "is no later than the day it was recorded")


def _link(event: Event) -> Iterator[Broken]:
    """Yield that a link is undone, never corrected: of two subjects each would know half of what became of it."""
    if isinstance(event, IdentityLinked | IdentityUnlinked) and event.corrects is not None:
        yield Broken("corrects", "names no link: undo the link, and link anew")


def _earliest(day: date, precision: str) -> date:
    match precision:
        case "MONTH":
            return day.replace(day=1)
        case "YEAR":
            return day.replace(month=1, day=1)
        case _:
            return day


def _fields(fields: tuple[Field, ...], holder: Any, on: date, known: Contract, path: str) -> Iterator[Broken]:
    for field in fields:
        value = getattr(holder, field.name)
        name = path + field.name
        if value is None:
            if field.required:
                yield Broken(name, "is required")
        elif field.kind == "array":
            yield from _array(field, value, on, known, name)
        elif not isinstance(value, Sealed):
            yield from _value(field, value, on, known, name)


def _array(field: Field, value: tuple[Any, ...], on: date, known: Contract, name: str) -> Iterator[Broken]:
    if field.minimum_items is not None and len(value) < field.minimum_items:
        yield Broken(name, f"has at least {field.minimum_items} items")
    if field.maximum_items is not None and len(value) > field.maximum_items:
        yield Broken(name, f"has at most {field.maximum_items} items")
    for place, item in enumerate(value):
        yield from _fields(field.items, item, on, known, f"{name}[{place}].")


def _value(field: Field, value: Any, on: date, known: Contract, name: str) -> Iterator[Broken]:
    if isinstance(value, str) and len(value) > LONGEST_TEXT and field.role != "token" and field.seals is None:
        yield Broken(name, f"has at most {LONGEST_TEXT} characters")
        return
    if field.kind == "string" and field.codelist is None and field.role != "token":  # a token is drawn, as a UUID is
        yield from (Broken(name, rule) for rule in personal(value))
    if field.field_class == "identity" and isinstance(value, str):
        yield from (Broken(name, rule) for rule in identity.broken(field.name, value))
    if field.codelist is not None:
        codelist = known.codelists[field.codelist]
        codes = value if isinstance(value, tuple) else (value,)
        if not all(codelist.allows(code, on) for code in codes):
            yield Broken(name, f"is a code of list {field.codelist}, version {codelist.version}")
        if isinstance(value, tuple) and (not value or len(set(value)) != len(value)):
            yield Broken(name, "names at least one code, each once")
    if field.minimum is not None and value < field.minimum:
        yield Broken(name, f"is at least {field.minimum}")
    if field.maximum is not None and value > field.maximum:
        yield Broken(name, f"is at most {field.maximum}")
    if field.pattern is not None and not re.fullmatch(field.pattern, value):
        yield Broken(name, f"matches {field.pattern}")
    if field.role in ("subject", "other-subject") and not is_number(value):
        yield Broken(name, f"has 1 to {LONGEST_NUMBER} visible characters")
    if field.role == "link" and not EVENT_ID.fullmatch(value):
        yield Broken(name, "is an event's id: 1 to 128 visible ASCII characters")
    if field.role == "token" and not TOKEN.fullmatch(value):
        yield Broken(name, "is a name of a view, as the bus wrote it there")


def is_number(text: str) -> bool:
    """Return whether a text can be a publisher's client number: neither too long, nor with what no screen shows or PostgreSQL stores."""
    return 0 < len(text) <= LONGEST_NUMBER and text.isprintable()


def personal(text: str) -> Iterator[str]:
    """Yield the rules that a text in clear breaks by holding a number that names a person.

    A UUID is drawn, not given to anyone: one in a million looks as if it held a phone number.
    """
    if UUID.fullmatch(text):
        return
    if holds_bsn(text):
        yield NO_BSN
    if holds_phone(text):
        yield NO_PHONE
