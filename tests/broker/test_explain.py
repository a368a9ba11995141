"""Every decision of real processors is explained and gives the same answer again; as the auditor, who holds no key ring."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from infra.local.platform import Platform
from ketenbus.errors import ConfigurationError
from sandbox.publish import Agencies
from sandbox.telling import Planned
from services.cli.workers import Workers
from services.explain import asking, printing
from services.explain.answers import Answer, Explained
from streams.runtime import settings as runtime
from streams.runtime.settled import Gauge, is_settled

WHEN = datetime(2020, 5, 4, 12, tzinfo=UTC)
SETTLED_WITHIN_SECONDS = 90.0
RUN = uuid4().hex[:8]


def client(name: str) -> str:
    return f"client-{name}-{RUN}"


def reported(name: str, partner: str, kind: str, unit: str | None = None, **changed: object) -> Planned:
    """A report on an adult by this partner."""
    fields: dict[str, object] = {
        "subject": client(name),
        "occurred_at": WHEN,
        "occurred_precision": "INSTANT",
        "reporter_kind": kind,
        "reported_on": date(2020, 5, 4),
        "age_group": "ADULT",
        "sex": "VROUW",
        "nationality": "PL",
        "forms": ("AU",),
        "name": f"Ada Voorbeeld {name} {RUN}",
        "birth_date": date(1990, 1, 31),
    }
    given = {} if unit is None else {"police_unit": unit}
    return Planned(partner, "victim-reported", f"report-{name}-{RUN}", WHEN, fields | given | changed)


def spoken(name: str, kind: str, partner: str, **changed: object) -> Planned:
    """What an adult says about consent."""
    fields: dict[str, object] = {
        "subject": client(name),
        "occurred_at": WHEN,
        "occurred_precision": "INSTANT",
        "given_by": "PERSON",
        "age_group": "ADULT",
    }
    return Planned(partner, kind, f"{kind}-{name}-{RUN}", WHEN, fields | changed)


def granted(name: str, partner: str, **changed: object) -> Planned:
    held = {"channel": "IN_PERSON", "language": "en", "text_version": "2018-05.1", "explicit": True, "unbundled": True}
    return spoken(name, "consent-given", partner, **held | changed)


POLICE = reported("police", "politie-limburg", "POLITIE", "LIMBURG")
CARE = reported("care", "zorgcoordinatie-1", "ZORGCOORDINATOR")
SILENT = reported("silent", "zorgcoordinatie-1", "ZORGCOORDINATOR")
GRANT = granted("care", "zorgcoordinatie-1")
WITHDRAWAL = spoken("care", "consent-withdrawn", "zorgcoordinatie-1", withdraws=GRANT.id)
CORRECTED = Planned(
    POLICE.partner, POLICE.type, f"corrected-{RUN}", WHEN.replace(hour=13), {**POLICE.fields, "corrects": POLICE.id}
)
#: Each stage comes when all before it is at rest: the care report is withheld, released, recalled.
STAGES = ((POLICE, CARE, SILENT), (GRANT, CORRECTED), (WITHDRAWAL,))


async def settle(platform: Platform, workers: Workers) -> None:
    """Wait until every processor has sent on everything there is."""
    gauge, running = Gauge(platform.admin()), workers.start_all()
    deadline = time.monotonic() + SETTLED_WITHIN_SECONDS
    while not is_settled(progress := await gauge.progress()):
        workers.check(running)
        assert time.monotonic() < deadline, progress
        await asyncio.sleep(0.1)


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
    workers = Workers(platform.data)

    async def tell() -> None:
        agencies = Agencies(platform.partner_file, platform.admin())
        try:
            for stage in STAGES:
                await agencies.publish(stage, lambda _: None)
                await settle(platform, workers)
        finally:
            await agencies.close()

    try:
        asyncio.run(tell())
        yield Audited(runtime.load(platform.processor_file("auditor")))
    finally:
        workers.stop_all()


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
