"""Read `schemas/avro` as it lies on disk, judging nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

AVRO = Path(__file__).parent / "avro"

#: What stands in `ids.lock` for the hash of a schema that has an id and may still change.
UNRELEASED = "-"


@dataclass(frozen=True, slots=True)
class Lock:
    """One line of `ids.lock`: the id of one version of a type, for ever, and the hash of what was released under it."""

    id: int
    type: str
    version: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ContractSource:
    """The contract as written: schemas by (type, version), the catalogue, code lists, shared types, locked ids, general values."""

    types: Mapping[tuple[str, int], Mapping[str, Any]]
    catalogue: Mapping[str, Mapping[str, Any]]
    codelists: Mapping[str, Mapping[str, Any]]
    shared: tuple[Mapping[str, Any], ...]
    locks: tuple[Lock, ...]
    general: tuple[Mapping[str, Any], ...]

    @property
    def ids(self) -> dict[tuple[str, int], int]:
        """The schema id of every (type, version)."""
        return {(lock.type, lock.version): lock.id for lock in self.locks}

    def versions(self, name: str) -> tuple[int, ...]:
        """Return the versions of a type, oldest first."""
        return tuple(sorted(version for type_name, version in self.types if type_name == name))


def contract_source(root: Path) -> ContractSource:
    """Return what lies under `root` (as `schemas/avro`)."""
    return ContractSource(
        types={
            (path.parent.name, int(path.stem.removeprefix("v"))): json.loads(path.read_text("utf-8"))
            for path in sorted(root.glob("types/*/v*.avsc"))
        },
        catalogue=yaml.safe_load((root / "catalogue.yaml").read_text("utf-8")),
        codelists={
            path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted(root.glob("codelists/*.yaml"))
        },
        shared=tuple(json.loads(path.read_text("utf-8")) for path in sorted(root.glob("shared/*.avsc"))),
        locks=_locks((root / "ids.lock").read_text("utf-8")),
        general=tuple(yaml.safe_load((root / "general.yaml").read_text("utf-8"))),
    )


def _locks(text: str) -> tuple[Lock, ...]:
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return tuple(Lock(int(number), *_split(name), sha256) for number, name, sha256 in rows)


def _split(name: str) -> tuple[str, int]:
    type_name, version = name.split("/v")
    return type_name, int(version)
