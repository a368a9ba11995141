"""What admit did not let in, read back from the real topic by the auditor."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from infra.local.platform import Platform
from ketenbus.errors import ConfigurationError, RetryableError
from sandbox.publish import Agencies
from sandbox.telling import Planned
from services.cli.workers import Workers
from services.quarantine import commands, reading
from services.quarantine.commands import in_quarantine, look_at
from services.quarantine.parked import Parked
from streams.runtime import settings as runtime
from streams.runtime.settled import Gauge

WHEN = datetime(2020, 5, 4, 12, tzinfo=UTC)
SETTLED_WITHIN_SECONDS = 60.0
RUN = uuid4().hex[:8]
FAULTS = ("unknown-schema", "undecodable", "wrong-key", "missing-signature", "bad-signature", "unknown-type")


def reported(id: str, fault: str | None) -> Planned:
    fields: dict[str, object] = {
        "subject": f"client-{id}-{RUN}",
        "occurred_at": WHEN,
        "occurred_precision": "INSTANT",
        "reporter_kind": "POLITIE",
        "police_unit": "LIMBURG",
        "reported_on": date(2020, 5, 4),
        "age_group": "UNHEARD_OF" if fault == "unknown-code" else "ADULT",
        "sex": "VROUW",
        "nationality": "PL",
        "forms": ("AU",),
        "name": f"Ada Voorbeeld {RUN}",
        "birth_date": date(1990, 1, 31),
    }
    return Planned("politie-limburg", "victim-reported", f"{id}-{RUN}", WHEN, fields, fault)


EVENTS = (*(reported(fault, fault) for fault in (*FAULTS, "unknown-code")), reported("sound", None))


@dataclass(frozen=True)
class Audited:
    """The topic `quarantine` when admit has judged everything."""

    settings_path: Path
    ours: dict[str | None, Parked]


@pytest.fixture(scope="module")
def audited(platform: Platform) -> Iterator[Audited]:
    workers = Workers(platform.data)
    ran = workers.find("admit")

    async def tell() -> None:
        agencies = Agencies(platform.partner_file, platform.admin())
        try:
            await agencies.publish(EVENTS, lambda _: None)
        finally:
            await agencies.close()
        gauge, running = Gauge(platform.admin()), {"admit": workers.start("admit")}
        deadline = time.monotonic() + SETTLED_WITHIN_SECONDS
        while (admit := (await gauge.progress())[0]).sent < admit.end:
            workers.check(running)
            assert time.monotonic() < deadline, admit
            await asyncio.sleep(0.1)

    try:
        asyncio.run(tell())
        path = platform.processor_file("auditor")
        found = in_quarantine(runtime.load(path))
        yield Audited(path, {one.id: one for one in found if one.id and one.id.endswith(RUN)})
    finally:
        if ran is None:
            workers.stop_all()


def test_every_invalid_event_is_there_under_its_own_reason_and_its_neighbour_went_on(audited: Audited) -> None:
    assert {id: one.reason for id, one in audited.ours.items()} == {
        f"{fault}-{RUN}": fault for fault in (*FAULTS, "unknown-code")
    }


def test_a_record_names_its_publisher_and_whether_its_signature_says_so(audited: Audited) -> None:
    assert {one.publisher for one in audited.ours.values()} == {"politie-limburg"}
    unverified = {one.reason for one in audited.ours.values() if not one.verified}
    assert unverified == {"missing-signature", "bad-signature"}


def test_a_look_names_the_field_and_the_rule_it_breaks(audited: Audited) -> None:
    one = audited.ours[f"unknown-code-{RUN}"]
    seen = look_at(runtime.load(audited.settings_path), one.origin)
    assert [broken.field for broken in seen.broken] == ["age_group"]
    assert {field.name for field in seen.fields if field.sealed} == {
        "name", "birth_date", "forms", "su_sector", "labour_sector", "cu_sector", "dublin_indication"
    }  # fmt: skip
    assert look_at(runtime.load(audited.settings_path), one.held_at) == seen


def test_nothing_that_is_shown_is_content(audited: Audited, capsys: pytest.CaptureFixture[str]) -> None:
    commands.list(audited.settings_path)
    commands.list(audited.settings_path, as_json=True)
    for one in audited.ours.values():
        commands.show(audited.settings_path, one.origin)
        commands.show(audited.settings_path, one.origin, as_json=True)
    said = capsys.readouterr().out
    assert f"bad-signature-{RUN}" in said
    for content in ("client-", "Voorbeeld", "UNHEARD_OF", "1990"):
        assert content not in said


def test_a_list_of_one_reason_still_has_all_totals(audited: Audited, capsys: pytest.CaptureFixture[str]) -> None:
    commands.list(audited.settings_path, "wrong-key", as_json=True)
    said = json.loads(capsys.readouterr().out)
    assert {row["reason"] for row in said["records"]} == {"wrong-key"}
    assert said["totals"].keys() >= set(FAULTS)


def test_what_is_not_there_is_refused_with_what_is(audited: Audited) -> None:
    with pytest.raises(
        ConfigurationError, match=r"nothing is in quarantine for no-reason; reasons there are: .*wrong-key"
    ):
        commands.list(audited.settings_path, "no-reason")
    with pytest.raises(ConfigurationError, match="came from victim-reported/0/999999999"):
        commands.show(audited.settings_path, "victim-reported/0/999999999")


def test_a_broker_that_does_not_answer_is_said_so(
    audited: Audited, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "SILENCE_SECONDS", 0.5)
    away = json.loads(audited.settings_path.read_text()) | {"kafka": "127.0.0.1:1"}
    (tmp_path / "auditor.json").write_text(json.dumps(away))
    with pytest.raises(RetryableError, match=r"Kafka at 127\.0\.0\.1:1: quarantine could not be read"):
        commands.list(tmp_path / "auditor.json")
