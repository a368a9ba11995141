"""Every decision of real processors is explained and gives the same answer again; as the auditor, who holds no key ring."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from consent.wording import REASONS
from infra.local.platform import Platform
from ketenbus.errors import ConfigurationError
from sandbox.telling import Planned
from services.cli.progress import Progress
from services.cli.simulate import simulated
from services.explain import asking, printing
from services.explain.answers import Answer, Explained
from services.policy.simulating import Simulation
from streams.runtime import settings as runtime
from streams.runtime.settings import REGISTER
from tests.broker.audited_people import WHEN, People, telling

PEOPLE = People()
RUN = PEOPLE.run


POLICE = PEOPLE.reported("police", "politie-limburg", "POLITIE", "LIMBURG")
CARE = PEOPLE.reported("care", "zorgcoordinatie-1", "ZORGCOORDINATOR")
SILENT = PEOPLE.reported("silent", "zorgcoordinatie-1", "ZORGCOORDINATOR")
GRANT = PEOPLE.granted("care", "zorgcoordinatie-1")
WITHDRAWAL = PEOPLE.spoken("care", "consent-withdrawn", "zorgcoordinatie-1", withdraws=GRANT.id)
CORRECTED = Planned(
    POLICE.partner, POLICE.type, f"corrected-{RUN}", WHEN.replace(hour=13), {**POLICE.fields, "corrects": POLICE.id}
)
#: Each stage comes when all before it is at rest: the care report is withheld, released, recalled.
STAGES = ((POLICE, CARE, SILENT), (GRANT, CORRECTED), (WITHDRAWAL,))


@dataclass(frozen=True)
class Audited:
    """The platform at rest, as the auditor sees it."""

    settings: runtime.ProcessorSettings

    def event(self, planned: Planned) -> Explained:
        return asyncio.run(asking.event(self.settings, planned.id, planned.partner))

    def answers(self, planned: Planned) -> Mapping[tuple[str, str], Answer]:
        return {(a.recipient, a.purpose): a for a in self.event(planned).answers}


@pytest.fixture(scope="module")
def audited(platform: Platform) -> Iterator[Audited]:
    with telling(platform, STAGES):
        yield Audited(runtime.load(platform.processor_file("auditor")))


def test_a_report_that_was_withheld_released_and_recalled_shows_three_decisions_and_each_holds(
    audited: Audited,
) -> None:
    answer = audited.answers(CARE)["comensha", "REGISTRATIE"]
    assert [(one.outcome, one.kind) for one in answer.history] == [
        ("withheld", None),
        ("delivered", "release"),
        ("withheld", "recall"),
    ]
    assert [one.explanation.facts for one in answer.history if one.explanation] == [
        (),
        (GRANT.id,),
        (GRANT.id, WITHDRAWAL.id),
    ]
    assert answer.replays
    assert not answer.in_view


def test_every_event_is_explained_and_every_decision_on_it_taken_again_gives_the_same(audited: Audited) -> None:
    for planned in (event for stage in STAGES for event in stage):
        found = audited.event(planned)
        assert found.holds, planned.id
        assert found.decisions == len([one for answer in found.answers for one in answer.history if one.explanation])
    assert audited.event(POLICE).decisions == 2
    assert audited.answers(POLICE)["comensha", "REGISTRATIE"].history[-1].reasons == ("superseded",)


def test_what_is_said_is_plain_and_holds_no_client_number_or_identity(audited: Audited) -> None:
    said = [
        "\n".join(printing.lines(audited.event(planned), language))
        for stage in STAGES
        for planned in stage
        for language in ("nl", "en")
    ]
    text = "\n".join(said)
    assert "De toestemming is ingetrokken." in text
    assert "Opsporingsinstanties moeten bij de geringste aanwijzing melden" in text
    assert "Niemand anders: het register noemt deze soort gebeurtenis niet voor" in text
    for content in ("client-", "Voorbeeld", "1990", "VROUW"):
        assert content not in text


def test_examples_are_of_events_that_were_decided_in_different_ways(audited: Audited, tmp_path: Path) -> None:
    found = asyncio.run(asking.examples(audited.settings, 3))
    assert len(found) == 3
    told = [[(one.outcome, one.reasons) for a in e.answers for one in a.history] for e in found]
    assert len({str((e.type, t)) for e, t in zip(found, told, strict=True)}) == 3
    page = tmp_path / "explain.md"
    page.write_text(f"{printing.BEGIN}{printing.END}", "utf-8")
    page.write_text(printing.placed(page.read_text("utf-8"), printing.markdown(found, "en")), "utf-8")
    assert page.read_text("utf-8").count("```text") == 3


def test_an_event_that_was_not_admitted_has_no_decision_to_explain(audited: Audited) -> None:
    with pytest.raises(ConfigurationError, match="nothing was decided on it"):
        asyncio.run(asking.event(audited.settings, "nothing"))
    with pytest.raises(ConfigurationError, match="nothing was decided on it"):
        asyncio.run(asking.event(audited.settings, CARE.id, "fairwork"))


def test_the_register_as_draft_changes_nothing_and_a_basis_without_consent_what_consent_decided(
    audited: Audited,
) -> None:
    def under(draft: Path) -> Simulation:
        return asyncio.run(simulated(audited.settings, draft, 1_000, Progress(Console(quiet=True))))

    same = under(REGISTER)
    assert same.effects == {}
    assert same.astray == 0
    assert same.events >= sum(map(len, STAGES))
    found = under(REGISTER.parent / "drafts" / "legal-basis-without-consent.yaml")
    effects = {d.candidate[0].id: d.effect for group in found.effects.values() for d in group.examples}
    assert (effects[CARE.id], effects[SILENT.id]) == ("kept", "newly-shared")
    assert POLICE.id not in effects


def test_an_event_is_explained_as_of_an_instant_and_as_known_at_one(audited: Audited) -> None:
    def stood(of: datetime | None = None, known: datetime | None = None) -> list[str]:
        found = asyncio.run(asking.stood(audited.settings, CARE.id, CARE.partner, of, known))
        return [one.lines[0].en for one in found]

    assert stood() == [REASONS["consent-withdrawn"].why.en]
    assert stood(of=WHEN - timedelta(seconds=1)) == [REASONS["no-consent"].why.en]
    assert stood(of=WHEN, known=WHEN) == stood()
    with pytest.raises(ConfigurationError, match="was not admitted yet at 2020-05-04 11:59:59"):
        stood(known=WHEN - timedelta(seconds=1))
