"""What the lane sees of a partition that begins anew, before Faust drops what it gives."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from streams.runtime.faust_lane import begun_anew


def fetched(*offsets: int) -> list[Any]:
    return [SimpleNamespace(offset=offset) for offset in offsets]


def test_a_partition_that_gives_what_was_read_before_is_told_with_where_it_was() -> None:
    found = {
        "goes on": fetched(7, 8),
        "anew": fetched(0, 1),
        "the last one again": fetched(4),
        "first": fetched(0),
        "none": [],
    }
    read = {"goes on": 6, "anew": 29, "the last one again": 4, "first": None, "not fetched": 3}
    assert begun_anew(found, read) == {"anew": 30, "the last one again": 5}
