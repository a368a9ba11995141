"""The recount beside the engine: the same days, the same law, and the same answer to random histories."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from consent.known import Fact, Ref, replay
from consent.policy import Case, decide
from consent.proofs.examples import AT
from consent.proofs.examples import OIN as PROOFS_OIN
from consent.proofs.histories import histories
from services.verify import consent, judge
from services.verify.log import Entry
from tests.consent_facts import the_register
from tests.unit.test_verify_consent import CANDIDATE, GUARDIAN, LAW, ground, moved, office, reported, yes


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2018-06-30T21:59:59+00:00", "no-authority"),
        ("2018-06-30T22:00:00+00:00", "consent"),
        ("2018-07-01T00:00:00+02:00", "consent"),
        ("2018-07-09T21:59:59+00:00", "consent"),
        ("2018-07-09T22:30:00+00:00", "no-authority"),
    ],
)
def test_an_office_is_held_on_dutch_days(said: str, expected: str) -> None:
    first = (date(2018, 7, 1) - date(2018, 1, 1)).days
    grant = yes("a", 1, who=GUARDIAN)
    then = replace(grant, event=grant.event.model_copy(update={"occurred_at": datetime.fromisoformat(said)}))
    assert ground([*office(first, first + 9), then]) == expected


def test_a_month_of_which_the_clock_goes_forward_is_an_hour_shorter() -> None:
    first, after = consent.span(datetime(2020, 3, 1, tzinfo=UTC), "MONTH")
    assert after - first == timedelta(days=31, hours=-1)
    assert consent.span(datetime.min.replace(tzinfo=UTC), "YEAR")[0] == consent.EVER[0]


def test_an_activity_is_in_force_until_the_day_before_its_last() -> None:
    one = replace(LAW.activities[0], valid_to=date(2020, 5, 4))
    name = next(iter(one.types))
    assert [one.covers(name, date(2020, 5, day)) for day in (3, 4, 5)] == [True, False, False]


@pytest.mark.parametrize(("at", "outcomes"), [("2020-05-03T21:59:59", 1), ("2020-05-03T22:00:00", 0)])
def test_the_law_of_an_event_is_that_of_its_dutch_day(at: str, outcomes: int) -> None:
    until = replace(LAW, activities=tuple(replace(a, valid_to=date(2020, 5, 4)) for a in LAW.activities))
    report_then = replace(reported(), time=datetime.fromisoformat(f"{at}+00:00"))
    assert len([o for o in judge.outcomes(until, [report_then]) if o.candidate == CANDIDATE]) == outcomes


def test_the_recount_and_the_engine_say_the_same_of_random_histories() -> None:
    register, found = the_register(), set()
    case = replace(reported("case"), oin=PROOFS_OIN)
    for facts in histories(1500, 7):
        entries = [case, *(entry_of(fact) for fact in facts)]
        known = replay([Fact(Ref(PROOFS_OIN, "case"), case.time, case.event), *facts])
        asked = Case(Ref(PROOFS_OIN, "case"), case.event.TYPE, case.publisher_kind, date(2018, 1, 1), False)
        ours = {((d.recipient, d.purpose), d.outcome, d.reasons, d.mask) for d in decide(register, asked, known)}
        theirs = {
            (o.candidate, o.outcome, o.reasons, o.classes) for o in judge.outcomes(LAW, entries) if o.entry is case
        }
        assert ours == theirs, facts
        found |= {reasons for _, _, reasons, _ in ours}
    assert len(found) > 6


def test_the_recount_and_the_engine_open_the_same_placements_by_emergency_access() -> None:
    register, found = the_register(), set()
    for case in (
        replace(moved(safety_at_stake=False), oin=PROOFS_OIN, time=AT + timedelta(days=n)) for n in (-2, 0, 2)
    ):
        ref, day = Ref(PROOFS_OIN, case.id), case.time.date()
        for facts in histories(500, 11):
            known = replay([Fact(ref, case.time, case.event), *facts])
            asked = Case(ref, case.event.TYPE, case.publisher_kind, day, False)
            ours = {((d.recipient, d.purpose), d.outcome, d.reasons) for d in decide(register, asked, known)}
            entries = [case, *map(entry_of, facts)]
            theirs = {(o.candidate, o.outcome, o.reasons) for o in judge.outcomes(LAW, entries) if o.entry is case}
            assert ours == theirs, facts
            found |= {(day, reasons) for _, _, reasons in ours}
    assert sum(1 for _, reasons in found if reasons == ("safety",)) == 3


def entry_of(fact: Fact) -> Entry:
    source = f"urn:nld:oin:{fact.ref.oin}:systeem:proofs"
    return Entry("aa", fact.ref.oin, fact.ref.id, source, fact.time, "zorgcoordinator", "topic/0/0", fact.event, None)
