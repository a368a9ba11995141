"""The history: told the hard way, lawful by the catalogue, and countable to the plan's targets."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from ketenbus import rules
from ketenbus.events import MODELS
from sandbox.__main__ import made_up_oins, summary
from sandbox.fit import fit
from sandbox.history import shuffle, tell, times
from sandbox.invented import fails_eleven_test
from sandbox.partners import publishers
from sandbox.plan import Plan
from sandbox.recount import RULES, joined, links, recount
from sandbox.spoiling import SAID
from sandbox.targets import published, random_targets, scaled
from sandbox.telling import FAULTS, Planned, Story
from sandbox.truth import cells, expected, text

CONTRACT = Path(__file__).parents[2] / "schemas" / "avro"
OINS = made_up_oins()


@cache
def plan_of(name: str) -> Plan:
    targets = {"full": published(), "small": scaled(published(), 0.05), "random": random_targets(7, 0.05)}
    return fit(targets[name], seed=7)


@cache
def story_of(name: str, seed: int = 7) -> Story:
    return tell(plan_of(name), seed, OINS)


@cache
def types() -> dict[str, dict[str, Any]]:
    return {
        folder.name: {field["name"]: field for field in json.loads(newest(folder).read_text("utf-8"))["fields"]}
        for folder in CONTRACT.glob("types/*")
    }


def newest(folder: Path) -> Path:
    return max(folder.glob("v*.avsc"), key=lambda path: int(path.stem.removeprefix("v")))


@cache
def codes(name: str) -> frozenset[str]:
    listed = yaml.safe_load((CONTRACT / "codelists" / f"{name}.yaml").read_text("utf-8"))
    return frozenset(entry["code"] for entry in listed["codes"])


def sound(story: Story) -> list[Planned]:
    return [event for event in story.events if event.fault is None]


@pytest.mark.parametrize("name", ["full", "small", "random"])
def test_the_events_count_to_the_targets(name: str) -> None:
    story = story_of(name)
    assert recount(story.events, OINS) == cells(story.persons)


@pytest.mark.parametrize("name", ["full", "small", "random"])
def test_the_events_say_what_the_text_says(name: str) -> None:
    told = text(recount(story_of(name).events, OINS))
    targets = plan_of(name).targets.text
    assert all(targets[cell][0] <= value <= targets[cell][1] for cell, value in told.items())


@pytest.mark.parametrize("name", ["small", "random"])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", (7, 8))
def test_every_rule_left_out_changes_a_cell(name: str, rule: str, seed: int) -> None:
    story = story_of(name, seed)
    wanted = plan_of(name).targets.cells
    without = recount(story.events, OINS, without=rule)
    assert any(without.get(cell, 0) != number for cell, number in wanted.items())


@pytest.mark.parametrize("name", ["full", "small"])
def test_a_tenth_of_the_persons_is_joined_by_the_desk_alone(name: str) -> None:
    story = story_of(name)
    numbers: dict[tuple[str, str], list[Planned]] = {}
    standing = {i for i, outcomes in story.outcomes.items() if any(o.outcome == "delivered" for o in outcomes)}
    for event in sound(story):
        if event.type == "victim-reported" and event.id in standing:
            numbers.setdefault((event.partner, str(event.fields["subject"])), []).append(event)
    fall_apart = 0
    for reports in joined(numbers, links(story.events, OINS)):
        subjects = {(report.partner, str(report.fields["subject"])) for report in reports}
        fall_apart += len(joined({subject: numbers[subject] for subject in subjects}, ())) > 1
    assert fall_apart >= len(story.persons) / 10


def test_some_humans_are_never_joined_and_count_twice() -> None:
    persons = story_of("full").persons
    assert len(persons) - len({person.human for person in persons}) >= 20


@pytest.mark.parametrize("name", ["full", "small", "random"])
def test_two_percent_of_the_events_are_invalid_and_every_fault_occurs(name: str) -> None:
    events = story_of(name).events
    faults = Counter(event.fault for event in events if event.fault is not None)
    assert set(faults) == set(FAULTS)
    share = sum(faults.values()) / len(events)
    few = name != "full" and set(Counter(faults) - Counter(FAULTS)) <= {
        "unknown-code"
    }  # each fault once is more than that
    assert 0.018 <= share <= 0.022 or (few and share < 0.05)


def test_invalid_events_let_in_would_change_cells() -> None:
    story = story_of("small")
    for fault in ("undecodable", "missing-signature", "wrong-key", "future-occurred-at", "unknown-type"):
        let_in = [e if e.fault != fault else Planned(e.partner, e.type, e.id, e.time, e.fields) for e in story.events]
        assert recount(let_in, OINS) != cells(story.persons), fault


def test_the_history_is_of_its_size() -> None:
    assert 12_000 <= len(story_of("full").events) <= 15_000


def test_partners_publish_only_what_the_catalogue_allows_them() -> None:
    catalogue = yaml.safe_load((CONTRACT / "catalogue.yaml").read_text("utf-8"))
    for event in story_of("full").events:
        allowed = publishers()[event.partner] in catalogue[event.type]["publishers"]
        assert allowed == (event.fault != "not-authorised"), event


@pytest.mark.parametrize("seed", [7, 8])
def test_what_an_event_says_that_it_may_not_breaks_a_rule_whatever_else_it_says(seed: int) -> None:
    wrong = [event for event in story_of("small", seed).events if event.fault in SAID]
    reports = [event for event in sound(story_of("small", seed)) if event.type == "victim-reported"]
    wrong += [replace(e, fields={**e.fields, **way}) for e in reports for ways in SAID.values() for way in ways]
    assert [e for e in wrong if not rules.broken(MODELS[e.type](**dict(e.fields)), e.time.date())] == []


def test_every_sound_event_keeps_the_contract() -> None:
    for event in sound(story_of("full")):
        fields = types()[event.type]
        assert event.fields.keys() <= fields.keys()
        for name, field in fields.items():
            value = event.fields.get(name)
            if value is None:
                assert not field.get("required"), (event.type, name)
                assert isinstance(field["type"], list) or name == "occurred_at", (event.type, name)
            elif "codelist" in field:
                said = value if isinstance(value, tuple) else (value,)
                assert said
                assert set(said) <= codes(field["codelist"]), (event.type, name, value)
                assert isinstance(value, tuple) == (field.get("seals") == "codes")
            elif "pattern" in field:
                assert re.fullmatch(field["pattern"], str(value)), (event.type, name, value)
        assert ("occurred_at" not in event.fields) == (event.fields["occurred_precision"] == "UNKNOWN")


def test_nothing_sound_happens_after_it_is_recorded() -> None:
    for event in sound(story_of("full")):
        assert event.time.tzinfo is UTC
        happened = event.fields.get("occurred_at")
        assert happened is None or (isinstance(happened, datetime) and happened <= event.time)
        reported = event.fields.get("reported_on")
        assert reported is None or (isinstance(reported, date) and reported <= event.time.date())


def test_a_correction_is_later_than_what_it_corrects_and_by_the_same_hand() -> None:
    by_id = {event.id: event for event in sound(story_of("full"))}
    corrections = [event for event in by_id.values() if "corrects" in event.fields]
    assert len(corrections) > 500
    for event in corrections:
        earlier = by_id[str(event.fields["corrects"])]
        assert earlier.time < event.time
        assert (earlier.partner, earlier.fields["subject"]) == (event.partner, event.fields["subject"])


def test_a_client_number_is_one_persons_at_its_publisher() -> None:
    events = (e for e in sound(story_of("full")) if e.type == "victim-reported" and "bsn" in e.fields)
    known: dict[tuple[str, object], set[object]] = {}
    for event in events:
        known.setdefault((event.partner, event.fields["subject"]), set()).add(event.fields["bsn"])
    assert all(len(numbers) == 1 for numbers in known.values())


def test_an_id_is_reused_only_after_it_was_used() -> None:
    for events in (story_of("full").events, shuffle(story_of("full").events, 3)):
        used: set[str] = set()
        for event in events:
            assert event.fault != "id-reused" or event.id in used
            used.add(event.id)


def test_a_repeat_is_the_same_event() -> None:
    first = {event.id: event for event in reversed(story_of("full").events) if event.fault is None}
    repeats = [event for event in story_of("full").events if event.repeat_of is not None]
    assert len(repeats) > 200
    for event in repeats:
        original = first[str(event.repeat_of)]
        assert (original.id, original.time, original.fields) == (event.id, event.time, event.fields)


def test_no_number_can_be_a_persons() -> None:
    for event in story_of("full").events:
        bsn = event.fields.get("bsn")
        assert bsn is None or fails_eleven_test(str(bsn))


def test_the_order_is_not_that_of_time() -> None:
    arrived: set[str] = set()
    early = Counter[str]()
    for event in story_of("full").events:
        early.update(
            link for link in ("withdraws", "corrects") if link in event.fields and event.fields[link] not in arrived
        )
        arrived.add(event.id)
    assert early["withdraws"] > 5
    assert early["corrects"] > 50


def test_every_outcome_of_consent_occurs() -> None:
    for name in ("full", "small", "random"):
        reasons = {(o.outcome, o.reason) for o in expected(story_of(name)).outcomes}
        why = ("no-consent", "consent-unobtainable", "consent-refused", "consent-withdrawn", "consent-conflict")
        assert reasons >= {("withheld", r) for r in (*why, "no-authority", "not-explicit", "superseded", "retracted")}
        assert reasons >= {("pending", "consent-quarantined"), ("delivered", "safety"), ("delivered", "consent")}


def test_every_event_has_one_fate() -> None:
    story = story_of("full")
    truth = expected(story)
    assert truth.admitted + truth.repeated + sum(truth.quarantined.values()) == len(story.events)


def test_telling_it_three_times_only_adds_repeats() -> None:
    story = story_of("small")
    once, thrice = expected(story), expected(story, times(story.events, 3))
    assert (once.cells, once.outcomes, once.admitted) == (thrice.cells, thrice.outcomes, thrice.admitted)
    assert thrice.repeated == 3 * once.repeated + 2 * once.admitted


def test_another_process_tells_the_same_story() -> None:
    story = "from tests.unit.test_sandbox_history import story_of; import hashlib, sys; "
    digest = "sys.stdout.write(hashlib.sha256(repr(story_of('random').events).encode()).hexdigest())"
    told = {
        subprocess.run(
            [sys.executable, "-c", story + digest],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(CONTRACT.parents[1])},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert told == {hashlib.sha256(repr(story_of("random").events).encode()).hexdigest()}


def test_the_same_seed_tells_the_same_story() -> None:
    assert summary("random", 0.05, 7) == summary("random", 0.05, 7)
    assert tell(plan_of("small"), 7, OINS) == story_of("small")
    assert tell(plan_of("small"), 8, OINS) != story_of("small")
