"""The live lane's own part: micro-batches of what has arrived, acknowledged after they are done with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.runtime import batches as batches_of
from streams.runtime.batches import BATCH_BYTES, BATCH_RECORDS, micro_batches
from streams.runtime.delivery import Delivery
from streams.runtime.records import Batch, Record


@dataclass
class Event:
    """What Faust hands over: a message, and the way to acknowledge it."""

    offset: int
    timestamp: float = 1.0
    acked: list[int] = field(default_factory=list)
    value: bytes = b"v"

    @property
    def message(self) -> Any:
        return SimpleNamespace(
            topic="t",
            partition=0,
            offset=self.offset,
            timestamp=self.timestamp,
            key=b"k",
            value=self.value,
            headers={"a": b"1"},
        )

    def ack(self) -> None:
        self.acked.append(self.offset)


def events(number: int) -> list[Event]:
    acked: list[int] = []
    return [Event(n, acked=acked) for n in range(number)]


async def arriving(what: Sequence[Event], error: Exception | None = None) -> AsyncIterator[Event]:
    for event in what:
        yield event
    if error is not None:
        raise error


async def batches(what: Sequence[Event], error: Exception | None = None) -> list[Batch]:
    return [batch async for batch in micro_batches(arriving(what, error))]


async def test_what_has_arrived_is_handed_over_in_order_and_all_of_it() -> None:
    found = await batches(events(2 * BATCH_RECORDS + 7))
    assert [r.offset for batch in found for r in batch.records] == list(range(2 * BATCH_RECORDS + 7))
    assert max(len(batch.records) for batch in found) <= BATCH_RECORDS


async def test_a_batch_ends_with_the_record_that_fills_it() -> None:
    heavy = [Event(n, value=bytes(BATCH_BYTES // 4)) for n in range(10)]
    found = await batches(heavy)
    assert [r.offset for batch in found for r in batch.records] == [*range(10)]
    assert [len(batch.records) for batch in found] == [4, 4, 2]


async def test_while_nothing_comes_there_is_a_pause_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches_of, "PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(batches_of, "LOOK_SECONDS", 0.001)
    enough = asyncio.Event()

    async def late() -> AsyncIterator[Event]:
        await enough.wait()
        yield Event(0)

    found = micro_batches(late())
    assert [(await anext(found)).records for _ in range(3)] == [(), (), ()]
    enough.set()
    assert [len(batch.records) async for batch in found if batch.records] == [1]


async def test_no_more_is_taken_from_the_stream_than_fills_a_batch() -> None:
    read: list[int] = []

    async def heavy() -> AsyncIterator[Event]:
        for n in range(20):
            read.append(n)
            yield Event(n, value=bytes(BATCH_BYTES // 4))

    stream = micro_batches(heavy())
    seen = [r.offset for r in (await anext(stream)).records]
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(read) <= len(seen) + 5
    async for batch in stream:
        seen += [r.offset for r in batch.records]
    assert seen == [*range(20)]


async def test_a_single_record_is_not_waited_with() -> None:
    released = asyncio.Event()

    async def slowly() -> AsyncIterator[Event]:
        yield Event(0)
        await released.wait()
        yield Event(1)

    stream = micro_batches(slowly())
    async with asyncio.timeout(5):
        first = await anext(stream)
        assert [r.offset for r in first.records] == [0]
        released.set()
        assert [r.offset for r in (await anext(stream)).records] == [1]
    await stream.aclose()  # type: ignore[attr-defined]


async def test_what_is_counted_waits_for_more_of_it_for_the_time_given(monkeypatch: pytest.MonkeyPatch) -> None:
    more, slept = asyncio.Event(), []
    turn = asyncio.sleep

    async def more_comes_meanwhile(seconds: float) -> None:
        slept.append(seconds)
        more.set()
        for _ in range(3):
            await turn(0)

    async def slowly() -> AsyncIterator[Event]:
        yield Event(0)
        await more.wait()
        yield Event(1)

    monkeypatch.setattr(asyncio, "sleep", more_comes_meanwhile)
    [batch] = [batch async for batch in micro_batches(slowly(), gather_seconds=0.1)]
    assert ([r.offset for r in batch.records], slept) == ([0, 1], [0.1])


async def test_a_backlog_is_not_waited_with(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    turn = asyncio.sleep

    async def noted(seconds: float) -> None:
        slept.append(seconds)
        await turn(0)

    monkeypatch.setattr(asyncio, "sleep", noted)
    told = events(3 * BATCH_RECORDS)
    found = [batch async for batch in micro_batches(arriving(told), gather_seconds=0.1)]
    assert [r.offset for batch in found for r in batch.records] == list(range(3 * BATCH_RECORDS))
    assert len(slept) < len(found)


async def test_nothing_is_acknowledged_before_its_batch_is() -> None:
    told = events(3)
    [batch] = await batches(told)
    assert told[0].acked == []
    batch.ack()
    assert told[0].acked == [0, 1, 2]


async def test_a_fault_of_the_stream_comes_out_after_what_arrived_before_it() -> None:
    seen: list[int] = []
    with pytest.raises(RuntimeError, match="gone"):
        async for batch in micro_batches(arriving(events(3), RuntimeError("gone"))):
            seen += [r.offset for r in batch.records]
    assert seen == [0, 1, 2]


async def test_a_record_is_the_message_byte_for_byte() -> None:
    [batch] = await batches([Event(5)])
    assert batch.records == (Record("t", 0, 5, 1000, b"k", b"v", (("a", b"1"),)),)


@given(st.integers(0, 4_102_444_800_000))
def test_the_append_time_is_the_brokers_to_the_millisecond(appended_ms: int) -> None:
    [batch] = asyncio.run(batches([Event(0, timestamp=appended_ms / 1000.0)]))
    assert batch.records[0].appended_ms == appended_ms


class Nothing:
    """A processor that reads and does nothing."""

    name, topics, schema, sends = "nothing", (), "", False

    async def apply(self, connection: Any, records: Sequence[Record]) -> list[Any]:
        return []


async def test_a_batch_is_acknowledged_after_it_is_applied_and_never_when_it_failed() -> None:
    order: list[str] = []

    class Counting(Delivery):
        async def apply(self, records: Sequence[Record]) -> None:
            if len(order) > 1:
                raise RuntimeError("no")
            order.append("applied")

    async def two() -> AsyncIterator[Batch]:
        for _ in range(2):
            yield Batch((), lambda: order.append("acked"))

    with pytest.raises(RuntimeError, match="no"):
        await Counting(Nothing(), None, None).run(two())  # type: ignore[arg-type]
    assert order == ["applied", "acked"]
