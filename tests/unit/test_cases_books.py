"""Receipts and views are held against each other: neither may say what the other does not."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ketenbus.envelope import Envelope
from ketenbus.errors import CorruptLogError
from ketenbus.view import Kind, Received
from services.cases import receipts, words
from services.cases.bookkeeping import Bookkeeping
from services.cases.receipts import Stands
from services.cases.views import Message
from services.lineage.names import Names
from streams.disclose.tokens import EventName
from streams.runtime.records import Record
from tests.consent_facts import the_register

NAME = EventName(b"s" * 16, "1" * 20, "event-1")
VIEW = ("comensha", "REGISTRATIE")
NAMES = Names({}, {"": the_register()}, b"k" * 64)
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)


def stands(outcome: str = "delivered", reason: str = "consent", change: int = 1) -> Stands:
    told = {"recipient": VIEW[0], "purpose": VIEW[1], "outcome": outcome, "mask": "", "change": change,
            "activity": "registratie-toestemming/1", "reasons": [reason]}  # fmt: skip
    return Stands(NAME, "victim-reported", (told,), True)


def message(kind: Kind = "delivery", change: int = 1) -> Message:
    token = NAMES.tokens(*VIEW).event(NAME)
    at = Envelope(token, "urn:nld:oin:1:systeem:x", "t", datetime(2019, 1, 1, tzinfo=UTC), "", "")
    left_out = frozenset({"phone"})
    received = Received(token, "s", kind, change, "victim-reported", None, at, left_out, frozenset(), "neutral", "a/1")
    return Message(VIEW, received, ("sex",), ("forms",), ())


def books() -> Bookkeeping:
    return Bookkeeping(NAMES, {("1" * 20, "event-1"): "report"})


def test_a_delivery_is_told_once_with_what_arrived() -> None:
    kept = books()
    (heard,) = kept.entries([stands()], [message()])
    assert (heard.event.step, heard.told, heard.reasons) == ("report", "delivery", ("consent",))
    assert (heard.arrived, heard.left_out, heard.opened) == (("sex",), ("phone",), ("forms",))
    assert heard.activity is not None
    assert heard.activity.ref == "registratie-toestemming/1"
    assert kept.entries([stands()], []) == ()


def test_a_recall_follows_a_delivery() -> None:
    kept = books()
    kept.entries([stands()], [message()])
    (heard,) = kept.entries([stands(), stands("withheld", "consent-withdrawn", 2)], [message("recall", 2)])
    assert (heard.told, heard.reasons) == ("recall", ("consent-withdrawn",))
    assert [one.outcomes[0]["outcome"] for one in kept.latest_of("report")] == ["withheld"]


def test_what_was_corrected_is_kept_back_by_the_rule_over_every_activity() -> None:
    (heard,) = books().entries([stands("withheld", "superseded", 0)], [])
    assert heard.rule == the_register().rules.source
    assert words.article(heard).endswith(f"<{heard.rule}>")
    (other,) = books().entries([stands("withheld", "no-consent", 0)], [])
    assert other.rule == ""


def test_a_withheld_event_needs_no_message() -> None:
    (heard,) = books().entries([stands("withheld", "no-consent", 0)], [])
    assert heard.told == "withheld"


def test_a_delivery_that_comes_to_rest_on_another_ground_is_told_without_a_message() -> None:
    kept = books()
    kept.entries([stands()], [message()])
    assert [h.told for h in kept.entries([stands(), stands(reason="safety")], [])] == ["ground"]


def test_a_receipt_of_a_message_that_the_view_does_not_hold_stops_the_telling() -> None:
    with pytest.raises(CorruptLogError, match="holds no change 1"):
        books().entries([stands()], [])


def test_a_message_without_a_receipt_stops_the_telling() -> None:
    with pytest.raises(CorruptLogError, match="has no receipt"):
        books().entries([], [message()])


def test_a_message_that_names_no_event_stops_the_telling() -> None:
    strange = replace(message(), received=replace(message().received, id="1.AAAA"))
    with pytest.raises(CorruptLogError, match="names no event"):
        books().entries([stands()], [strange])


def batch(values: list[bytes], changed: bytes | None = None) -> list[Record]:
    digest = hashlib.sha256(b"".join(hashlib.sha256(v).digest() for v in values)).digest()
    signature = base64.b64encode(KEY.sign(b"ketenbus-receipts/1" + digest))
    sent = [changed or values[0], *values[1:]]
    return [
        Record("receipts", 0, n, 0, f"{'ab' * 16}/{'1' * 20}/e/{n}".encode(), value,
               (("ketenbus-batch", f"b/{n}/{len(values)}".encode()), ("ketenbus-batch-signature", signature)))
        for n, value in enumerate(sent)
    ]  # fmt: skip


OF = {"subject": "ab" * 16, "source": f"urn:nld:oin:{'1' * 20}:systeem:x", "type": "victim-reported", "outcomes": []}
VALUES = [json.dumps(OF | {"id": f"e/{n}"}).encode() for n in range(3)]


def test_receipts_of_a_whole_batch_are_signed_also_when_it_was_sent_twice() -> None:
    found = receipts.read([*batch(VALUES), *batch(VALUES)], KEY.public_key())
    assert [one.signed for one in found] == [True] * 6
    assert found[1].name == EventName(bytes.fromhex("ab" * 16), "1" * 20, "e/1")


def test_a_receipt_that_is_filed_under_what_it_is_not_of_is_not_signed_for_that() -> None:
    one, other, _ = batch(VALUES)
    swapped = [replace(one, key=other.key), replace(other, key=one.key), batch(VALUES)[2]]
    assert [s.signed for s in receipts.read(swapped, KEY.public_key())] == [False, False, True]
    elsewhere = replace(one, key=(one.key or b"").replace(b"abab", b"cdcd"))
    assert [s.signed for s in receipts.read([elsewhere, *batch(VALUES)[1:]], KEY.public_key())] == [False, True, True]


def test_a_receipt_that_was_changed_or_is_missing_leaves_its_batch_unsigned() -> None:
    changed = batch(VALUES, json.dumps({"type": "victim-reported", "outcomes": [{}]}).encode())
    for records in (changed, batch(VALUES)[:2]):
        assert not any(one.signed for one in receipts.read(records, KEY.public_key()))
    other = Ed25519PrivateKey.from_private_bytes(b"o" * 32).public_key()
    assert not any(one.signed for one in receipts.read(batch(VALUES), other))
