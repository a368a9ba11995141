"""The values that are more than a primitive: `Sealed`, and the base of every generated event."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Sealed(BaseModel):
    """A value only a zone with the key can read (schemas/avro/shared/Sealed.avsc)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    key_id: str
    nonce: bytes
    ciphertext: bytes


class Record(BaseModel):
    """A record inside an event."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class Event(Record):
    """A fact a partner publishes. Subclasses are generated from `schemas/avro/types`, one per type and version."""

    TYPE: ClassVar[str]
    SCHEMA_ID: ClassVar[int]
