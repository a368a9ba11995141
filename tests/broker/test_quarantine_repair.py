"""Repair and replay on the running bus: what comes in after all, once, and what that releases."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.local.platform import Platform
from ketenbus import codec, preparing
from ketenbus.connection import client_settings
from ketenbus.errors import BusError, ConfigurationError
from ketenbus.keyring import PublisherKeys
from ketenbus.preparing import CLOCK_LEEWAY, Outgoing, Prepared
from ketenbus.settings import PartnerSettings
from sandbox.telling import Planned
from services.account.account import Balance, account
from services.cli.line_up import as_text
from services.quarantine import commands
from services.quarantine.chains import Chain
from services.quarantine.parked import Original
from services.quarantine.raw import RawWriter
from services.quarantine.replaying import counted
from streams.runtime import settings as runtime
from streams.runtime import topics
from streams.runtime.settings import load_register
from tests.broker.stream_events import consent, new_subject, report
from tests.broker.stream_world import Bus, bus
from tests.made_up import report as police_report

CARE, POLICE = "overige-1", "politie-limburg"
DELIVERED, PENDING = ("comensha", "REGISTRATIE", "delivered"), ("comensha", "REGISTRATIE", "pending")
PASSES_WITHIN = timedelta(seconds=30)


@pytest.fixture(scope="module")
def running(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bus]:
    with bus(platform, tmp_path_factory.mktemp("workers")) as made:
        yield made


def auditor(running: Bus) -> Path:
    return running.platform.processor_file("auditor")


def chain_of(running: Bus, id: str, reason: str | None = None) -> Chain:
    """The quarantined event with that id."""
    [found] = [
        chain
        for chain in commands.all_chains(runtime.load(auditor(running)))
        if chain.last.id == id and reason in (None, chain.reason)
    ]
    return found


def balance(running: Bus) -> Balance:
    """Of all that the tests before this one published, too."""
    running.settle()
    return asyncio.run(account(running.platform.admin(), load_register())).balance


def written(running: Bus, partner: str, record: Original) -> str:
    """Where a record went that a partner wrote by itself."""

    async def write() -> str:
        async with RawWriter(client_settings(PartnerSettings.load(running.platform.partner_file(partner)))) as writer:
            return await writer.write(record)

    return asyncio.run(write())


def test_a_repaired_event_is_admitted_under_its_id_and_its_sealed_values_stay(
    running: Bus, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = (
        report(POLICE, new_subject(), "unknown-code", sex="X", name="Ada Voorbeeld"),
        report(POLICE, new_subject()),
    )
    running.say(bad, good)
    origin = chain_of(running, bad.id).first.origin
    assert not commands.repair(auditor(running), origin)
    assert "sex: is a code of list sex" in capsys.readouterr().out
    assert commands.repair(auditor(running), origin, changes=["sex=VROUW"], dry_run=True)
    assert (chain_of(running, bad.id).state, running.answers(POLICE, bad)[-1][1]) == ("open", "quarantined")

    assert commands.repair(auditor(running), origin, changes=["sex=VROUW"])
    assert f"admitted {bad.id}" in capsys.readouterr().out
    running.settle()
    assert chain_of(running, bad.id).state == "repaired"
    assert running.outcome(bad) == [(*DELIVERED, "legal-task")]
    held = commands.originals(runtime.load(auditor(running)))[origin]
    [(logged,)] = running.rows("SELECT value FROM disclose.fact WHERE id = $1", bad.id)
    before, after = codec.decode(held.value or b""), codec.decode(logged)
    assert before.name == after.name  # type: ignore[union-attr]
    assert before.name.ciphertext  # type: ignore[union-attr]
    with pytest.raises(ConfigurationError, match="there is nothing to repair"):
        commands.repair(auditor(running), origin, changes=["sex=VROUW"])


def test_bytes_that_cannot_be_read_are_repaired_with_the_whole_event(running: Bus, tmp_path: Path) -> None:
    bad = report(POLICE, new_subject(), "undecodable")
    running.say(bad)
    origin = chain_of(running, bad.id).first.origin
    with pytest.raises(ConfigurationError, match="give the whole event with --event FILE"):
        commands.repair(auditor(running), origin)
    right = police_report(subject=str(bad.fields["subject"]), occurred_at=None, occurred_precision="UNKNOWN")
    (tmp_path / "event.json").write_text(as_text(right), "utf-8")
    assert commands.repair(auditor(running), origin, event_file=tmp_path / "event.json")
    running.settle()
    assert running.outcome(bad) == [(*DELIVERED, "legal-task")]


def test_what_rests_on_a_quarantined_consent_is_released_by_its_repair(running: Bus) -> None:
    person = new_subject()
    grant, told = consent(CARE, person, "unknown-code", channel="VIA_VIA"), report(CARE, person)
    running.say(told, grant)
    assert running.outcome(told) == [(*PENDING, "consent-quarantined")]
    assert running.told("view.comensha.registratie", told) == []

    assert commands.repair(auditor(running), chain_of(running, grant.id).first.origin, changes=["channel=IN_PERSON"])
    running.settle()
    assert running.outcome(told) == [(*DELIVERED, "consent")]
    assert running.told("view.comensha.registratie", told) == [("release", 1, True)]
    assert len(running.record_of(told)) == 1

    commands.replay(auditor(running), chain_of(running, grant.id).first.origin)
    running.settle()
    assert running.outcome(told) == [(*DELIVERED, "consent")]


def test_what_rests_on_a_quarantined_withdrawal_is_recalled_until_its_repair_says_so_for_good(running: Bus) -> None:
    person = new_subject()
    grant, told = consent(CARE, person), report(CARE, person)
    running.say(grant, told)
    assert running.outcome(told) == [(*DELIVERED, "consent")]
    said = {"withdraws": grant.id, "given_by": "PERSON", "age_group": "OLD"}
    ended = replace(
        grant, type="consent-withdrawn", id=f"{grant.id}-w", fields=_same_moment(grant) | said, fault="unknown-code"
    )
    running.say(ended)
    assert running.outcome(told) == [(*PENDING, "consent-quarantined")]
    assert running.told("view.comensha.registratie", told)[-1][0] == "recall"

    assert commands.repair(auditor(running), chain_of(running, ended.id).first.origin, changes=["age_group=ADULT"])
    running.settle()
    assert running.outcome(told) == [("comensha", "REGISTRATIE", "withheld", "consent-withdrawn")]


def _same_moment(of: Planned) -> dict[str, Any]:
    return {name: of.fields[name] for name in ("subject", "occurred_at", "occurred_precision")}


def test_a_replay_lets_in_what_time_has_mended_and_once_only(running: Bus) -> None:
    before = balance(running)
    police = PartnerSettings.load(running.platform.partner_file(POLICE))
    keys = PublisherKeys(police.keyring, police.oin)
    time = datetime.now(UTC) + CLOCK_LEEWAY + timedelta(seconds=4)
    # Somebody whom no other test reports: the registration joins nobody to her.
    nobody = {"name": new_subject(), "occurred_at": None, "occurred_precision": "UNKNOWN"}
    event = police_report(subject=new_subject(), **nobody)
    made = preparing.signed(Outgoing(event, new_subject(), time), police, keys, lambda size: b"n" * size)
    keys.close()
    assert isinstance(made, Prepared)
    origin = written(running, POLICE, Original(made.topic, made.key, made.value, made.headers))
    running.settle()
    assert chain_of(running, made.id).reason == "future-time"

    until = datetime.now(UTC) + PASSES_WITHIN
    while datetime.now(UTC) + CLOCK_LEEWAY < time:
        assert datetime.now(UTC) < until
        running.workers.breathe()
    [first] = commands.replay(auditor(running), origin)
    [second] = commands.replay(auditor(running), origin)
    assert (first.outcome, second.outcome) == ("admitted", "repeated")
    running.settle()
    assert chain_of(running, made.id).state == "repaired"
    after = balance(running)
    assert (after.quarantined - before.quarantined, after.repeated - before.repeated) == (1, 1)
    # One of its own, and the registration's record of that person.
    assert after.admitted - before.admitted == 2
    assert after.difference == before.difference


def test_a_replay_of_what_is_still_wrong_is_one_event_that_came_again(
    running: Bus, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "x-" + b"\xff".decode("utf-8", "surrogateescape")
    wrong = report(POLICE, new_subject(), "trailing-bytes")
    running.say(wrong)
    bytes_of = commands.originals(runtime.load(auditor(running)))[chain_of(running, wrong.id).first.origin]
    strange = replace(bytes_of, topic="signal-forwarded", headers=(*bytes_of.headers, (name, b"1")))
    origins = [chain_of(running, wrong.id).first.origin, written(running, POLICE, strange)]
    running.settle()
    for origin in origins:
        [again] = commands.replay(auditor(running), origin)
        held = commands.originals(runtime.load(auditor(running)))
        chain = commands.chain_of(runtime.load(auditor(running)), origin)
        assert (again.outcome, chain.state, chain.origins) == ("quarantined", "replayed", (origin, again.origin))
        assert held[again.origin].headers == held[origin].headers
        assert commands.chain_of(runtime.load(auditor(running)), again.origin) == chain
    capsys.readouterr()
    commands.list(auditor(running), state="replayed")
    said = capsys.readouterr().out
    assert [line.split()[1] for line in said.splitlines() if line.startswith(f"{origins[0]} ")] == ["replayed"]
    assert "came again once" in said


def test_replaying_a_whole_reason_passes_over_what_is_done_with(running: Bus) -> None:
    bad = [report(POLICE, new_subject(), "broken-rule", age_at_report=999) for _ in range(3)]
    running.say(*bad)
    assert commands.repair(auditor(running), chain_of(running, bad[0].id).first.origin, changes=["age_at_report="])
    replayed = commands.replay(auditor(running), reason="broken-rule")
    places = {chain_of(running, event.id).first.held_at for event in bad}
    assert {one.held_at for one in replayed} & places == places - {chain_of(running, bad[0].id).first.held_at}
    running.settle()


def test_everything_replayed_once_more_admits_nothing(running: Bus) -> None:
    sound, bad = report(POLICE, new_subject()), report(POLICE, new_subject(), "unknown-code", sex="X")
    running.say(sound, bad)
    assert commands.repair(auditor(running), chain_of(running, bad.id).first.origin, changes=["sex=VROUW"])
    running.settle()
    before = balance(running)
    commands.replay(auditor(running), everything=True)
    again = commands.replay(auditor(running), everything=True)
    assert counted(again)["admitted"] == 0
    assert len(again) == len(commands.all_chains(runtime.load(auditor(running))))
    running.settle()
    after = balance(running)
    assert (after.admitted - before.admitted, after.difference) == (0, before.difference)


def test_replay_has_no_right_but_to_read_quarantine_and_to_write_type_topics(running: Bus) -> None:
    operator = runtime.load(running.platform.processor_file("replay"))
    access = {
        "bootstrap_servers": operator.kafka, "security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "SCRAM-SHA-256",
        "sasl_plain_username": operator.user, "sasl_plain_password": operator.password,
    }  # fmt: skip
    written(running, POLICE, Original("signal-forwarded", b"k", b"v", ()))  # a topic that no other test reads
    running.settle()
    assert "quarantine" in {record.topic for record in commands.read_topic(operator, topics.QUARANTINE)}
    for topic in (topics.KETENLOG, "victim-reported", topics.REPEATED, f"acknowledgements.{POLICE}"):
        with pytest.raises(BusError, match=r"finds no topic|Topic authorization failed"):
            [*commands.read_topic(operator, topic)]

    async def write(topic: str) -> str:
        async with RawWriter(access) as writer:
            return await writer.write(Original(topic, b"k", b"v", ()))

    for topic in (topics.KETENLOG, topics.QUARANTINE, "view.comensha.registratie"):
        with pytest.raises(ConfigurationError, match="may not use the topic"):
            asyncio.run(write(topic))


def test_who_asks_for_nothing_or_two_things_is_told_what_to_ask(running: Bus) -> None:
    for asked in ({}, {"reason": "undecodable", "everything": True}):
        with pytest.raises(ConfigurationError, match="coordinates as the list prints them, --reason or --all"):
            commands.replay(auditor(running), **asked)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="reasons there are"):
        commands.replay(auditor(running), reason="no-such-reason")


def test_the_list_says_as_json_what_became_of_each(running: Bus, capsys: pytest.CaptureFixture[str]) -> None:
    bad = report(POLICE, new_subject(), "unknown-code", sex="X")
    running.say(bad)
    commands.repair(auditor(running), chain_of(running, bad.id).first.origin, changes=["sex=VROUW"])
    capsys.readouterr()
    commands.list(auditor(running), as_json=True, state="repaired")
    told = json.loads(capsys.readouterr().out)
    assert bad.id in [row["id"] for row in told["records"]]
    assert {row["state"] for row in told["records"]} == {"repaired"}
    assert told["states"]["repaired"] == len(told["records"])
