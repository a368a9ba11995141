"""How a worker's producer sends: what followed from a batch goes out at once, and keyed records find their partition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiokafka.partitioner import DefaultPartitioner

from streams.runtime.topics import QUARANTINE_BYTES

_murmur2 = DefaultPartitioner()


def partition_of(key: bytes | None, partitions: Sequence[int], available: Sequence[int]) -> int:
    """Return the partition of a key, as every Kafka client finds it.

    Most topics have one: aiokafka would hash the key in Python all the same.
    """
    found: int = partitions[0] if len(partitions) == 1 else _murmur2(key, partitions, available)
    return found


#: aiokafka has one request under way at a time: in its own batches of 16 KiB, what follows from 500 events would wait for the
#: broker forty times.
SENDING: dict[str, Any] = {
    "enable_idempotence": True,
    "acks": "all",
    "linger_ms": 0,
    "max_batch_size": 524_288,
    "max_request_size": QUARANTINE_BYTES,
    "partitioner": partition_of,
}
