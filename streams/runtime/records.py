"""What a lane hands over and what a processor hands back: raw bytes with their places."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ketenbus.envelope import NAME_ERRORS, Headers
from ketenbus.errors import CorruptLogError

#: A header without name and value takes two bytes in Kafka, and twelve when packed.
MOST_GROWTH = 6


@dataclass(frozen=True, slots=True)
class Record:
    """One record as Kafka holds it; `appended_ms` is the broker's append time in milliseconds."""

    topic: str
    partition: int
    offset: int
    appended_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers

    @property
    def origin(self) -> str:
        """Its coordinates: `topic/partition/offset`."""
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one consumer in order per partition, and what to call when they are done with."""

    records: tuple[Record, ...]
    ack: Callable[[], None]


@dataclass(frozen=True, slots=True)
class ToSend:
    """One record to send, and the record it follows from."""

    origin: Record
    topic: str
    key: bytes
    value: bytes | None
    headers: Headers


def position(origin: str) -> tuple[int, int]:
    """Return a log record's partition and offset from its coordinates.

    >>> position("ketenlog/3/17")
    (3, 17)
    """
    _, partition, offset = origin.rsplit("/", 2)
    return int(partition), int(offset)


def pack_headers(headers: Headers) -> str:
    """Return headers as text that `unpack_headers` gives back byte for byte, whatever they hold.

    Kafka lets a header have no value at all, and a name that is not UTF-8. The text takes a third more than long
    headers, and at most MOST_GROWTH times what headers of no length take in Kafka.
    """
    return json.dumps(
        [[_text(name.encode("utf-8", NAME_ERRORS)), None if value is None else _text(value)] for name, value in headers]
    )


def unpack_headers(text: str) -> Headers:
    """Return the headers that `pack_headers` packed; raises CorruptLogError on any other text."""
    try:
        return tuple(
            (b64decode(name, validate=True).decode("utf-8", NAME_ERRORS), _bytes(value))
            for name, value in json.loads(text)
        )
    except (ValueError, TypeError, RecursionError) as error:
        raise CorruptLogError("packed headers cannot be unpacked: the bus did not write them") from error


def _text(content: bytes) -> str:
    return b64encode(content).decode()


def _bytes(text: str | None) -> Any:
    return None if text is None else b64decode(text, validate=True)
