"""What a view does not hold changes no byte of it: the law, and pairs of invented events of every type and mask to try it on.

Not held is what the mask leaves out, and of what it makes general all but the general value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

from consent.activities import Activity, Register, view_topic
from consent.days import NETHERLANDS
from consent.masks import NEUTRAL, left_out, made_general
from consent.policy import Decision
from ketenbus.contract import EventType, Field, contract
from ketenbus.events import MODELS
from ketenbus.values import Event, Sealed
from streams.disclose.tokens import EventName, Tokens
from streams.disclose.view import LogEvent, ViewMessage, message

PAIRS = 200
SEED = 20180524
_OIN = "00000009900000000001"
_AT = datetime(2020, 5, 4, 12, tzinfo=UTC)
#: Another time of the same month in the Netherlands, the first of the month before in UTC.
_OF_ITS_MONTH = datetime(2020, 4, 30, 22, tzinfo=UTC)
_SUBJECTS: Mapping[str, bytes] = {"subject": bytes(range(16)), "other-subject": bytes(range(16, 32))}


@dataclass(frozen=True, slots=True)
class Interference:
    """Two events that differ in nothing the view shows, and whose messages differ all the same."""

    activity: str
    type: str
    fields: tuple[str, ...]


def interferes(decision: Decision, one: Event, other: Event) -> bool:
    """Return whether the view that `decision` delivers to tells `one` from what differs from it in nothing the view holds.

    Law: never.
    """
    at = _AT if NEUTRAL in decision.mask else _OF_ITS_MONTH
    return _told(decision, one, _AT) != _told(decision, mixed(decision, one, other), at)


def mixed(decision: Decision, one: Event, other: Event) -> Event:
    """Return `one` with every field that the decision leaves out as it is in `other`.

    Of a field it makes general, as near to `other`'s as the general value allows.
    """
    changed = {name: getattr(other, name) for name in left_out(one.TYPE, decision.mask)}
    fields = {field.name: field for field in contract().types[one.TYPE].fields}
    for name in made_general(one.TYPE, decision.mask):
        changed[name] = _alike(fields[name], getattr(one, name), getattr(other, name))
    return one.model_copy(update=changed)


def _alike(field: Field, one: Any, other: Any) -> Any:
    """Return another value with the general value of `one`, made from `other`."""
    if one is None or other is None:
        return one
    if field.kind == "array":
        return tuple(
            item.model_copy(
                update={f.name: _alike(f, getattr(item, f.name), getattr(like, f.name)) for f in field.items}
            )
            for item, like in zip(one, [*other, *one[len(other) :]], strict=False)
        )
    form = contract().form_of(field)
    if form is None:
        return one
    match one:
        case datetime():
            here, there = one.astimezone(NETHERLANDS), other.astimezone(NETHERLANDS)
            return there.replace(year=here.year, month=here.month, day=min(there.day, 28)).astimezone(UTC)
        case date():
            return one.replace(day=min(other.day, 28))
        case int():
            lowest, highest = next(band for band in form.bands if band[0] <= one <= band[1])
            return lowest + other % (highest - lowest + 1)
        case _:
            return other if one not in form.keep and other not in form.keep else one


def tried(register: Register, pairs: int = PAIRS, seed: int = SEED) -> Iterator[tuple[int, Interference | None]]:
    """Yield, for each activity and type, how many pairs that differ in nothing the view holds were tried, and a breach."""
    rng = Random(seed)
    known = contract().types
    for activity in register.activities:
        for name in activity.types:
            yield _tried(activity, known[name], pairs, rng)


def _tried(activity: Activity, declared: EventType, pairs: int, rng: Random) -> tuple[int, Interference | None]:
    decision = Decision(
        activity.recipient, activity.purpose, "delivered", tuple(activity.mask), activity.ref, ("legal-task",)
    )
    count = 0
    for _ in range(pairs):
        one, other = event(declared, rng), event(declared, rng)
        changed = mixed(decision, one, other)
        if changed == one:
            continue
        count += 1
        if interferes(decision, one, other):
            fields = tuple(n for n in type(one).model_fields if getattr(one, n) != getattr(changed, n))
            return count, Interference(activity.ref, declared.name, fields)
    return count, None


def _told(decision: Decision, told: Event, at: datetime) -> ViewMessage:
    name = EventName(_SUBJECTS["subject"], _OIN, "event-1")
    logged = LogEvent(
        subject=name.subject,
        name=name,
        source=f"urn:nld:oin:{_OIN}:systeem:proofs",
        time=at,
        admitted_at=_AT,
        publisher_kind="politie",
        event=told,
        subjects=_SUBJECTS,
    )
    tokens = _tokens(view_topic(decision.recipient, decision.purpose))
    return message(logged, decision, decision.mask, tokens, "delivery", 1, f"00-{'1' * 32}-{'2' * 16}-01")


@cache
def _tokens(view: str) -> Tokens:
    return Tokens(bytes(range(64)), view)


def event(declared: EventType, rng: Random) -> Event:
    """Return an invented event of a type, as it travels: anything its fields can hold."""
    model = MODELS[declared.name]
    held: dict[str, Any] = {}
    for field in declared.fields:
        if field.kind == "array":
            item = next(a for a in model.model_fields[field.name].annotation.__args__ if isinstance(a, type))  # type: ignore[union-attr]
            length = rng.randint(field.minimum_items or 0, min(field.maximum_items or 3, 3))
            held[field.name] = tuple(item(**{f.name: _value(f, rng) for f in field.items}) for _ in range(length))
        else:
            held[field.name] = _value(field, rng)
    return model(**held)


def _value(field: Field, rng: Random) -> Any:
    if field.nullable and not field.required and rng.random() < 0.3:
        return None
    if field.codelist is not None and field.kind == "string":
        return rng.choice(sorted(contract().codelists[field.codelist].codes))
    match field.kind:
        case "string":
            return "".join(rng.choices("abcdefghij", k=rng.randint(1, 12)))
        case "date":
            return date(2000, 1, 1) + timedelta(days=rng.randrange(9000))
        case "timestamp":
            return _AT + timedelta(minutes=rng.randrange(10**6))
        case "boolean":
            return rng.random() < 0.5
        case "int" | "long":
            return rng.randint(0 if field.minimum is None else field.minimum, min(field.maximum or 10**6, 10**6))
        case "sealed":
            key = f"{_OIN}.{field.field_class}.{rng.getrandbits(96):024x}"
            return Sealed(key_id=key, nonce=rng.randbytes(12), ciphertext=rng.randbytes(rng.randint(16, 64)))
    raise ValueError(f"{field.name}: no invented value for the kind {field.kind}")
