"""An upgrade on real servers: publishers, admit and disclose with the contract before a second version, and then with it.

What is earlier is a process with the SDK as it was generated then. admit is upgraded before disclose, which is the wrong order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from infra.local.platform import Platform
from ketenbus.codec import FRAME
from sandbox.telling import Planned
from services.quarantine import commands
from streams.runtime.settings import load
from streams.runtime.settled import Progress
from tests import earlier
from tests.broker.sdk_world import Record
from tests.broker.stream_events import consent, new_subject, report
from tests.broker.stream_world import REGISTRATION, Bus, Workers

CARE, POLICE = "overige-1", "politie-limburg"
DELIVERED, WITHHELD = ("comensha", "REGISTRATIE", "delivered"), ("comensha", "REGISTRATIE", "withheld")
SECOND = frozenset({("victim-reported", 2), ("registration-recorded", 2)})
FIRST_ID, SECOND_ID = (one.schema_id for one in earlier.versions("victim-reported"))
CRIME = {"forms": ("CU",), "cu_sector": ("DRUGSDELICTEN",), "dublin_indication": ("DUBLINCLAIM",)}
ONCE = [("delivery", 1, True)]


@dataclass
class Upgrade:
    """What was said before, too early, between and after, and what was seen of it on the way."""

    bus: Bus
    sdk: Path
    legal: Planned = field(default_factory=lambda: report(POLICE, new_subject()))
    waits: Planned = field(default_factory=lambda: report(CARE, new_subject()))
    early: Planned = field(default_factory=lambda: report(POLICE, new_subject(), **CRIME))
    between: Planned = field(default_factory=lambda: report(POLICE, new_subject(), **CRIME))
    behind: Planned = field(default_factory=lambda: report(POLICE, new_subject()))
    before: list[Record] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    ended: tuple[int, str] = (0, "")
    held_up: tuple[Progress, ...] = ()


@pytest.fixture(scope="module")
def upgrade(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgrade]:
    folder = tmp_path_factory.mktemp("upgrade")
    sdk = earlier.sdk(folder / "sdk", SECOND)
    workers = Workers(platform, folder)
    bus = Bus(platform, workers, folder / "keyring")
    workers.start()
    try:
        bus.begin()
        bus.settle()
        workers.stop()
        yield _told(Upgrade(bus, sdk))
    finally:
        workers.stop()


def _told(it: Upgrade) -> Upgrade:
    bus, workers, sdk = it.bus, it.bus.workers, it.sdk
    workers.start("admit", "disclose", sdk=sdk)
    earlier.publish(sdk, bus.platform, it.legal, it.waits)
    bus.publish(it.early)
    bus.settle("admit", "disclose")
    it.before, it.refused = bus.messages(REGISTRATION, it.legal), bus.quarantined(it.legal, it.waits, it.early)
    workers.stop()

    workers.start("admit")
    workers.start("disclose", sdk=sdk)
    bus.publish(it.between)
    earlier.publish(sdk, bus.platform, it.behind)
    bus.settle("admit")
    it.ended, it.held_up = workers.ended("disclose"), bus.progress()

    workers.start()
    bus.settle()
    return it


def schema_ids(messages: list[Record]) -> list[int]:
    """The schema each message is written in."""
    return [FRAME.unpack_from(message.value or b"")[1] for message in messages]


def test_before_the_upgrade_everything_was_of_the_first_version(upgrade: Upgrade) -> None:
    assert schema_ids(upgrade.before) == [FIRST_ID]


def test_what_came_before_admit_knew_it_is_quarantined_and_comes_in_when_replayed(upgrade: Upgrade) -> None:
    bus, early = upgrade.bus, upgrade.early
    assert upgrade.refused == {early.id: "unknown-schema"}
    auditor = bus.platform.processor_file("auditor")
    [chain] = [chain for chain in commands.all_chains(load(auditor)) if chain.first.id == early.id]
    commands.replay(auditor, chain.first.origin)
    bus.settle()
    assert bus.told(REGISTRATION, early) == ONCE


def test_a_disclose_that_is_behind_stops_at_what_it_cannot_read_and_goes_on_there_when_upgraded(
    upgrade: Upgrade,
) -> None:
    code, last = upgrade.ended
    assert code == 2
    assert last.endswith(
        "unknown-schema (frame): written under a newer contract than is here; upgrade, nothing is lost"
    )
    [disclose] = [p for p in upgrade.held_up if p.processor == "disclose"]
    assert disclose.sent < disclose.end
    for told in (upgrade.between, upgrade.behind):
        assert upgrade.bus.told(REGISTRATION, told) == ONCE


def test_what_was_delivered_before_is_not_told_again_by_an_upgrade_though_it_is_judged_again(upgrade: Upgrade) -> None:
    bus, legal = upgrade.bus, upgrade.legal
    judged = "SELECT count(*) FROM disclose.decision WHERE id = $1"
    assert bus.rows(judged, legal.id) == [(1,)]
    again = report(POLICE, str(legal.fields["subject"]), **CRIME)
    bus.say(again)
    assert bus.told(REGISTRATION, again) == ONCE
    assert [(m.headers, m.key, m.value) for m in bus.messages(REGISTRATION, legal)] == [
        (m.headers, m.key, m.value) for m in upgrade.before
    ]
    assert bus.rows(judged, legal.id) == [(1,)]


def test_what_a_first_version_said_is_released_by_a_consent_after_the_upgrade(upgrade: Upgrade) -> None:
    bus, waits = upgrade.bus, upgrade.waits
    assert bus.outcome(waits) == [(*WITHHELD, "no-consent")]
    bus.say(consent(CARE, str(waits.fields["subject"])))
    assert bus.told(REGISTRATION, waits) == [("release", 1, True)]
    assert schema_ids(bus.messages(REGISTRATION, waits)) == [SECOND_ID]


def test_both_versions_are_registered_and_counted(upgrade: Upgrade) -> None:
    first, second = (upgrade.bus.registered([told]) for told in (upgrade.behind, upgrade.between))
    assert [(one.forms, one.cu_sector, one.dublin_indication) for one in first] == [(("AU",), (), ())]
    assert [(one.forms, one.cu_sector, one.dublin_indication) for one in second] == [tuple(CRIME.values())]


def test_a_recipient_that_is_behind_stops_at_a_message_of_the_second_version(upgrade: Upgrade) -> None:
    [message] = upgrade.bus.messages(REGISTRATION, upgrade.between)
    assert schema_ids([message]) == [SECOND_ID]
    assert "upgrade, nothing is lost" in earlier.decoded(upgrade.sdk, message.value or b"")
