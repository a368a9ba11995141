"""The laws of the codec: every event of every type comes back as it went, and no bytes at all can crash it."""

from __future__ import annotations

from datetime import date

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from ketenbus import codec, rules
from ketenbus.codec import FRAME
from ketenbus.contract import contract
from ketenbus.errors import Unreadable
from ketenbus.events import MODELS
from ketenbus.values import Event
from tests.strategies import events

REASONS = {"unknown-schema", "undecodable", "trailing-bytes", "beyond-limits", "not-utf8"}
IN_FORCE = date(2026, 1, 1)


@pytest.mark.parametrize("name", sorted(MODELS))
@settings(max_examples=15)  # of each of some thirty types
@given(data=st.data())
def test_an_event_comes_back_as_it_went(name: str, data: st.DataObject) -> None:
    event = data.draw(events(st.just(name), sealed=True))
    assert codec.decode(codec.encode(event)) == event


@given(events())
def test_the_strategy_draws_events_that_keep_every_rule(event: Event) -> None:
    assert rules.broken(event, IN_FORCE) == ()


@given(events(sealed=True))
def test_one_more_byte_is_one_too_many(event: Event) -> None:
    read = codec.decode(codec.encode(event) + b"\0")
    assert isinstance(read, Unreadable)
    assert read.reason == "trailing-bytes"


@given(events(sealed=True), st.data())
def test_a_cut_event_is_undecodable(event: Event, data: st.DataObject) -> None:
    raw = codec.encode(event)
    read = codec.decode(raw[: data.draw(st.integers(0, len(raw) - 1))])
    assert isinstance(read, Unreadable)
    assert read.reason in REASONS


@given(events(sealed=True), st.data())
def test_a_changed_event_is_an_event_or_unreadable_but_never_a_crash(event: Event, data: st.DataObject) -> None:
    raw = bytearray(codec.encode(event))
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    _total(bytes(raw))


@given(st.binary(max_size=300), st.sampled_from(sorted(contract().by_id)))
def test_arbitrary_bytes_under_any_schema_never_crash(body: bytes, schema_id: int) -> None:
    _total(FRAME.pack(0, schema_id) + body)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_never_crash(raw: bytes) -> None:
    _total(raw)


def _total(raw: bytes) -> None:
    """What is read is an event that can be written and read again, or unreadable for a named reason."""
    read = codec.decode(raw)
    if isinstance(read, Unreadable):
        assert read.reason in REASONS
    else:
        assert codec.decode(codec.encode(read)) == read
        rules.broken(read, IN_FORCE)
