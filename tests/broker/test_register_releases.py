"""The law of a running bus changes: proposed, approved by two, announced; what it touches is released or recalled, and explained."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from consent.release import read_release
from infra.local.identities import APPROVERS
from infra.local.platform import Platform
from services.cli.app import app
from services.cli.progress import Progress
from services.cli.simulate import simulated
from services.cli.workers import Workers
from services.explain import asking
from streams.runtime.settings import LAW, REGISTER, load
from tests.broker.audited_people import People, telling

PEOPLE = People()
REPORT = PEOPLE.reported("silent", "zorgcoordinatie-1", "ZORGCOORDINATOR")
P_02 = REGISTER.parent / "drafts" / "legal-basis-without-consent.yaml"


@pytest.fixture(scope="module")
def own() -> Iterator[Platform]:
    """A platform of its own, whose law no other test goes by, with one report withheld for want of consent."""
    folder = Path(tempfile.mkdtemp(prefix="ketenbus-test-"))
    with Platform(folder, backfill=True).running(wipe=True) as platform, telling(platform, [[REPORT]]):
        yield platform


class Operator:
    """Whoever types the commands."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        self.platform, self.folder = platform, folder

    def says(self, *words: str | Path) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["register", *map(str, words)])
        return done.exit_code, done.output

    def propose(self, name: str, *draft: Path) -> Path:
        file = self.folder / name
        code, said = self.says("propose", *draft, "--out", file, "--data", self.platform.data)
        assert code == 0, said
        return file

    def approve(self, file: Path, *approvers: str) -> None:
        for approver in approvers:
            key = self.platform.data / "secrets" / "approvers" / f"{approver}.json"
            code, said = self.says("approve", file, "--key", key)
            assert code == 0, said

    def announce(self, file: Path) -> tuple[int, str]:
        return self.says("announce", file, "--data", self.platform.data)

    def reasons(self) -> list[str]:
        """Why each decision on the report was taken, every one of which replays."""
        found = asyncio.run(asking.event(load(self.platform.processor_file("auditor")), REPORT.id))
        assert found.holds
        [answer] = [a for a in found.answers if a.recipient == "comensha"]
        return [f"{one.outcome} {one.reasons[0]} {one.kind}" for one in answer.history]


@pytest.fixture
def operator(own: Platform, tmp_path: Path) -> Operator:
    return Operator(own, tmp_path)


def test_a_release_changes_what_stands_and_every_decision_before_and_after_it_is_explained(operator: Operator) -> None:
    second = operator.propose("second.json", P_02)
    code, said = operator.announce(second)
    assert (code, "0 of 2 approvals" in said) == (2, True)
    operator.approve(second, APPROVERS[0], APPROVERS[0])
    code, said = operator.announce(second)
    assert (code, "1 of 2 approvals" in said) == (2, True)
    operator.approve(second, APPROVERS[1])
    code, said = operator.announce(second)
    assert code == 0, said
    assert "release 2 announced in 12 of 12 partitions" in said
    assert "decided otherwise: delivery 0 release 1 replacement 0 recall 0 none 0" in said
    assert operator.reasons() == ["withheld no-consent None", "delivered legal-task release"]
    active = asyncio.run(
        simulated(load(operator.platform.processor_file("auditor")), P_02, 3, Progress(Console(quiet=True)))
    )
    assert (active.effects, active.astray) == ({}, 0)
    code, said = operator.announce(second)
    assert "announced in 0 of 12 partitions" in said

    workers = Workers(operator.platform.data)
    disclose = workers.find("disclose")
    assert disclose is not None
    os.kill(disclose.pid, signal.SIGKILL)
    third = operator.propose("third.json")
    operator.approve(third, *APPROVERS)
    code, said = operator.says("announce", third, "--wait", "0", "--data", operator.platform.data)
    assert "announced in 12 of 12 partitions" in said
    assert "in 0 partitions so far" in said
    workers.start("disclose")
    code, said = operator.announce(third)
    assert "announced in 12 of 12 partitions" in said  # nobody had taken it up when it was announced again
    assert operator.reasons()[2:] == ["withheld no-consent recall"]
    code, said = operator.says("releases", "--data", operator.platform.data)
    assert [line.split()[1] for line in said.splitlines() if "partitions" in line] == ["1", "2", "3"]


def test_a_draft_with_a_fault_is_no_release(operator: Operator, tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text("- {id: registratie-opsporing, version: 1, consent: maybe}\n", "utf-8")
    code, said = operator.says("propose", draft, "--data", operator.platform.data)
    assert code == 2
    assert "consent: Input should be" in said


def test_the_founding_release_is_the_projects_register_and_two_approved_it(operator: Operator) -> None:
    release = read_release((operator.platform.data / "release-1.json").read_bytes())
    assert release.activities == LAW["activities.yaml"].read_text("utf-8")
    assert sorted(approval.by for approval in release.approvals) == sorted(APPROVERS)
