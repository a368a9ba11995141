"""The chain of a figure and the fate of an event, from the rows that the processors keep."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, replace

import pytest
from rich.console import Console

from consent.activities import fingerprint
from consent.known import Fact
from ketenbus import codec, envelope
from ketenbus.envelope import Envelope, stamp
from ketenbus.events import PlacementMoved, RegisteredReport, RegistrationRecorded
from services.lineage import cell_trace, event_trace, printing
from services.lineage.answers import CellLineage, EventLineage, NotAdmitted
from services.lineage.arrivals import Arrival
from services.lineage.cell_trace import Evidence
from services.lineage.event_trace import Found
from services.lineage.names import MONITORING, REGISTRATION, Names, hashed
from services.lineage.store import DecisionRow, Held, StandingRow, Told
from streams.disclose.binding import logged
from streams.disclose.judge import Candidate, Standing, judge
from streams.disclose.store import StoredFact
from streams.disclose.tokens import EventName
from streams.runtime.records import pack_headers
from streams.runtime.settings import Partner
from tests.consent_facts import (
    DAY,
    DESK_OIN,
    NOON,
    OIN,
    fact,
    given,
    quarantined,
    refused,
    reported,
    the_register,
    withdrawn,
)
from tests.made_up import SIGNING_KEY
from tests.registers import lawless

PERSON, RECORD = bytes(range(16)), bytes(range(16, 32))
PARTNERS = {
    OIN: Partner("care-1", OIN, "Care One", "zorgcoordinator", None, False, SIGNING_KEY.public_key()),
    DESK_OIN: Partner("comensha", DESK_OIN, "CoMensha", "comensha", None, False, SIGNING_KEY.public_key()),
}
NAMES = Names(PARTNERS, {fingerprint(the_register()): the_register()}, bytes(range(64)))
LAW = fingerprint(the_register())
KINDS = {OIN: "zorgcoordinator", DESK_OIN: "comensha"}
CELL = ("2.1", "all", "2020")


def stored(said: Fact, subject: bytes = PERSON) -> StoredFact:
    """A fact as disclose stores it."""
    headers = envelope.write(
        Envelope(
            id=said.ref.id,
            source=envelope.source_of(said.ref.oin, "test"),
            type=f"nl.mensenhandel.{said.event.TYPE}.v1",
            time=said.time,
            dataschema=f"urn:nl:mensenhandel:schema:{said.event.SCHEMA_ID}",
        )
    )
    bus = {
        "ketenbus-origin": f"{said.event.TYPE}/0/7",
        "ketenbus-publisher-kind": KINDS[said.ref.oin],
        "ketenbus-admitted-at": stamp(said.time),
    }
    held = (*headers, *((name, text.encode()) for name, text in bus.items()))
    value = codec.encode(said.event)
    return StoredFact(subject, said.ref.oin, said.ref.id, said.event.TYPE, "ketenlog/3/4", pack_headers(held), value)


def name_of(one: StoredFact) -> EventName:
    return EventName(one.subject, one.oin, one.id)


def judged(*stages: tuple[StoredFact, ...]) -> tuple[list[StandingRow], list[DecisionRow]]:
    """What disclose keeps when these facts come in one stage after another."""
    before: dict[Candidate, Standing] = {}
    evidence = []
    known: list[StoredFact] = []
    for facts in stages:
        known += facts
        for c in judge(NAMES.register, map(logged, known), before):
            d = c.standing.decision
            before[c.logged.name, d.recipient, d.purpose] = c.standing
            row = DecisionRow(
                c.logged.name,
                d.recipient,
                d.purpose,
                d.outcome,
                c.kind,
                c.standing.change,
                d.activity,
                d.reasons,
                NOON,
                LAW,
            )
            evidence.append(row)
    standings = [
        StandingRow(
            name,
            r,
            p,
            s.decision.outcome,
            s.decision.mask,
            s.decision.activity,
            s.decision.reasons,
            s.change,
            s.in_view,
        )
        for (name, r, p), s in before.items()
    ]
    return standings, evidence


REPORT, GRANT = stored(reported()), stored(given())
RECORDED = stored(
    fact(
        RegistrationRecorded(
            subject="number-1",
            occurred_at=NOON,
            occurred_precision="INSTANT",
            version=2,
            reports=(RegisteredReport(reporter_kind="OVERIG", police_unit=None, reported_in=DAY),),
            age_group="ADULT",
        ),
        "recorded",
        oin=DESK_OIN,
    ),
    RECORD,
)
TOKEN = NAMES.tokens(*MONITORING).subject(RECORD)


def evidence() -> Evidence:
    """One record in force that rests on one report, let through by consent."""
    standings, decisions = judged((REPORT,), (GRANT,))
    told, evidenced = judged((RECORDED,))
    return Evidence(
        told={TOKEN: Told(TOKEN, NAMES.tokens(*MONITORING).event(name_of(RECORDED)), 2)},
        values={name_of(RECORDED): RECORDED.value},
        held=[Held("number-1", 2, "subject-token", NAMES.tokens(*REGISTRATION).event(name_of(REPORT)))],
        links=[],
        facts={name_of(one): one for one in (REPORT, RECORDED)},
        standings=[*standings, *told],
        decisions=[*decisions, *evidenced],
    )


def cell_of(found: Evidence, limit: int = 5) -> CellLineage:
    return cell_trace.trace(CELL, {TOKEN: 1}, found, NAMES, limit)


def test_a_figure_leads_to_its_records_their_events_and_what_let_them_through() -> None:
    answer = cell_of(evidence())
    assert (answer.value, answer.records, answer.reports, answer.subjects, answer.breaks) == (1, 1, 1, 1, ())
    [record] = answer.counted
    assert (record.record, record.version, record.told_by.event.id) == (TOKEN, 2, "recorded")
    [report] = record.reports
    assert (report.event.id, report.event.publisher, report.event.origin) == (
        "report",
        "care-1",
        "victim-reported/0/7",
    )
    assert report.outcome.ground is not None
    assert report.outcome.ground.activity == "registratie-toestemming/1"
    assert report.outcome.ground.article == "AVG art. 6(1)(a) and 9(2)(a), explicit consent"
    assert [(j.outcome, j.kind) for j in report.outcome.history] == [("withheld", None), ("delivered", "release")]
    assert [(row.type, row.events) for row in answer.let_through] == [
        ("registration-recorded", 1),
        ("victim-reported", 1),
    ]


def test_the_counts_are_of_all_records_however_few_are_shown() -> None:
    answer = cell_of(evidence(), limit=0)
    assert (answer.records, answer.reports, answer.counted) == (1, 1, ())


def foreign_event(found: Evidence) -> Evidence:
    return replace(found, told={TOKEN: replace(found.told[TOKEN], event="1.of-another-view")})


def unlogged(found: Evidence) -> Evidence:
    return replace(found, facts={name_of(REPORT): REPORT})


def recalled(found: Evidence) -> Evidence:
    return replace(found, standings=[replace(s, outcome="withheld") for s in found.standings])


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (foreign_event, "1.of-another-view is no event of the view of rapporteur"),
        (unlogged, "the log holds no event recorded"),
        (lambda found: replace(found, held=[]), "the registration holds no report for it"),
        (
            lambda found: replace(found, held=[replace(found.held[0], version=3)]),
            "is at version 3, the Rapporteur at 2",
        ),
        (lambda found: replace(found, standings=[]), "the log holds no decision on recorded"),
        (recalled, "rests on report, which is now withheld"),
    ],
)
def test_a_chain_that_does_not_hold_is_said_so(broken: object, said: str) -> None:
    answer = cell_of(broken(evidence()))  # type: ignore[operator]
    assert any(said in text for text in answer.breaks)


def event_of(report: StoredFact, *others: StoredFact, stages: int = 1) -> EventLineage:
    together = ((*others, report),) if stages == 1 else ((report, *others[:-1]), others[-1:])
    standings, decisions = judged(*together)
    mine = name_of(report)
    return event_trace.trace(
        Found(
            id=report.id,
            oin=report.oin,
            admitted_from="victim-reported/0/7",
            facts=[report],
            about=[report, *others],
            standings=[s for s in standings if s.name == mine],
            decisions=[d for d in decisions if d.name == mine],
        ),
        NAMES,
    )


def test_every_recipient_of_the_register_got_it_or_did_not() -> None:
    answer = event_of(REPORT, GRANT)
    named = [(o.recipient, o.purpose) for o in (*answer.got, *answer.did_not)]
    assert sorted([*named, *answer.not_named]) == sorted(NAMES.register.views())
    [got] = answer.got
    assert (got.recipient, got.purpose, got.outcome, got.reasons) == (
        "comensha",
        "REGISTRATIE",
        "delivered",
        ("consent",),
    )
    assert got.left_out == ("phone", "narrative")
    assert NAMES.tokens(*REGISTRATION).read(got.token) == name_of(REPORT)
    assert [(r.relation, r.event.id) for r in answer.related] == [("consent is judged on", "grant")]


def test_a_recipient_that_was_told_to_stop_did_get_it() -> None:
    answer = event_of(REPORT, GRANT, stored(withdrawn("grant")), stages=2)
    [got] = answer.got
    assert (got.outcome, got.reasons, got.in_view, got.change) == ("withheld", ("consent-withdrawn",), False, 2)
    assert [j.kind for j in got.history] == ["delivery", "recall"]
    assert "was told to stop using it" in printed(answer)


def test_a_recipient_that_did_not_get_it_is_named_with_the_reason() -> None:
    [outcome] = (answer := event_of(REPORT, stored(refused()))).did_not
    assert (answer.got, outcome.recipient, outcome.reasons) == ((), "comensha", ("consent-refused",))


def test_a_correction_is_found_from_both_ends() -> None:
    later = stored(reported("later", corrects="report"))
    assert ("corrected by", "later") in [(r.relation, r.event.id) for r in event_of(REPORT, later).related]
    assert ("corrects", "report") in [(r.relation, r.event.id) for r in event_of(later, REPORT).related]


def test_next_to_an_event_of_a_shelter_no_publisher_is_named() -> None:
    moved = PlacementMoved(
        subject="client-1", occurred_precision="UNKNOWN", moved_on=DAY, shelter_type="COSM",
        provider_id="0123456789abcdef", safety_at_stake=False, age_group="ADULT",
    )  # fmt: skip
    answer = event_of(stored(fact(moved, "moved")), GRANT)
    assert answer.related
    assert "care-1" not in json.dumps(asdict(answer), default=str)
    assert answer.publisher == "a publisher of kind zorgcoordinator"


def test_whatever_a_shelter_publishes_names_no_shelter() -> None:
    house = replace(PARTNERS[OIN], id="house-1", kind="opvang")
    names = Names({**PARTNERS, OIN: house}, {LAW: the_register()}, bytes(range(64)))
    answer = event_trace.trace(Found("report", OIN, facts=[REPORT], admitted_from="victim-reported/0/7"), names)
    assert answer.publisher == "a publisher of kind opvang"
    assert "house-1" not in json.dumps(asdict(answer), default=str)


def test_a_quarantined_consent_says_what_it_keeps_pending() -> None:
    arrived = Arrival(OIN, "consent-given", True, NotAdmitted("consent-given/0/1", "unknown-code", "channel", NOON))
    found = Found("grant", OIN, stand_ins=[stored(quarantined("grant"))], arrivals=[arrived])
    answer = event_trace.trace(found, NAMES)
    assert (answer.got, answer.did_not, answer.not_named, answer.not_admitted) == ((), (), (), (arrived.told,))
    assert [r.event.id for r in answer.related] == ["quarantined.grant"]
    assert "quarantined: unknown-code (channel)" in printed(answer)


def test_who_sent_an_event_without_a_good_signature_is_unverified() -> None:
    arrived = Arrival(OIN, None, False, NotAdmitted("x/0/1", "bad-signature", "ce_ketenbussignature", NOON))
    assert event_trace.trace(Found("x", OIN, arrivals=[arrived]), NAMES).publisher == "care-1 (unverified)"


def test_nothing_lineage_says_is_a_client_number_or_what_an_event_says() -> None:
    said = json.dumps([asdict(cell_of(evidence())), asdict(event_of(REPORT, GRANT))], default=str)
    for content in ("client-1", "number-1", "VROUW", "ADULT", PERSON.hex(), RECORD.hex()):
        assert content not in said
    assert hashed(PERSON) in said


def printed(answer: CellLineage | EventLineage) -> str:
    console = Console(file=(out := io.StringIO()), width=200)
    printing.print_cell(console, answer) if isinstance(answer, CellLineage) else printing.print_event(console, answer)
    return out.getvalue()


def test_the_counts_come_first_in_the_terminal() -> None:
    lines = printed(cell_of(evidence())).splitlines()
    assert lines[0] == "2.1 all 2020 = 1: 1 record, 1 report under 1 client number, 0 links of the desk"
    assert lines[-1] == "every link of the chain holds"
    assert "does not hold: " in printed(cell_of(recalled(evidence())))


def test_an_outcome_names_the_entry_of_the_register_it_was_decided_by() -> None:
    old = the_register()
    said = old.activities[1].model_copy(update={"ground": old.activities[1].ground.model_copy(update={"en": "new"})})
    new = lawless([a if a.ref != said.ref else said for a in old.activities], old.rules)
    names = Names(PARTNERS, {fingerprint(r): r for r in (old, new)}, bytes(range(64)))
    standings, decisions = judged((REPORT, GRANT))
    [standing] = [s for s in standings if s.name == name_of(REPORT) and s.activity == said.ref]
    for register, expected in ((old, old.activities[1].article), (new, "new")):
        by = [replace(d, register=fingerprint(register)) for d in decisions]
        ground = names.outcome(REPORT.type, standing, by).ground
        assert ground is not None
        assert ground.article == expected


def test_a_view_that_only_an_earlier_register_names_is_told_of_still() -> None:
    old = the_register()
    new = lawless([a for a in old.activities if a.recipient != "fg"], old.rules)
    names = Names(PARTNERS, {fingerprint(r): r for r in (old, new)}, bytes(range(64)))
    assert names.views() == old.views() != new.views()
    assert names.named_by(names.tokens("fg", "GEGEVENSBESCHERMING").event(name_of(REPORT))) == name_of(REPORT)
