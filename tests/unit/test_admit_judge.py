"""What may enter the log, and the named reason where it is not known who says it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ketenbus.envelope import SIGNATURE
from streams.admit.judge import Admissible, subject_of
from streams.runtime.records import Record
from tests.made_up import NOW
from tests.sent import (
    APPENDED_MS,
    CARE,
    DESK,
    NOBODY,
    PARTNERS,
    POLICE,
    SUBJECT_KEY,
    Sent,
    counted,
    judged,
    linked,
    offered,
    refused,
    sent,
)

GOOD = sent(offered())
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))


def admitted(made: Sent) -> Admissible:
    verdict = judged(made.record())
    assert isinstance(verdict, Admissible)
    return verdict


def test_a_record_that_keeps_every_rule_is_admissible_under_its_subject() -> None:
    verdict = admitted(GOOD)
    assert (verdict.envelope.id, verdict.publisher.oin, verdict.event) == ("event-1", POLICE, offered())
    assert verdict.subjects == (subject_of(SUBJECT_KEY, POLICE, "client-1"),)


def test_a_subject_is_a_keyed_hash_of_publisher_and_number() -> None:
    names = {
        subject_of(key, oin, number)
        for key in (SUBJECT_KEY, b"another key")
        for oin, number in ((POLICE, "1"), (CARE, "1"), (POLICE, "11"), (POLICE[:-1], "11"))
    }
    assert len(names) == 8
    assert {len(name) for name in names} == {16}


@pytest.mark.parametrize("event", [linked(), linked(undone="l")])
def test_a_link_is_admissible_under_both_subjects_it_names(event: object) -> None:
    verdict = admitted(sent(event, DESK))  # type: ignore[arg-type]
    assert verdict.subjects == (
        subject_of(SUBJECT_KEY, POLICE, "client-1"),
        subject_of(SUBJECT_KEY, CARE, "client-2"),
    )


def test_an_event_without_a_subject_is_admissible_under_its_publisher() -> None:
    made = sent(counted(), CARE)
    assert made.made.key == CARE.encode()
    assert admitted(made).subjects == (subject_of(SUBJECT_KEY, CARE, ""),)


def test_an_event_counts_as_admitted_when_it_was_appended_or_when_recorded_for_who_may_say_so() -> None:
    earlier = sent(offered(occurred_at=None, occurred_precision="UNKNOWN"), time=NOW - timedelta(days=900))
    backfill = {POLICE: replace(PARTNERS[POLICE], backfill=True)}
    verdict = judged(earlier.record(), backfill)
    assert admitted(earlier).admitted_at == datetime.fromtimestamp(APPENDED_MS / 1000, UTC)
    assert isinstance(verdict, Admissible)
    assert verdict.admitted_at == NOW - timedelta(days=900)


@pytest.mark.parametrize(
    ("spoiled", "place"),
    [
        *((GOOD.header(name, None), f"{name} missing") for name in ("ce_specversion", "ce_id", "ce_source", "ce_type")),
        *((GOOD.header(name, None), f"{name} missing") for name in ("ce_time", "ce_dataschema", "content-type")),
        (GOOD.header("ce_id", b""), "ce_id missing"),
        (GOOD.header("ce_specversion", b"0.3"), "ce_specversion or content-type"),
        (GOOD.header("content-type", b"application/json"), "ce_specversion or content-type"),
        (GOOD.header("ce_id", b"two words"), "ce_id"),
        (GOOD.header("ce_id", b"x" * 129), "ce_id"),
        (GOOD.header("ce_source", b"bvh"), "ce_source"),
        (GOOD.header("ce_source", b"urn:nld:oin:1:systeem:bvh"), "ce_source"),
        (GOOD.header("ce_time", b"yesterday"), "ce_time"),
        (GOOD.header("ce_time", b"2020-01-01T00:00:00"), "ce_time without zone"),
        (GOOD.header("ce_time", b"0001-01-01T00:00:00+14:00"), "ce_time"),
        (GOOD.header("ce_time", b"9999-12-31T23:59:59-14:00"), "ce_time"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_headers(spoiled: Sent, place: str) -> None:
    verdict = refused(spoiled.record())
    assert (verdict.reason, verdict.place, verdict.publisher) == ("bad-headers", place, None)


def without_headers(record: Record) -> Record:
    return replace(record, headers=())


def with_null_header(record: Record) -> Record:
    return replace(record, headers=(*record.headers, ("x", None)))  # type: ignore[arg-type]


def test_bad_headers_where_there_are_none_at_all() -> None:
    assert refused(GOOD.record(after=without_headers)).reason == "bad-headers"


def test_bad_headers_where_one_has_no_value() -> None:
    assert refused(GOOD.record(after=with_null_header)).reason == "bad-headers"


def test_unknown_publisher() -> None:
    verdict = refused(sent(offered(), NOBODY).record())
    assert (verdict.reason, verdict.place, verdict.publisher) == ("unknown-publisher", "ce_source", None)


def test_missing_signature() -> None:
    unsigned = GOOD.record(after=lambda r: replace(r, headers=tuple(h for h in r.headers if h[0] != SIGNATURE)))
    assert (refused(unsigned).reason, refused(unsigned).publisher) == ("missing-signature", None)


def on_the_way(name: str, content: bytes) -> Record:
    return GOOD.record(
        after=lambda r: replace(r, headers=tuple((n, content if n == name else c) for n, c in r.headers))
    )


@pytest.mark.parametrize(
    "record",
    [
        GOOD.by(STRANGER).record(),
        GOOD.record(after=lambda r: replace(r, value=(r.value or b"") + b"\0")),
        GOOD.record(after=lambda r: replace(r, value=None)),
        GOOD.record(after=lambda r: replace(r, key=b"client-2")),
        GOOD.record(after=lambda r: replace(r, key=None)),
        GOOD.record(after=lambda r: replace(r, headers=(*r.headers, ("ce_more", b"1")))),
        on_the_way("ce_id", b"another-id"),
        on_the_way("ce_time", b"2020-01-01T00:00:00Z"),
        on_the_way("ce_source", f"urn:nld:oin:{CARE}:systeem:bvh".encode()),
        on_the_way(SIGNATURE, b"!"),
        on_the_way(SIGNATURE, b""),
    ],
)
def test_bad_signature(record: Record) -> None:
    verdict = refused(record)
    assert (verdict.reason, verdict.place, verdict.publisher) == ("bad-signature", SIGNATURE, None)
