"""Receiving: the events of one's own view, typed, opened where the keys allow, each change once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError
from opentelemetry.trace import Span

from ketenbus import telemetry, view
from ketenbus.catching_up import CatchingUp, parts
from ketenbus.changes import Changes
from ketenbus.connection import FAULTS, client_settings, fault, require_topic, start
from ketenbus.errors import CorruptLogError, Unreadable
from ketenbus.keyring import ZoneKeys
from ketenbus.producer import Accepted, Producer, Refused
from ketenbus.recalls import confirmation
from ketenbus.settings import PartnerSettings
from ketenbus.view import Generalised, Kind, Received, Withheld

__all__ = ["Consumer", "Generalised", "Kind", "Received", "Withheld"]


def view_topic(recipient: str, purpose: str) -> str:
    """Return the topic of what a recipient gets for a purpose.

    >>> view_topic("comensha", "REGISTRATIE")
    'view.comensha.registratie'
    """
    return f"view.{recipient}.{purpose.lower()}"


class Consumer:
    """An async iterator over one view.

        async with Consumer(settings, "comensha", "REGISTRATIE", keys=keys, state=Path("view.sqlite")) as messages:
            async for received in messages:
                if received.is_recall:
                    ...  # stop using what was delivered under received.id
                    await messages.confirm(received, producer)
                else:
                    ...

    A message counts as finished when the next one is asked for, or when the `async with` ends without an exception;
    only then is its position committed, so a message whose handling fails comes again. Re-deliveries and older
    changes are dropped; without a `state` file that memory ends with the process, and what was not yet committed may
    come again. A message that cannot be read or is not signed by the bus raises CorruptLogError and stays where it is.

    A reader that begins behind the end of its view (it is new, lost its state, or was away) first looks ahead to that end: of
    what lies before it, a message that is recalled or replaced before it is not handed out; a recall always is. What
    arrives later is handed out as it comes.

    Source: "A replay of old events must not disclose again on consent that was withdrawn since" (programma-en-opvang,
    P-06). Reading: nor may catching up with a view.
    """

    def __init__(
        self,
        settings: PartnerSettings,
        recipient: str,
        purpose: str,
        group: str | None = None,
        keys: ZoneKeys | None = None,
        state: Path | None = None,
    ) -> None:
        self._settings = settings
        self._view = (recipient, purpose)
        self._topic = view_topic(recipient, purpose)
        self._group = group or f"{settings.user}.{self._topic}"
        self._keys = keys
        self._state = state
        self._waiting: deque[ConsumerRecord] = deque()
        self._in_hand: tuple[ConsumerRecord, Received, Span] | None = None
        self._finished: dict[TopicPartition, int] = {}

    async def __aenter__(self) -> Self:
        """Join the group; raises RetryableError or ConfigurationError when the bus cannot be reached."""
        self._changes = Changes(self._state, self._topic)
        self._consumer = AIOKafkaConsumer(
            **client_settings(self._settings),
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        self._behind = CatchingUp(self._consumer, self._settings.view_public_key)
        try:
            await start(self._consumer, self._settings)
            await require_topic(self._consumer, self._topic)
            self._consumer.subscribe([self._topic], listener=_Rebalances(self))
        except BaseException as error:
            await self._consumer.stop()
            self._changes.close()
            if isinstance(error, FAULTS):
                raise fault(error, f"joining {self._group}") from error
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave; the message in hand is finished only when nothing went wrong."""
        try:
            if kind is None:
                self._finish()
            elif self._in_hand is not None:
                telemetry.failed(self._in_hand[2], kind.__name__)
                self._in_hand[2].end()
            await self._commit()
        finally:
            self._behind.close()
            await self._consumer.stop()
            self._changes.close()

    def __aiter__(self) -> AsyncIterator[Received]:
        """Iterate for as long as the caller wants; there is no end to a view."""
        return self

    async def __anext__(self) -> Received:
        """Return the next message."""
        while (received := await self._next()) is None:
            pass
        return received

    async def receive(self, timeout_seconds: float) -> Received | None:
        """Return the next message, or None when there is none within the time."""
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self.__anext__()
        except TimeoutError:
            return None

    async def confirm(self, recall: Received, producer: Producer) -> Accepted | Refused:
        """Publish that this recall is done: call it when what was recalled is in use nowhere any more (AVG art. 19).

        Confirm before asking for the next message: a kill in between brings the recall again, and confirming it twice is
        confirming it once. Raises ValueError on a message that recalls nothing, and what `Producer.send` raises.
        """
        outgoing = confirmation(recall, *self._view)
        return await producer.send(outgoing.event, id=outgoing.id, time=outgoing.time)

    async def _next(self) -> Received | None:
        """Finish the message in hand and return the next that is news, or None when nothing came for a while."""
        self._finish()
        while self._waiting:
            record = self._waiting[0]
            received = self._read(record)
            due = self._behind.stands(record, received) and self._changes.is_news(received.id, received.change)
            if due and self._keys is not None:
                received = view.opened(received, self._keys.key)
            self._waiting.popleft()
            if due:
                span = telemetry.receiving(self._topic, received.type, received.id, received.envelope.traceparent)
                self._in_hand = (record, received, span)
                return received
            self._passed(record)
        await self._commit()
        try:
            self._waiting.extend(await self._behind.fetch())
        except IllegalStateError:
            pass  # the partition went to another member while it was begun: there is nothing to read of it here
        except FAULTS as error:
            raise fault(error, f"reading {self._topic}") from error
        return None

    def _read(self, record: ConsumerRecord) -> Received:
        received = view.read(*parts(record), self._settings.view_public_key)
        if isinstance(received, Unreadable):
            raise CorruptLogError(
                f"{record.topic}/{record.partition}@{record.offset}: {received}; stop, call the operator of the bus"
            )
        return received

    def _finish(self) -> None:
        if self._in_hand is not None:
            record, received, span = self._in_hand
            self._in_hand = None
            self._changes.handled(received.id, received.change)
            self._passed(record)
            span.end()

    def _passed(self, record: ConsumerRecord) -> None:
        self._finished[TopicPartition(record.topic, record.partition)] = record.offset + 1

    async def _commit(self) -> None:
        mine = self._consumer.assignment()
        finished = {partition: offset for partition, offset in self._finished.items() if partition in mine}
        try:
            if finished:
                await self._consumer.commit(finished)
        except (CommitFailedError, IllegalStateError):
            pass  # another member of the group has the partition now: it reads these again, and drops what it knows
        except FAULTS as error:
            raise fault(error, f"committing {self._group}") from error
        self._finished.clear()

    async def _give_up(self, partitions: set[TopicPartition]) -> None:
        """Commit what is finished of partitions that go to another member, and drop what was fetched of them."""
        gone = {(partition.topic, partition.partition) for partition in partitions}
        self._waiting = deque(record for record in self._waiting if (record.topic, record.partition) not in gone)
        self._behind.leave(partitions)
        await self._commit()


class _Rebalances(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Tells the consumer which partitions it loses."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Commit what is finished before the partitions go."""
        await self._consumer._give_up(revoked)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Reading goes on where the group had committed, after a look ahead from there."""
        # Nothing is awaited before this: aiokafka knows where to fetch, and does, from the first time this is suspended.
        self._consumer._behind.take(assigned)
