"""A watched delivery measures by the broker's clock, from the publisher's record to the view's, and says what it waits for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from streams.runtime import topics
from streams.runtime.health import Pulse
from streams.runtime.records import Record, ToSend
from streams.runtime.watched import PUBLISHED_AT, DatedProcessor, WatchedDelivery, WatchedPool

PUBLISHED_MS = 1_700_000_000_123
FIRST = Record("signal-raised", 0, 7, PUBLISHED_MS, b"k", b"v", (("ce_id", b"1"),))


class Echo:
    """A processor that sends each record on, to the log and to a partner."""

    name, topics, schema, sends = "admit", ("signal-raised",), "", True

    async def apply(self, connection: Any, records: Sequence[Record]) -> list[ToSend]:
        return [ToSend(r, topic, b"k", r.value, r.headers) for r in records for topic in (topics.KETENLOG, "other")]


def watched(pulse: Pulse) -> WatchedDelivery:
    unused: Any = None
    return WatchedDelivery(Echo(), unused, unused, pulse)


def placed(*appended_ms: int) -> list[Any]:
    return [SimpleNamespace(timestamp=ms) for ms in appended_ms]


async def logged() -> ToSend:
    unused: Any = None
    return (await DatedProcessor(Echo()).apply(unused, [FIRST]))[0]


async def test_only_the_log_is_told_when_the_broker_took_what_it_holds() -> None:
    unused: Any = None
    to_log, other = await DatedProcessor(Echo()).apply(unused, [FIRST])
    assert to_log.headers == (*FIRST.headers, (PUBLISHED_AT, b"2023-11-14T22:13:20.123000Z"))
    assert (to_log.value, other.headers) == (FIRST.value, FIRST.headers)


async def test_the_whole_way_is_from_the_publishers_append_to_the_views() -> None:
    pulse = Pulse("disclose")
    entry = Record(topics.KETENLOG, 3, 9, PUBLISHED_MS + 20, b"k", b"v", (await logged()).headers)
    views = [ToSend(entry, "view.ind.uitvoering", b"k", b"v", ()), ToSend(entry, topics.RECEIPTS, b"k", b"v", ())]
    watched(pulse).acknowledged(views, placed(PUBLISHED_MS + 50, PUBLISHED_MS + 9000))
    latency = pulse.report().latency
    assert latency is not None
    assert latency.count == 1
    assert latency.p99_ms == pytest.approx(50, rel=0.05)


async def test_what_is_sent_again_from_the_outbox_is_not_measured() -> None:
    pulse = Pulse("disclose")
    again = Record(topics.KETENLOG, 3, -1, 0, None, None, ())
    watched(pulse).acknowledged([ToSend(again, "view.ind.uitvoering", b"k", b"v", ())], placed(PUBLISHED_MS))
    assert pulse.report().latency is None


@pytest.mark.parametrize("where", [None, SimpleNamespace(timestamp=None), SimpleNamespace(timestamp=-1)])
async def test_a_broker_that_does_not_tell_when_is_not_measured(where: Any) -> None:
    pulse = Pulse("disclose")
    entry = Record(topics.KETENLOG, 3, 9, PUBLISHED_MS + 20, b"k", b"v", (await logged()).headers)
    watched(pulse).acknowledged([ToSend(entry, "view.ind.uitvoering", b"k", b"v", ())], [where])
    assert pulse.report().latency is None


class Gone:
    """A pool of a server that is away, and then is not."""

    away = True

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[str]:
        if self.away:
            raise ConnectionRefusedError
        yield "connection"


async def test_a_connection_that_does_not_come_is_a_wait_for_postgresql() -> None:
    pulse, gone = Pulse("admit"), Gone()
    pool: Any = gone
    with pytest.raises(ConnectionRefusedError):
        async with WatchedPool(pool, pulse).acquire():
            pass
    assert (pulse.report().doing, pulse.report().why) == ("waiting-for-postgresql", "ConnectionRefusedError")
    gone.away = False
    async with WatchedPool(pool, pulse).acquire() as connection:
        assert (connection, pulse.report().doing, pulse.report().why) == ("connection", "deciding", None)
