"""admit on a real PostgreSQL: where each record goes, and what its publisher hears."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml

from infra.local.platform import Platform
from ketenbus import codec
from ketenbus.codec import FRAME
from ketenbus.envelope import Headers
from ketenbus.events import (
    ConsentBegun,
    ConsentExpired,
    ConsentWithdrawn,
    EventRetracted,
    FactQuarantined,
    GuardianEnded,
)
from streams.admit import store
from streams.admit.binding import Admit
from streams.admit.judge import subject_of
from streams.admit.recovery import AdmitRecovery
from streams.disclose.binding import _fact, logged
from streams.disclose.releases import CONTROL
from streams.runtime import topics
from streams.runtime.records import Record, ToSend, unpack_headers
from streams.runtime.settings import ProcessorSettings
from tests.broker.schema_of_own import schema_of_own
from tests.made_up import NOW
from tests.sent import CARE, DESK, PARTNERS, POLICE, SUBJECT_KEY, consented, linked, offered, sent

Pool = asyncpg.Pool


@pytest.fixture
async def pool(platform: Platform) -> AsyncIterator[Pool]:
    async with schema_of_own(platform, store.SCHEMA) as made:
        yield made


@pytest.fixture
def admit(tmp_path: Path) -> Admit:
    rows = [
        {"id": p.id, "oin": p.oin, "name": p.name, "kind": p.kind, "unit": p.unit, "backfill": p.backfill}
        | {"public_key": base64.b64encode(p.public_key.public_bytes_raw()).decode()}
        for p in PARTNERS.values()
    ]
    file = tmp_path / "partners.yaml"
    file.write_text(yaml.safe_dump({"partners": rows}))
    keys = {"subject": base64.b64encode(SUBJECT_KEY).decode()}
    return Admit(ProcessorSettings("admit", "", "", "", "", file, keys))


async def apply(admit: Admit, pool: Pool, *records: Record) -> list[ToSend]:
    placed = [replace(r, offset=n) if r.offset == 7 else r for n, r in enumerate(records)]
    async with pool.acquire() as connection, connection.transaction():
        return await admit.apply(connection, placed)


def to(out: list[ToSend], topic: str) -> list[ToSend]:
    return [o for o in out if o.topic == topic]


def acknowledged(out: list[ToSend]) -> list[tuple[str, str, str, str | None]]:
    """Who heard what: partner, id, outcome and reason."""
    told = [(o.topic, json.loads(o.value or b"{}")) for o in out if o.topic.startswith("acknowledgements.")]
    return [(name.removeprefix("acknowledgements."), t["id"], t["outcome"], t["reason"]) for name, t in told]


def held_up(out: list[ToSend]) -> list[FactQuarantined]:
    """The facts that say that a consent, guardian or retraction record is quarantined."""
    events = [codec.decode(o.value or b"") for o in to(out, topics.KETENLOG)]
    return [event for event in events if isinstance(event, FactQuarantined)]


async def test_an_admitted_record_is_logged_as_its_publisher_signed_it(admit: Admit, pool: Pool) -> None:
    record = sent(offered()).record()
    out = await apply(admit, pool, record)
    [logged_record] = to(out, topics.KETENLOG)
    bus = dict(logged_record.headers[len(record.headers) :])
    assert (logged_record.value, logged_record.headers[: len(record.headers)]) == (record.value, record.headers)
    assert logged_record.key == subject_of(SUBJECT_KEY, POLICE, "client-1").hex().encode()
    assert bus == {
        "ketenbus-origin": b"bedenktijd-offered/0/0",
        "ketenbus-publisher-kind": b"politie",
        "ketenbus-admitted-at": b"2026-05-04T12:30:00.000000Z",
    }
    assert acknowledged(out) == [("partner-1", "event-1", "admitted", None)]


async def test_a_link_is_logged_under_both_subjects_and_names_both_in_each(admit: Admit, pool: Pool) -> None:
    out = await apply(admit, pool, sent(linked(), DESK).record())
    subjects = [subject_of(SUBJECT_KEY, oin, number) for oin, number in ((POLICE, "client-1"), (CARE, "client-2"))]
    copies = to(out, topics.KETENLOG)
    assert [o.key for o in copies] == [subject.hex().encode() for subject in subjects]
    for copy in copies:
        event = logged(_fact(Record(topics.KETENLOG, 0, 0, 0, copy.key, copy.value, copy.headers)))
        assert dict(event.subjects) == dict(zip(("subject", "other-subject"), subjects, strict=True))
    assert len(acknowledged(out)) == 1


async def test_a_record_sent_twice_is_logged_once_and_both_are_answered(admit: Admit, pool: Pool) -> None:
    record = sent(offered()).record()
    out = await apply(admit, pool, record, record)
    assert len(to(out, topics.KETENLOG)) == 1
    assert [(o.key, o.value) for o in to(out, topics.REPEATED)] == [(b"bedenktijd-offered/0/1", b"")]
    assert [outcome for _, _, outcome, _ in acknowledged(out)] == ["admitted", "repeated"]


async def test_other_content_under_an_admitted_id_is_quarantined(admit: Admit, pool: Pool) -> None:
    out = await apply(
        admit, pool, sent(offered()).record(), sent(offered(police_unit="LIMBURG", caused_by="x")).record()
    )
    [parked] = to(out, topics.QUARANTINE)
    assert dict(parked.headers)["ketenbus-reason"] == b"id-reused"
    assert acknowledged(out)[1] == ("partner-1", "event-1", "quarantined", "id-reused")


async def test_the_same_content_with_another_trace_is_a_repeat_and_with_another_time_it_is_other_content(
    admit: Admit, pool: Pool
) -> None:
    trace = f"00-{'1' * 32}-{'2' * 16}-01".encode()
    earlier = b"2026-05-04T12:29:59.000000Z"  # within what clocks may differ, so that nothing else is wrong
    again, otherwise = sent(offered()).header("traceparent", trace), sent(offered()).header("ce_time", earlier)
    out = await apply(admit, pool, sent(offered()).record(), again.record(), otherwise.record())
    told = [(outcome, reason) for _, _, outcome, reason in acknowledged(out)]
    assert told == [("admitted", None), ("repeated", None), ("quarantined", "id-reused")]


async def test_a_key_that_is_not_there_is_told_from_an_empty_one(admit: Admit, pool: Pool) -> None:
    def kept(out: list[ToSend]) -> list[tuple[bytes, bool]]:
        told = [dict(o.headers) for o in to(out, topics.QUARANTINE)]
        return [(headers["ketenbus-reason"], "ketenbus-no-key" in headers) for headers in told]

    empty = sent(offered()).but(key=b"")
    out = await apply(admit, pool, empty.record(), empty.record(after=lambda r: replace(r, key=None)))
    assert kept(out) == [(b"wrong-key", False), (b"no-key", True)]


async def test_what_is_wrong_at_a_place_that_cannot_be_written_is_parked_all_the_same(admit: Admit, pool: Pool) -> None:
    def name(record: Record) -> Record:
        return replace(record, headers=(*record.headers, ("\udcff\n", b""), ("\udcff\n", b"")))

    [parked] = to(await apply(admit, pool, sent(offered()).record(after=name)), topics.QUARANTINE)
    assert dict(parked.headers)["ketenbus-place"] == b"a header"
    assert unpack_headers(dict(parked.headers)["ketenbus-headers"].decode())[-1] == ("\udcff\n", b"")


async def test_two_systems_of_one_publisher_that_use_one_id_are_not_taken_for_one_event(
    admit: Admit, pool: Pool
) -> None:
    """Facts are unique by subject and event id: what admit takes for two events, disclose must hold as two."""
    other = f"urn:nld:oin:{POLICE}:systeem:another".encode()
    out = await apply(
        admit, pool, sent(offered()).record(), sent(offered(caused_by="x")).header("ce_source", other).record()
    )
    admitted = [_fact(Record(topics.KETENLOG, 0, 0, 0, o.key, o.value, o.headers)) for o in to(out, topics.KETENLOG)]
    assert len({(f.subject, f.oin, f.id) for f in admitted}) == len(admitted)
    assert len(to(out, topics.QUARANTINE)) + len(admitted) == 2


async def test_what_is_quarantined_is_kept_whole_with_reason_place_and_origin(admit: Admit, pool: Pool) -> None:
    record = sent(offered()).but(value=b"\0nonsense").record()
    out = await apply(admit, pool, record)
    [parked] = to(out, topics.QUARANTINE)
    told = dict(parked.headers)
    assert parked.value == record.value
    assert base64.b64decode(told["ketenbus-key"]) == record.key
    assert unpack_headers(told["ketenbus-headers"].decode()) == record.headers
    assert told["ketenbus-reason"] == b"unknown-schema"
    assert told["ketenbus-place"] == b"frame"
    assert told["ketenbus-origin"] == b"bedenktijd-offered/0/0"


@pytest.mark.parametrize("content", [b"a" * 100_000, b"\xff" * 100_000, b"\0" * 100_000], ids=["text", "bytes", "nul"])
async def test_what_is_quarantined_takes_at_most_twice_its_size(admit: Admit, pool: Pool, content: bytes) -> None:
    """Else a record that the broker took of a partner could be one that admit cannot park, and nobody gets past it."""
    record = sent(offered()).record(after=lambda r: replace(r, headers=(*r.headers, ("x", content))))
    [parked, *_] = to(await apply(admit, pool, record), topics.QUARANTINE)

    def size(key: bytes | None, value: bytes | None, headers: Headers) -> int:
        return len(key or b"") + len(value or b"") + sum(len(name) + len(said) for name, said in headers)

    assert size(parked.key, parked.value, parked.headers) < 2 * size(record.key, record.value, record.headers)


async def test_nobody_hears_of_what_nobody_signed(admit: Admit, pool: Pool) -> None:
    def spoil(record: Record) -> Record:
        return replace(record, value=b"x")

    out = await apply(admit, pool, sent(offered()).record(after=spoil))
    assert [o.topic for o in out] == [topics.QUARANTINE]


async def test_a_header_without_a_value_and_a_record_without_anything_stop_nobody(admit: Admit, pool: Pool) -> None:
    null: Any = ("x", None)
    empty = Record("bedenktijd-offered", 0, 0, 0, None, None, ())
    bad = sent(offered(), id="bad").record(after=lambda r: replace(r, headers=(*r.headers, null)))
    out = await apply(admit, pool, empty, bad, sent(offered()).record())
    assert [dict(o.headers)["ketenbus-reason"] for o in to(out, topics.QUARANTINE)] == [b"bad-headers", b"bad-headers"]
    assert len(to(out, topics.KETENLOG)) == 1


async def test_the_neighbours_of_a_bad_record_go_on(admit: Admit, pool: Pool) -> None:
    good = [sent(offered(), id=f"good-{n}").record() for n in range(2)]
    out = await apply(admit, pool, good[0], sent(offered(), id="bad").but(key=b"x").record(), good[1])
    assert [outcome for _, _, outcome, _ in acknowledged(out)] == ["admitted", "quarantined", "admitted"]


async def test_a_repair_keeps_its_id(admit: Admit, pool: Pool) -> None:
    out = await apply(admit, pool, sent(offered()).but(value=b"").record(), sent(offered()).record())
    assert [outcome for _, _, outcome, _ in acknowledged(out)] == ["quarantined", "admitted"]


def day(days: int, offset: int) -> Record:
    """The bus hears what day it is: so many days from now."""
    return Record(topics.DAYS, 0, offset, int((NOW + timedelta(days=days)).timestamp() * 1000), b"", b"", ())


def said_of_periods(out: list[ToSend]) -> list[str]:
    """What the timer said: type and grant."""
    events = [codec.decode(o.value or b"") for o in to(out, topics.KETENLOG)]
    return [f"{e.TYPE} {e.grant_id}" for e in events if isinstance(e, ConsentBegun | ConsentExpired)]


def for_days(begins: int, ends: int, id: str = "g") -> Record:
    """A grant whose period begins and ends so many days from now."""
    period = {name: NOW.date() + timedelta(days=n) for name, n in (("valid_from", begins), ("valid_until", ends))}
    return sent(consented(**period), CARE, id=id).record()


async def test_a_period_begins_and_ends_when_its_days_come_once_each(admit: Admit, pool: Pool) -> None:
    assert said_of_periods(await apply(admit, pool, day(0, 0), for_days(1, 3))) == []
    assert said_of_periods(await apply(admit, pool, day(1, 1))) == ["consent-begun g"]
    assert said_of_periods(await apply(admit, pool, day(1, 2), day(2, 3))) == []
    assert said_of_periods(await apply(admit, pool, day(3, 4))) == ["consent-expired g"]
    assert said_of_periods(await apply(admit, pool, day(9, 5))) == []


async def test_what_is_due_when_a_grant_comes_follows_it_at_once(admit: Admit, pool: Pool) -> None:
    await apply(admit, pool, day(9, 0))
    out = await apply(admit, pool, for_days(1, 3))
    assert said_of_periods(out) == ["consent-begun g", "consent-expired g"]
    assert [codec.type_of(o.value or b"").name for o in to(out, topics.KETENLOG)][0] == "consent-given"  # type: ignore[union-attr]


async def test_a_clock_that_is_set_back_unsays_nothing(admit: Admit, pool: Pool) -> None:
    await apply(admit, pool, day(9, 0))
    assert said_of_periods(await apply(admit, pool, day(-9, 1), for_days(1, 3))) == [
        "consent-begun g",
        "consent-expired g",
    ]


async def test_a_batch_that_did_not_happen_owes_what_it_owed(admit: Admit, pool: Pool) -> None:
    await apply(admit, pool, for_days(1, 3))
    with pytest.raises(LookupError):
        async with pool.acquire() as connection, connection.transaction():
            assert said_of_periods(await admit.apply(connection, [day(1, 0)])) == ["consent-begun g"]
            raise LookupError
    assert said_of_periods(await apply(admit, pool, day(1, 0))) == ["consent-begun g"]


async def test_of_two_workers_one_finds_the_period_whose_day_the_other_saw_begin(admit: Admit, pool: Pool) -> None:
    async with pool.acquire() as connection, connection.transaction():
        assert said_of_periods(await admit.apply(connection, [for_days(1, 3)])) == []
        other = asyncio.create_task(apply(admit, pool, day(1, 0)))
        await asyncio.wait({other}, timeout=0.05)
        assert not other.done()  # it waits to know which day the first one saw
    assert said_of_periods(await other) == ["consent-begun g"]


async def test_a_period_that_contradicts_itself_is_quarantined_and_holds_up(admit: Admit, pool: Pool) -> None:
    event = consented(valid_until=NOW.date())
    out = await apply(admit, pool, sent(event, CARE, id="q").record())
    assert [(r, p) for *_, r, p in acknowledged(out)] == [("quarantined", "broken-rule")]
    assert [fact.quarantined_id for fact in held_up(out)] == ["q"]


async def test_of_the_log_only_what_partners_published_is_taken_back(admit: Admit, pool: Pool) -> None:
    """What admit said itself, and the control record of a release of the register, hold no id that was taken."""
    out = to(await apply(admit, pool, day(9, 0), for_days(1, 3)), topics.KETENLOG)
    log = [Record(topics.KETENLOG, 0, n, 0, o.key, o.value, o.headers) for n, o in enumerate(out)]
    control = Record(topics.KETENLOG, 0, len(log), 0, None, b"{}", (CONTROL,))
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("DELETE FROM admitted")
        assert await AdmitRecovery().take_back(connection, [*log, control]) == 1
        assert await AdmitRecovery().take_back(connection, [*log, control]) == 0


GUARDIAN = GuardianEnded(
    subject="client-1", occurred_at=NOW, occurred_precision="INSTANT", withdraws="g", ended_on=NOW.date()
)
WITHDRAWAL = ConsentWithdrawn(
    subject="client-1",
    occurred_at=NOW,
    occurred_precision="INSTANT",
    withdraws="g",
    given_by="PERSON",
    age_group="ADULT",
)
RETRACTION = EventRetracted(
    subject="client-1", occurred_at=NOW, occurred_precision="INSTANT", withdraws="g", reason="WRONG_PERSON"
)


@pytest.mark.parametrize("event", [consented(), GUARDIAN, WITHDRAWAL, RETRACTION], ids=lambda e: e.TYPE)
async def test_what_consent_rests_on_is_held_up_when_quarantined(admit: Admit, pool: Pool, event: Any) -> None:
    broken = event.model_copy(update={"occurred_precision": "SOMETIME"})
    out = await apply(admit, pool, sent(broken, CARE, id="q").record())
    [fact] = held_up(out)
    [record] = to(out, topics.KETENLOG)
    assert (fact.quarantined_type, fact.quarantined_id) == (event.TYPE, "q")
    assert f":{CARE}:" in fact.quarantined_source
    assert record.key == subject_of(SUBJECT_KEY, CARE, "client-1").hex().encode()
    assert dict(record.headers)["ketenbus-publisher-kind"] == b"bus"


VALUE = sent(WITHDRAWAL, CARE).made.value


@pytest.mark.parametrize(
    "value",
    [VALUE[:-3], VALUE + b"\0", FRAME.pack(0, 4_000_000) + VALUE[5:], sent(consented(), CARE).made.value],
    ids=["undecodable", "trailing-bytes", "unknown-schema", "wrong-schema"],
)
async def test_what_consent_rests_on_is_held_up_also_when_it_cannot_be_read(
    admit: Admit, pool: Pool, value: bytes
) -> None:
    out = await apply(admit, pool, sent(WITHDRAWAL, CARE, id="q").but(value=value).record())
    [fact] = held_up(out)
    assert (fact.quarantined_type, fact.quarantined_id, fact.subject) == ("consent-withdrawn", "q", "client-1")


async def test_nothing_is_held_up_by_what_consent_does_not_rest_on(admit: Admit, pool: Pool) -> None:
    out = await apply(admit, pool, sent(offered(occurred_precision="SOMETIME")).record())
    assert len(to(out, topics.QUARANTINE)) == 1
    assert held_up(out) == []


async def test_nobody_holds_up_the_consent_of_anothers_clients(admit: Admit, pool: Pool) -> None:
    out = await apply(admit, pool, sent(consented(channel="VIA_VIA"), POLICE).record())
    assert len(to(out, topics.QUARANTINE)) == 1
    assert held_up(out) == []


@pytest.mark.parametrize("ids", [("q" * 127 + "a", "q" * 127 + "b"), ("q", "q2")], ids=["long", "short"])
async def test_two_records_that_hold_up_are_two_facts(admit: Admit, pool: Pool, ids: tuple[str, str]) -> None:
    out = await apply(admit, pool, *(sent(consented(channel="VIA_VIA"), CARE, id=id).record() for id in ids))
    facts = [_fact(Record(topics.KETENLOG, 0, 0, 0, o.key, o.value, o.headers)) for o in to(out, topics.KETENLOG)]
    assert {event.quarantined_id for event in held_up(out)} == set(ids)
    assert len({(f.subject, f.oin, f.id) for f in facts}) == 2


async def test_no_id_of_a_publisher_can_take_the_place_of_a_fact_that_holds_up(admit: Admit, pool: Pool) -> None:
    held = await apply(admit, pool, sent(consented(channel="VIA_VIA"), CARE, id="q").record())
    [of_bus] = [_fact(Record(topics.KETENLOG, 0, 0, 0, o.key, o.value, o.headers)) for o in to(held, topics.KETENLOG)]
    out = await apply(admit, pool, sent(consented(), CARE, id=of_bus.id).record())
    taken = [_fact(Record(topics.KETENLOG, 0, 0, 0, o.key, o.value, o.headers)) for o in to(out, topics.KETENLOG)]
    assert (of_bus.subject, of_bus.oin, of_bus.id) not in {(f.subject, f.oin, f.id) for f in taken}
