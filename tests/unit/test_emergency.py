"""Emergency access: what a use opens, who counts as a reviewer, what is refused, and how it is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations

import pytest

from consent.emergency import standing
from consent.explain import explain
from consent.known import Fact, replay
from consent.policy import Decision
from consent.proofs import emergency
from consent.proofs.examples import OFFICER, REVIEWERS, review, use
from ketenbus.rules import broken
from ketenbus.values import Event
from streams.runtime.topics import layout
from tests.consent_facts import DAY, NOON, case, decision_on, fact, given, refused, retracted, the_register

PLACED = case("placement-moved", "opvang")
USE = use(used_on=DAY)
ONE, TWO = REVIEWERS


def placement(*facts: Fact) -> Decision:
    return decision_on(facts, "opvang", "PLAATSING", type="placement-moved", kind="opvang")


def said(*facts: Fact, language: str = "en") -> str:
    found = explain(the_register(), PLACED, facts, placement(*facts))
    return "\n".join(line.said(language) for line in found.lines)


def looked(by: str, id: str, *, justified: bool = False) -> Fact:
    return review(id, reviewer=by, justified=justified)


def test_a_use_opens_the_placement_set_though_consent_was_refused() -> None:
    opened = placement(refused(), USE)
    assert (opened.outcome, opened.reasons, opened.mask) == ("delivered", ("safety",), ("neutral", "quasi"))
    assert placement(refused()).reasons == ("consent-refused",)


def test_a_use_opens_what_is_recorded_from_its_day_on_and_nothing_before() -> None:
    assert placement(use(used_on=DAY)).outcome == "delivered"
    assert placement(use(used_on=DAY - timedelta(days=400))).outcome == "delivered"
    assert placement(use(used_on=DAY + timedelta(days=1))).outcome == "withheld"


def test_two_others_who_find_it_unjustified_end_a_use_and_the_same_one_twice_does_not() -> None:
    no, also_no = looked(ONE, "a"), looked(TWO, "b")
    assert placement(USE, no).outcome == "delivered"
    assert placement(USE, no, also_no).outcome == "withheld"
    assert placement(USE, no, looked(ONE, "b")).outcome == "delivered"
    assert placement(USE, no, looked(OFFICER, "b")).outcome == "delivered"
    assert placement(USE, no, looked(TWO, "b", justified=True)).outcome == "delivered"
    assert placement(USE, no, also_no, retracted("b")).outcome == "delivered"


def test_the_next_use_opens_again() -> None:
    overturned = (USE, looked(ONE, "a"), looked(TWO, "b"))
    assert placement(*overturned, use("next", used_on=DAY)).outcome == "delivered"


def test_a_use_that_was_taken_back_opens_nothing_and_one_that_was_corrected_is_another() -> None:
    assert placement(USE, retracted("use")).outcome == "withheld"
    later = fact(use("z", corrects="use", used_on=DAY + timedelta(days=1)).event, "z")
    assert placement(USE, later).outcome == "withheld"


def test_a_review_of_any_event_of_its_chain_of_corrections_is_one_of_the_use_that_stands() -> None:
    mended = replace(use("mended", used_on=DAY, corrects="use"), time=NOON + timedelta(days=1))
    no, also_no = looked(ONE, "a"), review("b", "mended", reviewer=TWO)
    for order in permutations([USE, mended, no, also_no]):
        assert placement(*order).outcome == "withheld"
    assert placement(USE, mended, no).outcome == "delivered"
    assert placement(USE, mended, no, review("b", "another", reviewer=TWO)).outcome == "delivered"
    by_another = replace(use("mended", used_on=DAY, corrects="use", officer=TWO), time=mended.time)
    [found] = standing(replay([USE, by_another, no, also_no]))
    assert (found.use.ref.id, found.reviewers) == ("mended", {ONE})


def test_whoever_said_both_counts_against_until_the_one_is_taken_back() -> None:
    [both] = standing(replay([USE, looked(ONE, "a"), looked(ONE, "b", justified=True)]))
    assert (both.reviewers, both.against, both.is_reviewed) == ({ONE}, {ONE}, False)
    [after] = standing(replay([USE, looked(ONE, "a"), looked(ONE, "b", justified=True), retracted("a")]))
    assert (after.reviewers, after.against) == ({ONE}, frozenset())


def test_what_the_reviewers_came_to_is_there_once_two_others_looked() -> None:
    def finding(*reviews: Fact) -> str | None:
        [found] = standing(replay([USE, *reviews]))
        return found.finding

    no, also_no, yes, also_yes = (
        looked(by, id, justified=j) for j in (False, True) for id, by in (("a", ONE), ("b", TWO))
    )
    assert (finding(), finding(no), finding(yes)) == (None, None, None)
    assert finding(yes, also_yes) == "justified"
    assert finding(no, also_yes) == "not-agreed"
    assert finding(no, also_no) == "unjustified"


def test_an_organisation_reviews_its_own_uses_only() -> None:
    [only] = standing(replay([USE, fact(review().event, "a", oin="0" * 20)]))
    assert only.reviewers == frozenset()


def test_a_safety_ground_holds_by_a_use_that_stands_and_by_nothing_else() -> None:
    assert sum(1 for _ in emergency.every_history()) > 3000
    assert list(emergency.findings()) == []


def test_an_engine_that_counts_one_reviewer_as_two_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consent.emergency.REVIEWERS", 1)
    assert next(emergency.findings())


@pytest.mark.parametrize(
    ("event", "field", "bad"),
    [
        (USE.event, "officer", ""),
        (USE.event, "officer", "Jansen"),
        (USE.event, "ground", ""),
        (USE.event, "ground", "BECAUSE"),
        (looked(ONE, "a").event, "reviewer", "Jansen"),
        (looked(ONE, "a").event, "reviews", ""),
    ],
)
def test_a_use_without_officer_ground_or_day_is_refused(event: Event, field: str, bad: str) -> None:
    assert broken(event, date(2020, 6, 1)) == ()
    assert {b.field for b in broken(event.model_copy(update={field: bad}), date(2020, 6, 1))} == {field}
    with pytest.raises(ValueError, match=field):
        type(event)(**{k: v for k, v in event.model_dump().items() if k != field})


def test_an_explanation_says_by_which_use_a_placement_went_and_how_it_was_found() -> None:
    assert "use use, by one officer on a recorded ground; not yet reviewed by two others (0 of 2)" in said(USE)
    assert "(1 of 2)" in said(USE, looked(ONE, "a"))
    assert "reviewed: justified" in said(USE, looked(ONE, "a", justified=True), looked(TWO, "b", justified=True))
    assert "the reviewers do not agree" in said(USE, looked(ONE, "a"), looked(TWO, "b", justified=True))
    overturned = said(USE, looked(ONE, "a"), looked(TWO, "b"), language="nl")
    assert "Gebruik use van noodtoegang opent niets meer: twee anderen vonden het onterecht." in overturned
    assert "noodtoegang" not in said(given(), USE, language="nl")


def test_the_data_protection_officer_may_read_its_view_and_no_other_and_publishes_nothing_but_that_a_recall_is_done() -> (
    None
):
    specs = {spec.name: spec for spec in layout()}
    assert specs["view.fg.gegevensbescherming"].readers == ("fg", "auditor", "disclose")
    assert [name for name, spec in specs.items() if "fg" in spec.readers] == [
        "acknowledgements.fg",
        "view.fg.gegevensbescherming",
    ]
    assert [name for name, spec in specs.items() if "fg" in spec.writers] == ["recall-confirmed"]
