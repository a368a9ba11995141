"""The receipts: signed in batches by disclose, and the latest of an event says what every candidate stands at.

What is signed is what a receipt says, so it is filed under what it says it is of. One from before receipts named their subject is
held to its event only.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.verify.checks import Check
from services.verify.judge import Outcome
from services.verify.kafka import Raw


@dataclass(slots=True)
class _Batch:
    count: int
    signature: bytes
    digests: dict[int, bytes]


@dataclass(frozen=True, slots=True)
class Receipts:
    """The latest receipt of every event under each of its subjects, by `<subject>/<oin>/<id>`."""

    latest: Mapping[str, Mapping[str, Any]]
    signatures: Check

    def balance(self) -> Counter[str]:
        """Return how many candidates stand at each outcome."""
        return Counter(told["outcome"] for receipt in self.latest.values() for told in receipt["outcomes"])


def read(records: Iterable[Raw], public: Ed25519PublicKey) -> Receipts:
    """Return the receipts, every batch whole and signed, and each filed under what it is of."""
    latest: dict[str, Mapping[str, Any]] = {}
    batches: dict[str, _Batch] = {}
    misfiled: set[str] = set()
    for record in records:
        headers = dict(record.headers)
        value = record.value or b""
        latest[record.key.decode()] = told = json.loads(value)
        batch, number, count = headers["ketenbus-batch"].decode().split("/")
        if not _is_of(record.key.decode(), told):
            misfiled.add(batch)
        signature = headers["ketenbus-batch-signature"]
        held = batches.setdefault(batch, _Batch(int(count), signature, {}))
        held.digests[int(number)] = hashlib.sha256(value).digest()
    wrong = [name for name, batch in batches.items() if name in misfiled or not _is_signed(batch, public)]
    return Receipts(latest, Check.of("batches of receipts signed", len(batches), wrong))


def against(receipts: Receipts, expected: Mapping[str, Iterable[Outcome]]) -> Check:
    """Return whether every event has a receipt, and every receipt says of each candidate what our own rules say."""
    wrong: list[str] = []
    looked_at = 0
    for key in receipts.latest.keys() | expected.keys():
        told = defaultdict(list)
        for said in receipts.latest.get(key, {"outcomes": ()})["outcomes"]:
            told[said["recipient"], said["purpose"]].append(_told(said))
        ours = {o.candidate: (o.outcome, o.mask, o.activity, o.reasons) for o in expected.get(key, ())}
        if (key in receipts.latest) != (key in expected):
            wrong.append(key)
        for candidate in told.keys() | ours.keys():
            looked_at += 1
            if told.get(candidate) != [ours.get(candidate)]:
                wrong.append(f"{key} for {'.'.join(candidate)}")
    return Check.of("outcome, mask, activity and reasons of every receipt", looked_at, wrong)


def _told(said: Mapping[str, Any]) -> tuple[str, str, str, tuple[str, ...]]:
    return said["outcome"], said["mask"], said["activity"], tuple(said["reasons"])


def _is_of(key: str, told: Mapping[str, Any]) -> bool:
    subject, oin, event_id = key.split("/", 2)
    said = told.get("source", "").split(":")[3:4]
    return (told.get("subject", subject), said, told.get("id")) == (subject, [oin], event_id)


def _is_signed(batch: _Batch, public: Ed25519PublicKey) -> bool:
    if sorted(batch.digests) != list(range(batch.count)):
        return False
    digest = hashlib.sha256(b"".join(content for _, content in sorted(batch.digests.items()))).digest()
    try:
        public.verify(base64.b64decode(batch.signature, validate=True), b"ketenbus-receipts/1" + digest)
    except (InvalidSignature, ValueError):
        return False
    return True
