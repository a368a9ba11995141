"""Every reason there is: the table of reasons is what admit can give, and for each a record that gets it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ketenbus import bounds, codec, envelope
from ketenbus.codec import FRAME
from ketenbus.envelope import SIGNATURE
from ketenbus.events import SignalRaised
from ketenbus.values import Sealed
from streams.admit import binding, judge
from streams.admit.judge import LARGEST_EVENT_BYTES, LARGEST_HEADERS_BYTES, MOST_HEADERS, Holds
from streams.admit.reasons import REASONS, UNVERIFIED
from streams.runtime.records import Record
from tests.made_up import NOW
from tests.sent import CARE, DESK, NOBODY, PARTNERS, Sent, consented, counted, linked, offered, refused, sent

GOOD = sent(offered())
VALUE = GOOD.made.value
SUBJECT_END = FRAME.size + 1 + len("client-1")
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))
ENDLESS = b"\xff" * 9 + b"\x01"


def headers(*more: tuple[str, Any]) -> Sent:
    return GOOD.but(headers=(*GOOD.made.headers, *more))


def unsigned(*more: tuple[str, Any]) -> Record:
    """Headers that cannot be signed: no publisher's software could write them."""
    return GOOD.record(after=lambda r: replace(r, headers=(*r.headers, *more)))


def null(what: str) -> Record:
    """Signed as it is sent: a signature holds for nothing as for no bytes."""
    return GOOD.but(**{what: b""}).record(after=lambda r: replace(r, **{what: None}))


def sealed_by(oin: str) -> Sent:
    event = SignalRaised(
        subject="client-1",
        occurred_precision="UNKNOWN",
        reporter_kind="POLITIE",
        police_unit="LIMBURG",
        criterion="x",
        detected_on=NOW.date(),
        forms=Sealed(key_id=f"{oin}.special.{'0' * 24}", nonce=bytes(12), ciphertext=bytes(80)),
    )
    return sent(event.model_copy(update={"forms": None})).but(value=codec.encode(event))


EXAMPLES: list[tuple[str, str, Record]] = [
    ("oversize", "record", GOOD.but(value=VALUE + bytes(LARGEST_EVENT_BYTES)).record()),
    ("oversize", "record", GOOD.but(key=bytes(LARGEST_EVENT_BYTES)).record()),
    ("oversize", "headers", headers(("x", bytes(LARGEST_HEADERS_BYTES))).record()),
    ("oversize", "headers", headers(*((f"x{n}", b"") for n in range(MOST_HEADERS))).record()),
    ("oversize", "headers", headers(*[("", b"")] * 100_000).record()),
    ("header-not-utf8", "x-note", headers(("x-note", b"\xff")).record()),
    ("header-not-utf8", "ce_id", GOOD.header("ce_id", b"\xc3").record()),
    ("header-not-utf8", "a header", headers(("x\udcff", b"a name that is not UTF-8, as the lane hands it over")).record()),
    ("double-header", "ce_id", GOOD.twice("ce_id").record()),
    ("double-header", "ce_time", GOOD.twice("ce_time").record()),
    ("double-header", "x-note", headers(("x-note", b"1"), ("x-note", b"2")).record()),
    ("double-header", SIGNATURE, unsigned((SIGNATURE, b"another"))),
    ("double-header", "a header", headers(("\n", b""), ("\n", b"")).record()),
    ("bus-header", "ketenbus-publisher-kind", headers(("ketenbus-publisher-kind", b"bus")).record()),
    ("bus-header", "ketenbus-admitted-at", unsigned(("ketenbus-admitted-at", b"2020-01-01T00:00:00Z"))),
    ("header-not-printable", "x-note", headers(("x-note", b"a\r\nce_id: another")).record()),
    ("header-not-printable", "x-note", headers(("x-note", b"\x1b[2J")).record()),
    ("header-not-printable", "x-note", headers(("x-note", "é".encode())).record()),
    ("header-not-printable", "a header", headers(("x\nnote", b"")).record()),
    ("header-not-printable", "a header", headers(("é", b"")).record()),
    ("bad-headers", "x-note has no value", unsigned(("x-note", None))),
    ("bad-headers", "ce_time", GOOD.header("ce_time", b"yesterday").record()),
    ("unknown-publisher", "ce_source", sent(offered(), NOBODY).record()),
    ("missing-signature", SIGNATURE, GOOD.record(after=lambda r: replace(r, headers=r.headers[:-1]))),
    ("bad-signature", SIGNATURE, GOOD.by(STRANGER).record()),
    ("unknown-type", "ce_type", GOOD.header("ce_type", b"nl.mensenhandel.unheard-of.v1").record()),
    ("wrong-topic", "ce_type", GOOD.record(after=lambda r: replace(r, topic="victim-reported"))),
    ("no-key", "key", null("key")),
    ("no-value", "value", null("value")),
    ("unknown-schema", "frame", GOOD.but(value=FRAME.pack(0, 4_000_000)).record()),
    ("beyond-limits", "occurred_at", GOOD.but(value=VALUE[:SUBJECT_END] + b"\x02" + ENDLESS).record()),
    ("not-utf8", "subject", GOOD.but(value=VALUE[: FRAME.size + 1] + b"\xff" * 8 + VALUE[SUBJECT_END:]).record()),
    ("undecodable", "subject", GOOD.but(value=VALUE[: FRAME.size] + b"\x7f").record()),
    ("trailing-bytes", f"byte {len(VALUE)}", GOOD.but(value=VALUE + b"\0").record()),
    ("wrong-schema", "frame", GOOD.but(value=codec.encode(counted())).record()),
    ("wrong-key", "key", GOOD.but(key=b"client-2").record()),
    ("not-authorised", "type", sent(linked()).record()),
    ("unknown-partner", "other_oin", sent(linked().model_copy(update={"other_oin": NOBODY}), DESK).record()),
    ("unknown-partner", "subject_oin", sent(linked(undone="l").model_copy(update={"subject_oin": NOBODY}), DESK).record()),
    ("future-time", "ce_time", sent(offered(), time=NOW + timedelta(days=1)).record()),
    ("future-time", "ce_time", GOOD.header("ce_time", b"9999-12-31T23:59:59Z").record()),
    ("future-occurred-at", "occurred_at", sent(offered(occurred_at=NOW + timedelta(days=1))).record()),
    ("foreign-key", "forms", sealed_by(CARE).record()),
    ("bsn-in-clear", "subject", sent(offered(subject="111222333")).record()),
    ("bsn-in-clear", "caused_by", sent(offered(caused_by="bsn:1112.22.333")).record()),
    ("bsn-in-clear", "giver", sent(consented(giver="111222333"), CARE).record()),
    ("bsn-in-clear", "other_subject", sent(linked().model_copy(update={"other_subject": "111 222 333"}), DESK).record()),
    ("bsn-in-clear", "ce_id", sent(offered(), id="111222333").record()),
    ("bsn-in-clear", "x-note", headers(("x-note", b"client 111222333")).record()),
    ("bsn-in-clear", "a header's name", headers(("x-client.111222333", b"")).record()),
    ("phone-in-clear", "subject", sent(offered(subject="06-12345678")).record()),
    ("phone-in-clear", "corrects", sent(offered(corrects="tel:+31612345678")).record()),
    ("phone-in-clear", "ce_id", sent(offered(), id="0612345678").record()),
    ("unknown-code", "channel", sent(consented(channel="VIA_VIA"), CARE).record()),
    ("broken-rule", "caused_by", sent(offered(caused_by="what the neighbours say")).record()),
    ("broken-rule", "corrects", sent(offered(corrects="x" * 129)).record()),
    ("broken-rule", "caused_by", sent(offered(caused_by="\u0315\u0316" * 100_000)).record()),  # 50 s, normalised whole
    ("broken-rule", "other_subject", sent(linked().model_copy(update={"other_subject": ""}), DESK).record()),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "place", "record"), EXAMPLES, ids=lambda v: v if isinstance(v, str) else "")
