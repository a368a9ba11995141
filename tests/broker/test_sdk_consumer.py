"""Receiving from a real broker, the test playing disclose: each change once, and nothing is skipped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.local.platform import Platform
from ketenbus import codec, envelope, view
from ketenbus.consumer import Consumer
from ketenbus.envelope import Envelope, Headers
from ketenbus.errors import ConfigurationError, CorruptLogError, RetryableError
from ketenbus.keyring import PublisherKeys, ZoneKeys
from ketenbus.sealing import seal
from ketenbus.settings import PartnerSettings
from ketenbus.view import Received, Withheld
from tests.broker.sdk_world import World
from tests.made_up import DISCLOSE_KEY, NOW, OIN, SIGNING_KEY, report

Message = tuple[Headers, bytes, bytes | None]


@pytest.fixture
def world(platform: Platform, tmp_path: Path) -> World:
    return World(platform, tmp_path / "keyring")


def message(id: str, change: int = 1, kind: str = "delivery", private: Any = DISCLOSE_KEY, **fields: Any) -> Message:
    event = report(subject="v1-subject", **{"name": None, "birth_date": None, "forms": None, **fields})
    value = None if kind == "recall" else codec.encode(event)
    headers = envelope.write(
        Envelope(
            id=id,
            source=f"urn:nld:oin:{OIN}:systeem:ketenbus",
            type="nl.mensenhandel.victim-reported.v1",
            time=NOW,
            dataschema="urn:nl:mensenhandel:schema:1004",
            extensions=(
                (view.MASK, "registratie"),
                (view.ACTIVITY, "registratie-opsporing/1"),
                (view.CHANGE, str(change)),
                (view.KIND, kind),
                (view.LEFT_OUT, "phone"),
            ),
        )
    )
    return envelope.sign(headers, b"v1-subject", value or b"", private), b"v1-subject", value


async def drained(consumer: Consumer) -> list[Received]:
    """Everything the view holds now."""
    found = []
    while (received := await consumer.receive(timeout_seconds=2)) is not None:
        found.append(received)
    return found


def told(messages: list[Received]) -> list[tuple[str, int, str]]:
    return [(received.id, received.change, received.kind) for received in messages]


def reader(settings: PartnerSettings, name: str, **more: Any) -> Consumer:
    return Consumer(settings, name, "REGISTRATIE", **more)


async def test_deliveries_releases_replacements_and_recalls_are_surfaced_in_order(world: World) -> None:
    settings, name = world.recipient()
    kinds = ["delivery", "replacement", "recall", "release"]
    world.write(f"view.{name}.registratie", [message("e", n, kind) for n, kind in enumerate(kinds)])
    async with reader(settings, name) as consumer:
        got = await drained(consumer)
    assert told(got) == [("e", n, kind) for n, kind in enumerate(kinds)]
    assert [received.event is None for received in got] == [False, False, True, False]
    assert got[0].field("phone") == Withheld("registratie")


async def test_repeats_and_older_changes_are_dropped(world: World) -> None:
    settings, name = world.recipient()
    sent = [message("e", 2), message("f", 1), message("e", 2), message("e", 1), message("e", 3, "recall")]
    world.write(f"view.{name}.registratie", sent)
    async with reader(settings, name) as consumer:
        assert told(await drained(consumer)) == [("e", 2, "delivery"), ("f", 1, "delivery"), ("e", 3, "recall")]


async def test_fields_open_with_the_zones_keys_only(world: World, tmp_path: Path) -> None:
    settings, name = world.recipient()
    key_id, secret = PublisherKeys(tmp_path / "keys", OIN).key("client-1", "identity")
    sealed = seal("Ada", "string", secret, key_id, "victim-reported", "name", bytes(12))
    world.write(f"view.{name}.registratie", [message("e", name=sealed)])
    for grants, value in [([("*", "identity")], "Ada"), ([("*", "special")], sealed)]:
        keys = ZoneKeys(tmp_path / "keys", grants)
        async with reader(settings, name, keys=keys, group=f"{name}-{len(str(value))}") as consumer:
            assert [received.field("name") for received in await drained(consumer)] == [value]


async def test_what_failed_in_the_callers_hands_comes_again(world: World) -> None:
    settings, name = world.recipient()
    world.write(f"view.{name}.registratie", [message("e"), message("f"), message("g")])
    with pytest.raises(ZeroDivisionError):
        async with reader(settings, name) as consumer:
            async for received in consumer:
                if received.id == "f":
                    raise ZeroDivisionError
    async with reader(settings, name) as consumer:
        assert [received.id for received in await drained(consumer)] == ["f", "g"]


async def test_a_clean_exit_finishes_what_is_in_hand(world: World) -> None:
    settings, name = world.recipient()
    world.write(f"view.{name}.registratie", [message("e"), message("f"), message("g")])
    async with reader(settings, name) as consumer:
        async for received in consumer:
            if received.id == "f":
                break
    assert world.committed(f"{settings.user}.view.{name}.registratie", f"view.{name}.registratie") == 2
    async with reader(settings, name) as consumer:
        assert [received.id for received in await drained(consumer)] == ["g"]


async def test_a_state_file_drops_what_an_earlier_process_finished(world: World, tmp_path: Path) -> None:
    settings, name = world.recipient()
    world.write(f"view.{name}.registratie", [message("e"), message("f")])
    for group, expected in [("one", ["e", "f"]), ("two", [])]:
        async with reader(settings, name, group=f"{name}-{group}", state=tmp_path / "state.sqlite") as consumer:
            assert [received.id for received in await drained(consumer)] == expected


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (message("f", private=SIGNING_KEY), "bad-signature"),
        (((), b"k", b"v"), "bad-signature"),
        (message("f", kind="gift"), "bad-headers"),
    ],
    ids=["another-key", "no-headers", "unknown-kind"],
)
async def test_a_message_the_bus_did_not_write_stops_the_reader_there(world: World, bad: Message, reason: str) -> None:
    settings, name = world.recipient()
    world.write(f"view.{name}.registratie", [message("e"), bad, message("g")])
    for expected in (["e"], []):
        found = []
        with pytest.raises(CorruptLogError, match=f"view.{name}.registratie/0@1: {reason}"):
            async with reader(settings, name) as consumer:
                async for received in consumer:
                    found.append(received.id)
        assert found == expected


async def test_a_view_of_someone_else_cannot_be_read(world: World) -> None:
    with pytest.raises(ConfigurationError, match=r"view\.comensha\.registratie is not there or not for this user"):
        async with Consumer(world.partner("politie-limburg"), "comensha", "REGISTRATIE"):
            pass


async def test_a_broker_that_is_away_is_passing(world: World) -> None:
    with pytest.raises(RetryableError, match="joining"):
        async with Consumer(replace(world.partner(), kafka="127.0.0.1:1"), "comensha", "REGISTRATIE"):
            pass


async def test_a_second_member_takes_over_where_the_first_had_finished(world: World) -> None:
    settings, name = world.recipient()
    world.write(f"view.{name}.registratie", [message("e"), message("f"), message("g")])
    async with reader(settings, name) as first:
        assert [(await first.__anext__()).id, (await first.__anext__()).id] == ["e", "f"]
    async with reader(settings, name) as second:
        assert [received.id for received in await drained(second)] == ["g"]
