"""Records as they lie in Kafka, read also where a header's name is not UTF-8.

Kafka takes any bytes as a header's name; aiokafka 0.14 raises UnicodeDecodeError on those that are not UTF-8, again and
again, before any processor sees the record: one such record and its topic stands still for good. Here those batches
are read with the bytes of the name kept (`NAME_ERRORS`); every other batch is read by aiokafka itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy, _DefaultRecordPy
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint

from ketenbus.envelope import NAME_ERRORS

_OFFSET_BYTES, _LENGTH_BYTES = 8, 4


def read_any_header_name() -> None:
    """Let every aiokafka consumer of this process read header names that are not UTF-8."""
    fetcher.MemoryRecords = AnyRecords


class AnyRecords:
    """The batches of one answer to a fetch; stands in for aiokafka's `MemoryRecords`."""

    def __init__(self, content: bytes) -> None:
        self._records = MemoryRecords(content)
        self._content = memoryview(content)

    def size_in_bytes(self) -> int:
        """Return how many bytes the answer has."""
        size: int = self._records.size_in_bytes()
        return size

    def has_next(self) -> bool:
        """Return whether there is another whole batch."""
        there: bool = self._records.has_next()
        return there

    def next_batch(self) -> Any:
        """Return the next batch, or None when there is none."""
        batch = self._records.next_batch()
        end = _OFFSET_BYTES + _LENGTH_BYTES + int.from_bytes(self._content[_OFFSET_BYTES:][:_LENGTH_BYTES], "big")
        content, self._content = self._content[:end], self._content[end:]
        return batch if batch is None or batch.magic < 2 else _Batch(batch, content)


@dataclass(frozen=True, slots=True)
class _Batch:
    """A batch of aiokafka's, and the bytes it was read from."""

    batch: Any
    content: memoryview

    def __getattr__(self, name: str) -> Any:
        return getattr(self.batch, name)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self.batch))
        except UnicodeDecodeError:
            return _records(_DefaultRecordBatchPy(self.content))


def _records(batch: Any) -> Iterator[Any]:
    """Yield the records of a batch in Kafka's second format (KIP-98), whatever the names of their headers are."""
    content: bytearray = iter(batch)._buffer  # decompressed
    at: int = batch._pos
    for _ in range(batch._num_records):
        _, at = decode_varint(content, at)
        _, at = decode_varint(content, at)
        after_first, at = decode_varint(content, at)
        offset_delta, at = decode_varint(content, at)
        key, at = _bytes(content, at)
        value, at = _bytes(content, at)
        headers, at = _headers(content, at)
        is_append_time = batch.timestamp_type == batch.LOG_APPEND_TIME
        timestamp = batch.max_timestamp if is_append_time else batch.first_timestamp + after_first
        offset = batch.base_offset + offset_delta
        yield _DefaultRecordPy(offset, timestamp, batch.timestamp_type, key, value, headers)


def _headers(content: bytearray, at: int) -> tuple[list[tuple[str, bytes | None]], int]:
    count, at = decode_varint(content, at)
    headers: list[tuple[str, bytes | None]] = []
    for _ in range(count):
        name, at = _bytes(content, at)
        value, at = _bytes(content, at)
        headers.append(((name or b"").decode("utf-8", NAME_ERRORS), value))
    return headers, at


def _bytes(content: bytearray, at: int) -> tuple[bytes | None, int]:
    length, at = decode_varint(content, at)
    return (None, at) if length < 0 else (bytes(content[at : at + length]), at + length)
