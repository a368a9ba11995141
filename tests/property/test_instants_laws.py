"""How things stood as of an instant, and as known at one: laws over random histories of one subject."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given as for_all
from hypothesis import strategies as st

from consent.instants import CLOSES, OPENS, Admitted, as_known_at, as_of
from consent.known import Fact, replay
from ketenbus.contract import contract
from tests.consent_facts import (
    at,
    case,
    decision_on,
    decisions,
    facts,
    given,
    histories,
    refused,
    the_register,
    withdrawn,
)

INSTANTS = st.integers(-1, 4).map(at) | st.sampled_from([at(0.5), at(1.5)])
END = datetime.max.replace(tzinfo=UTC)
MOMENTS = st.integers(0, 60).map(lambda minutes: at(minutes / 10))
ADMITTED = st.lists(st.builds(Admitted, facts(), MOMENTS), max_size=8, unique_by=lambda a: a.fact.ref)


def test_what_opens_and_closes_are_types_of_the_contract_and_no_type_is_both() -> None:
    assert contract().types.keys() >= OPENS | CLOSES
    assert not OPENS & CLOSES


def test_what_neither_opens_nor_closes_speaks_of_another_event_an_office_or_nothing_that_a_decision_asks() -> None:
    known = contract().types
    bears = {name for name, t in known.items() if t.group in {"consent", "correction", "bus"}}
    bears |= {name for name in known if name.startswith("emergency-")}
    assert bears - OPENS - CLOSES == {
        "consent-requested",
        "event-retracted",
        "fact-quarantined",
        "guardian-appointed",
        "guardian-ended",
        "recall-confirmed",
    }


@for_all(histories())
def test_at_the_end_of_time_everything_has_happened(said: list[Fact]) -> None:
    assert as_of(said, END) == tuple(said)


@for_all(ADMITTED)
def test_at_the_end_of_time_everything_is_known(said: list[Admitted]) -> None:
    assert as_known_at(said, END) == tuple(one.fact for one in said)


@for_all(ADMITTED, st.builds(Admitted, facts(), MOMENTS), MOMENTS)
def test_what_is_admitted_later_changes_nothing_of_what_was_known(
    said: list[Admitted], more: Admitted, then: datetime
) -> None:
    later = Admitted(more.fact, then + timedelta(seconds=1))
    assert as_known_at([later, *said], then) == as_known_at(said, then)


@for_all(histories(), INSTANTS, st.randoms(use_true_random=False))
def test_the_order_in_which_facts_came_is_no_part_of_how_things_stood(
    said: list[Fact], then: datetime, order: object
) -> None:
    shuffled = list(said)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert replay(as_of(shuffled, then)) == replay(as_of(said, then))


@for_all(histories(), INSTANTS, INSTANTS)
def test_a_later_instant_loses_no_fact_and_asking_twice_is_asking_of_the_earlier(
    said: list[Fact], one: datetime, other: datetime
) -> None:
    earlier, later = sorted((one, other))
    assert not Counter(f.ref for f in as_of(said, earlier)) - Counter(f.ref for f in as_of(said, later))
    assert as_of(as_of(said, later), earlier) == as_of(said, earlier)


@for_all(histories(), INSTANTS, st.sampled_from([given, refused]))
def test_what_was_surely_said_later_changes_nothing(said: list[Fact], then: datetime, word: object) -> None:
    later = word("later", then + timedelta(seconds=1))  # type: ignore[operator]
    assert as_of([*said, later], then) == as_of(said, then)


@for_all(histories(), INSTANTS)
def test_a_refusal_or_withdrawal_of_unknown_time_counts_and_never_opens_anything(
    said: list[Fact], then: datetime
) -> None:
    unknown = {"occurred_at": None, "occurred_precision": "UNKNOWN"}
    for word in (refused("late", None, time=at(9)), withdrawn("grant", "late", time=at(9), **unknown)):
        assert word in as_of([*said, word], then)
        before = decisions(the_register(), case(), replay(as_of(said, then)))
        for candidate, decision in decisions(the_register(), case(), replay(as_of([*said, word], then))).items():
            assert decision.outcome != "delivered" or before[candidate].outcome == "delivered"


def test_what_is_admitted_at_the_very_instant_is_known_at_it() -> None:
    assert as_known_at([Admitted(given(), at(1)), Admitted(refused(), at(1.01))], at(1)) == (given(),)


def test_a_grant_of_unknown_time_counts_only_once_its_source_had_recorded_it() -> None:
    grant = given(when=None, time=at(2))
    assert (as_of([grant], at(1.9)), as_of([grant], at(2))) == ((), (grant,))


def test_a_grant_on_some_day_counts_from_when_it_was_recorded_that_day_and_a_refusal_from_its_first_hour() -> None:
    day = {"occurred_precision": "DAY"}
    grant, refusal = given(when=at(0), time=at(0.1), **day), refused(when=at(0.1), **day)
    assert (as_of([grant], at(0)), as_of([grant], at(0.1))) == ((), (grant,))
    assert as_of([refusal], at(0)) == (refusal,)


def test_how_it_stood_while_the_consent_held_is_told_after_it_was_withdrawn() -> None:
    said = [given(when=at(0), time=at(0)), withdrawn("grant", occurred_at=at(2), time=at(2))]
    assert decision_on(said).reasons == ("consent-withdrawn",)
    assert decision_on(as_of(said, at(1))).reasons == ("consent",)
    assert decision_on(as_known_at([Admitted(said[0], at(0)), Admitted(said[1], at(3))], at(2))).reasons == ("consent",)
