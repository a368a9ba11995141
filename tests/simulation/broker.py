"""Kafka, in memory: partitions that only grow, and producers whose records arrive late, not at all, or twice."""

from __future__ import annotations

import asyncio
import random
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiokafka.errors import KafkaConnectionError

from ketenbus.envelope import Headers
from streams.runtime import topics
from streams.runtime.records import Record
from streams.runtime.transaction import Place
from tests.made_up import NOW
from tests.simulation.loop import Loop

LOG_PARTITIONS = 3


class Broker:
    """Every topic; `skew` is how far its clock is off."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.records: defaultdict[Place, list[Record]] = defaultdict(list)
        self.skew = timedelta()
        self.on_append: list[Callable[[Record], None]] = []

    def append(self, topic: str, key: bytes, value: bytes | None, headers: Headers, at_ms: int | None = None) -> Record:
        """Append a record and stamp it with the broker's own time, or one that it had before."""
        return self._put(topic, partition_of(key) if topic == topics.KETENLOG else 0, key, value, headers, at_ms)

    def control(self, partition: int, value: bytes, header: tuple[str, bytes]) -> Record:
        """Append a control record to a partition of the log: it has no key."""
        return self._put(topics.KETENLOG, partition, None, value, (header,), None)

    def _put(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers, at_ms: int | None
    ) -> Record:
        held = self.records[topic, partition]
        now = NOW + timedelta(seconds=self.loop.time()) + self.skew
        stamped = int(now.timestamp() * 1000) if at_ms is None else at_ms
        record = Record(topic, partition, len(held), stamped, key, value, headers)
        held.append(record)
        for heard in self.on_append:
            heard(record)
        return record

    def of(self, topic: str) -> list[Record]:
        """Every record of a topic."""
        return [r for (name, _), records in sorted(self.records.items()) if name == topic for r in records]


@dataclass
class Flying:
    """A record on its way, and who waits to hear of it."""

    topic: str
    key: bytes
    value: bytes | None
    headers: Headers
    heard: asyncio.Future[Any]
    dropped: bool = False
    gone: bool = False


class Producer:
    """One worker's producer: what it sends to a partition arrives in that order, or not."""

    def __init__(self, broker: Broker, draw: random.Random) -> None:
        self._broker = broker
        self._draw = draw
        self._flying: list[Flying] = []
        self._launched: list[Flying] = []
        self._last = 0.0

    def launch(
        self, topic: str, value: bytes | None, key: bytes, headers: Headers, late: float = 0.0
    ) -> asyncio.Future[Any]:
        """Send a record; it arrives after what was sent before it."""
        loop = self._broker.loop
        flying = Flying(topic, key, value, headers, loop.create_future())
        self._flying.append(flying)
        self._launched.append(flying)
        self._last = max(self._last, loop.time() + late + self._draw.random() * 0.03)
        loop.call_at(self._last, self._land, flying)
        return flying.heard

    def break_off(self, how: str) -> None:
        """Lose the connection: nobody hears of what is on its way; of that, the first so many arrive, now or later."""
        arrive = {"lost": 0, "unheard": len(self._flying)}.get(how, self._draw.randint(0, len(self._flying)))
        after = self._draw.random() * 5
        for number, flying in enumerate(self._flying):
            if how == "late":
                # Given up on, and yet appended in the end: behind what was sent again.
                flying.dropped = True
                if number < arrive:
                    self._broker.loop.call_later(after, self._append, flying)
            else:
                flying.dropped = number >= arrive
            if not flying.heard.done():
                flying.heard.set_exception(KafkaConnectionError())
                flying.heard.exception()
        self._flying = [f for f in self._flying if not f.dropped]

    def forget(self) -> None:
        """Let nothing arrive any more, not even late: so much time has passed."""
        for flying in self._launched:
            flying.dropped = flying.gone = True

    def _land(self, flying: Flying) -> None:
        if not flying.dropped:
            placed = self._append(flying)
            if flying in self._flying:
                self._flying.remove(flying)
            self._broker.loop.call_later(self._draw.random() * 0.03, _hear, flying.heard, placed)

    def _append(self, flying: Flying) -> Record | None:
        if flying.gone:
            return None
        return self._broker.append(flying.topic, flying.key, flying.value, flying.headers)


def _hear(heard: asyncio.Future[Any], placed: Record | None) -> None:
    """Tell where a record is: what is asked of it, topic, partition and offset, aiokafka's metadata have too."""
    if not heard.done():
        heard.set_result(placed)


class Tail:
    """Reads topics outside any group."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def ends(self, topics: Sequence[str]) -> dict[Place, int]:
        """The end of every partition of these topics."""
        return {(t, n): len(self._broker.records[t, n]) for t in topics for n in range(partitions(t))}

    async def read(self, begin: Mapping[Place, int], ends: Mapping[Place, int]) -> AsyncIterator[list[Record]]:
        """What lies between, each partition in order."""
        for place, end in sorted(ends.items()):
            if begin[place] < end:
                yield self._broker.records[place][begin[place] : end]


def partition_of(key: bytes) -> int:
    """Which partition of the log a key is of."""
    return zlib.crc32(key) % LOG_PARTITIONS


def partitions(topic: str) -> int:
    """How many partitions a topic has here."""
    return LOG_PARTITIONS if topic == topics.KETENLOG else 1
