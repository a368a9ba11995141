"""The laws of catching up with a view: less is handed out, and what is held in the end is the same."""

from __future__ import annotations

from collections.abc import Iterable

import hypothesis.strategies as st
import pytest
from hypothesis import given

from ketenbus import view
from ketenbus.ahead import LookAhead
from ketenbus.changes import Changes
from ketenbus.envelope import Envelope, Headers, sign, write
from ketenbus.view import KINDS, Kind, Received
from tests.made_up import DISCLOSE_KEY, NOW, OIN, SIGNING_KEY

EVENTS = ("a", "b", "c")
#: An event, a change and its kind: one kind for each change, however often and in whatever order it comes.
Told = tuple[str, int, Kind]


def told(id: str, change: int, kind: Kind) -> Received:
    said = Envelope(id, "", "", NOW, "")
    return Received(id, "s", kind, change, "victim-reported", None, said, frozenset(), frozenset(), "m", "a/1")


HISTORIES = st.dictionaries(
    st.tuples(st.sampled_from(EVENTS), st.integers(0, 6)), st.sampled_from(sorted(KINDS)), min_size=1, max_size=14
).flatmap(
    lambda kinds: st.lists(
        st.sampled_from([(id, change, KINDS[kind]) for (id, change), kind in sorted(kinds.items())]), max_size=30
    )
)


class Reader:
    """Handles what it is handed: holds what was delivered, drops what is recalled, remembers the changes."""

    def __init__(self) -> None:
        self.changes = Changes(None, "view")
        self.holds: dict[str, int] = {}
        self.handed: list[Told] = []

    def take(self, messages: Iterable[Told]) -> None:
        for id, change, kind in messages:
            if self.changes.is_news(id, change):
                self.changes.handled(id, change)
                self.handed.append((id, change, kind))
                if kind == "recall":
                    self.holds.pop(id, None)
                else:
                    self.holds[id] = change


def looked_ahead(history: list[Told], begin: int, end: int) -> LookAhead:
    ahead = LookAhead(begin, end)
    for offset, (id, change, kind) in enumerate(history[begin:], begin):
        ahead.learn(offset, (id, change) if kind.encode() in view.ENDING else None)
    return ahead


@given(HISTORIES, st.data())
def test_who_catches_up_holds_what_reading_in_order_gives_and_is_handed_nothing_that_was_recalled(
    history: list[Told], data: st.DataObject
) -> None:
    end = data.draw(st.integers(0, len(history)))
    begin = data.draw(st.integers(0, end))
    knew = data.draw(st.booleans())  # or it lost its state
    in_order, behind = Reader(), Reader()
    for reader in (in_order, behind):
        reader.take(history[:begin] if knew else [])
        reader.handed.clear()
    in_order.take(history[begin:])
    ahead = looked_ahead(history, begin, end)
    standing = [(offset, one) for offset, one in enumerate(history[begin:], begin) if ahead.stands(offset, told(*one))]
    behind.take(one for offset, one in standing if offset < end)
    caught_up = [*behind.handed]
    behind.take(one for offset, one in standing if offset >= end)

    assert behind.holds == in_order.holds
    ended = [one for one in history[begin:end] if one[2].encode() in view.ENDING]
    for id, change, kind in caught_up:
        if kind != "recall":
            assert not [one for one in ended if one[0] == id and one[1] > change]
    recalls = {one for one in in_order.handed if one[2] == "recall"}
    assert recalls <= {*behind.handed}
    assert [one for offset, one in standing if offset >= end] == history[end:]
    assert ahead._highest.keys() == {id for id, _, _ in ended}


@pytest.mark.parametrize(
    ("history", "handed"),
    [
        (["delivery", "recall"], [1]),
        (["delivery", "recall", "release"], [1, 2]),
        (["delivery", "recall", "release", "recall"], [1, 3]),
        (["delivery", "replacement", "replacement"], [2]),
        (["release", "replacement", "recall"], [2]),
    ],
)
def test_of_one_event_every_recall_is_handed_out_and_the_last_of_what_stands(
    history: list[Kind], handed: list[int]
) -> None:
    told_in_order = [("a", change, kind) for change, kind in enumerate(history)]
    ahead = looked_ahead(told_in_order, 0, len(history))
    assert [change for _, change, kind in told_in_order if ahead.stands(change, told("a", change, kind))] == handed


@given(st.sampled_from(sorted(KINDS)), st.integers(0, 10**18 - 1), st.booleans(), st.binary(max_size=8))
def test_only_what_the_bus_signed_ends_anything_whatever_its_content(
    kind: str, change: int, by_the_bus: bool, value: bytes
) -> None:
    headers: Headers = write(
        Envelope(
            "v1-event", f"urn:nld:oin:{OIN}:systeem:ketenbus", "nl.mensenhandel.unheard-of.v9", NOW, "urn:x",
            extensions=((view.CHANGE, str(change)), (view.KIND, kind)),
        )
    )  # fmt: skip
    signed = sign(headers, b"k", value, DISCLOSE_KEY if by_the_bus else SIGNING_KEY)
    expected = ("v1-event", change) if by_the_bus and kind in ("recall", "replacement") else None
    assert view.ends(signed, b"k", value, DISCLOSE_KEY.public_key()) == expected
    assert view.ends(signed, b"k", value + b"x", DISCLOSE_KEY.public_key()) is None
    assert view.ends(headers, b"k", value, DISCLOSE_KEY.public_key()) is None
