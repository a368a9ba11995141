"""Emergency access on real servers: opened at night at once, told to the data protection officer, late, and overturned."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from infra.local.platform import Platform
from sandbox.telling import Planned
from services.cli.workers import NAMES
from services.emergency import commands
from services.emergency.commands import Asked
from services.emergency.seen import Alarm
from services.health.judging import judge_emergency
from services.health.observing import Observer
from tests.broker.audited_people import People
from tests.broker.stream_world import Bus, bus

PEOPLE = People()
CARE = "zorgcoordinatie-1"
NIGHT = datetime(2019, 6, 1, 1, tzinfo=UTC)
FG = "view.fg.gegevensbescherming"
PLACEMENT = ("view.comensha.plaatsing", "view.opvang.plaatsing")
OFFICER, ONE, TWO = (digit * 16 for digit in "abc")


def told(type: str, id: str, hour: int, **fields: Any) -> Planned:
    held = {
        "subject": PEOPLE.client("night"),
        "occurred_at": NIGHT.replace(hour=hour),
        "occurred_precision": "INSTANT",
    }
    return Planned(CARE, type, f"{id}-{PEOPLE.run}", NIGHT.replace(hour=hour), held | fields)


def placement(id: str, hour: int) -> Planned:
    fields = {
        "moved_on": NIGHT.date(), "shelter_type": "COSM", "region": None, "provider_id": "0123456789abcdef",
        "safety_at_stake": False, "age_group": "ADULT",
    }  # fmt: skip
    return told("placement-moved", id, hour, **fields)


def used(id: str, hour: int, **fields: Any) -> Planned:
    return told("emergency-access-used", id, hour, **{"used_on": NIGHT.date(), "ground": "SAFETY_AT_STAKE", "officer": OFFICER} | fields)  # fmt: skip


def reviewed(id: str, hour: int, reviewer: str) -> Planned:
    fields = {"reviews": USE.id, "reviewed_on": NIGHT.date(), "reviewer": reviewer, "justified": False}
    return told("emergency-access-reviewed", id, hour, **fields)


SPOKEN = {"given_by": "PERSON", "age_group": "ADULT", "channel": "IN_PERSON", "language": "nl", "text_version": "1"}
REFUSAL = told("consent-refused", "refusal", 0, **SPOKEN)
REPORT = PEOPLE.reported("night", CARE, "ZORGCOORDINATOR")
FIRST, NEXT = placement("first", 1), placement("next", 5)
USE, AGAIN = used("use", 2), used("again", 8)
LAST_WORD = reviewed("also-no", 7, TWO)
NO_OFFICER = replace(used("no-officer", 3, officer="Jansen"), fault="broken-rule")
NO_GROUND = replace(used("no-ground", 3, ground="BECAUSE"), fault="unknown-code")


ON_REFUSAL, ON_SAFETY = {("withheld", "consent-refused")}, {("delivered", "safety")}


@dataclass(frozen=True)
class Stage:
    """What stood when the bus was at rest after one more step of the night."""

    first: set[tuple[str, ...]]
    next: set[tuple[str, ...]]
    report: list[tuple[str, ...]]
    listed: dict[str, Any]


@dataclass(frozen=True)
class Night:
    """The bus after the whole night, and what stood after each step."""

    bus: Bus
    stages: dict[str, Stage]
    alarm: Alarm | None


def stage(running: Bus, *events: Planned) -> Stage:
    running.say(*events)
    opened = [{(outcome, *why) for _, _, outcome, *why in running.outcome(event)} for event in (FIRST, NEXT)]
    said = io.StringIO()
    with redirect_stdout(said):
        auditor = running.platform.processor_file("auditor")
        commands.list(auditor, Asked(only_overdue=False, as_json=True, language="en"), Console())
    listed = {use["id"]: use for use in json.loads(said.getvalue())["uses"]}
    return Stage(opened[0], opened[1], running.outcome(REPORT), listed)


async def looked(platform: Platform) -> Alarm | None:
    observer = Observer(platform, NAMES, seldom_seconds=0.5)
    try:
        return (await observer.look()).emergency
    finally:
        await observer.close()


@pytest.fixture(scope="module")
def night(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    with bus(platform, tmp_path_factory.mktemp("emergency")) as running:
        stages = {"before": stage(running, REFUSAL, REPORT, FIRST, NO_OFFICER, NO_GROUND), "used": stage(running, USE)}
        alarm = asyncio.run(looked(platform))
        stages |= {
            "overdue": stage(running, NEXT),
            "one and the officer": stage(running, reviewed("no", 6, ONE), reviewed("own", 6, OFFICER)),
            "two": stage(running, LAST_WORD),
            "again": stage(running, AGAIN),
        }
        yield Night(running, stages, alarm)


def test_a_use_at_night_opens_the_placement_at_once(night: Night) -> None:
    assert (night.stages["before"].first, night.stages["used"].first) == (ON_REFUSAL, ON_SAFETY)
    assert [night.bus.told(view, FIRST)[0] for view in PLACEMENT] == [("release", 1, True)] * 2


def test_the_registration_stays_as_it_was(night: Night) -> None:
    assert {tuple(one.report) for one in night.stages.values()} == {
        (("comensha", "REGISTRATIE", "withheld", "consent-refused"),)
    }
    assert night.bus.report_stands(REPORT) == []


def test_the_data_protection_officer_is_told_by_event(night: Night) -> None:
    for event in (USE, LAST_WORD, AGAIN):
        assert night.bus.outcome(event) == [("fg", "GEGEVENSBESCHERMING", "delivered", "legal-task")]
        assert night.bus.told(FG, event) == [("delivery", 1, True)]


def test_the_data_protection_officer_sees_in_its_own_view_what_is_overdue(night: Night) -> None:
    said, token = io.StringIO(), night.bus.tokens(FG).event
    with redirect_stdout(said):
        officer = night.bus.platform.partner_file("fg")
        in_time = commands.told(officer, Asked(only_overdue=False, as_json=True, language="en"), Console())
    uses = {use["id"]: use for use in json.loads(said.getvalue())["uses"]}
    first, again = (uses[token(night.bus.name(event))] for event in (USE, AGAIN))
    assert (first["state"], first["finding"], first["reviewers"]) == ("reviewed", "unjustified", 2)
    assert (again["state"], again["publisher_kind"], again["placements"]) == ("overdue", "", [])
    assert not in_time
    assert USE.id not in said.getvalue()


def test_without_officer_or_ground_it_is_quarantined_and_opens_nothing(night: Night) -> None:
    found = night.bus.quarantined(NO_OFFICER, NO_GROUND)
    assert found == {NO_OFFICER.id: "broken-rule", NO_GROUND.id: "unknown-code"}
    assert night.bus.outcome(NO_OFFICER) == night.bus.outcome(NO_GROUND) == []


def test_a_review_that_is_overdue_is_an_alarm_and_in_the_list(night: Night) -> None:
    assert night.alarm is not None
    assert night.alarm.overdue > 0
    assert judge_emergency(night.alarm).colour == "red"
    found = night.stages["used"].listed[USE.id]
    assert (found["state"], found["reviewers"], found["publisher_kind"]) == ("overdue", 0, "zorgcoordinator")


def test_the_next_placement_goes_though_the_review_is_overdue(night: Night) -> None:
    assert night.stages["overdue"].next == ON_SAFETY
    assert night.stages["overdue"].listed[USE.id]["state"] == "overdue"
    assert night.stages["overdue"].listed[USE.id]["placements"] == sorted([FIRST.id, NEXT.id])


def test_two_others_who_find_it_unjustified_recall_what_rested_on_it(night: Night) -> None:
    assert night.stages["one and the officer"].first == ON_SAFETY
    assert (night.stages["two"].first, night.stages["two"].next) == (ON_REFUSAL, ON_REFUSAL)
    found = night.stages["two"].listed[USE.id]
    assert (found["state"], found["finding"], found["placements"]) == ("reviewed", "unjustified", [])
    assert [kind for kind, _, _ in night.bus.told(PLACEMENT[0], FIRST)] == ["release", "recall", "release"]


def test_the_next_use_opens_again(night: Night) -> None:
    assert (night.stages["again"].first, night.stages["again"].next) == (ON_SAFETY, ON_SAFETY)
    assert night.stages["again"].listed[AGAIN.id]["state"] == "overdue"
