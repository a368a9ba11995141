"""The laws of emergency access, over random histories and every event of the real register."""

from __future__ import annotations

import random
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from consent.emergency import standing
from consent.known import Fact, replay
from consent.policy import Case, decide
from consent.proofs.examples import OFFICER, REVIEWERS, review, use
from consent.table import compiled
from ketenbus.contract import contract
from tests import consent_facts as made
from tests.consent_facts import DAY, at, decisions, fact, histories, the_register

TABLE = compiled(the_register())
NUMBERS = st.sampled_from((OFFICER, *REVIEWERS))
USED_ON = st.sampled_from([DAY + timedelta(days=n) for n in (-400, -1, 0, 1)])
USES = st.builds(
    lambda id, on, when: fact(use(used_on=on).event, id, time=when), st.sampled_from("xy"), USED_ON, made.TIMES
)
REVIEWS = st.builds(
    lambda id, of, by, justified: fact(review(of=of, reviewer=by, justified=justified).event, id),
    st.sampled_from("pqrs"), st.sampled_from("xy"), NUMBERS, st.booleans(),
)  # fmt: skip
#: What else is known, and what was done about emergency access.
KNOWN = st.builds(
    lambda history, uses, reviews, gone: {f.ref: f for f in (*history, *uses, *reviews, *gone)}.values(),
    histories(4),
    st.lists(USES, max_size=2),
    st.lists(REVIEWS, max_size=4),
    st.lists(st.builds(lambda of: made.retracted(of, "gone"), st.sampled_from("xyp")), max_size=1),
)
CASES = st.builds(
    made.case,
    st.sampled_from(sorted(contract().types)),
    st.sampled_from(sorted(contract().codelists["publisher-kind"].codes)),
    safety=st.booleans(),
)
PLACED = made.case("placement-moved", "opvang")


def delivered(known: list[Fact], judged: Case) -> set[tuple[str, str]]:
    return {who for who, d in decisions(the_register(), judged, replay(known)).items() if d.outcome == "delivered"}


@given(KNOWN, USED_ON, CASES)
@settings(max_examples=60)
def test_one_more_use_changes_no_decision_outside_placement(known: list[Fact], on: date, judged: Case) -> None:
    opened = fact(use(used_on=on).event, "one-more", time=at(9))
    before = decisions(the_register(), judged, replay(known))
    after = decisions(the_register(), judged, replay([*known, opened]))
    assert {who for who in after if after[who] != before[who]} <= {("comensha", "PLAATSING"), ("opvang", "PLAATSING")}
    assert all(after[who].mask in ((), ("neutral", "quasi")) for who in after if after[who] != before[who])


@given(KNOWN, st.sampled_from("xy"), NUMBERS, st.booleans())
@settings(max_examples=60)
def test_one_more_review_never_opens_anything(known: list[Fact], of: str, by: str, justified: bool) -> None:
    looked = fact(review(of=of, reviewer=by, justified=justified).event, "one-more", time=at(9))
    assert delivered([*known, looked], PLACED) <= delivered(known, PLACED)


@given(KNOWN)
@settings(max_examples=60)
def test_however_many_uses_went_unreviewed_or_wrong_the_next_one_opens(known: list[Fact]) -> None:
    opened = fact(use(used_on=DAY).event, "one-more", time=at(9))
    assert {("comensha", "PLAATSING"), ("opvang", "PLAATSING")} <= delivered([*known, opened], PLACED)


@given(KNOWN, CASES, st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_in_every_order_and_by_the_table_it_is_the_same(known: list[Fact], judged: Case, rng: random.Random) -> None:
    told = list(known)
    twice = rng.sample(told * 2, k=2 * len(told))
    assert TABLE.decide(judged, replay(twice)) == decide(the_register(), judged, replay(told))


@given(KNOWN, st.sampled_from("xy"), NUMBERS, st.booleans())
def test_the_same_person_twice_counts_once(known: list[Fact], of: str, by: str, justified: bool) -> None:
    one, again = (fact(review(of=of, reviewer=by, justified=justified).event, id) for id in ("one-more", "and-again"))
    assert set(standing(replay([*known, one]))) == set(standing(replay([*known, one, again])))
