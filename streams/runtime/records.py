"""What a lane hands over and what a processor hands back: raw bytes with their places."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
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
    """Return headers as text that `unpack_headers` gives back byte for byte, a third longer whatever they hold.

    Kafka lets a header have no value at all.
    """
    return json.dumps([[_text(name.encode()), None if value is None else _text(value)] for name, value in headers])


def unpack_headers(text: str) -> Headers:
    """Return the headers that `pack_headers` packed."""
    return tuple((b64decode(name).decode(), _bytes(value)) for name, value in json.loads(text))


def _text(content: bytes) -> str:
    return b64encode(content).decode()


def _bytes(text: str | None) -> Any:
    return None if text is None else b64decode(text)
