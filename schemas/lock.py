"""The ids of released schemas: one for every version of a type, never changed, never given twice, never taken away.

A line of `ids.lock` is `<id> <type>/v<N> <sha256>`; `-` for the hash is an id given to a schema not released yet.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from schemas.load import UNRELEASED, ContractSource, Lock

T = TypeVar("T")

FIRST_ID = 1001
HEADER = "# Schema ids, fixed for ever: a line is added (python -m schemas.build --release), never changed or removed."


def fingerprint(schema: Mapping[str, Any], shared: Sequence[Mapping[str, Any]]) -> str:
    """Return the sha256 of all a schema means: every attribute, and the shared types it names, but no `doc`.

    Avro's own canonical form will not do: it leaves out defaults, logical types, classes and our rules.
    """
    named = json.dumps(schema)
    used = [other for other in shared if f'"{other["namespace"]}.{other["name"]}"' in named]
    canonical = json.dumps(_undocumented([schema, *used]), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _undocumented(value: Any) -> Any:
    match value:
        case dict():
            return {name: _undocumented(inner) for name, inner in value.items() if name != "doc"}
        case list():
            return [_undocumented(inner) for inner in value]
        case _:
            return value


def lock_faults(source: ContractSource) -> Iterator[str]:
    """Yield every schema without its id, every id without its schema, and every released schema that changed."""
    ids = sorted(lock.id for lock in source.locks)
    for number in sorted(_twice(ids)):
        yield f"ids.lock {number}: an id is given once"
    for name, version in sorted(_twice([(lock.type, lock.version) for lock in source.locks])):
        yield f"ids.lock {name}/v{version}: a version has one id"
    for number in sorted(set(range(FIRST_ID, max(ids, default=FIRST_ID))) - set(ids)):
        yield f"ids.lock {number}: an id never vanishes"
    for name, version in sorted(source.types.keys() - source.ids.keys()):
        yield f"{name}/v{version}: has no id; run python -m schemas.build --release"
    for lock in source.locks:
        place = f"ids.lock {lock.type}/v{lock.version}"
        schema = source.types.get((lock.type, lock.version))
        if lock.id < FIRST_ID:
            yield f"{place}: ids begin at {FIRST_ID}"
        if schema is None:
            yield f"{place}: a schema with an id never vanishes"
        elif lock.sha256 == UNRELEASED:
            yield f"{place}: is not released; run python -m schemas.build --release"
        elif lock.sha256 != fingerprint(schema, source.shared):
            yield f"{place}: a released schema never changes; write v{lock.version + 1}"


def _twice(values: Sequence[T]) -> list[T]:
    return [value for value, times in Counter(values).items() if times > 1]


def released(source: ContractSource) -> tuple[Lock, ...]:
    """Return the lock with every new schema in it, by name, and every unreleased one pinned; the rest as it was."""
    kept = [
        Lock(lock.id, lock.type, lock.version, fingerprint(schema, source.shared))
        if lock.sha256 == UNRELEASED and (schema := source.types.get((lock.type, lock.version))) is not None
        else lock
        for lock in source.locks
    ]
    new = sorted(source.types.keys() - source.ids.keys())
    first_free = max((lock.id for lock in kept), default=FIRST_ID - 1) + 1
    added = [
        Lock(number, *key, fingerprint(source.types[key], source.shared)) for number, key in enumerate(new, first_free)
    ]
    return (*kept, *added)


def written(locks: Sequence[Lock]) -> str:
    """Return `ids.lock` as text."""
    lines = [f"{lock.id} {lock.type}/v{lock.version} {lock.sha256}" for lock in locks]
    return "\n".join([HEADER, *lines]) + "\n"
