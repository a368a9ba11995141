"""disclose on a real PostgreSQL: what it learns, what stands, what it keeps as evidence, and the receipts of it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent.known import Fact
from infra.local.platform import Platform
from ketenbus import codec, envelope, view
from ketenbus.envelope import Envelope, stamp
from ketenbus.errors import CorruptLogError
from ketenbus.preparing import dataschema_of
from ketenbus.view import Received
from streams.disclose import store
from streams.disclose.binding import Disclose
from streams.disclose.tokens import Tokens
from streams.runtime import topics
from streams.runtime.records import Record, ToSend
from streams.runtime.settings import ProcessorSettings
from tests.broker.schema_of_own import schema_of_own
from tests.consent_facts import given, reported, withdrawn
from tests.log_events import SUBJECT, VIEW_KEY

Pool = asyncpg.Pool
SIGNING = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
VIEW = "view.comensha.registratie"


@pytest.fixture
async def pool(platform: Platform) -> AsyncIterator[Pool]:
    async with schema_of_own(platform, Disclose.schema) as made:
        yield made


@pytest.fixture
def disclose() -> Disclose:
    keys = {"signing": SIGNING.private_bytes_raw(), "views": VIEW_KEY}
    held = {name: base64.b64encode(key).decode() for name, key in keys.items()}
    return Disclose(ProcessorSettings("disclose", "", "", "", "", Path("/nowhere"), held))


def record(fact: Fact, offset: int = 0, subject: bytes = SUBJECT) -> Record:
    """A fact as admit writes it to the log."""
    declared = codec.contract().types[fact.event.TYPE]
    headers = envelope.write(
        Envelope(
            id=fact.ref.id,
            source=f"urn:nld:oin:{fact.ref.oin}:systeem:test",
            type=declared.ce_type,
            time=fact.time,
            dataschema=dataschema_of(declared),
        )
    )
    bus = (
        ("ketenbus-origin", b"victim-reported/0/0"),
        ("ketenbus-publisher-kind", b"zorgcoordinator"),
        ("ketenbus-admitted-at", stamp(fact.time).encode()),
    )
    value = codec.encode(fact.event)
    return Record(topics.KETENLOG, 0, offset, 0, subject.hex().encode(), value, headers + bus)


async def apply(disclose: Disclose, pool: Pool, *records: Record) -> list[ToSend]:
    async with pool.acquire() as connection, connection.transaction():
        return await disclose.apply(connection, records)


def receipts(out: Sequence[ToSend]) -> dict[str, dict[str, Any]]:
    return {o.key.decode(): json.loads(o.value or b"") for o in out if o.topic == topics.RECEIPTS}


def told(out: Sequence[ToSend]) -> list[Received]:
    """The messages to CoMensha's view, as it reads them."""
    found = [view.read(o.headers, o.key, o.value, SIGNING.public_key()) for o in out if o.topic == VIEW]
    assert all(isinstance(message, Received) for message in found)
    return found  # type: ignore[return-value]


async def fetch(pool: Pool, query: str) -> list[tuple[Any, ...]]:
    async with pool.acquire() as connection:
        return [tuple(row) for row in await connection.fetch(query)]


GRANT, REPORT, WITHDRAWAL = record(given("g")), record(reported("r")), record(withdrawn("g", "w"))


async def test_a_message_is_signed_by_disclose_and_reads_as_an_event_of_the_view(
    disclose: Disclose, pool: Pool
) -> None:
    [message] = told(await apply(disclose, pool, GRANT, REPORT))
    assert (message.kind, message.change, message.type) == ("delivery", 1, "victim-reported")
    assert message.subject == Tokens(VIEW_KEY, VIEW).subject(SUBJECT)


async def test_two_messages_share_no_trace(disclose: Disclose, pool: Pool) -> None:
    out = await apply(disclose, pool, GRANT, REPORT, record(reported("s")))
    assert len({message.envelope.traceparent for message in told(out)}) == 2


async def test_the_same_fact_again_changes_and_tells_nothing(disclose: Disclose, pool: Pool) -> None:
    await apply(disclose, pool, GRANT, REPORT)
    before = await fetch(pool, "SELECT * FROM standing"), await fetch(pool, "SELECT * FROM decision")
    assert await apply(disclose, pool, GRANT, REPORT, REPORT) == []
    assert (await fetch(pool, "SELECT * FROM standing"), await fetch(pool, "SELECT * FROM decision")) == before


async def test_a_fact_twice_in_one_batch_is_one_fact(disclose: Disclose, pool: Pool) -> None:
    out = await apply(disclose, pool, REPORT, GRANT, REPORT)
    assert len(told(out)) == 1
    assert await fetch(pool, "SELECT count(*) FROM fact") == [(2,)]


