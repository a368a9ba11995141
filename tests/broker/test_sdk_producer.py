"""Publishing to a real broker: acknowledged, once, in order, as prepared; and what happens when it cannot."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from infra.local.platform import Platform
from ketenbus import codec, envelope, telemetry
from ketenbus.errors import ConfigurationError, RetryableError
from ketenbus.outbox import Accepted, Outbox
from ketenbus.preparing import Outgoing, Prepared, Refused
from ketenbus.producer import Producer
from tests.broker.sdk_world import World
from tests.made_up import report

TOPIC = "victim-reported"


@pytest.fixture
def world(platform: Platform, tmp_path: Path) -> World:
    return World(platform, tmp_path / "keyring")


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "TRACER", provider.get_tracer("test"))
    yield exporter
    provider.shutdown()


def outgoing(count: int = 1, **changed: object) -> list[Outgoing]:
    now = datetime.now(UTC)
    return [
        Outgoing(report(subject=f"client-{n}", occurred_at=now, **changed), f"{uuid4()}", now) for n in range(count)
    ]


async def test_an_accepted_event_is_on_its_topic_where_it_says_signed_by_its_publisher(world: World) -> None:
    me = world.partner()
    async with Producer(me) as producer:
        accepted = await producer.send(report(occurred_at=datetime.now(UTC)))
    assert isinstance(accepted, Accepted)
    [record] = world.read(TOPIC, lambda record: record.id == accepted.id)
    assert (accepted.topic, accepted.partition, accepted.offset) == (TOPIC, 0, record.offset)
    assert record.key == b"client-1"
    assert record.value is not None
    assert envelope.is_signed_by(record.headers, record.key, record.value, me.signing_key.public_key())
    assert not isinstance(codec.decode(record.value), str)


async def test_a_batch_is_judged_per_event_and_its_sound_ones_go_in_order(world: World) -> None:
    batch = outgoing(300)
    batch[7] = replace(batch[7], event=report(sex="X", occurred_at=None, occurred_precision="UNKNOWN"))
    async with Producer(world.partner()) as producer:
        answers = await producer.send_many(batch)
    assert [answer.id for answer in answers] == [o.id for o in batch]
    assert [n for n, answer in enumerate(answers) if isinstance(answer, Refused)] == [7]
    ids = {answer.id for answer in answers}
    assert [r.id for r in world.read(TOPIC, lambda record: record.id in ids)] == [
        a.id for a in answers if isinstance(a, Accepted)
    ]


async def test_an_id_offered_again_is_answered_without_a_second_record(world: World, tmp_path: Path) -> None:
    [event] = outgoing()
    for _ in range(2):
        async with Producer(world.partner(), tmp_path / "outbox.sqlite") as producer:
            first = await producer.send_many([event, event])
            assert await producer.send_many([replace(event, time=None)]) == first[:1]
    assert first[0] == first[1]
    assert len(world.read(TOPIC, lambda record: record.id == event.id)) == 1


async def test_another_event_under_a_used_id_is_refused(world: World) -> None:
    [event] = outgoing()
    async with Producer(world.partner()) as producer:
        await producer.send_many([event])
        [answer] = await producer.send_many([replace(event, event=report(sex="MAN", occurred_at=event.time))])
    assert isinstance(answer, Refused)
    assert [problem.field for problem in answer.problems] == ["id"]


async def test_many_small_sends_at_once_each_get_their_own_answer(world: World) -> None:
    batch = outgoing(200)
    async with Producer(world.partner()) as producer:
        answers = await asyncio.gather(*(producer.send(o.event, id=o.id, time=o.time) for o in batch))
    assert [answer.id for answer in answers] == [o.id for o in batch]
    assert len({a.offset for a in answers if isinstance(a, Accepted)}) == 200


async def test_a_wrong_password_says_whom_to_ask_and_keeps_the_events(world: World, tmp_path: Path) -> None:
    path, batch = tmp_path / "outbox.sqlite", outgoing(3)
    async with Producer(replace(world.partner(), password="wrong"), path, deadline_seconds=10) as producer:
        with pytest.raises(ConfigurationError, match="user and password"):
            await producer.send_many(batch)
    async with Producer(world.partner(), path) as producer:
        assert await producer.flush_outbox() == 3
        assert await producer.flush_outbox() == 0


async def test_without_a_broker_events_are_kept_and_go_when_it_is_there(world: World, tmp_path: Path) -> None:
    path, batch = tmp_path / "outbox.sqlite", outgoing(3)
    async with Producer(replace(world.partner(), kafka="127.0.0.1:1"), path, deadline_seconds=1) as producer:
        for _ in range(2):
            with pytest.raises(RetryableError, match="nothing is lost"):
                await producer.send_many(batch)
    async with Producer(world.partner(), path) as producer:
        answers = await producer.send_many(batch)
    assert all(isinstance(answer, Accepted) for answer in answers)
    ids = {answer.id for answer in answers}
    assert [r.id for r in world.read(TOPIC, lambda record: record.id in ids)] == [o.id for o in batch]


async def test_a_topic_one_may_not_write_does_not_hold_up_the_others(world: World, tmp_path: Path) -> None:
    """The police's events by a user who may write `signal-raised` and not `victim-reported`."""
    ind, now = world.partner("ind"), datetime.now(UTC)
    from ketenbus.events import SignalRaised

    signal = SignalRaised(
        subject="client-1",
        occurred_precision="UNKNOWN",
        reporter_kind="POLITIE",
        police_unit="LIMBURG",
        criterion="DEFINITIE_273F",
        detected_on=now.date(),
    )
    me = replace(world.partner(), user=ind.user, password=ind.password)
    async with Producer(me, tmp_path / "outbox.sqlite") as producer:
        with pytest.raises(ConfigurationError, match="may not use the topic"):
            await producer.send_many([*outgoing(2), Outgoing(signal, "signal-1")])
        assert isinstance(await producer.send(signal, id="signal-1"), Accepted)
        with pytest.raises(ConfigurationError, match="may not use the topic"):
            await producer.flush_outbox()


