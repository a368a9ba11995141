"""The bus as it runs, on real Kafka and PostgreSQL: what a fact changes reaches every reader it concerns."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psutil
import pytest

from infra.local.platform import Platform
from services.conflicts import asking
from services.conflicts.queue import Conflict
from streams.runtime.settings import load
from tests.broker.stream_events import consent, event, kinds, new_subject, report, withdrawal
from tests.broker.stream_world import REGISTRATION, Bus, bus

CARE, POLICE = "overige-1", "politie-limburg"
DELIVERED, WITHHELD = ("comensha", "REGISTRATIE", "delivered"), ("comensha", "REGISTRATIE", "withheld")


@pytest.fixture(scope="module")
def running(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bus]:
    with bus(platform, tmp_path_factory.mktemp("workers")) as made:
        yield made


def test_a_withdrawal_after_delivery_recalls_in_the_view_the_registration_and_the_tables(running: Bus) -> None:
    person = new_subject()
    grant, told = consent(CARE, person), report(CARE, person)
    running.say(grant, told)
    assert running.outcome(told) == [(*DELIVERED, "consent")]
    assert kinds(running.told(REGISTRATION, told)) in (["delivery"], ["release"])  # whichever of the two came first
    [number] = running.record_of(told)
    assert running.in_force(number) == [True]

    running.say(withdrawal(grant))
    assert running.outcome(told) == [(*WITHHELD, "consent-withdrawn")]
    assert kinds(running.told(REGISTRATION, told))[-1] == "recall"
    assert running.told(REGISTRATION, told)[-1][2] is False
    assert running.report_stands(told) == [(False,)]
    assert running.record_of(told) == []
    assert running.in_force(number)[0] is False


def test_a_late_consent_releases(running: Bus) -> None:
    person = new_subject()
    told = report(CARE, person)
    running.say(told)
    assert running.outcome(told) == [(*WITHHELD, "no-consent")]
    assert (running.told(REGISTRATION, told), running.report_stands(told)) == ([], [])

    running.say(consent(CARE, person))
    assert running.outcome(told) == [(*DELIVERED, "consent")]
    assert running.told(REGISTRATION, told) == [("release", 1, True)]
    [number] = running.record_of(told)
    assert running.in_force(number) == [True]


def test_a_period_that_is_over_ends_a_consent_and_one_that_began_opens_it(running: Bus) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    ended, began = new_subject(), new_subject()
    grants = consent(CARE, ended, valid_until=yesterday), consent(CARE, began, valid_from=yesterday)
    to_come = consent(CARE, began, valid_from=yesterday + timedelta(days=9), purpose="REGISTRATIE")
    told = [report(CARE, person) for person in (ended, began)]
    running.say(*grants, *told)
    assert [running.outcome(one) for one in told] == [
        [(*WITHHELD, "consent-expired")],
        [(*DELIVERED, "consent")],
    ]
    running.say(
        to_come, event(CARE, "consent-withdrawn", began, withdraws=grants[1].id, given_by="PERSON", age_group="ADULT")
    )
    assert running.outcome(told[1]) == [(*WITHHELD, "consent-withdrawn")]
    assert running.rows(
        "SELECT id FROM admit.period WHERE id = ANY($1::text[])", [e.id for e in (*grants, to_come)]
    ) == [(to_come.id,)]


def test_a_refusal_of_a_class_after_delivery_leaves_that_class_out_of_the_view_and_the_figures(running: Bus) -> None:
    person = new_subject()
    grant, told = consent(CARE, person), report(CARE, person)
    running.say(grant, told)
    assert [one.forms for one in running.registered([told])] == [("AU",)]

    spoken = {name: grant.fields[name] for name in ("given_by", "age_group", "channel", "language", "text_version")}
    running.say(event(CARE, "consent-refused", person, field_class="special", **spoken))
    assert running.outcome(told) == [(*DELIVERED, "consent-narrowed")]
    assert kinds(running.told(REGISTRATION, told))[-1] == "replacement"
    assert [one.forms for one in running.registered([told])] == [("ONBEKEND",)]


def test_a_disagreement_waits_for_a_human_and_leaves_the_queue_when_it_is_settled(
    running: Bus, platform: Platform
) -> None:
    person = new_subject()
    minor = {"given_by": "PARENT", "age_group": "MINOR"}
    yes = consent(CARE, person, **minor, giver="one")
    how = {name: yes.fields[name] for name in ("channel", "language", "text_version")}
    no = event(CARE, "consent-refused", person, **how, **minor, giver="two")
    told = report(CARE, person, age_group="MINOR")

    def queued() -> list[Conflict]:
        found = asyncio.run(asking.queue(load(platform.processor_file("auditor"))))
        return [c for c in found if c.subject == running.name(told).subject.hex()]

    running.say(yes, no, told)
    assert running.outcome(told) == [(*WITHHELD, "consent-conflict")]
    assert "delivery" not in kinds(running.told(REGISTRATION, told))[-1:]
    of_registration = next(c for c in queued() if c.purpose == "REGISTRATIE")
    assert [(w.event, w.publisher, w.giver) for w in of_registration.refusals] == [(no.id, CARE, "PARENT")]
    assert ([w.event for w in of_registration.grants], of_registration.waiting) == ([yes.id], 1)

    later = {**yes.fields, "giver": "two", "occurred_at": yes.fields["occurred_at"] + timedelta(days=1)}
    running.say(replace(yes, id=f"{yes.id}-2", time=yes.time + timedelta(days=1), fields=later))
    assert queued() == []
    assert running.outcome(told) == [(*DELIVERED, "consent")]


def test_a_withdrawal_may_arrive_before_its_grant(running: Bus) -> None:
    person = new_subject()
    grant, told = consent(CARE, person), report(CARE, person)
    running.say(withdrawal(grant), told)
    running.say(grant)
    assert running.outcome(told) == [(*WITHHELD, "consent-withdrawn")]
    assert running.told(REGISTRATION, told) == []


def test_bad_events_are_quarantined_each_under_its_own_reason_and_their_neighbours_go_on(running: Bus) -> None:
    spoiled = (
        "unknown-type", "unknown-schema", "undecodable", "trailing-bytes", "wrong-key", "missing-signature", "bad-signature",
    )  # fmt: skip
    bad = [report(POLICE, new_subject(), fault) for fault in spoiled]
    bad += [
        report("ind", new_subject(), "not-authorised"),
        report(POLICE, new_subject(), "unknown-code", sex="X"),
        report(POLICE, new_subject(), "broken-rule", occurred_at=None),
    ]
    good = [report(POLICE, new_subject()) for _ in range(len(bad) + 1)]
    running.say(good[0], *(each for pair in zip(bad, good[1:], strict=True) for each in pair))
    assert running.quarantined(*bad, *good) == {event.id: event.fault for event in bad}
    assert [running.outcome(event) for event in good] == [[(*DELIVERED, "legal-task")]] * len(good)
    assert [running.outcome(event) for event in bad] == [[]] * len(bad)


def test_a_partner_hears_what_became_of_each_event(running: Bus) -> None:
    good, bad = report(POLICE, new_subject()), report(POLICE, new_subject(), "wrong-key")
    running.say(good, bad, good)
    heard = running.answers(POLICE, good, bad)
    assert dict.fromkeys(heard) == {
        (good.id, "admitted", None): None,
        (bad.id, "quarantined", "wrong-key"): None,
        (good.id, "repeated", None): None,
    }


def test_what_rests_on_a_quarantined_consent_is_pending_until_it_is_repaired(running: Bus) -> None:
    person = new_subject()
    grant, told = consent(CARE, person, "unknown-code", channel="VIA_VIA"), report(CARE, person)
    running.say(grant, told)
    assert running.outcome(told) == [("comensha", "REGISTRATIE", "pending", "consent-quarantined")]
    repaired = consent(CARE, person)
    running.say(replace(repaired, id=grant.id))
    assert running.outcome(told) == [(*DELIVERED, "consent")]


def test_the_desk_joins_persons_and_parts_them_again(running: Bus) -> None:
    one, other = report(POLICE, new_subject()), report("kmar", new_subject(), reporter_kind="KMAR")
    running.say(one, other)
    assert running.record_of(one) != running.record_of(other)
    pair = {
        "subject_oin": running.oin(POLICE),
        "other_subject": other.fields["subject"],
        "other_oin": running.oin("kmar"),
        "ground": "DESK_REVIEW",
    }
    link = event("comensha", "identity-linked", str(one.fields["subject"]), **pair)
    running.say(link)
    [number] = running.record_of(one)
    assert running.record_of(other) == [number]

    running.say(event("comensha", "identity-unlinked", str(one.fields["subject"]), withdraws=link.id, **pair))
    assert len({*running.record_of(one), *running.record_of(other)}) == 2


def test_a_correction_takes_the_place_of_what_it_corrects(running: Bus) -> None:
    person = new_subject()
    wrong = report(POLICE, person)
    running.say(wrong)
    right = report(POLICE, person, corrects=wrong.id, forms=("CU",))
    running.say(right)
    assert running.outcome(wrong) == [(*WITHHELD, "superseded")]
    assert running.outcome(right) == [(*DELIVERED, "legal-task")]
    assert (running.report_stands(wrong), running.report_stands(right)) == ([(False,)], [(True,)])


def test_no_worker_keeps_a_port_open(running: Bus) -> None:
    for process in running.workers.running.values():
        found = psutil.Process(process.pid).net_connections("inet")
        assert not [c for c in found if c.status == psutil.CONN_LISTEN]
