"""What a new fact changes, and what the view hears of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime

import pytest

from consent.activities import Register
from consent.known import Ref
from streams.disclose.judge import Candidate, Change, Standing, case_of, judge, known_of
from streams.disclose.tokens import EventName
from streams.disclose.view import LogEvent
from tests.consent_facts import DAY, OIN, at, given, quarantined, refused, reported, retracted, the_register, withdrawn
from tests.log_events import SUBJECT, logged
from tests.unit.test_disclose_view import MOVED

REPORT = logged(reported("r"))
KEY: Candidate = (EventName(SUBJECT, OIN, "r"), "comensha", "REGISTRATIE")


def after(before: Mapping[Candidate, Standing], changes: Iterable[Change]) -> dict[Candidate, Standing]:
    """The standings once the changes are stored."""
    told = {(c.logged.name, c.standing.decision.recipient, c.standing.decision.purpose): c.standing for c in changes}
    return {**before, **told}


def story(register: Register, *batches: list[LogEvent]) -> list[tuple[str, str | None, int, bool]]:
    """What becomes of the report as batch after batch arrives: outcome, kind, change and whether the view holds it."""
    known: list[LogEvent] = []
    standings: dict[Candidate, Standing] = {}
    seen = []
    for batch in batches:
        known += batch
        changes = judge(register, known, standings)
        standings = after(standings, changes)
        kind = next((c.kind for c in changes if c.logged.name == KEY[0]), None)
        standing = standings[KEY]
        seen.append((standing.decision.outcome, kind, standing.change, standing.in_view))
    return seen


def without_recalls() -> Register:
    """The register, in which nothing is recalled."""
    rows = [a.model_copy(update={"recalls": False}) for a in the_register().activities]
    by_type = {name: tuple(a for a in rows if name in a.types) for name in the_register().by_type}
    return Register(tuple(rows), the_register().rules, by_type)


GRANT, WITHDRAWAL, AGAIN = logged(given("g")), logged(withdrawn("g", "w")), logged(given("h"))


def test_a_first_delivery_is_told() -> None:
    assert story(the_register(), [GRANT, REPORT]) == [("delivered", "delivery", 1, True)]


def test_what_was_never_delivered_is_not_told() -> None:
    assert story(the_register(), [REPORT]) == [("withheld", None, 0, False)]


def test_withheld_then_permitted_is_a_release() -> None:
    assert story(the_register(), [REPORT], [GRANT])[1:] == [("delivered", "release", 1, True)]


def test_permitted_then_withheld_is_a_recall() -> None:
    assert story(the_register(), [REPORT, GRANT], [WITHDRAWAL])[1:] == [("withheld", "recall", 2, False)]


def test_a_recalled_event_can_be_released_again_under_a_higher_number() -> None:
    told = story(the_register(), [REPORT, GRANT], [WITHDRAWAL], [AGAIN])
    assert told[2] == ("delivered", "release", 3, True)


def test_one_batch_that_gives_and_takes_tells_nothing() -> None:
    assert story(the_register(), [REPORT, GRANT, WITHDRAWAL]) == [("withheld", None, 0, False)]


def test_another_reason_to_withhold_is_a_standing_but_no_message() -> None:
    told = story(the_register(), [REPORT], [logged(quarantined("q"))], [logged(retracted("r"))])
    assert told == [("withheld", None, 0, False), ("pending", None, 0, False), ("withheld", None, 0, False)]


def test_pending_recalls_what_was_delivered_and_admitting_releases_it() -> None:
    told = story(the_register(), [REPORT, GRANT], [logged(quarantined("h"))], [AGAIN])
    assert [kind for _, kind, _, _ in told] == ["delivery", "recall", "release"]


def test_another_ground_under_the_same_mask_is_a_standing_but_no_message() -> None:
    unsafe = logged(reported("r"))
    moved = MOVED.model_copy(update={"safety_at_stake": True, "safety_officer": "0123456789abcdef"})
    unsafe = replace(unsafe, event=moved)
    key = (unsafe.name, "opvang", "PLAATSING")
    first = after({}, judge(the_register(), [unsafe], {}))
    changes = [c for c in judge(the_register(), [unsafe, GRANT], first) if c.logged.name == unsafe.name]
    assert first[key].decision.reasons == ("safety",)
    assert {c.kind for c in changes} == {None}
    assert after(first, changes)[key] == Standing(replace(first[key].decision, reasons=("consent",)), 1, True)


def test_another_mask_is_a_replacement() -> None:
    standing = after({}, judge(the_register(), [REPORT, GRANT], {}))[KEY]
    narrower = {KEY: replace(standing, decision=replace(standing.decision, mask=("neutral",)))}
    [change] = judge(the_register(), [REPORT, GRANT], narrower)
    assert (change.kind, change.standing.change, change.standing.in_view) == ("replacement", 2, True)


def test_a_refusal_of_a_class_replaces_what_the_view_holds_and_a_grant_of_it_does_so_again() -> None:
    refusal = logged(refused("n", field_class="special"))
    after_all = logged(given("l", at(1), field_class="special"))
    told = story(the_register(), [REPORT, GRANT], [refusal], [after_all])
    assert [(kind, change) for _, kind, change, _ in told] == [("delivery", 1), ("replacement", 2), ("replacement", 3)]


def test_where_the_register_recalls_nothing_the_view_keeps_what_it_holds() -> None:
    told = story(without_recalls(), [REPORT, GRANT], [WITHDRAWAL])
    assert told == [("delivered", "delivery", 1, True), ("withheld", None, 1, True)]


def test_where_the_register_recalls_nothing_a_late_permission_tells_the_view_nothing_it_does_not_hold() -> None:
    told = story(without_recalls(), [REPORT, GRANT], [WITHDRAWAL], [AGAIN])
    assert told[2] == ("delivered", None, 1, True)


def test_an_event_whose_activity_is_gone_from_the_register_is_recalled() -> None:
    before = after({}, judge(the_register(), [REPORT, GRANT], {}))
    others = [a for a in the_register().activities if "zorgcoordinator" not in a.publishers]
    by_type = {name: tuple(a for a in others if name in a.types) for name in the_register().by_type}
    [change] = judge(Register(tuple(others), the_register().rules, by_type), [REPORT, GRANT], before)
    assert (change.kind, change.standing.decision.reasons) == ("recall", ("no-activity",))


def test_what_stands_as_it_stood_is_no_change() -> None:
    events = [REPORT, GRANT, logged(reported("s"))]
    assert judge(the_register(), events, after({}, judge(the_register(), events, {}))) == []


def test_changes_come_in_order_of_time_whatever_the_order_of_the_events() -> None:
    events = [logged(reported(id, time=at(days))) for id, days in (("a", 2), ("b", 0), ("c", 1))]
    assert [c.logged.name.id for c in judge(the_register(), events, {})] == ["b", "c", "a"]


@pytest.mark.parametrize(
    ("recorded", "day"),
    [("2020-05-03T21:59:59+00:00", 3), ("2020-05-03T22:30:00+00:00", 4), ("2020-05-04T00:30:00+02:00", 4)],
)
def test_the_rule_that_holds_is_that_of_the_day_in_the_netherlands(recorded: str, day: int) -> None:
    report = logged(reported("r", time=datetime.fromisoformat(recorded)))
    assert case_of(report).day == date(2020, 5, day)


@pytest.mark.parametrize(
    ("at_stake", "officer", "recorded"),
    [(True, "0123456789abcdef", True), (True, None, False), (False, "0123456789abcdef", False), (False, None, False)],
)
def test_a_safety_ground_is_recorded_when_an_officer_stands_for_it(
    at_stake: bool, officer: str | None, recorded: bool
) -> None:
    moved = MOVED.model_copy(update={"safety_at_stake": at_stake, "safety_officer": officer})
    assert case_of(replace(REPORT, event=moved)).safety_recorded is recorded


def test_a_decision_sees_of_an_event_only_who_what_and_when() -> None:
    judged = case_of(REPORT)
    assert (judged.ref, judged.type, judged.publisher_kind) == (Ref(OIN, "r"), "victim-reported", "zorgcoordinator")
    assert (judged.day, judged.safety_recorded) == (REPORT.time.date(), False)
    assert judged.day <= DAY


def test_what_is_known_of_a_subject_is_what_its_events_teach() -> None:
    assert {link.ref.id for link in known_of([REPORT, GRANT]).chain} == {"r", "g"}
