"""The laws of disclosure: what is left out changes nothing, no two views share a name, and no order changes what stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.activities import Register
from consent.known import Fact
from consent.policy import Decision
from ketenbus.contract import contract
from ketenbus.values import Event
from services.policy.noninterference import interferes
from streams.disclose.judge import Candidate, Change, Standing, judge
from streams.disclose.tokens import EventName
from streams.disclose.view import LogEvent
from tests import strategies
from tests.consent_facts import OIN, histories, the_register
from tests.log_events import SUBJECT, every_byte, logged, of, tokens, told

#: Every mask of the register, and one that makes all general that can be.
MASKS = sorted(
    {
        (name, mask)
        for a in the_register().activities
        for name in a.types
        for mask in (a.mask, ("neutral-generalised", "quasi-generalised"))
    }
)
SHELTER = sorted(name for name, declared in contract().types.items() if declared.shelter)
VIEWS = st.sampled_from([f"view.{r}.{p.lower()}" for r, p in the_register().views()])
NAMES = st.builds(
    EventName,
    st.binary(min_size=16, max_size=16),
    st.from_regex(r"[0-9]{20}", fullmatch=True),
    strategies.IDS,
)


@pytest.mark.parametrize(("name", "mask"), MASKS, ids=[f"{name} {'+'.join(mask)}" for name, mask in MASKS])
@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_changing_what_a_mask_leaves_out_changes_no_byte(name: str, mask: tuple[str, ...], data: st.DataObject) -> None:
    one, other = (data.draw(strategies.events(st.just(name), sealed=True)) for _ in range(2))
    decision = Decision("comensha", "REGISTRATIE", "delivered", mask, "a/1", ("legal-task",))
    assert not interferes(decision, one, other)


@pytest.mark.parametrize("name", sorted(contract().types))
@given(data=st.data())
@settings(max_examples=5, deadline=None)
def test_changing_anything_changes_no_byte_of_a_recall(name: str, data: st.DataObject) -> None:
    one, other = (data.draw(strategies.events(st.just(name), sealed=True)) for _ in range(2))
    decision = Decision("comensha", "REGISTRATIE", "withheld", (), "a/1", ("no-consent",))
    assert told(of(one), decision, kind="recall") == told(of(other), decision, kind="recall")


@pytest.mark.parametrize("name", SHELTER)
@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_changing_the_publisher_changes_no_byte_of_a_shelters_event_but_its_names(
    name: str, data: st.DataObject
) -> None:
    event = of(data.draw(strategies.events(st.just(name), sealed=True)))
    elsewhere = replace(event, source=f"urn:nld:oin:{'9' * 20}:systeem:elsewhere", publisher_kind="opvang")
    decision = Decision("opvang", "PLAATSING", "delivered", ("neutral", "quasi"), "a/1", ("consent",))
    assert told(event, decision) == told(elsewhere, decision)


@given(strategies.events(sealed=True), VIEWS, VIEWS)
@settings(deadline=None)
def test_two_views_share_no_name_of_the_bus(event: Event, one: str, two: str) -> None:
    def names(view: str) -> set[bytes]:
        message = told(of(event), Decision("", "", "delivered", ("neutral",), "a/1", ("",)), view)
        return {message.key, dict(message.headers)["ce_id"]}

    assert one == two or not names(one) & names(two)


@given(NAMES, VIEWS, VIEWS)
def test_a_token_is_read_back_in_its_own_view_and_in_no_other(name: EventName, one: str, two: str) -> None:
    for token in (tokens(one).event(name), tokens(one).subject(name.subject)):
        assert (tokens(two).read(token) in (name, name.subject)) == (one == two)
    assert tokens(one).read(tokens(one).event(name)) == name
    assert tokens(one).read(tokens(one).subject(name.subject)) == name.subject


@given(st.lists(NAMES, min_size=2, max_size=2, unique=True), VIEWS)
def test_two_names_are_two_tokens(names: list[EventName], view: str) -> None:
    one, two = names
    assert tokens(view).event(one) != tokens(view).event(two)


@given(strategies.events(sealed=True))
@settings(deadline=None)
def test_no_name_the_publisher_gave_the_person_or_its_events_is_in_a_message(event: Event) -> None:
    roles = {
        f.name: f.role for f in contract().types[event.TYPE].fields if f.role in ("subject", "other-subject", "link")
    }
    ours = {name: f"clear-{name}-0123456789" for name in roles if getattr(event, name) is not None}
    named = replace(of(event.model_copy(update=ours)), name=EventName(SUBJECT, OIN, "clear-id-0123456789"))
    mask = tuple({f.field_class for f in contract().types[event.TYPE].fields})
    said = every_byte(told(named, Decision("comensha", "REGISTRATIE", "delivered", mask, "a/1", ("",))))
    assert b"clear-" not in said


class View:
    """A recipient's side: per event the message with the highest change."""

    def __init__(self) -> None:
        self.told: dict[Candidate, tuple[int, bool]] = {}

    def hear(self, messages: Sequence[tuple[Candidate, int, bool]]) -> None:
        for candidate, change, holds in messages:
            if change > self.told.get(candidate, (0, False))[0]:
                self.told[candidate] = (change, holds)

    def holds(self) -> set[Candidate]:
        return {candidate for candidate, (_, holds) in self.told.items() if holds}


