"""The real contract as something to break: a deep copy a test may change before the rules judge it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from schemas.load import AVRO, ContractSource, Lock, contract_source

#: As the value of a change: take the attribute away.
REMOVED = object()


@cache
def real() -> ContractSource:
    """Return the contract as it lies in the repository; never change it."""
    return contract_source(AVRO)


@dataclass
class Draft:
    """A copy of the contract that may be changed in place."""

    types: dict[tuple[str, int], dict[str, Any]]
    catalogue: dict[str, dict[str, Any]]
    codelists: dict[str, dict[str, Any]]
    shared: list[dict[str, Any]]
    locks: list[Lock]
    general: list[dict[str, Any]]

    def schema(self, name: str, version: int = 1) -> dict[str, Any]:
        """Return the schema of one version of a type."""
        return self.types[name, version]

    def field(self, name: str, path: str, version: int = 1) -> dict[str, Any]:
        """Return a field by its path; `cells.row` is a field of the items of `cells`."""
        record = self.types[name, version]
        *arrays, last = path.split(".")
        for array in arrays:
            record = field_of(record, array)["type"]["items"]
        return field_of(record, last)

    def code(self, codelist: str, code: str) -> dict[str, Any]:
        """Return the entry of a code."""
        found: dict[str, Any] = next(entry for entry in self.codelists[codelist]["codes"] if entry["code"] == code)
        return found

    def form(self, name: str) -> dict[str, Any]:
        """Return a form of general values."""
        return next(form for form in self.general if form["form"] == name)

    def source(self) -> ContractSource:
        """Return the draft as the rules take it."""
        return ContractSource(
            self.types, self.catalogue, self.codelists, tuple(self.shared), tuple(self.locks), tuple(self.general)
        )


def draft() -> Draft:
    """Return a copy of the real contract."""
    source = real()
    return Draft(
        _copy(source.types),
        _copy(source.catalogue),
        _copy(source.codelists),
        [_copy(record) for record in source.shared],
        list(source.locks),
        [_copy(form) for form in source.general],
    )


def _copy(of: Mapping[Any, Any]) -> dict[Any, Any]:
    return copy.deepcopy(dict(of))


def field_of(record: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the field of a record by its name."""
    found: dict[str, Any] = next(field for field in record["fields"] if field["name"] == name)
    return found


def change(target: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """Set every attribute named, or take it away where its value is `REMOVED`."""
    for name, value in changes.items():
        if value is REMOVED:
            del target[name]
        else:
            target[name] = value
