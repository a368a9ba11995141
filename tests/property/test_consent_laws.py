"""The laws of what is known and of what may be disclosed, over every activity of the real register."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from consent.chains import retracted, superseded
from consent.days import NETHERLANDS, day_of, start_of
from consent.known import Fact, Known, replay
from consent.narrowing import Narrowed
from consent.policy import Case, decide
from consent.precedence import consent
from consent.proofs.histories import histories as seeded
from consent.table import compiled
from ketenbus.contract import contract
from tests import consent_facts as made
from tests.consent_facts import decisions, every_case, histories, the_register

ACTIVITIES = the_register().activities
TABLE = compiled(the_register())
#: A word nobody has said yet: nothing corrects, retracts or waits for it.
NEW = "new"
WORDS = st.one_of(
    st.builds(
        lambda when, scope, speaker: made.refused(NEW, when, **scope, **speaker),
        made.MOMENTS,
        made.SCOPES,
        made.SPEAKERS,
    ),
    st.builds(lambda of: made.withdrawn(of, NEW), made.IDS),
    st.builds(lambda of: made.over(of, NEW), made.IDS),
    st.builds(lambda of, days: made.ended(of, days, id=NEW), made.IDS, st.integers(0, 3)),
)
LINKS = st.builds(lambda id, undone, time: made.linked(id, undone=undone, time=time), made.IDS, made.LINKS, made.TIMES)
KINDS = st.sampled_from(sorted(contract().codelists["publisher-kind"].codes))
CASES = st.builds(
    made.case,
    st.sampled_from(sorted(contract().types)),
    KINDS,
    safety=st.booleans(),
    id=made.IDS | st.just("case"),
)


def delivered(known: Known, judged: Case) -> set[tuple[tuple[str, str], str]]:
    """Who gets the event, each with every class of its fields that travels."""
    found = decisions(the_register(), judged, known)
    return {(who, name) for who, d in found.items() if d.outcome == "delivered" for name in d.mask}


@given(histories(), st.randoms(use_true_random=False))
def test_replay_of_any_permutation_with_any_repeats_is_the_same(history: list[Fact], rng: random.Random) -> None:
    told = rng.sample(history * 2, k=2 * len(history))
    assert replay(told) == replay(history)


@given(histories(4), histories(4), histories(4))
def test_merging_associates_commutes_and_absorbs(one: list[Fact], two: list[Fact], three: list[Fact]) -> None:
    a, b, c = replay(one), replay(two), replay(three)
    assert (a | b) | c == a | (b | c)
    assert a | b == b | a
    assert a | a == a == a | Known()
    assert replay([*one, *two]) == a | b


@given(histories(), CASES, st.randoms(use_true_random=False))
def test_a_decision_is_the_same_for_every_order(history: list[Fact], judged: Case, rng: random.Random) -> None:
    shuffled = rng.sample(history, k=len(history))
    assert decisions(the_register(), judged, replay(history)) == decisions(the_register(), judged, replay(shuffled))


@given(histories(), WORDS, st.booleans())
@settings(max_examples=80)
def test_one_more_refusal_withdrawal_expiry_or_end_of_a_guardianship_never_delivers_what_was_not_delivered(
    history: list[Fact], word: Fact, safety: bool
) -> None:
    before, after = replay(history), replay([*history, word])
    for activity in ACTIVITIES:
        for judged in every_case(activity, safety=safety):
            assert delivered(after, judged) <= delivered(before, judged), (activity.ref, judged)


@given(histories(), made.IDS, made.LINKS, made.MOMENTS, made.TIMES, made.SCOPES, made.SPEAKERS)
@settings(max_examples=80)
def test_a_correction_of_a_grant_that_was_withdrawn_never_delivers_what_was_not_delivered(
    history: list[Fact], of: str, also: str | None, when: datetime | None, time: datetime, scope: Any, speaker: Any
) -> None:
    """The withdrawal names the grant, or another of its chain that is nowhere to be found."""
    joined = [made.given("missing", time=time, corrects=of)] if also else []
    ended = [*history, *joined, made.withdrawn("missing" if also else of, "ended", time=made.at(9))]
    correction = made.given(NEW, when, time=time, corrects=of, **scope, **speaker)
    before, after = replay(ended), replay([*ended, correction])
    for activity in ACTIVITIES:
        for judged in every_case(activity):
            assert delivered(after, judged) <= delivered(before, judged), (activity.ref, judged)


@given(histories(), made.TIMES, st.sampled_from(["MINOR", "ADULT"]), st.booleans())
@settings(max_examples=60)
def test_one_more_word_on_the_persons_age_never_delivers_what_was_not_delivered(
    history: list[Fact], day: datetime, age: str, safety: bool
) -> None:
    aged = made.reported(NEW, age_group=age, reported_on=day.date())
    before, after = replay(history), replay([*history, aged])
    for activity in ACTIVITIES:
        for judged in every_case(activity, safety=safety):
            assert delivered(after, judged) <= delivered(before, judged), (activity.ref, judged)


@given(histories(), LINKS, st.booleans())
@settings(max_examples=80)
def test_linking_facts_never_change_any_decision(history: list[Fact], link: Fact, safety: bool) -> None:
    before, after = replay(history), replay([*history, link])
    for activity in ACTIVITIES:
        for judged in every_case(activity, safety=safety):
            if judged.type not in {"identity-linked", "identity-unlinked"}:
                assert decisions(the_register(), judged, after) == decisions(the_register(), judged, before)


@given(histories(), CASES)
def test_a_safety_ground_changes_nothing_but_placement(history: list[Fact], judged: Case) -> None:
    known = replay(history)
    unsafe = decisions(the_register(), replace(judged, safety_recorded=True), known)
    safe = decisions(the_register(), replace(judged, safety_recorded=False), known)
    for who in safe:
        assert who[1] == "PLAATSING" or unsafe[who] == safe[who]
        assert who[1] == "PLAATSING" or "safety" not in unsafe[who].reasons


@given(CASES)
def test_without_facts_only_legal_tasks_and_safety_are_delivered(judged: Case) -> None:
    for (recipient, purpose), decision in decisions(the_register(), judged, Known()).items():
        activity = the_register().activity(judged.type, judged.publisher_kind, recipient, purpose, judged.day)
        wanted = activity is not None and (
            activity.consent == "none" or (activity.consent == "required-or-safety" and judged.safety_recorded)
        )
        assert (decision.outcome == "delivered") == wanted


@given(histories(), CASES)
def test_what_is_delivered_has_the_mask_of_the_one_activity_that_allows_it_or_less(
    history: list[Fact], judged: Case
) -> None:
    for (recipient, purpose), decision in decisions(the_register(), judged, replay(history)).items():
        activity = the_register().activity(judged.type, judged.publisher_kind, recipient, purpose, judged.day)
        assert decision.activity == (activity.ref if activity else "")
        whole = activity.mask if activity and decision.outcome == "delivered" else ()
        assert set(decision.mask) <= set(whole)
        assert decision.mask == tuple(name for name in whole if name in decision.mask)
        assert (decision.mask != whole) == (Narrowed.value in decision.reasons)


@given(histories())
def test_in_each_chain_exactly_one_event_stands_unless_all_are_retracted(history: list[Fact]) -> None:
    known = replay(history)
    gone = superseded(known)
    assert not gone & retracted(known)
    assert gone <= {c.ref for c in known.chain if c.ref not in retracted(known)}
    for row in known.chain:
        if row.ref in gone:
            later = {c.ref for c in known.chain if c.type == row.type and (c.time, c.ref.id) > (row.time, row.ref.id)}
            assert later - gone - retracted(known)


@given(histories(), made.SCOPES, made.SPEAKERS, made.MOMENTS)
def test_a_corrected_word_is_as_never_said(
    history: list[Fact], scope: dict[str, Any], speaker: dict[str, Any], when: datetime | None
) -> None:
    wrong = made.given("wrong", made.at(1), purpose="REGISTRATIE", recipient="comensha")
    right = made.given("zz", when, time=made.at(9), **scope, **speaker)
    correction = made.given("zz", when, time=made.at(9), corrects="wrong", **scope, **speaker)
    for activity in ACTIVITIES:
        who = activity.recipient, activity.purpose
        assert consent(replay([*history, wrong, correction]), *who) is consent(replay([*history, right]), *who)


@given(histories(), CASES)
def test_the_compiled_table_decides_as_the_register_does(history: list[Fact], judged: Case) -> None:
    known = replay(history)
    assert TABLE.decide(judged, known) == decide(the_register(), judged, known)


OFFSETS = st.sampled_from([timezone(timedelta(minutes=m)) for m in (-720, -90, 0, 60, 120, 345, 840)] + [NETHERLANDS])


@given(st.integers(0, 2**32), OFFSETS, OFFSETS)
def test_the_offset_an_instant_is_written_with_changes_nothing(seed: int, one: tzinfo, other: tzinfo) -> None:
    [told] = seeded(1, seed)
    states = {
        tuple(consent(replay(written(fact, zone) for fact in told), a.recipient, a.purpose) for a in ACTIVITIES)
        for zone in (UTC, one, other)
    }
    assert len(states) == 1


def written(fact: Fact, zone: tzinfo) -> Fact:
    """The same fact, its instants written with another offset."""
    occurred_at = fact.event.occurred_at  # type: ignore[attr-defined]
    event = fact.event.model_copy(update={"occurred_at": occurred_at and occurred_at.astimezone(zone)})
    return replace(fact, time=fact.time.astimezone(zone), event=event)


@given(st.datetimes(datetime(1996, 1, 1), datetime(2037, 12, 30), timezones=st.just(UTC)), OFFSETS)
def test_a_day_in_the_netherlands_is_by_the_european_rule_of_summer_time(at: datetime, zone: tzinfo) -> None:
    march, october = (datetime(at.year, month, 31, 1, tzinfo=UTC) for month in (3, 10))
    begins, ends = (last - timedelta(days=last.isoweekday() % 7) for last in (march, october))
    wanted = (at + timedelta(hours=2 if begins <= at < ends else 1)).date()
    assert day_of(at) == day_of(at.astimezone(zone)) == wanted
    assert start_of(wanted) <= at < start_of(wanted + timedelta(days=1))