def candidate(change: Change) -> Candidate:
    decision = change.standing.decision
    return change.logged.name, decision.recipient, decision.purpose


def run(batches: Sequence[Sequence[LogEvent]], register: Register) -> tuple[Mapping[Candidate, Standing], View]:
    """Feed disclose's pure part as its store would, check every change, and return what stands and what a view holds."""
    known: dict[EventName, LogEvent] = {}
    standings: dict[Candidate, Standing] = {}
    messages: list[tuple[Candidate, int, bool]] = []
    for batch in batches:
        known |= {e.name: e for e in batch}
        for change in judge(register, known.values(), standings):
            key = candidate(change)
            check(change, standings.get(key))
            standings[key] = change.standing
            if change.kind is not None:
                messages.append((key, change.standing.change, change.kind != "recall"))
    view = View()
    view.hear([*reversed(messages), *messages])
    return standings, view


def check(change: Change, old: Standing | None) -> None:
    """What a change may be, given what stood."""
    new = change.standing
    number, in_view = (old.change, old.in_view) if old else (0, False)
    delivered = new.decision.outcome == "delivered"
    assert new.change == number + (change.kind is not None)
    assert old is None or new != old
    match change.kind:
        case "delivery":
            assert old is None
            assert delivered
        case "release":
            assert old is not None
            assert delivered
            assert not in_view
        case "replacement":
            assert in_view
            assert delivered
        case "recall":
            assert in_view
            assert not delivered
        case None:
            assert new.in_view == in_view
            assert delivered == in_view


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[list[LogEvent], list[list[LogEvent]], list[list[LogEvent]]]:
    """A subject's events, and two tellings of them: other orders, other batches, some of them twice."""
    facts: list[Fact] = draw(histories(7))
    moved = draw(st.sampled_from(["placement-moved", "victim-reported", "bedenktijd-offered", "B8-granted"]))
    extra = of(draw(strategies.events(st.just(moved), sealed=True)), "extra", "zorgcoordinator")
    kinds = st.sampled_from(["zorgcoordinator", "politie", "ind"])
    events = [extra, *(logged(f, draw(kinds)) for f in facts)]

    def told() -> list[list[LogEvent]]:
        order = draw(st.permutations([*events, *draw(st.lists(st.sampled_from(events), max_size=3))]))
        cuts = sorted(draw(st.lists(st.integers(0, len(order)), max_size=4)))
        return [list(order[a:b]) for a, b in zip([0, *cuts], [*cuts, len(order)], strict=True)]

    return events, told(), told()


@given(arrivals())
@settings(max_examples=80, deadline=None)
def test_any_order_and_batching_ends_with_the_same_standing_and_the_same_view(
    told: tuple[list[LogEvent], list[list[LogEvent]], list[list[LogEvent]]],
) -> None:
    events, one, two = told
    at_once, once = run([events], the_register())
    for batches in (one, two):
        standings, view = run(batches, the_register())
        assert {k: s.decision for k, s in standings.items()} == {k: s.decision for k, s in at_once.items()}
        assert {k for k, s in standings.items() if s.in_view} == view.holds() == once.holds()
        assert view.holds() == {k for k, s in standings.items() if s.decision.outcome == "delivered"}
