"""Whose event an id is: one publisher's, or the caller says which."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ketenbus.errors import ConfigurationError
from services.lineage.answers import NotAdmitted
from services.lineage.arrivals import Arrival, named, one_publisher, repeated
from streams.runtime.records import Record
from streams.runtime.settings import Partner
from tests.made_up import SIGNING_KEY

A, B, C = (f"{n:020d}" for n in (1, 2, 3))
PARTNERS = {A: Partner("kmar", A, "KMar", "kmar", None, False, SIGNING_KEY.public_key())}
NOW = datetime(2026, 5, 4, tzinfo=UTC)


def arrival(oin: str | None, verified: bool = True) -> Arrival:
    return Arrival(oin, "victim-reported", verified, NotAdmitted("victim-reported/0/1", "undecodable", "frame", NOW))


@pytest.mark.parametrize("said", ["kmar", A, f"urn:nld:oin:{A}:systeem:test"])
def test_a_source_may_be_a_partner_an_oin_or_a_cloudevents_source(said: str) -> None:
    assert named(said, PARTNERS) == A


def test_a_source_that_names_no_partner_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="nobody names no partner"):
        named("nobody", PARTNERS)


def test_who_an_event_was_admitted_from_comes_before_who_is_said_to_have_sent_it() -> None:
    assert one_publisher("id", None, [A], [arrival(B), arrival(C, verified=False)]) == A
    assert one_publisher("id", None, [], [arrival(B), arrival(C, verified=False)]) == B
    assert one_publisher("id", None, [], [arrival(None, verified=False), arrival(C, verified=False)]) == C


def test_the_source_chooses_between_publishers_that_used_one_id() -> None:
    with pytest.raises(ConfigurationError, match=f"add --source, one of {A}, {B}"):
        one_publisher("id", None, [B, A], [])
    assert one_publisher("id", B, [B, A], []) == B
    assert one_publisher("id", C, [A], [arrival(C)]) == C


@pytest.mark.parametrize("wanted", [None, B])
def test_an_id_the_bus_does_not_know_is_refused(wanted: str | None) -> None:
    with pytest.raises(ConfigurationError, match="no event id"):
        one_publisher("id", wanted, [A] if wanted else [], [])


def test_a_repeat_that_admit_wrote_twice_is_one_arrival() -> None:
    headers = (("ce_id", b"id"), ("ce_source", f"urn:nld:oin:{A}:systeem:test".encode()))
    written = [
        Record("repeated", 0, n, 1_700_000_000_000, key, b"", headers)
        for n, key in enumerate((b"t/0/5", b"t/0/5", b"t/0/6"))
    ]
    assert [(a.oin, a.told.origin) for a in repeated(written, "id")] == [(A, "t/0/5"), (A, "t/0/6")]
    assert repeated(written, "another") == []
