"""The rules on general values: each is a value of the field it stands in, of one form, with a source, in two languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from schemas.lint_codelists import STATUSES
from schemas.lint_fields import CLEAR_CLASSES
from schemas.load import ContractSource
from schemas.shape import fields_within, kind

FORM_ATTRIBUTES = frozenset(
    {"form", "nl", "en", "status", "source", "kinds", "codelists", "fields", "bands", "keep", "other"}
)
#: The kinds whose values are times.
TIMES = frozenset({"date", "timestamp"})


def general_faults(source: ContractSource) -> Iterator[str]:
    """Yield every broken rule of every form."""
    owners: dict[tuple[str, str], str] = {}
    for number, form in enumerate(source.general):
        place = f"general {form.get('form', number)}"
        yield from _said_faults(place, form)
        yield from _code_faults(place, form, source.codelists)
        yield from _band_faults(place, form, source)
        for what in ("kinds", "codelists", "fields"):
            for name in form.get(what, ()):
                if owners.setdefault((what, name), place) != place:
                    yield f"{place}: {name} has its general value from {owners[what, name]}"
        if not any(form.get(what) for what in ("kinds", "codelists", "fields")):
            yield f"{place}: names the kinds, code lists or fields it is for"
        for name in form.get("kinds", ()):
            if name not in TIMES:
                yield f"{place}: of the kinds, only {' and '.join(sorted(TIMES))} have a month"


def _said_faults(place: str, form: Mapping[str, Any]) -> Iterator[str]:
    for name in ("form", "nl", "en", "source"):
        if not isinstance(form.get(name), str) or not form[name].strip():
            yield f"{place}: says its {name}"
    if form.get("status") not in STATUSES:
        yield f"{place}: the status is one of {', '.join(sorted(STATUSES))}"
    for name in sorted(form.keys() - FORM_ATTRIBUTES):
        yield f"{place}: {name} is not an attribute of a form"


def _code_faults(place: str, form: Mapping[str, Any], codelists: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if bool(form.get("codelists")) != ("other" in form):
        yield f"{place}: codelists go with the other code that stands for those that are not kept"
    for name in form.get("codelists", ()):
        if name not in codelists:
            yield f"{place}: there is no code list {name}"
            continue
        codes = {entry["code"] for entry in codelists[name]["codes"]}
        for code in (*form.get("keep", ()), form.get("other")):
            if code not in codes:
                yield f"{place}: {code} is not a code of list {name}"


def _band_faults(place: str, form: Mapping[str, Any], source: ContractSource) -> Iterator[str]:
    bands = form.get("bands", ())
    if bool(form.get("fields")) != bool(bands):
        yield f"{place}: fields go with bands"
    for (_, highest), (lowest, _) in pairwise(bands):
        if lowest != highest + 1:
            yield f"{place}: the bands follow each other without a gap"
    for name in form.get("fields", ()):
        named = [
            (owner, field)
            for (owner, _), schema in source.types.items()
            for field in fields_within(schema)
            if field["name"] == name
        ]
        if not named:
            yield f"{place}: no type has a field {name}"
        for owner, field in named:
            if kind(field) not in {"int", "long"} or field.get("class") not in CLEAR_CLASSES:
                yield f"{place}: {name} of {owner} is no clear number"
            elif bands and (bands[0][0], bands[-1][1]) != (field.get("minimum"), field.get("maximum")):
                yield f"{place}: the bands run from the minimum to the maximum of {name} of {owner}"
