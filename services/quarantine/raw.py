"""Writes records byte for byte, also those that no Kafka client writes: no key and no value, header names not UTF-8.

What lies in quarantine was once written by somebody's own client, and a replay must be those bytes and no others.
(confluent-kafka 2.16 ends the process on a header name that is not UTF-8; aiokafka 0.14 refuses it.)
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from ketenbus.connection import FAULTS, fault
from ketenbus.envelope import NAME_ERRORS
from services.quarantine.parked import Original

NO_PRODUCER = -1


class RawWriter:
    """One user's connection that writes whole records, one at a time, each acknowledged by all replicas.

    A record that is written while its acknowledgement is lost may be there twice: whoever reads it must bear that.
    """

    def __init__(self, access: Mapping[str, Any]) -> None:
        """`access` is what an aiokafka client logs in with."""
        self._access = access

    async def __aenter__(self) -> Self:
        """Connect; raises RetryableError or ConfigurationError when the broker is away or refuses."""
        self._client = AIOKafkaProducer(**self._access, acks="all", linger_ms=0)
        try:
            await self._client.start()
        except FAULTS as error:
            await self._client.stop()
            raise fault(error, "connecting to write") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        await self._client.stop()

    async def write(self, record: Original) -> str:
        """Write a record to its topic, and return its coordinates there; errors as `__aenter__`'s."""
        try:
            waiting = await self._client.send_batch(_batch(record), record.topic, partition=0)
            at = await waiting
        except FAULTS as error:
            raise fault(error, f"writing to {record.topic}") from error
        return f"{at.topic}/{at.partition}/{at.offset}"


class _Name(str):
    """A header's name that comes out as the bytes it was read from."""

    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        """Return the bytes of the name, however aiokafka asks for them."""
        return super().encode("utf-8", NAME_ERRORS)


def _batch(record: Original) -> BatchBuilder:
    batch = BatchBuilder(batch_size=1, compression_type=0)  # a first record goes in, whatever its size
    batch._builder = _DefaultRecordBatchBuilderPy(
        magic=2,
        compression_type=0,
        is_transactional=0,
        producer_id=NO_PRODUCER,
        producer_epoch=NO_PRODUCER,
        base_sequence=NO_PRODUCER,
        batch_size=1,
    )
    headers = [(_Name(name), content) for name, content in record.headers]
    batch.append(timestamp=None, key=record.key, value=record.value, headers=headers)
    batch.close()
    return batch
