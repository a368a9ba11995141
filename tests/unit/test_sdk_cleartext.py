"""Numbers that name a person are known by their form, and numbers that only look like it are left alone."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketenbus import rules
from ketenbus.cleartext import holds_bsn, holds_phone
from ketenbus.keyring import PublisherKeys
from ketenbus.preparing import Outgoing, Refused, prepare
from sandbox import invented
from tests.made_up import NOW, partner, report


@pytest.mark.parametrize(
    "text",
    ["111222333", "bsn111222333", "BSN:111222333", "client 111222333, adult", "1112.22.333", "111 222 333", "111-222-333",
     "999990019", "１１１２２２３３３", "x_111222333", "2020-111222333", "١١١٢٢٢٣٣٣", "111‑222‑333", "111–222–333", "111\u00a0222\u00a0333",
     "111\u200b222\u00ad333", "¹¹¹²²²³³³"],
)  # fmt: skip
def test_a_bsn(text: str) -> None:
    assert holds_bsn(text)


@pytest.mark.parametrize(
    "text",
    ["111222334", "000000000", "c111222333", "111222333a", "0111222333", "1112223330", "111.222-333", "", "2020-01-31",
     "00000004000000003000", "11122233"],
)  # fmt: skip
def test_no_bsn(text: str) -> None:
    assert not holds_bsn(text)


@pytest.mark.parametrize(
    "text",
    ["0612345678", "06-12345678", "06 12 34 56 78", "06-1234 5678", "tel:0201234567", "020-1234567", "0123-456789",
     "+31612345678", "06‑12345678", "+31 (0)6 12345678", "0031 6 12345678", "+31-20-1234567", "bel 06-12345678!"],
)  # fmt: skip
def test_a_phone_number(text: str) -> None:
    assert holds_phone(text)


@pytest.mark.parametrize(
    "text",
    ["2016-000123", "0012345678", "061234567", "06123456789", "a0612345678", "01-02-2020-12", "2026-05-04T12:30:00.000000Z",
     "00000009900000000001", "+32612345678", ""],
)  # fmt: skip
def test_no_phone_number(text: str) -> None:
    assert not holds_phone(text)


@given(st.uuids(), st.datetimes(timezones=st.just(UTC)), st.from_regex(r"[0-9]{20}", fullmatch=True))
def test_ids_and_times_of_the_bus_are_never_taken_for_one(id: UUID, time: datetime, oin: str) -> None:
    for text in (str(id), id.hex, time.isoformat(), f"urn:nld:oin:{oin}:systeem:bvh", f"00-{id.hex}-{id.hex[:16]}-01"):
        assert not holds_bsn(text)
        assert not holds_phone(text)


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    assert {*rules.personal(text)} <= {rules.NO_BSN, rules.NO_PHONE}


@pytest.mark.parametrize(("numbers", "many"), [(invented.bsns, 90_909), (invented.v_numbers, 1_000_000)])
def test_every_invented_number_comes_once_from_wherever_they_begin(
    numbers: Callable[[random.Random], Iterator[str]], many: int
) -> None:
    drawn = [*numbers(random.Random(2))]
    assert len({*drawn}) == len(drawn) == many
    assert drawn[0] != next(numbers(random.Random(3)))


def test_what_the_sandbox_calls_a_bsn_is_nobodys() -> None:
    numbers = invented.bsns(random.Random(1))
    assert not any(holds_bsn(next(numbers)) for _ in range(200))


@pytest.mark.parametrize(
    ("changed", "field", "rule"),
    [
        ({"subject": "111222333"}, "subject", rules.NO_BSN),
        ({"caused_by": "06-12345678"}, "caused_by", rules.NO_PHONE),
        ({"corrects": "bsn:111222333"}, "corrects", rules.NO_BSN),
    ],
)
def test_the_sdk_refuses_it_before_sending_and_names_field_and_rule(
    changed: dict[str, str], field: str, rule: str, tmp_path: Path
) -> None:
    refused = _prepared(tmp_path, Outgoing(report(**changed), "event-1", NOW))
    assert isinstance(refused, Refused)
    assert [(problem.field, problem.rule) for problem in refused.problems] == [(field, rule)]


def test_the_sdk_refuses_it_as_an_id(tmp_path: Path) -> None:
    refused = _prepared(tmp_path, Outgoing(report(), "111222333", NOW))
    assert isinstance(refused, Refused)
    assert [(problem.field, problem.rule) for problem in refused.problems] == [("id", rules.NO_BSN)]


def test_in_a_sealed_field_it_is_where_it_belongs(tmp_path: Path) -> None:
    assert not isinstance(
        _prepared(tmp_path, Outgoing(report(bsn="111222333", phone="06-12345678"), "e", NOW)), Refused
    )


def _prepared(folder: Path, outgoing: Outgoing) -> object:
    settings = partner(folder / "keyring")
    keys = PublisherKeys(settings.keyring, settings.oin)
    try:
        return prepare(outgoing, settings, keys)
    finally:
        keys.close()


def test_a_uuid_that_looks_like_a_phone_number_is_none() -> None:
    looks = "00310311-7816-4cab-83d7-7b7fce6a2c02"
    assert holds_phone(looks)
    assert not [*rules.personal(looks)]
    assert [*rules.personal(looks + "0")]
