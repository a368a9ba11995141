"""Receipts as an auditor reads them: which outcomes each event stands at, and whether disclose signed that."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ketenbus.envelope import SOURCE
from streams.disclose.tokens import EventName
from streams.runtime.records import Record


@dataclass(frozen=True, slots=True)
class Stands:
    """One receipt: the event it is of, what it says, and whether it says so and the batch it came in is whole and signed."""

    name: EventName
    type: str
    outcomes: tuple[Mapping[str, Any], ...]
    signed: bool


def read(records: Iterable[Record], public: Ed25519PublicKey) -> list[Stands]:
    """Return the receipts in their order."""
    records = tuple(records)
    batches: dict[str, list[tuple[int, int, bytes, bytes]]] = {}
    for record in records:
        headers = dict(record.headers)
        batch, number, count = headers["ketenbus-batch"].decode().split("/")
        digest = hashlib.sha256(record.value or b"").digest()
        batches.setdefault(batch, []).append((int(number), int(count), digest, headers["ketenbus-batch-signature"]))
    signed = {batch: _is_signed(rows, public) for batch, rows in batches.items()}
    found = []
    for record in records:
        subject, oin, event_id = (record.key or b"").decode().split("/", 2)
        told = json.loads(record.value or b"")
        batch = dict(record.headers)["ketenbus-batch"].decode().partition("/")[0]
        name = EventName(bytes.fromhex(subject), oin, event_id)
        found.append(Stands(name, told["type"], tuple(told["outcomes"]), signed[batch] and _is_of(name, told)))
    return found


def _is_of(name: EventName, told: Mapping[str, Any]) -> bool:
    """Return whether a receipt is filed under what it says it is of; the key is not signed."""
    said = SOURCE.fullmatch(told["source"])
    subject = told.get("subject", name.subject.hex())  # one from before receipts named it
    return said is not None and (subject, said[1], told["id"]) == (name.subject.hex(), name.oin, name.id)


def _is_signed(rows: Iterable[tuple[int, int, bytes, bytes]], public: Ed25519PublicKey) -> bool:
    """Return whether every receipt of the batch is there once, under one signature that holds.

    A receipt may be sent again with its batch after a crash: the same bytes under the same number.
    """
    by_number = {number: (count, digest, signature) for number, count, digest, signature in rows}
    if len({(count, signature) for count, _, signature in by_number.values()}) != 1:
        return False
    count, _, signature = by_number[min(by_number)]
    if sorted(by_number) != list(range(count)):
        return False
    whole = hashlib.sha256(b"".join(by_number[number][1] for number in range(count))).digest()
    try:
        public.verify(base64.b64decode(signature, validate=True), b"ketenbus-receipts/1" + whole)
    except (InvalidSignature, ValueError):
        return False
    return True
