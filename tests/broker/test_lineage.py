"""From a figure to the events it rests on and back, over the real processors; as the auditor, who holds no key ring."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date

import pytest

from infra.local.platform import Platform
from ketenbus.errors import ConfigurationError
from sandbox.telling import Planned
from services.lineage import asking, commands
from services.lineage.answers import CellLineage, EventLineage, Outcome
from services.monitoring import tables
from streams.runtime import settings as runtime
from tests.broker.audited_people import WHEN, People, telling

EVERY_RECORD = 100_000
PEOPLE = People()
RUN = PEOPLE.run
V_NUMBER = f"V{int(RUN, 16) % 10**9:09d}"


POLICE = PEOPLE.reported("police", "politie-limburg", "POLITIE", "LIMBURG", v_number=V_NUMBER)
CARE = PEOPLE.reported("care", "zorgcoordinatie-1", "ZORGCOORDINATOR", v_number=V_NUMBER)
SILENT = PEOPLE.reported("silent", "zorgcoordinatie-1", "ZORGCOORDINATOR")
REGRETTED = PEOPLE.reported("regretted", "fairwork", "FAIRWORK")
UNCLEAR = PEOPLE.reported("unclear", "fairwork", "FAIRWORK")
GARBLED = Planned(
    "fairwork",
    "consent-given",
    f"garbled-{RUN}",
    WHEN,
    PEOPLE.granted("unclear", "fairwork", channel="SMOKE").fields,
    "unknown-code",
)
SPOILED = Planned(
    "politie-limburg", "victim-reported", f"spoiled-{RUN}", WHEN,
    PEOPLE.reported("spoiled", "politie-limburg", "POLITIE", "LIMBURG").fields, "bad-signature",
)  # fmt: skip
REUSED = Planned(
    POLICE.partner, POLICE.type, POLICE.id, WHEN, {**POLICE.fields, "reported_on": date(2020, 5, 3)}, "id-reused"
)
#: The grant of the care report comes after it: a release. The withdrawal comes when all is at rest: a recall.
FIRST = (
    POLICE,
    CARE,
    SILENT,
    PEOPLE.granted("regretted", "fairwork"),
    REGRETTED,
    GARBLED,
    UNCLEAR,
    POLICE,
    REUSED,
    SPOILED,
)
THEN = (
    PEOPLE.granted("care", "zorgcoordinatie-1"),
    PEOPLE.spoken("regretted", "consent-withdrawn", "fairwork", withdraws=f"consent-given-regretted-{RUN}"),
)


@dataclass(frozen=True)
class Audited:
    """The platform at rest, as the auditor sees it."""

    platform: Platform
    settings: runtime.ProcessorSettings

    def cell(self, *cell: str) -> CellLineage:
        zone = runtime.load(self.platform.processor_file("monitoring"))
        return asyncio.run(asking.cell(self.settings, zone, *cell, limit=EVERY_RECORD))

    def event(self, id: str, source: str | None = None) -> EventLineage:
        return asyncio.run(asking.event(self.settings, id, source))


@pytest.fixture(scope="module")
def audited(platform: Platform) -> Iterator[Audited]:
    with telling(platform, (FIRST, THEN)):
        yield Audited(platform, runtime.load(platform.processor_file("auditor")))


def views(outcomes: tuple[Outcome, ...]) -> Mapping[tuple[str, str], Outcome]:
    return {(o.recipient, o.purpose): o for o in outcomes}


def test_the_auditor_holds_the_key_of_the_views_and_no_key_ring(audited: Audited) -> None:
    assert set(audited.settings.keys) == {"views"}


def test_a_cell_leads_to_every_event_it_rests_on_and_what_let_each_through(audited: Audited) -> None:
    answer = audited.cell("2.9", "POLITIE", "2020")
    counted = asyncio.run(tables.cells(runtime.load(audited.platform.processor_file("monitoring"))))
    assert answer.value == counted["2.9", "POLITIE", "2020"] == sum(record.counts for record in answer.counted)
    assert answer.breaks == ()
    [record] = [r for r in answer.counted if POLICE.id in [report.event.id for report in r.reports]]
    rests = {report.event.id: report for report in record.reports}
    assert rests.keys() == {POLICE.id, CARE.id}
    care = rests[CARE.id]
    assert care.event.publisher == "zorgcoordinatie-1"
    assert care.outcome.ground is not None
    assert (care.outcome.ground.activity, care.outcome.reasons) == ("registratie-toestemming/1", ("consent",))
    assert [(j.outcome, j.kind) for j in care.outcome.history] == [("withheld", None), ("delivered", "release")]
    assert record.told_by.event.type == "registration-recorded"
    assert "monitoring-registratie/1" in {row.ground.activity for row in answer.let_through}


def test_a_report_without_consent_rests_under_no_figure(audited: Audited) -> None:
    for row in ("ZORGCOORDINATOR", "FAIRWORK", "total"):
        events = {report.event.id for record in audited.cell("2.9", row, "total").counted for report in record.reports}
        assert not events & {SILENT.id, REGRETTED.id, UNCLEAR.id}


def test_an_event_names_everyone_who_got_it_and_everyone_who_did_not(audited: Audited) -> None:
    answer = audited.event(POLICE.id)
    [got] = answer.got
    assert (got.recipient, got.purpose, got.outcome, got.in_view) == ("comensha", "REGISTRATIE", "delivered", True)
    assert got.left_out == ("phone", "narrative")
    assert ("rapporteur", "MONITORING") in answer.not_named
    assert (answer.publisher, answer.admitted_at) == ("politie-limburg", WHEN)
    assert len(answer.part_of) == 1


def test_an_event_is_found_by_the_name_a_view_has_for_it(audited: Audited) -> None:
    answer = audited.event(POLICE.id)
    assert audited.event(answer.got[0].token) == answer


def test_what_came_again_under_an_id_is_told_with_what_stands(audited: Audited) -> None:
    assert {arrival.reason for arrival in audited.event(POLICE.id).not_admitted} == {"repeated", "id-reused"}


def test_who_did_not_get_an_event_is_named_with_the_reason(audited: Audited) -> None:
    answer = audited.event(SILENT.id)
    assert (answer.got, answer.part_of) == ((), ())
    assert views(answer.did_not)["comensha", "REGISTRATIE"].reasons == ("no-consent",)


def test_a_withdrawn_consent_shows_who_was_told_to_stop(audited: Audited) -> None:
    answer = audited.event(REGRETTED.id, "fairwork")
    [got] = answer.got
    assert (got.outcome, got.reasons, got.in_view) == ("withheld", ("consent-withdrawn",), False)
    assert [j.kind for j in got.history if j.kind] == ["delivery", "recall"]
    assert {r.event.type for r in answer.related} == {"consent-given", "consent-withdrawn"}
    assert answer.part_of == ()


def test_a_quarantined_consent_leads_to_what_waits_for_it(audited: Audited) -> None:
    garbled = audited.event(GARBLED.id)
    assert [(a.reason, a.place) for a in garbled.not_admitted] == [("unknown-code", "channel")]
    assert [r.event.type for r in garbled.related] == ["fact-quarantined"]
    waits = audited.event(UNCLEAR.id)
    assert views(waits.did_not)["comensha", "REGISTRATIE"].reasons == ("consent-quarantined",)
    assert [r.event for r in waits.related] == [r.event for r in garbled.related]


def test_who_sent_an_event_with_a_bad_signature_is_only_what_it_claims(audited: Audited) -> None:
    answer = audited.event(SPOILED.id)
    assert answer.publisher == "politie-limburg (unverified)"
    assert [a.reason for a in answer.not_admitted] == ["bad-signature"]


@pytest.mark.parametrize("source", ["kmar", None])
def test_an_event_the_bus_does_not_know_is_refused(audited: Audited, source: str | None) -> None:
    with pytest.raises(ConfigurationError, match="no event"):
        audited.event(SILENT.id if source else "nothing", source)


def test_nothing_that_is_said_holds_a_client_number_or_an_identity(
    audited: Audited, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = audited.platform.processor_file("auditor")
    commands.cell(settings, "2.9", "POLITIE", "2020", limit=EVERY_RECORD, as_json=True)
    commands.cell(settings, "2.9", "POLITIE", "2020", limit=EVERY_RECORD)
    for planned in (*FIRST, *THEN):
        commands.event(settings, planned.id, planned.partner)
        commands.event(settings, planned.id, planned.partner, as_json=True)
    said = capsys.readouterr().out
    assert POLICE.id in said
    for content in ("client-", "Voorbeeld", V_NUMBER, "1990"):
        assert content not in said


def test_the_answer_as_json_is_the_answer(audited: Audited, capsys: pytest.CaptureFixture[str]) -> None:
    commands.event(audited.platform.processor_file("auditor"), POLICE.id, as_json=True)
    answer = asdict(audited.event(POLICE.id))
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(answer, default=str))
