"""What a quarantined record says of itself, and what it never says."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from ketenbus import codec, envelope
from ketenbus.envelope import Envelope, Headers
from ketenbus.errors import CorruptLogError
from ketenbus.values import Event
from services.quarantine.chains import chains, digest
from services.quarantine.parked import inspected, once, original, parked, totals
from services.quarantine.printing import print_list, print_one
from streams.admit.reasons import REASONS, UNVERIFIED
from streams.runtime.records import Record, pack_headers
from streams.runtime.settings import Partner
from tests.consent_facts import NOON, OIN, given, reported
from tests.made_up import SIGNING_KEY

PARTNERS = {OIN: Partner("politie-limburg", OIN, "Limburg", "politie", "LIMBURG", False, SIGNING_KEY.public_key())}


def headers_of(event: Event, **changed: bytes) -> Headers:
    written = dict(
        envelope.write(
            Envelope(
                id="event-1",
                source=envelope.source_of(OIN, "bvh"),
                type=f"nl.mensenhandel.{event.TYPE}.v1",
                time=NOON,
                dataschema=f"urn:nl:mensenhandel:schema:{event.SCHEMA_ID}",
            )
        )
    )
    return tuple((written | changed).items())


def record(
    reason: str = "unknown-code",
    place: str = "channel",
    value: bytes | None = None,
    offset: int = 3,
    origin: str = "t/0/9",
    **changed: bytes,
) -> Record:
    """A record as admit quarantines it: a consent with a code that is on no list, unless said otherwise."""
    event = given(channel="SMOKE_SIGNAL").event
    headers: Headers = (
        ("ketenbus-reason", reason.encode()),
        ("ketenbus-place", place.encode()),
        ("ketenbus-origin", origin.encode()),
        ("ketenbus-key", base64.b64encode(b"client-1")),
        ("ketenbus-headers", pack_headers(headers_of(event, **changed)).encode()),
    )
    held = codec.encode(event) if value is None else value
    return Record("quarantine", 0, offset, 1_700_000_000_000, origin.encode(), held, headers)


def listed(*records: Record) -> str:
    """What the list prints of these records."""
    found = chains([(parked(one, PARTNERS), digest(original(one))) for one in records], {})
    return shown(lambda console: print_list(console, found, found))


def shown(what: Callable[[Console], None]) -> str:
    out = io.StringIO()
    what(Console(file=out, width=200))
    return out.getvalue()


def test_a_record_says_where_it_came_from_why_it_is_here_and_who_sent_it() -> None:
    one = parked(record(), PARTNERS)
    assert (one.origin, one.held_at, one.reason, one.place) == ("t/0/9", "quarantine/0/3", "unknown-code", "channel")
    assert (one.publisher, one.id, one.type) == ("politie-limburg", "event-1", "nl.mensenhandel.consent-given.v1")
    assert one.verified
    assert one.appended_at == datetime.fromtimestamp(1_700_000_000, UTC)


@pytest.mark.parametrize("reason", sorted(UNVERIFIED))
def test_who_sent_it_is_unverified_when_the_signature_was_never_found_good(reason: str) -> None:
    assert not parked(record(reason), PARTNERS).verified
    assert "politie-limburg (unverified)" in listed(record(reason))


def test_a_record_that_admit_wrote_twice_counts_once() -> None:
    rows = [parked(record(offset=n, origin=f"t/0/{n // 2}"), PARTNERS) for n in range(4)]
    assert [one.held_at for one in once(rows)] == ["quarantine/0/0", "quarantine/0/2"]


def test_totals_name_the_most_frequent_reason_first() -> None:
    rows = [parked(record(reason), PARTNERS) for reason in ("wrong-key", "undecodable", "undecodable", "bad-headers")]
    assert list(totals(rows).items()) == [("undecodable", 2), ("bad-headers", 1), ("wrong-key", 1)]


def test_a_look_at_a_record_names_fields_and_broken_rules_and_never_what_they_say() -> None:
    seen = inspected(record(), PARTNERS)
    assert "channel" in [field.name for field in seen.fields]
    assert [broken.field for broken in seen.broken] == ["type", "channel"]  # the police do not record consent
    everything = shown(lambda console: print_one(console, seen)) + json.dumps(asdict(seen), default=str)
    for content in ("client-1", "SMOKE_SIGNAL", "PERSON", "2018-05.1"):
        assert content not in everything


def test_sealed_fields_are_told_from_clear_ones() -> None:
    seen = inspected(record(value=codec.encode(reported().event)), PARTNERS)
    assert {field.sealed for field in seen.fields} == {False}


def test_a_value_that_is_no_frame_shows_not_one_byte() -> None:
    seen = inspected(record("unknown-schema", "frame", value=b"Ada Voorbeeld"), PARTNERS)
    assert (seen.frame, seen.event_type, seen.fields, seen.parked.value_bytes) == (None, None, (), 13)
    assert "Ada" not in shown(lambda console: print_one(console, seen))


def test_a_frame_whose_event_cannot_be_read_still_names_its_type() -> None:
    seen = inspected(record("undecodable", "EOFError", value=codec.encode(given().event)[:9]), PARTNERS)
    assert (seen.event_type, seen.fields, seen.broken) == ("consent-given", (), ())
    assert seen.frame is not None


def test_a_header_that_is_not_the_contracts_is_named_but_not_read_out() -> None:
    seen = inspected(record(**{"x-naam": b"Ada Voorbeeld"}), PARTNERS)
    assert ("x-naam", 13, None) in [(h.name, h.bytes, h.text) for h in seen.headers]
    assert "Ada" not in shown(lambda console: print_one(console, seen))


@pytest.mark.parametrize("hostile", [b"\x1b[2J", b"id\nsecond line", b"\xff", b"x" * 5000])
def test_what_a_terminal_would_act_on_is_not_passed_to_it(hostile: bytes) -> None:
    one = parked(record("bad-headers", "ce_id", ce_id=hostile), PARTNERS)
    seen = inspected(record("bad-headers", "ce_id", ce_id=hostile), PARTNERS)
    assert one.id is None
    assert "\x1b" not in shown(lambda console: print_one(console, seen))


def test_markup_in_a_header_is_text() -> None:
    assert "[red]x[/red]" in listed(record(ce_id=b"[red]x[/red]"))


def test_a_record_that_admit_did_not_write_is_refused() -> None:
    with pytest.raises(CorruptLogError, match="ketenbus-headers, ketenbus-key"):
        parked(Record("quarantine", 0, 0, 0, b"", b"", ()), PARTNERS)


@pytest.mark.parametrize(
    ("reason", "who"),
    [
        ("broken-rule", "repair"),
        ("unknown-publisher", "replay"),
        ("unknown-code", "repair or replay"),
        ("missing-signature", "repair --as its publisher"),
        ("id-reused", "nobody"),
    ],
)
def test_a_look_says_who_can_mend_it(reason: str, who: str) -> None:
    assert f"mended by   {who}" in shown(lambda console: print_one(console, inspected(record(reason), PARTNERS)))
    assert inspected(record(reason), PARTNERS).meaning == REASONS[reason].meaning


@pytest.mark.parametrize("number", [b"999990019", b"zaak 9999.90.019", b"06-12345678"])
def test_a_number_that_names_a_person_is_not_told_wherever_it_stands(number: bytes) -> None:
    held = record("bsn-in-clear", "ce_id", ce_id=number, traceparent=number)
    one = parked(held, PARTNERS)
    assert one.id is None
    said = listed(held) + shown(lambda console: print_one(console, inspected(held, PARTNERS)))
    assert number.decode() not in said
    assert ("traceparent", len(number), None) in [(h.name, h.bytes, h.text) for h in inspected(held, PARTNERS).headers]


def test_a_header_whose_name_is_no_text_or_that_has_no_value_is_told_as_that() -> None:
    odd: Any = ((b"x-\xff".decode("utf-8", "surrogateescape"), b"1"), ("traceparent", None))
    held = record("header-not-utf8")
    kept = tuple((n, pack_headers((*headers_of(given().event), *odd)).encode() if n == "ketenbus-headers" else c) for n, c in held.headers)  # fmt: skip
    seen = inspected(replace(held, headers=kept), PARTNERS)
    assert [(h.name, h.bytes, h.text) for h in seen.headers[-2:]] == [
        ("(not printable)", 1, None),
        ("traceparent", 0, None),
    ]
    assert original(replace(held, headers=kept)).headers[-2:] == odd