def test_a_fault_ends_under_its_own_reason_at_its_own_place(reason: str, place: str, record: Record) -> None:
    verdict = refused(record)
    assert (verdict.reason, verdict.place) == (reason, place)
    assert (verdict.publisher is None) == (reason in UNVERIFIED)


def test_there_is_an_example_of_every_reason_but_the_one_that_only_the_store_can_tell() -> None:
    assert {reason for reason, _, _ in EXAMPLES} | {"id-reused"} == set(REASONS)


def test_the_table_is_what_the_sources_can_give() -> None:
    files = [Path(str(module.__file__)) for module in (judge, binding, bounds, codec, envelope)]
    given = {text for file in files for text in _reasons(ast.parse(file.read_text("utf-8")))}
    assert given == set(REASONS)
    assert set(REASONS) > UNVERIFIED


def test_what_nobody_can_mend_is_of_nobody_or_under_a_taken_id() -> None:
    hopeless = {name for name, reason in REASONS.items() if not (reason.repair or reason.replay)}
    assert hopeless <= UNVERIFIED | {"id-reused"}


@pytest.mark.parametrize("number", ["111222333", "06-12345678"])
def test_a_number_that_names_a_person_never_reaches_the_log_as_what_is_held_up(number: str) -> None:
    assert refused(sent(consented(subject=number), CARE).record()).holds is None
    assert refused(sent(consented(), CARE, id=number).record()).holds is None
    assert refused(sent(consented(giver=number), CARE).record()).holds == Holds("consent-given", "client-1")


def test_a_deletion_holds_up_what_rests_on_the_consent_it_would_delete() -> None:
    gone = sent(consented(), CARE).but(value=b"").record(after=lambda r: replace(r, value=None))
    assert refused(gone).holds == Holds("consent-given", "client-1")
    assert refused(gone).publisher is PARTNERS[CARE]


def test_one_signature_is_written_in_one_way_only() -> None:
    """Base64 leaves four bits of the last character free: sixteen texts, and one of them is the signature."""
    record = GOOD.record()
    written = dict(record.headers)[SIGNATURE]
    for other in (written[:-3] + bytes([written[-3] + 1]) + b"==", written + b"\n", written.rstrip(b"=")):
        changed = replace(record, headers=(*record.headers[:-1], (SIGNATURE, other)))
        assert refused(changed).reason in {"bad-signature", "header-not-printable"}


def _reasons(tree: ast.AST) -> Iterator[str]:
    """Every text that a source gives as a reason: the first of a call that makes a verdict, or of what is yielded."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="Rejected" | "Unreadable" | "no" | "_FoundError"), args=[first, *_]):
                yield from _texts(first)
            case (
                ast.Yield(value=ast.Tuple(elts=[first, _]))
                | ast.YieldFrom(value=ast.GeneratorExp(elt=ast.Tuple(elts=[first, _])))
            ):
                yield from _texts(first)
            case ast.AnnAssign(target=ast.Name(id="PERSONAL"), value=ast.Dict(values=values)):
                yield from (text for value in values for text in _texts(value))


def _texts(node: ast.AST) -> Iterator[str]:
    return (part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str))
