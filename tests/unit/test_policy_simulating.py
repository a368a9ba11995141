"""The flight simulator: what a draft would have changed, and nothing where it changes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from rich.console import Console

from consent.activities import Register, fingerprint
from consent.known import Fact
from consent.policy import Decision
from ketenbus.errors import ConfigurationError
from services.cli.simulate import show, told
from services.policy.drafting import draft_register
from services.policy.simulating import Simulation, simulate, trails
from streams.disclose.judge import Candidate, judge
from streams.disclose.view import LogEvent
from streams.runtime.settings import REGISTER
from tests.consent_facts import facts, given, reported, retracted, the_register, withdrawn
from tests.log_events import logged
from tests.registers import lawless

P_02 = REGISTER.parent / "drafts" / "legal-basis-without-consent.yaml"
REPORT, GRANT, WITHDRAWAL = logged(reported("r")), logged(given("g")), logged(withdrawn("g", "w"))


def changed(id: str, **keys: Any) -> Register:
    """The register with other values in one entry."""
    law = the_register()
    return lawless((a.model_copy(update=keys) if a.id == id else a for a in law.activities), law.rules)


def standing(register: Register, events: Sequence[LogEvent]) -> dict[Candidate, Decision]:
    """What stands on the bus once it has heard these events."""
    changes = judge(register, events, {})
    return {(c.logged.name, d.recipient, d.purpose): d for c in changes for d in (c.standing.decision,)}


def over(draft: Register, *events: LogEvent) -> Simulation:
    """What a draft changes over one history."""
    return simulate(the_register(), draft, [(events, standing(the_register(), events))])


def effects(found: Simulation) -> Mapping[tuple[str, str], int]:
    return {key: group.count for key, group in found.effects.items()}


@settings(max_examples=60, deadline=None)
@drawn(st.lists(facts(), max_size=7, unique_by=lambda f: f.ref))
def test_the_register_in_force_as_draft_changes_nothing_and_ends_at_what_stands(history: list[Fact]) -> None:
    found = over(the_register(), REPORT, *map(logged, history))
    assert found.effects == {}
    assert found.astray == 0
    assert found.candidates > 0


@settings(max_examples=60, deadline=None)
@drawn(st.lists(facts(), max_size=7, unique_by=lambda f: f.ref), st.data())
def test_whatever_the_draft_its_replay_ends_at_what_it_would_decide(history: list[Fact], data: st.DataObject) -> None:
    law = the_register()
    draft = lawless(data.draw(st.lists(st.sampled_from(law.activities), unique_by=lambda a: a.ref)), law.rules)
    events = [REPORT, *map(logged, history)]
    assert {c: trail.last for c, trail in trails(draft, events).items()} == standing(draft, events)


def test_without_consent_a_withheld_report_is_newly_shared() -> None:
    assert effects(over(draft_register(P_02), REPORT)) == {("registratie-toestemming/1", "newly-shared"): 1}


def test_without_consent_a_shared_report_is_shared_on_another_ground_and_a_recalled_one_kept() -> None:
    assert effects(over(draft_register(P_02), REPORT, GRANT)) == {("registratie-toestemming/1", "other-ground"): 1}
    recalled = over(draft_register(P_02), REPORT, GRANT, WITHDRAWAL)
    assert effects(recalled) == {("registratie-toestemming/1", "kept"): 1}


def test_what_a_draft_asks_consent_for_is_withheld_or_recalled() -> None:
    asks = changed("registratie-opsporing", consent="required")
    police = logged(reported("p"), "politie")
    assert effects(over(asks, police)) == {("registratie-opsporing/1", "withheld"): 1}
    keeps = lawless(the_register().activities, the_register().rules.model_copy(update={"withhold_retracted": False}))
    taken_back = [police, logged(retracted("p"), "politie")]
    stands = standing(keeps, taken_back)
    found = simulate(keeps, the_register(), [(taken_back, stands)])
    assert effects(found) == {("registratie-opsporing/1", "recalled"): 1}


def test_what_no_entry_of_the_draft_names_is_withheld_under_the_entry_that_shared_it() -> None:
    without = lawless((a for a in the_register().activities if a.id != "registratie-opsporing"), the_register().rules)
    found = over(without, logged(reported("p"), "politie"))
    assert effects(found) == {("registratie-opsporing/1", "withheld"): 1}


def test_another_mask_is_told() -> None:
    narrower = changed("registratie-toestemming", mask=("neutral", "quasi"))
    assert effects(over(narrower, REPORT, GRANT)) == {("registratie-toestemming/1", "other-mask"): 1}


def test_what_stands_but_does_not_follow_is_astray() -> None:
    stands = standing(the_register(), [REPORT, GRANT])
    found = simulate(the_register(), the_register(), [([REPORT], stands)])
    assert found.astray == 1
    assert simulate(the_register(), the_register(), [([REPORT], {})]).astray == 1


def test_it_names_at_most_so_many_events_and_counts_all(capsys: pytest.CaptureFixture[str]) -> None:
    reports = [logged(reported(f"r{n}")) for n in range(5)]
    stands = standing(the_register(), reports)
    found = simulate(the_register(), draft_register(P_02), [(reports, stands)], examples=2)
    rows: Any = told(found)["effects"]
    assert rows[0]["candidates"] == 5
    assert rows[0]["subjects"] == 1
    assert [one["event"] for one in rows[0]["examples"]] == ["r0", "r1"]
    assert json.dumps(rows)
    show(found, P_02, Console(width=120))
    said = capsys.readouterr().out
    assert "registratie-toestemming/1 newly-shared: victim-reported r1" in said
    assert said.splitlines()[-1] == (
        "events 5 subjects 1 candidates 5 newly-shared 5 withheld 0 recalled 0 kept 0 other-mask 0 other-ground 0 astray 0"
    )
    show(over(the_register(), REPORT), P_02, Console(width=120))
    assert "no difference" in capsys.readouterr().out


def test_a_draft_may_be_a_whole_register(tmp_path: Path) -> None:
    for name in ("activities.yaml", "rules.yaml"):
        (tmp_path / name).write_text((REGISTER / name).read_text("utf-8"), "utf-8")
    assert fingerprint(draft_register(tmp_path)) == fingerprint(the_register())


def test_a_folder_without_a_whole_register_is_refused_by_the_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"consent/drafts holds no activities.yaml and no rules.yaml: name"):
        draft_register(P_02.parent)
    (tmp_path / "activities.yaml").write_text((REGISTER / "activities.yaml").read_text("utf-8"), "utf-8")
    with pytest.raises(ConfigurationError, match=r"holds no rules.yaml: name"):
        draft_register(tmp_path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("registratie: 1\n", "draft.yaml:1: a draft is a list of activities"),
        (
            "- id: registratie-opsporing\n  consent: required\n",
            "draft.yaml:1: an entry of a draft names the id and the",
        ),
        ("- id: registratie-opsporing\n  version: 1\n  consent: maybe\n", "draft.yaml:3: consent: Input should be"),
        ("- id: registratie-opsporing\n  version: 2\n", "draft.yaml:1: registratie-opsporing/2 begins while"),
        ("# one\n- id: iets-nieuws\n  version: 1\n", "draft.yaml:2: controller: Field required"),
    ],
)
def test_a_draft_with_a_fault_is_refused_by_its_own_line(tmp_path: Path, text: str, why: str) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text(text, "utf-8")
    with pytest.raises(ConfigurationError) as refused:
        draft_register(draft)
    assert why in str(refused.value)


def test_a_new_version_takes_what_it_does_not_say_from_the_one_before(tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text(
        "- {id: registratie-opsporing, version: 1, valid_to: 2020-01-01}\n"
        "- {id: registratie-opsporing, version: 2, consent: required, valid_from: 2020-01-01, valid_to: null}\n",
        "utf-8",
    )
    law = draft_register(draft)
    one, two = (law.by_ref(f"registratie-opsporing/{n}") for n in (1, 2))
    assert one is not None
    assert two is not None
    assert (one.consent, two.consent) == ("none", "required")
    assert (two.mask, two.publishers) == (one.mask, one.publishers)
