"""Made-up events of every type, drawn from the contract: they keep its rules, so the SDK must take them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from ketenbus.contract import EventType, Field, contract
from ketenbus.events import MODELS
from ketenbus.rules import TOKEN
from ketenbus.values import Event, Record, Sealed

DAYS = st.dates(date(1900, 1, 1), date(2100, 1, 1))
REPORTED = st.dates(date(1900, 1, 1), date(2026, 1, 1))  # a report is of no day to come
INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=64)
NUMBERS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=64)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=62).map(lambda text: f"V{text}")
BSNS = st.integers(0, 999_999_999).map(lambda n: f"{n:09}").filter(lambda text: len(set(text)) > 1)
IDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=128)
SEALED = st.builds(
    Sealed,
    key_id=st.from_regex(r"[0-9]{20}\.(identity|special|contact)\.[0-9a-f]{24}", fullmatch=True),
    nonce=st.binary(min_size=12, max_size=12),
    ciphertext=st.binary(min_size=16, max_size=200),
)


def codes(codelist: str) -> st.SearchStrategy[str]:
    """A code of a list, whatever its validity."""
    return st.sampled_from(sorted(contract().codelists[codelist].codes))


def values(field: Field, *, sealed: bool) -> st.SearchStrategy[Any]:
    """What a field may hold; with `sealed`, what it holds on the bus."""
    if field.kind == "array":
        return st.lists(
            st.fixed_dictionaries({item.name: values(item, sealed=sealed) for item in field.items}),
            min_size=field.minimum_items or 0,
            max_size=min(field.maximum_items or 4, 4),
        ).map(lambda items: tuple(items))
    filled = _sealable(field) if field.seals and not sealed else _plain(field)
    return st.none() | filled if field.nullable and not field.required else filled


def _sealable(field: Field) -> st.SearchStrategy[Any]:
    match field.seals:
        case "date":
            return DAYS
        case "codes":
            assert field.codelist is not None
            return st.lists(codes(field.codelist), min_size=1, unique=True).map(tuple)
        case _:
            return codes(field.codelist) if field.codelist else _text(field)


def _plain(field: Field) -> st.SearchStrategy[Any]:
    if field.codelist is not None and field.kind == "string":
        return codes(field.codelist)
    match field.kind:
        case "string":
            return _text(field)
        case "date":
            return DAYS
        case "timestamp":
            return INSTANTS
        case "boolean":
            return st.booleans()
        case "int":
            return _numbers(field, -(2**31), 2**31 - 1)
        case "long":
            return _numbers(field, -(2**63), 2**63 - 1)
        case "sealed":
            return SEALED
    raise AssertionError(f"no strategy for {field.kind}")


def _numbers(field: Field, least: int, most: int) -> st.SearchStrategy[int]:
    return st.integers(
        least if field.minimum is None else field.minimum, most if field.maximum is None else field.maximum
    )


def _text(field: Field) -> st.SearchStrategy[str]:
    if field.role == "link":
        return IDS
    if field.role in ("subject", "other-subject"):
        return NUMBERS
    if field.field_class == "identity":
        return {"bsn": BSNS, "v_number": NAMES.map(lambda text: f"{text}9")}.get(field.name, NAMES)
    if field.role == "token":
        return st.from_regex(TOKEN, fullmatch=True)
    # \Z, for $ also matches before a newline.
    return st.from_regex(field.pattern.removesuffix("$"), fullmatch=True) if field.pattern else TEXTS


@st.composite
def events(draw: st.DrawFn, types: st.SearchStrategy[str] | None = None, *, sealed: bool = False) -> Event:
    """An event that keeps every rule of the contract; with `sealed`, as it travels."""
    name = draw(types if types is not None else st.sampled_from(sorted(MODELS)))
    declared = contract().types[name]
    held = draw(st.fixed_dictionaries({field.name: values(field, sealed=sealed) for field in declared.fields}))
    held["occurred_at"] = None if held["occurred_precision"] == "UNKNOWN" else draw(INSTANTS)
    if name == "victim-reported":
        held["reported_on"] = draw(REPORTED)
    if name in ("identity-linked", "identity-unlinked"):
        held["corrects"] = None  # undone, never corrected
    return build(declared, held)


def build(declared: EventType, held: dict[str, Any]) -> Event:
    """The event of a type that holds these values, items of arrays given as dicts."""
    model = MODELS[declared.name]
    for field in declared.fields:
        if field.kind == "array":
            item = item_model(model, field.name)
            held[field.name] = tuple(item(**values) for values in held[field.name])
    return model(**held)


def item_model(model: type[Event], name: str) -> type[Record]:
    """The record an array field of a model holds."""
    return next(a for a in model.model_fields[name].annotation.__args__ if isinstance(a, type))  # type: ignore[union-attr]
