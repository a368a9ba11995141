"""Records are written as the bytes they were, also those no client library writes."""

from __future__ import annotations

from typing import Any

import pytest

from ketenbus.envelope import headers_of
from services.quarantine.parked import Original
from services.quarantine.raw import _batch
from streams.runtime.wire import AnyRecords


@pytest.mark.parametrize(
    "record",
    [
        Original("t", b"key", b"value", (("ce_id", b"1"),)),
        Original("t", None, None, ()),
        Original("t", b"", b"", (("", b""),)),
        Original("t", b"k", b"v" * 2_000_000, ()),
        Original("t", b"k", b"v", ((b"x-\xff\xfe".decode("utf-8", "surrogateescape"), b"1"), ("naïef", b"2"))),
        Original("t", b"k", b"v", (("twice", b"1"), ("twice", b"1"), ("nothing", None))),  # type: ignore[arg-type]
    ],
    ids=["plain", "nothing at all", "empty", "large", "names", "twice and without value"],
)
def test_what_is_written_is_read_back_byte_for_byte(record: Original) -> None:
    written = bytes(_batch(record)._build())
    batch: Any = AnyRecords(written).next_batch()
    [read] = list(batch)
    assert Original("t", read.key, read.value, headers_of(read.headers)) == record
