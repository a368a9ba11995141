"""Fetching a view for a reader that may be behind: nothing of a partition is handed over before it was looked ahead in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ketenbus import view
from ketenbus.ahead import LookAhead
from ketenbus.envelope import Headers, headers_of
from ketenbus.view import Received

POLL_MS = 500
AT_ONCE = 500
#: A look ahead that takes longer says in the log, this often, how far it is.
PROGRESS_SECONDS = 10.0

log = logging.getLogger(__name__)
Bounds = tuple[int, int]


def parts(record: ConsumerRecord) -> tuple[Headers, bytes | None, bytes | None]:
    """Return what `view` reads of a record."""
    return headers_of(record.headers), record.key, record.value


class CatchingUp:
    """Reads a stretch that a reader is behind twice with one consumer: once ahead, for its headers, and once to hand over.

    A stretch that comes in one fetch is fetched once. One consumer, because the group then sees it polling for as long as
    that takes. Each step is whole: `receive` of the consumer may be cancelled in any of them, and the next call goes on.
    """

    def __init__(self, consumer: AIOKafkaConsumer, public: Ed25519PublicKey) -> None:
        self._consumer = consumer
        self._public = public
        self._ahead: dict[TopicPartition, LookAhead] = {}
        self._asking: dict[TopicPartition, asyncio.Task[Bounds]] = {}
        self._tell_at = 0.0

    def take(self, partitions: Iterable[TopicPartition]) -> None:
        """Let nothing be fetched of partitions that come in until their look ahead is begun."""
        self.leave(partitions)
        self._consumer.pause(*partitions)
        self._ahead.update({partition: LookAhead() for partition in partitions})

    def leave(self, partitions: Iterable[TopicPartition]) -> None:
        """Forget partitions that go."""
        for partition in partitions:
            self._ahead.pop(partition, None)
            asking = self._asking.pop(partition, None)
            if asking is not None:
                asking.cancel()

    def close(self) -> None:
        """Forget everything."""
        self.leave([*self._ahead])

    def stands(self, record: ConsumerRecord, received: Received) -> bool:
        """Return whether this fetched message is to be handed out."""
        ahead = self._ahead.get(TopicPartition(record.topic, record.partition))
        return ahead is None or ahead.stands(record.offset, received)

    async def fetch(self) -> list[ConsumerRecord]:
        """Return what comes next to hand over; call it when all that it returned before is handed over."""
        mine = self._consumer.assignment()
        for partition, begun in [*self._ahead.items()]:
            if partition in mine:
                await (self._begin if begun.end is None else self._move_on)(partition, begun)
        fetched = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=AT_ONCE)
        found: list[ConsumerRecord] = []
        for partition, records in fetched.items():
            ahead = self._ahead.get(partition)
            if ahead is None or ahead.complete or self._learn(ahead, records):
                found.extend(records)
        return found

    def _learn(self, ahead: LookAhead, records: list[ConsumerRecord]) -> bool:
        """Learn what these records say; return whether they are the whole stretch, so that it need not be fetched again."""
        for record in records:
            ahead.learn(record.offset, view.ends(*parts(record), self._public))
        ahead.complete = ahead.at == ahead.begin and ahead.end is not None and records[-1].offset + 1 >= ahead.end
        return ahead.complete

    async def _begin(self, partition: TopicPartition, ahead: LookAhead) -> None:
        if partition not in self._asking:
            self._asking[partition] = asyncio.create_task(self._bounds(partition))
        asking = self._asking[partition]
        if not asking.done():
            await asyncio.wait([asking])  # a caller without patience ends the waiting, not the asking
        if self._asking.get(partition) is not asking:
            return  # it went meanwhile; when it comes back, where it begins is asked again
        del self._asking[partition]
        ahead.begin, ahead.end = asking.result()
        ahead.at = ahead.begin
        self._consumer.seek(partition, ahead.begin)
        self._consumer.resume(partition)
        self._tell_at = _now() + PROGRESS_SECONDS

    async def _bounds(self, partition: TopicPartition) -> Bounds:
        """Return where the group is in this partition, and where the partition ends now."""
        begin = await self._consumer.position(partition)
        end = (await self._consumer.end_offsets([partition]))[partition]
        first = (await self._consumer.beginning_offsets([partition]))[partition]
        # A place that the log no longer has would be reset to its first later on, without a look ahead from there.
        return (begin if first <= begin <= end else first), end

    async def _move_on(self, partition: TopicPartition, ahead: LookAhead) -> None:
        """Go back and hand over once the look ahead is at its end; forget it once that is handed over."""
        at = await self._consumer.position(partition)
        if self._ahead.get(partition) is not ahead or ahead.end is None:
            return
        ahead.at = at
        if at >= ahead.end:
            if ahead.complete or at == ahead.begin:
                del self._ahead[partition]
            else:
                ahead.complete = True
                self._consumer.seek(partition, ahead.begin)
        elif not ahead.complete and _now() >= self._tell_at:
            self._tell_at = _now() + PROGRESS_SECONDS
            done, all = at - ahead.begin, ahead.end - ahead.begin
            log.info("%s: looked ahead over %d of %d messages for recalls", partition.topic, done, all)


def _now() -> float:
    return asyncio.get_running_loop().time()
