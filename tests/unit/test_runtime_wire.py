"""Records with header names that are not UTF-8: read as they lie in Kafka, and others as aiokafka reads them."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka.record.default_records import DefaultRecordBase, _DefaultRecordBatchBuilderPy, _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c
from hypothesis import given
from hypothesis import strategies as st

from streams.runtime.wire import AnyRecords, _records

OPTIONAL = st.none() | st.binary(max_size=200)
RECORDS = st.lists(
    st.tuples(OPTIONAL, OPTIONAL, st.lists(st.tuples(st.text(max_size=10), OPTIONAL), max_size=4)),
    min_size=1,
    max_size=5,
)
GZIP = 1


def batch(records: list[Any], compression: int = 0) -> bytes:
    builder = _DefaultRecordBatchBuilderPy(2, compression, 0, -1, -1, -1, 1_000_000)
    for offset, (key, value, headers) in enumerate(records):
        assert builder.append(offset, 1_000 + offset, key, value, headers) is not None
    return bytes(builder.build())


def renamed(content: bytes, name: bytes, other: bytes) -> bytes:
    content = content.replace(name, other)
    at = DefaultRecordBase.CRC_OFFSET
    return (
        content[:at]
        + calc_crc32c(content[DefaultRecordBase.ATTRIBUTES_OFFSET :]).to_bytes(4, "big")
        + content[at + 4 :]
    )


def told(records: Any) -> list[Any]:
    return [(r.offset, r.timestamp, r.timestamp_type, r.key, r.value, list(r.headers)) for r in records]


@pytest.mark.parametrize("compression", [0, GZIP])
@given(records=RECORDS)
def test_our_reading_of_a_batch_is_aiokafkas(records: list[Any], compression: int) -> None:
    content = batch(records, compression)
    assert told(_records(_DefaultRecordBatchPy(content))) == told(MemoryRecords(content).next_batch())


@given(st.lists(RECORDS, min_size=1, max_size=3))
def test_an_answer_of_several_batches_and_a_cut_one_is_read_as_aiokafka_does(several: list[Any]) -> None:
    content = b"".join(map(batch, several)) + batch(several[0])[:20]
    ours, theirs = AnyRecords(content), MemoryRecords(content)
    assert ours.size_in_bytes() == theirs.size_in_bytes()
    while theirs.has_next():
        assert ours.has_next()
        one, other = ours.next_batch(), theirs.next_batch()
        assert (one.next_offset, one.validate_crc(), one.is_control_batch) == (other.next_offset, True, False)
        assert told(one) == told(other)
    assert (ours.has_next(), ours.next_batch()) == (False, None)


def test_a_name_that_is_not_utf8_keeps_its_bytes_and_its_neighbours() -> None:
    bad = renamed(batch([(b"k", b"v", [("n0me", b"\xff"), ("", None)]), (None, None, [])]), b"n0me", b"n\xffme")
    content = batch([(b"1", b"", [])]) + bad + batch([(b"2", b"", [("a", b"b")])])
    records = AnyRecords(content)
    found = [record for _ in range(3) for record in told(records.next_batch())]
    assert [(key, headers) for _, _, _, key, _, headers in found] == [
        (b"1", []),
        (b"k", [("n\udcffme", b"\xff"), ("", None)]),
        (None, []),
        (b"2", [("a", b"b")]),
    ]
    with pytest.raises(UnicodeDecodeError):  # what aiokafka does by itself: once it does not, this module can go
        list(MemoryRecords(bad).next_batch())
