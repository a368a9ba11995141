"""A release of the register in disclose: in force from its control record, in its partition, for all that was judged before."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
import yaml

from consent.activities import fingerprint
from consent.release import Release
from infra.local.platform import Platform
from ketenbus.errors import ConfigurationError, CorruptLogError
from ketenbus.view import Generalised, Withheld
from services.register.releasing import first
from streams.disclose.binding import Disclose
from streams.disclose.releases import CONTROL
from streams.runtime import topics
from streams.runtime.records import Record
from streams.runtime.settings import ProcessorSettings
from tests import earlier
from tests.broker.schema_of_own import schema_of_own
from tests.broker.test_stream_disclose import SIGNING, apply, fetch, receipts, record, told
from tests.consent_facts import NOON, given, refused, reported, the_register
from tests.log_events import VIEW_KEY
from tests.unit.test_consent_release import APPROVERS, approved

Pool = asyncpg.Pool
FIRST = approved(first())
OTHER = bytes([7] * 16)
REPORT = record(reported("r", age_at_report=19))


def changed(after: Release, old: str, new: str, **keys: object) -> Release:
    """The next release, approved, with other words in its activities."""
    assert old in after.activities
    text = after.activities.replace(old, new)
    held = {"number": after.number + 1, "previous": after.digest, "activities": text, "approvals": ()}
    return approved(after.model_copy(update=held | keys))


#: Other reporters report without consent; all that can be is made general; then nobody but the investigative services reports at all.
OPEN = changed(FIRST, "  consent: required\n", "  consent: none\n")
GENERAL = changed(
    FIRST,
    "mask: [neutral, quasi, identity, special]",
    "mask: [neutral-generalised, quasi-generalised, identity, special]",
)
CLOSED = changed(OPEN, "publishers: [zorgcoordinator, fairwork, overige-melder,", "publishers: [fairwork,")


def control(release: Release, offset: int = 5, partition: int = 0) -> Record:
    return Record(topics.KETENLOG, partition, offset, 0, None, release.text().encode(), (CONTROL,))


@pytest.fixture
async def pool(platform: Platform) -> AsyncIterator[Pool]:
    async with schema_of_own(platform, Disclose.schema) as made:
        yield made


@pytest.fixture
def settings(tmp_path: Path) -> ProcessorSettings:
    rows = [
        {"id": name, "public_key": base64.b64encode(key.public_bytes_raw()).decode()} for name, key in APPROVERS.items()
    ]
    (tmp_path / "approvers.yaml").write_text(yaml.safe_dump({"approvers": rows}), "utf-8")
    (tmp_path / "release-1.json").write_text(FIRST.text(), "utf-8")
    keys = {"signing": SIGNING.private_bytes_raw(), "views": VIEW_KEY}
    held = {name: base64.b64encode(key).decode() for name, key in keys.items()}
    return ProcessorSettings(
        "disclose",
        "",
        "",
        "",
        "",
        Path("/nowhere"),
        held,
        None,
        tmp_path / "release-1.json",
        tmp_path / "approvers.yaml",
    )


@pytest.fixture
def disclose(settings: ProcessorSettings) -> Disclose:
    return Disclose(settings)


async def test_what_was_withheld_is_released_by_a_register_that_permits_it(disclose: Disclose, pool: Pool) -> None:
    assert told(await apply(disclose, pool, REPORT)) == []
    out = await apply(disclose, pool, control(OPEN))
    [message] = told(out)
    assert (message.kind, message.change) == ("release", 1)
    [receipt] = receipts(out).values()
    assert [one["outcome"] for one in receipt["outcomes"]] == ["delivered"]
    rows = await fetch(pool, "SELECT outcome, kind, known_to, register FROM decision ORDER BY seq")
    law = fingerprint(disclose.laws.founding.register)
    assert rows[0] == ("withheld", None, "ketenlog/0/0", law)
    assert rows[1][:3] == ("delivered", "release", "ketenlog/0/5")
    assert rows[1][3] not in ("", law)
    assert law == fingerprint(the_register())


async def test_what_a_first_version_said_is_not_told_again_by_a_release_that_lets_the_same_through(
    disclose: Disclose, pool: Pool
) -> None:
    said = reported("r", age_at_report=19)
    first = replace(record(said), value=earlier.written(said.event, earlier.versions(said.event.TYPE)[0]))
    [message] = told(await apply(disclose, pool, record(given("g")), first))
    assert (message.kind, message.change) == ("delivery", 1)
    assert told(await apply(disclose, pool, control(OPEN))) == []
    evidence = await fetch(pool, "SELECT reasons, kind, change FROM decision WHERE id = 'r' ORDER BY seq")
    assert evidence == [('["consent"]', "delivery", 1), ('["legal-task"]', None, 1)]


async def test_what_no_activity_names_any_more_is_recalled_and_comes_back_with_it(
    disclose: Disclose, pool: Pool
) -> None:
    await apply(disclose, pool, REPORT, control(OPEN))
    [message] = told(await apply(disclose, pool, control(CLOSED, 6)))
    assert (message.kind, message.change) == ("recall", 2)
    assert await fetch(pool, "SELECT outcome, reasons, activity FROM standing") == [("withheld", '["no-activity"]', "")]
    again = changed(CLOSED, "publishers: [fairwork,", "publishers: [zorgcoordinator, fairwork, overige-melder,")
    [message] = told(await apply(disclose, pool, control(again, 7)))
    assert (message.kind, message.change) == ("release", 3)


async def test_what_a_release_makes_general_is_replaced_and_holds_no_more_than_that(
    disclose: Disclose, pool: Pool
) -> None:
    [exact] = told(await apply(disclose, pool, record(given("g")), REPORT))
    assert (exact.kind, exact.field("age_at_report")) == ("delivery", 19)
    [message] = told(await apply(disclose, pool, control(GENERAL)))
    assert (message.kind, message.change) == ("replacement", 2)
    assert message.mask == "neutral-generalised+quasi-generalised+identity+special"
    said = message.field("age_at_report")
    assert isinstance(said, Generalised)
    assert (said.value, said.form.name) == (18, "age-category")
    assert message.envelope.time < exact.envelope.time
    refusal = refused("q", field_class="quasi", occurred_at=NOON + timedelta(days=1))
    [narrower] = told(await apply(disclose, pool, record(refusal, 6)))
    assert (narrower.kind, narrower.mask) == ("replacement", "neutral-generalised+identity+special")
    assert narrower.field("age_at_report") == Withheld(narrower.mask)


async def test_a_type_that_a_release_leaves_out_is_recalled_from_everybody(disclose: Disclose, pool: Pool) -> None:
    await apply(disclose, pool, record(given("g")), REPORT)
    rows = yaml.safe_load(FIRST.activities)
    left = [row for row in rows if row["types"] != ["victim-reported"]]
    without = approved(
        FIRST.model_copy(
            update={"number": 2, "previous": FIRST.digest, "activities": yaml.safe_dump(left), "approvals": ()}
        )
    )
    [message] = told(await apply(disclose, pool, control(without)))
    assert message.kind == "recall"
    assert told(await apply(disclose, pool, record(given("g", text_version="2"), 8))) == []
    assert await fetch(pool, "SELECT outcome, in_view FROM standing WHERE id = 'r'") == [("withheld", False)]


async def test_a_batch_with_a_release_in_it_ends_under_the_release(disclose: Disclose, pool: Pool) -> None:
    [message] = told(await apply(disclose, pool, REPORT, control(OPEN), record(reported("r"), 6, OTHER)))[:1]
    assert message.kind == "delivery"
    rows = await fetch(pool, "SELECT outcome, known_to FROM decision ORDER BY known_to")
    assert rows == [("delivered", "ketenlog/0/5"), ("delivered", "ketenlog/0/6")]


async def test_a_release_is_in_force_in_its_partition_only(disclose: Disclose, pool: Pool) -> None:
    await apply(disclose, pool, control(OPEN))
    elsewhere = replace(record(reported("r"), 9, OTHER), partition=1)
    assert told(await apply(disclose, pool, elsewhere)) == []
    [message] = told(await apply(disclose, pool, control(OPEN, 10, partition=1)))
    assert message.kind == "release"


async def test_announced_again_or_older_changes_nothing(disclose: Disclose, pool: Pool) -> None:
    await apply(disclose, pool, REPORT, control(OPEN), control(CLOSED, 6))
    before = await fetch(pool, "SELECT * FROM decision"), await fetch(pool, "SELECT * FROM release")
    for old in (CLOSED, OPEN, FIRST):
        assert await apply(disclose, pool, control(old, 7)) == []
    assert (await fetch(pool, "SELECT * FROM decision"), await fetch(pool, "SELECT * FROM release")) == before


async def test_a_worker_that_starts_later_goes_by_what_is_in_force(
    disclose: Disclose, settings: ProcessorSettings, pool: Pool
) -> None:
    await apply(disclose, pool, control(OPEN))
    [message] = told(await apply(Disclose(settings), pool, REPORT))
    assert message.kind == "delivery"


@pytest.mark.parametrize(
    ("release", "why"),
    [
        (OPEN.model_copy(update={"approvals": OPEN.approvals[:1]}), "1 of 2 approvals"),
        (OPEN.model_copy(update={"activities": OPEN.activities + " "}), "it was altered"),
        (approved(CLOSED.model_copy(update={"previous": "0" * 64, "approvals": ()})), "does not follow release 1"),
        (changed(FIRST, "consent: none\n  mask", "consent: maybe\n  mask"), "Input should be"),
    ],
)
async def test_a_release_that_may_not_be_stops_the_worker_and_changes_nothing(
    disclose: Disclose, pool: Pool, release: Release, why: str
) -> None:
    await apply(disclose, pool, REPORT)
    with pytest.raises(CorruptLogError, match=why) as stopped:
        await apply(disclose, pool, control(release))
    assert "ketenlog/0/5" in str(stopped.value)
    assert await fetch(pool, "SELECT count(*) FROM release") == [(0,)]
    assert await fetch(pool, "SELECT outcome FROM standing") == [("withheld",)]


async def test_a_stored_release_that_was_altered_is_refused(
    disclose: Disclose, settings: ProcessorSettings, pool: Pool
) -> None:
    await apply(disclose, pool, control(OPEN))
    async with pool.acquire() as connection:
        await connection.execute("UPDATE release SET content = $1", approved(CLOSED).text())
    with pytest.raises(ConfigurationError, match="cannot be trusted"):
        await apply(Disclose(settings), pool, REPORT)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (first().text(), "0 of 2 approvals"),
        (FIRST.model_copy(update={"activities": FIRST.activities + "#"}).text(), "it was altered"),
        ("{}", "no release of the register"),
    ],
)
def test_disclose_does_not_start_by_a_register_that_nobody_approved(
    settings: ProcessorSettings, text: str, why: str
) -> None:
    assert settings.release is not None
    settings.release.write_text(text, "utf-8")
    with pytest.raises(ConfigurationError, match=why):
        Disclose(settings)
