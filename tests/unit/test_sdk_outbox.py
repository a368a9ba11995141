"""The outbox keeps what it was given, byte for byte, until the broker has it (its kills: tests/broker)."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from ketenbus import files
from ketenbus.errors import ConfigurationError, CorruptLogError
from ketenbus.outbox import Accepted, Outbox, Stored
from ketenbus.preparing import Prepared

EVENTS = [
    Prepared(
        f"id-{n}", "victim-reported", b"client-\xff", bytes([n]) * 300, (("a", b"\x00\xff"), ("b", b""), ("a", b"2"))
    )
    for n in range(3)
]
PRINT = b"p" * 32


@pytest.mark.parametrize("path", ["outbox.sqlite", None])
def test_what_is_put_is_pending_in_order_as_it_was(tmp_path: Path, path: str | None) -> None:
    outbox = Outbox(tmp_path / path if path else None)
    outbox.put([(event, PRINT) for event in EVENTS])
    assert [event for _, event in outbox.pending(10)] == EVENTS


def test_pending_goes_on_after_a_position(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.sqlite")
    outbox.put([(event, PRINT) for event in EVENTS])
    [(position, _)] = outbox.pending(1)
    assert [event for _, event in outbox.pending(10, after=position)] == EVENTS[1:]


def test_what_is_sent_stays_in_no_free_page_whatever_sqlite_was_built_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected = files._connected

    def as_most_builds_are(place: str) -> sqlite3.Connection:
        database = connected(place)
        database.execute("PRAGMA secure_delete = OFF")
        return database

    monkeypatch.setattr(files, "_connected", as_most_builds_are)
    many = [replace(EVENTS[0], id=f"id-{n}", key=b"client-of-nobody") for n in range(2000)]
    outbox = Outbox(tmp_path / "outbox.sqlite")
    outbox.put([(event, PRINT) for event in many])
    outbox.done([Accepted(event.id, event.topic, 0, n) for n, event in enumerate(many)])
    outbox.close()
    assert b"client-of-nobody" not in (tmp_path / "outbox.sqlite").read_bytes()


def test_it_outlives_its_process(tmp_path: Path) -> None:
    Outbox(tmp_path / "outbox.sqlite").put([(event, PRINT) for event in EVENTS])
    assert [event for _, event in Outbox(tmp_path / "outbox.sqlite").pending(10)] == EVENTS


def test_an_acknowledged_event_is_pending_no_more_and_its_answer_stays(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.sqlite")
    outbox.put([(event, PRINT) for event in EVENTS])
    accepted = Accepted("id-1", "victim-reported", 0, 42)
    outbox.done([accepted])
    assert [event.id for _, event in outbox.pending(10)] == ["id-0", "id-2"]
    assert outbox.stored(["id-0", "id-1", "id-9"]) == {"id-0": Stored(PRINT, None), "id-1": Stored(PRINT, accepted)}


def test_an_acknowledged_event_leaves_no_bytes_behind(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.sqlite")
    outbox.put([(event, PRINT) for event in EVENTS])
    outbox.done([Accepted(event.id, event.topic, 0, 1) for event in EVENTS])
    rows = outbox._database.execute("SELECT key, value, headers FROM outgoing").fetchall()
    assert rows == [(None, None, None)] * 3


def test_an_id_keeps_its_first_bytes(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.sqlite")
    outbox.put([(EVENTS[0], PRINT)])
    outbox.put([(Prepared("id-0", "victim-reported", b"k", b"other", ()), b"q" * 32)])
    assert [event for _, event in outbox.pending(10)] == EVENTS[:1]


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    Outbox(tmp_path / "outbox.sqlite")
    assert (tmp_path / "outbox.sqlite").stat().st_mode & 0o777 == 0o600


def test_a_damaged_file_and_a_bad_place_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "outbox.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(CorruptLogError, match="set it aside"):
        Outbox(tmp_path / "outbox.sqlite")
    with pytest.raises(ConfigurationError, match="choose a folder"):
        Outbox(tmp_path / "outbox.sqlite" / "below-a-file")
