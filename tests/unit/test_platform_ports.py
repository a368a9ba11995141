"""Which ports the servers get."""

from __future__ import annotations

import pytest

from infra.local.ports import choose
from ketenbus.errors import ConfigurationError


def test_a_remembered_port_that_is_free_is_taken_again() -> None:
    assert choose(20001, free=lambda _: True) == 20001


def test_a_remembered_port_that_is_taken_is_replaced() -> None:
    drawn = iter((20001, 20002))
    free = {20002}.__contains__
    assert choose(20001, free=free, draw=lambda: next(drawn), closing_seconds=0) == 20002


def test_a_remembered_port_that_a_killed_server_still_holds_is_waited_for() -> None:
    looks = iter((False, False, True))
    assert choose(20001, free=lambda _: next(looks)) == 20001


def test_a_port_meant_for_the_other_server_is_avoided() -> None:
    drawn = iter((20001, 20003))
    assert choose(20001, avoid={20001}, free=lambda _: True, draw=lambda: next(drawn)) == 20003


def test_when_nothing_is_free_the_message_says_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match="stop what listens there"):
        choose(None, free=lambda _: False)
