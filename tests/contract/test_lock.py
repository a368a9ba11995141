"""The lock: an id for ever, and a released schema that changes in nothing but its docs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas import lint, load, lock
from tests.contract.drafts import Draft, change, draft, field_of, real


def relock(index: int, **changes: object) -> Callable[[Draft], None]:
    """Change one line of the lock."""

    def apply(draft: Draft) -> None:
        draft.locks[index] = dataclasses.replace(draft.locks[index], **changes)  # type: ignore[arg-type]

    return apply


CASES: list[tuple[str, Callable[[Draft], object], str]] = [
    ("id-twice", relock(1, id=1001), "ids.lock 1001: an id is given once"),
    ("two-ids", relock(1, type="signal-raised"), "ids.lock signal-raised/v1: a version has one id"),
    ("id-vanished", lambda draft: draft.locks.pop(1), "ids.lock 1002: an id never vanishes"),
    ("not-locked", lambda draft: draft.locks.pop(1), "signal-forwarded/v1: has no id"),
    ("id-before-the-first", relock(0, id=7), "ids.lock signal-raised/v1: ids begin at 1001"),
    (
        "schema-gone",
        lambda draft: draft.types.pop(("seponeerd", 1)),
        "seponeerd/v1: a schema with an id never vanishes",
    ),
    ("not-released", relock(0, sha256="-"), "ids.lock signal-raised/v1: is not released"),
    (
        "class-changed",
        lambda draft: change(draft.field("signal-raised", "narrative"), {"class": "identity"}),
        "ids.lock signal-raised/v1: a released schema never changes; write v2",
    ),
    (
        "order-changed",
        lambda draft: draft.schema("signal-raised")["fields"].reverse(),
        "ids.lock signal-raised/v1: a released schema never changes; write v2",
    ),
    (
        "shared-changed",
        lambda draft: change(field_of(draft.shared[0], "nonce")["type"], {"size": 16}),
        "ids.lock victim-reported/v1: a released schema never changes; write v2",
    ),
]


@pytest.mark.parametrize(("breaks", "expected"), [pytest.param(*case[1:], id=case[0]) for case in CASES])
def test_a_broken_lock_is_named(breaks: Callable[[Draft], object], expected: str) -> None:
    broken = draft()
    breaks(broken)

    assert any(expected in fault for fault in lint.faults(broken.source()))


def test_a_released_schema_may_have_a_better_doc() -> None:
    better = draft()
    better.schema("signal-raised")["doc"] = "Said better."
    better.field("signal-raised", "criterion")["doc"] = "Said better."
    better.shared[0]["doc"] = "Said better."

    assert list(lint.faults(better.source())) == []


def test_a_shared_type_is_pinned_only_where_it_is_used() -> None:
    broken = draft()
    field_of(broken.shared[0], "nonce")["type"]["size"] = 16

    changed = {fault.split(":")[0] for fault in lint.faults(broken.source())}

    assert "ids.lock victim-reported/v1" in changed
    assert "ids.lock report-withheld/v1" not in changed


def test_a_release_adds_lines_and_changes_none() -> None:
    grown = draft()
    grown.types["seponeerd", 2] = {**grown.schema("seponeerd"), "doc": "The second."}
    grown.types["aangifte-filed", 2] = {**grown.schema("aangifte-filed"), "doc": "The second."}

    locks = lock.released(grown.source())

    assert locks[: len(grown.locks)] == real().locks
    following = max(real().ids.values()) + 1
    assert [(line.id, line.type, line.version) for line in locks[len(grown.locks) :]] == [
        (following, "aangifte-filed", 2),
        (following + 1, "seponeerd", 2),
    ]
    assert list(lock.lock_faults(dataclasses.replace(grown.source(), locks=locks))) == []


def test_a_release_does_not_pin_again_what_changed_since() -> None:
    changed = draft()
    changed.field("signal-raised", "narrative")["class"] = "identity"

    assert lock.released(changed.source()) == real().locks


def test_a_release_pins_an_id_that_was_only_given() -> None:
    given = draft()
    given.locks[0] = dataclasses.replace(given.locks[0], sha256=load.UNRELEASED)

    assert lock.released(given.source()) == real().locks


def test_the_lock_on_disk_is_what_would_be_written() -> None:
    assert lock.written(real().locks) == Path(load.AVRO / "ids.lock").read_text("utf-8")
