"""What the bus made of a partner's events: the topic `acknowledgements.<partner>`, which only that partner reads."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Literal, get_args

from aiokafka import AIOKafkaConsumer, TopicPartition

from ketenbus.connection import FAULTS, client_settings, fault, require_topic, start
from ketenbus.errors import CorruptLogError, RetryableError
from ketenbus.settings import PartnerSettings

Verdict = Literal["admitted", "quarantined", "repeated"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the bus made of an event; a quarantined one names the reason, and can be repaired under the same id."""

    id: str
    outcome: Verdict
    reason: str | None = None


def read_outcome(value: bytes | None, place: str) -> Outcome:
    """Return the outcome in an acknowledgement; raises CorruptLogError, naming the place, when it holds none."""
    try:
        held = json.loads(value or b"")
        outcome = Outcome(held["id"], held["outcome"], held.get("reason"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CorruptLogError(f"{place} is no acknowledgement: call the operator of the bus") from error
    if outcome.outcome not in get_args(Verdict) or not isinstance(outcome.id, str):
        raise CorruptLogError(f"{place} holds an unknown outcome: install the bus's own version of the SDK")
    return outcome


def later(known: Outcome | None, told: Outcome) -> Outcome:
    """Return which of two outcomes of one event stands: the later, but a repeat of an admitted one changes nothing."""
    return known if known is not None and known.outcome == "admitted" and told.outcome == "repeated" else told


class Acknowledgements:
    """Reads one partner's acknowledgements from the beginning, once, and remembers them.

    Without a consumer group: several processes of one partner each read all of it.
    """

    def __init__(self, settings: PartnerSettings) -> None:
        self._settings = settings
        self._partition = TopicPartition(f"acknowledgements.{settings.id}", 0)
        self._consumer: AIOKafkaConsumer | None = None
        self._outcomes: dict[str, Outcome] = {}
        self._reading = asyncio.Lock()

    async def outcome(self, id: str, timeout_seconds: float) -> Outcome:
        """Return the outcome of an event as the topic has it now; waits when it has none yet."""
        doing = f"waiting for the outcome of {id}"
        try:
            async with asyncio.timeout(timeout_seconds), self._reading:
                consumer = await self._connected()
                end = (await consumer.end_offsets([self._partition]))[self._partition]
                while id not in self._outcomes or await consumer.position(self._partition) < end:
                    await self._read_some(consumer)
        except FAULTS as error:
            if isinstance(error, TimeoutError):
                raise RetryableError(f"{doing}: none after {timeout_seconds:g} seconds; ask again later") from error
            raise fault(error, doing) from error
        return self._outcomes[id]

    async def close(self) -> None:
        """Stop reading."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()

    async def _connected(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            consumer = AIOKafkaConsumer(
                **client_settings(self._settings), group_id=None, enable_auto_commit=False, auto_offset_reset="earliest"
            )
            await start(consumer, self._settings)
            try:
                await require_topic(consumer, self._partition.topic)
                consumer.assign([self._partition])
                await consumer.seek_to_beginning(self._partition)
            except BaseException:
                await consumer.stop()
                raise
            self._consumer = consumer
        return self._consumer

    async def _read_some(self, consumer: AIOKafkaConsumer) -> None:
        for records in (await consumer.getmany(timeout_ms=200)).values():
            for record in records:
                told = read_outcome(record.value, f"{record.topic}/{record.partition}@{record.offset}")
                self._outcomes[told.id] = later(self._outcomes.get(told.id), told)
