"""Names that hold in one view only."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from ketenbus import rules
from ketenbus.errors import ConfigurationError
from streams.disclose.tokens import EventName, Tokens
from tests.log_events import SUBJECT, VIEW_KEY, tokens

NAME = EventName(SUBJECT, "0" * 20, "event-1")


def test_an_auditor_translates_a_token_back() -> None:
    here = tokens()
    assert here.read(here.subject(SUBJECT)) == SUBJECT
    assert here.read(here.event(NAME)) == NAME


def test_the_same_name_is_the_same_token_at_every_time() -> None:
    assert tokens().event(NAME) == tokens().event(NAME)
    assert tokens().subject(SUBJECT) == tokens().subject(SUBJECT)


def test_a_subject_and_an_event_are_never_one_token() -> None:
    here = tokens()
    assert here.subject(b"e" + SUBJECT[1:]) != here.event(EventName(SUBJECT, "", ""))


def test_two_views_share_no_token_and_read_none_of_each_other() -> None:
    here, there = tokens("view.comensha.registratie"), tokens("view.comensha.plaatsing")
    assert here.subject(SUBJECT) != there.subject(SUBJECT)
    assert here.event(NAME) != there.event(NAME)
    assert there.read(here.subject(SUBJECT)) is None
    assert there.read(here.event(NAME)) is None


def test_another_key_reads_nothing() -> None:
    assert Tokens(bytes(64), "view.comensha.registratie").read(tokens().event(NAME)) is None
    assert bytes(64) != VIEW_KEY


def test_a_token_names_its_epoch_first_so_that_keys_can_change() -> None:
    token = tokens().event(NAME)
    assert token.startswith("1.")
    assert tokens().read("2." + token[2:]) is None
    later = Tokens(b"\2" + VIEW_KEY, "view.comensha.registratie")
    assert later.event(NAME).startswith("2.")
    assert later.read(token) is None
    assert later.read(later.event(NAME)) == NAME
    assert later.read(later.subject(SUBJECT)) == SUBJECT


@pytest.mark.parametrize("key", [b"", bytes(63), b"\0" + VIEW_KEY, b"\3" + VIEW_KEY, b"\2" + VIEW_KEY + b"\0"])
def test_a_key_of_no_known_epoch_is_none(key: bytes) -> None:
    with pytest.raises(ConfigurationError, match="no epoch"):
        Tokens(key, "view.comensha.registratie")


def test_from_epoch_2_a_name_says_nothing_of_how_long_its_publishers_ids_are() -> None:
    here = Tokens(b"\2" + VIEW_KEY, "view.comensha.plaatsing")
    ids = ["P-2026-0017", "0a1b2c3d-0000-4000-8000-000000000000", "plaatsing/huis/000000812", "x" * 64]
    names = [here.event(replace(NAME, id=id)) for id in ids]
    assert {len(name) for name in names} == {160}
    assert [here.read(name) for name in names] == [replace(NAME, id=id) for id in ids]
    longest = replace(NAME, id="x" * 128)
    assert here.read(here.event(longest)) == longest
    assert len(here.event(longest)) <= 256
    assert rules.TOKEN.fullmatch(here.event(longest))


def changed(token: str) -> str:
    raw = bytearray(base64.urlsafe_b64decode(token[2:] + "=="))
    raw[-1] ^= 1
    return "1." + base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.mark.parametrize("token", ["", "1", "1.", "1.A", "1.AAAA", "client-1", "1.é", changed(tokens().event(NAME))])
def test_what_is_no_token_of_this_view_is_read_as_none(token: str) -> None:
    assert tokens().read(token) is None


def test_a_token_is_visible_ascii_that_fits_an_event_id_header() -> None:
    longest = tokens().event(EventName(SUBJECT, "0" * 20, "x" * 128))
    assert longest.isascii()
    assert len(longest) <= 256