async def test_an_outcome_is_what_the_bus_says_now(world: World) -> None:
    me = world.unacknowledged()
    world.acknowledge(me.id, "a", "quarantined", "bad-signature")
    world.acknowledge(me.id, "b", "admitted")
    async with Producer(me) as producer:
        assert (await producer.outcome("a")).reason == "bad-signature"
        world.acknowledge(me.id, "a", "admitted")
        world.acknowledge(me.id, "a", "repeated")
        assert [(await producer.outcome(id)).outcome for id in ("a", "b")] == ["admitted", "admitted"]


async def test_waiting_for_an_outcome_ends_when_it_comes_and_at_the_deadline(world: World) -> None:
    me = world.unacknowledged()
    async with Producer(me) as producer:
        waiting = asyncio.ensure_future(producer.outcome("a", 20))
        with pytest.raises(RetryableError, match="ask again later"):
            await producer.outcome("never", 0.5)
        await asyncio.to_thread(world.acknowledge, me.id, "a", "admitted")
        assert (await waiting).outcome == "admitted"


async def test_a_span_is_in_the_event_and_holds_ids_only(world: World, spans: InMemorySpanExporter) -> None:
    async with Producer(world.partner()) as producer:
        accepted = await producer.send(report(subject="GEHEIM", name="GEHEIM", occurred_at=datetime.now(UTC)))
        await producer.send(report(sex="X"))
    sent, refused = spans.get_finished_spans()
    [record] = world.read(TOPIC, lambda record: record.id == accepted.id)
    told = envelope.read(record.headers)
    assert isinstance(told, envelope.Envelope)
    assert told.traceparent is not None
    context = sent.context
    assert told.traceparent.split("-")[1:3] == [f"{context.trace_id:032x}", f"{context.span_id:016x}"]
    assert sent.name == "publish victim-reported"
    assert (sent.attributes or {})["messaging.message.id"] == accepted.id
    assert not sent.status.is_unset or sent.status.description is None
    assert refused.status.description == "refused"
    assert "GEHEIM" not in json.dumps([json.loads(span.to_json()) for span in (sent, refused)])


async def test_without_a_trace_there_is_no_traceparent(world: World) -> None:
    async with Producer(world.partner()) as producer:
        accepted = await producer.send(report(occurred_at=datetime.now(UTC)))
    [record] = world.read(TOPIC, lambda record: record.id == accepted.id)
    assert "traceparent" not in dict(record.headers)


async def test_what_is_offered_while_another_batch_is_stored_goes_in_one_commit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: list[int] = []
    put = Outbox.put

    def counted(outbox: Outbox, events: Sequence[tuple[Prepared, bytes]]) -> None:
        stored.append(len(events))
        put(outbox, events)

    monkeypatch.setattr(Outbox, "put", counted)
    async with Producer(world.partner()) as producer:
        await asyncio.gather(*(producer.send(o.event, id=o.id, time=o.time) for o in outgoing(50)))
    assert stored == [1, 49]
