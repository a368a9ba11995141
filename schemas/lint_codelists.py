"""The rules on code lists: named, versioned, with a source, every code once, in two languages, validity in order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

STATUSES = frozenset({"confirmed", "open", "inferred"})
LIST_ATTRIBUTES = frozenset({"name", "version", "status", "source", "codes"})
CODE_ATTRIBUTES = frozenset(
    {"code", "nl", "en", "valid_from", "valid_to", "source", "rank", "counts_as", "publisher_kinds", "legal_basis"}
)
CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*|[a-z]+(-[a-z]+)*")

#: Shelter regions are wide: no more codes than there are provinces, so that a code never stands for a place.
MAXIMUM_REGIONS = 12


def codelist_faults(codelists: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield every broken rule of every list; `codelists` is by file stem."""
    for stem, codelist in codelists.items():
        place = f"codelists/{stem}"
        yield from _list_faults(place, stem, codelist)
        codes = codelist.get("codes") or []
        names = [entry.get("code") for entry in codes]
        for name in dict.fromkeys(name for name in names if names.count(name) > 1):
            yield f"{place} {name}: a code is in its list once"
        for entry in codes:
            yield from _code_faults(f"{place} {entry.get('code')}", entry, names, codelists)
    if len(codelists.get("shelter-region", {}).get("codes", ())) > MAXIMUM_REGIONS:
        yield f"codelists/shelter-region: at most {MAXIMUM_REGIONS} regions, so that none stands for a place"


def _list_faults(place: str, stem: str, codelist: Mapping[str, Any]) -> Iterator[str]:
    if codelist.get("name") != stem:
        yield f"{place}: the name is the file's"
    if not _is_whole(codelist.get("version"), 1):
        yield f"{place}: the version is a number from 1"
    if codelist.get("status") not in STATUSES:
        yield f"{place}: the status is one of {', '.join(sorted(STATUSES))}"
    if not _is_text(codelist.get("source")):
        yield f"{place}: names its source"
    if not codelist.get("codes"):
        yield f"{place}: has at least one code"
    for name in sorted(codelist.keys() - LIST_ATTRIBUTES):
        yield f"{place}: {name} is not an attribute of a code list"


def _code_faults(
    place: str, entry: Mapping[str, Any], siblings: list[Any], codelists: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    code = entry.get("code")
    if not isinstance(code, str) or not CODE.fullmatch(code):
        yield f"{place}: a code is text, UPPER_SNAKE or kebab-case (YAML reads a bare no as false: quote it)"
    for language in ("nl", "en"):
        if not _is_text(entry.get(language)):
            yield f"{place}: has a label in {language}"
    for name in sorted(entry.keys() - CODE_ATTRIBUTES):
        yield f"{place}: {name} is not an attribute of a code"
    if "counts_as" in entry and (entry["counts_as"] == code or entry["counts_as"] not in siblings):
        yield f"{place}: counts_as is another code of the list"
    if "rank" in entry and not _is_whole(entry["rank"], 1):
        yield f"{place}: rank is a number from 1"
    if not isinstance(entry.get("legal_basis", False), bool):
        yield f"{place}: legal_basis is true or false"
    known_kinds = {known["code"] for known in codelists.get("publisher-kind", {}).get("codes", ())}
    for publisher_kind in entry.get("publisher_kinds", ()):
        if publisher_kind not in known_kinds:
            yield f"{place}: {publisher_kind} is not a code of list publisher-kind"
    yield from _validity_faults(place, entry)


def _validity_faults(place: str, entry: Mapping[str, Any]) -> Iterator[str]:
    days = []
    for name in ("valid_from", "valid_to"):
        try:
            days.append(_day(entry.get(name)))
        except (TypeError, ValueError):
            yield f"{place}: {name} is a date"
            return
    starts, ends = days
    if starts is not None and ends is not None and starts > ends:
        yield f"{place}: valid_from is not after valid_to"


def _day(value: Any) -> date | None:
    """Return the day YAML read: a date as it stands, or its ISO text."""
    return value if value is None or type(value) is date else date.fromisoformat(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_whole(value: Any, least: int) -> bool:
    return type(value) is int and value >= least
