"""One quarantined event however often it came, and what became of it since."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from services.quarantine.chains import by_reason, by_state, chains, digest
from services.quarantine.parked import Original, Parked

OIN = "0" * 19 + "1"
NAME = (OIN, "event-1")
RECORD = Original("victim-reported", b"client-1", b"\0value", (("ce_id", b"event-1"), ("x", b"1")))


def came(offset: int, same: bytes = b"a", topic: str = "victim-reported", **changed: Any) -> tuple[Parked, bytes]:
    """A record that came from that offset, and what it has in common with others."""
    one = Parked(
        f"{topic}/0/{offset}", f"quarantine/0/{offset}", datetime(2026, 1, 1, tzinfo=UTC), "undecodable", "sex",
        "politie-limburg", OIN, True, "source", "event-1", "type", 8, 100,
    )  # fmt: skip
    return replace(one, **changed), same


def test_the_same_bytes_are_one_event_with_every_place_they_came_from() -> None:
    [one, other] = chains([came(3), came(5, b"b"), came(9)], {})
    assert one.origins == ("victim-reported/0/3", "victim-reported/0/9")
    assert other.origins == ("victim-reported/0/5",)
    assert one.came_from("quarantine/0/9")
    assert one.came_from("victim-reported/0/3")
    assert not one.came_from("victim-reported/0/5")


def test_a_record_that_admit_wrote_twice_after_a_crash_came_once() -> None:
    [one] = chains([came(3), came(3, held_at="quarantine/0/4")], {})
    assert (one.origins, one.state) == (("victim-reported/0/3",), "open")


def test_why_it_is_here_is_what_admit_said_last() -> None:
    [one] = chains([came(3, reason="unknown-publisher"), came(9, reason="not-authorised")], {})
    assert one.reason == "not-authorised"
    assert by_reason([one]) == {"not-authorised": 1}


@pytest.mark.parametrize(
    ("name", "records", "admitted", "state"),
    [
        ("nothing came of it", [came(3)], {}, "open"),
        ("it came again, and is here again", [came(3), came(9)], {}, "replayed"),
        ("its id was admitted since", [came(3)], {NAME: "victim-reported/0/9"}, "repaired"),
        ("it was replayed and admitted", [came(3), came(5)], {NAME: "victim-reported/0/9"}, "repaired"),
        ("its id was admitted since on the right topic", [came(3)], {NAME: "signal-raised/0/1"}, "repaired"),
        ("its id was admitted before, as another event", [came(3)], {NAME: "victim-reported/0/1"}, "taken"),
        ("its id was reused on another topic", [came(3, reason="id-reused")], {NAME: "signal-raised/0/1"}, "taken"),
        ("another's id is none of its business", [came(3)], {("9" * 20, "event-1"): "victim-reported/0/9"}, "open"),
    ],
)
def test_what_became_of_it(name: str, records: Any, admitted: Any, state: str) -> None:
    [one] = chains(records, admitted)
    assert one.state == state


def test_states_are_counted_in_their_own_order() -> None:
    found = chains([came(3, b"a", id="x"), came(4, b"b"), came(5, b"c", id="y")], {NAME: "victim-reported/0/9"})
    assert list(by_state(found).items()) == [("open", 2), ("repaired", 1)]


@pytest.mark.parametrize(
    "other",
    [
        replace(RECORD, topic="signal-raised"),
        replace(RECORD, key=None),
        replace(RECORD, key=b""),
        replace(RECORD, value=None),
        replace(RECORD, value=b"\0valu", headers=(("e", b""), *RECORD.headers)),
        replace(RECORD, headers=tuple(reversed(RECORD.headers))),
        replace(RECORD, headers=(("ce_id", b"event-1"), ("x", None))),  # type: ignore[arg-type]
        replace(RECORD, headers=(("ce_id", b"event-1"), ("x1", b""))),
    ],
)
def test_other_bytes_are_another_event(other: Original) -> None:
    assert digest(other) != digest(RECORD)
    assert digest(other) == digest(replace(other))


def test_a_name_that_is_no_text_has_a_digest_too() -> None:
    names = [bytes([n]).decode("utf-8", "surrogateescape") for n in (0xFE, 0xFF)]
    assert len({digest(replace(RECORD, headers=((name, b"1"),))) for name in names}) == 2
