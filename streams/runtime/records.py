"""What a lane hands over and what a processor hands back: raw bytes with their places."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ketenbus.envelope import Headers


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


def pack_headers(headers: Headers) -> str:
    """Return headers as text that `unpack_headers` gives back byte for byte; Kafka lets a header have no value at all."""
    return json.dumps([[name, None if value is None else value.decode("latin-1")] for name, value in headers])


def unpack_headers(text: str) -> Headers:
    """Return the headers that `pack_headers` packed."""
    return tuple((name, _encoded(value)) for name, value in json.loads(text))


def _encoded(value: str | None) -> Any:
    return None if value is None else value.encode("latin-1")
