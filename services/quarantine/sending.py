"""A repaired event on its way: through the SDK's outbox and Producer, and back as the bus's acknowledgement."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition

from ketenbus.acknowledgements import Outcome, later, read_outcome
from ketenbus.connection import FAULTS, client_settings, fault, require_topic, start
from ketenbus.errors import RetryableError
from ketenbus.outbox import Outbox
from ketenbus.preparing import Prepared
from ketenbus.producer import Producer
from ketenbus.settings import PartnerSettings

ANSWERED_SECONDS = 30.0


async def send(
    settings: PartnerSettings, repaired: Sequence[Prepared], within_seconds: float = ANSWERED_SECONDS
) -> dict[str, Outcome]:
    """Publish repaired events as their partner, and return what the bus made of each, by id.

    Raises RetryableError when they could not be sent, or were sent and not all answered within the time; sending the
    same repair again is harmless.
    """
    doing = f"waiting for the answer to {len(repaired)} repaired events"
    partition = TopicPartition(f"acknowledgements.{settings.id}", 0)
    async with AsyncExitStack() as stack:
        consumer = AIOKafkaConsumer(**client_settings(settings), group_id=None, enable_auto_commit=False)
        try:
            await start(consumer, settings)
            stack.push_async_callback(consumer.stop)
            await require_topic(consumer, partition.topic)
            consumer.assign([partition])
            # The same id was answered before, with why it was quarantined: only what comes from here on counts.
            await consumer.seek_to_end(partition)
            await consumer.position(partition)
        except FAULTS as error:
            raise fault(error, doing) from error
        await _publish(settings, repaired)
        return await _answers(consumer, {event.id for event in repaired}, within_seconds)


async def _publish(settings: PartnerSettings, repaired: Sequence[Prepared]) -> None:
    with tempfile.TemporaryDirectory(prefix="ketenbus-repair-") as folder:
        # An outbox of its own: a partner's has this id already, for the event that was not admitted.
        path = Path(folder) / "outbox.sqlite"
        outbox = await asyncio.to_thread(Outbox, path)
        outbox.put([(event, b"") for event in repaired])
        outbox.close()
        async with Producer(settings, outbox=path) as producer:
            await producer.flush_outbox()


async def _answers(consumer: AIOKafkaConsumer, ids: set[str], within_seconds: float) -> dict[str, Outcome]:
    answers: dict[str, Outcome] = {}
    try:
        async with asyncio.timeout(within_seconds):
            while ids - answers.keys():
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    for record in records:
                        told = read_outcome(record.value, f"{record.topic}/{record.partition}/{record.offset}")
                        answers[told.id] = later(answers.get(told.id), told)
    except FAULTS as error:
        missing = ", ".join(sorted(ids - answers.keys()))
        if isinstance(error, TimeoutError):
            raise RetryableError(
                f"sent, but no answer on {missing} within {within_seconds:g} s: is admit running? See ./ketenbus status"
            ) from error
        raise fault(error, f"waiting for the answer to {missing}") from error
    return {id: answers[id] for id in ids}