async def test_every_decision_stays_as_evidence_and_one_stands(disclose: Disclose, pool: Pool) -> None:
    for arrived in (REPORT, GRANT, WITHDRAWAL):
        await apply(disclose, pool, arrived)
    evidence = await fetch(pool, "SELECT outcome, kind, change FROM decision WHERE id = 'r' ORDER BY seq")
    standing = await fetch(pool, "SELECT outcome, change, in_view FROM standing WHERE id = 'r'")
    assert evidence == [("withheld", None, 0), ("delivered", "release", 1), ("withheld", "recall", 2)]
    assert standing == [("withheld", 2, False)]


async def test_what_is_stored_as_standing_reads_back_the_same(disclose: Disclose, pool: Pool) -> None:
    await apply(disclose, pool, GRANT, REPORT)
    async with pool.acquire() as connection:
        [(candidate, standing)] = (await store.standings_of(connection, [SUBJECT]))[SUBJECT].items()
    assert (candidate[0].id, *candidate[1:]) == ("r", "comensha", "REGISTRATIE")
    assert standing.decision.mask == ("neutral", "quasi", "identity", "special")
    assert (standing.decision.reasons, standing.change, standing.in_view) == (("consent",), 1, True)


async def test_subjects_are_judged_each_on_its_own_facts(disclose: Disclose, pool: Pool) -> None:
    other = bytes(reversed(SUBJECT))
    out = await apply(disclose, pool, GRANT, record(reported("r"), subject=other))
    assert told(out) == []
    assert await fetch(pool, "SELECT outcome FROM standing WHERE id = 'r'") == [("withheld",)]


async def test_every_event_has_a_receipt_with_the_outcome_of_every_candidate(disclose: Disclose, pool: Pool) -> None:
    found = receipts(await apply(disclose, pool, GRANT, REPORT))
    assert {receipt["id"]: len(receipt["outcomes"]) for receipt in found.values()} == {"g": 0, "r": 1}
    [outcome] = found[f"{SUBJECT.hex()}/00000009900000000001/r"]["outcomes"]
    assert (outcome["recipient"], outcome["purpose"], outcome["outcome"]) == ("comensha", "REGISTRATIE", "delivered")
    assert (outcome["activity"], outcome["reasons"]) == ("registratie-toestemming/1", ["consent"])


async def test_a_receipt_holds_no_content(disclose: Disclose, pool: Pool) -> None:
    out = await apply(disclose, pool, GRANT, REPORT)
    said = b"".join(o.value or b"" for o in out if o.topic == topics.RECEIPTS)
    assert b"client-1" not in said
    assert b"VROUW" not in said


async def test_an_event_that_a_later_fact_changes_has_a_new_receipt_and_the_others_have_none(
    disclose: Disclose, pool: Pool
) -> None:
    await apply(disclose, pool, GRANT, REPORT)
    found = receipts(await apply(disclose, pool, WITHDRAWAL))
    assert sorted(receipt["id"] for receipt in found.values()) == ["r", "w"]


async def test_a_batch_of_receipts_is_signed_as_a_whole(disclose: Disclose, pool: Pool) -> None:
    out = [o for o in await apply(disclose, pool, GRANT, REPORT) if o.topic == topics.RECEIPTS]
    digest = hashlib.sha256(b"".join(hashlib.sha256(o.value or b"").digest() for o in out)).digest()
    places = [dict(o.headers)["ketenbus-batch"].decode().split("/") for o in out]
    assert [(number, size) for _, number, size in places] == [("0", "2"), ("1", "2")]
    assert len({batch for batch, _, _ in places}) == 1
    for o in out:
        signature = base64.b64decode(dict(o.headers)["ketenbus-batch-signature"])
        SIGNING.public_key().verify(signature, b"ketenbus-receipts/1" + digest)


@pytest.mark.parametrize(
    "bad",
    [
        replace(REPORT, headers=()),
        replace(REPORT, value=None),
        replace(REPORT, key=None),
        replace(REPORT, value=b"\0nonsense"),
        replace(REPORT, value=(REPORT.value or b"")[:-2]),
        replace(REPORT, value=(REPORT.value or b"") + b"\0"),
    ],
)
async def test_a_log_record_that_admit_could_not_have_written_stops_the_worker(
    disclose: Disclose, pool: Pool, bad: Record
) -> None:
    with pytest.raises(CorruptLogError, match=r"ketenlog/0/0"):
        await apply(disclose, pool, bad)
    assert await fetch(pool, "SELECT * FROM fact") == []
