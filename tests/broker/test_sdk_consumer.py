"""Receiving from a real broker, the test playing disclose: each change once, and nothing is skipped."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from infra.local.platform import Platform
from ketenbus import catching_up, codec, envelope, view
from ketenbus.consumer import Consumer
from ketenbus.contract import contract
from ketenbus.envelope import Envelope, Headers
from ketenbus.errors import ConfigurationError, CorruptLogError, RetryableError
from ketenbus.events import PlacementMoved
from ketenbus.keyring import PublisherKeys, ZoneKeys
from ketenbus.preparing import dataschema_of
from ketenbus.recalls import confirmation
from ketenbus.sealing import seal
from ketenbus.settings import PartnerSettings
from ketenbus.values import Event
from ketenbus.view import Received, Withheld
from tests.broker.sdk_world import World
from tests.made_up import DISCLOSE_KEY, NOW, OIN, SIGNING_KEY, report

Message = tuple[Headers, bytes, bytes | None]


@pytest.fixture
def world(platform: Platform, tmp_path: Path) -> World:
    return World(platform, tmp_path / "keyring")


def message(id: str, change: int = 1, kind: str = "delivery", private: Any = DISCLOSE_KEY, **fields: Any) -> Message:
    event = report(subject="v1-subject", **{"name": None, "birth_date": None, "forms": None, **fields})
    return signed(event, id, change, kind, private)


def placed(id: str, change: int = 1, kind: str = "delivery") -> Message:
    """A message about a placement in a shelter."""
    moved = PlacementMoved(
        subject="v1-subject", occurred_at=NOW, occurred_precision="DAY", moved_on=NOW.date(), shelter_type="BO",
        region="NOORD", provider_id="a" * 16, safety_at_stake=False, age_group="MINOR",
    )  # fmt: skip
    return signed(moved, id, change, kind, DISCLOSE_KEY)


def signed(event: Event, id: str, change: int, kind: str, private: Any) -> Message:
    declared = contract().types[event.TYPE]
    value = None if kind == "recall" else codec.encode(event)
    headers = envelope.write(
        Envelope(
            id=id,
            source=f"urn:nld:oin:{OIN}:systeem:ketenbus",
            type=declared.ce_type,
            time=NOW,
            dataschema=dataschema_of(declared),
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


async def joined(consumer: Consumer, world: World, name: str) -> None:
    """Return once this reader has its view, and is at the end of it."""
    id = uuid4().hex
    world.write(f"view.{name}.registratie", [message(id)])
    while (await consumer.__anext__()).id != id:
        pass


def reader(settings: PartnerSettings, name: str, **more: Any) -> Consumer:
    return Consumer(settings, name, "REGISTRATIE", **more)


async def test_deliveries_releases_replacements_and_recalls_are_surfaced_in_order(world: World) -> None:
    settings, name = world.recipient()
    kinds = ["delivery", "replacement", "recall", "release"]
    async with reader(settings, name) as consumer:
        await joined(consumer, world, name)
        world.write(f"view.{name}.registratie", [message("e", n, kind) for n, kind in enumerate(kinds)])
        got = await drained(consumer)
    assert told(got) == [("e", n, kind) for n, kind in enumerate(kinds)]
    assert [received.event is None for received in got] == [False, False, True, False]
    assert got[0].field("phone") == Withheld("registratie")


async def test_repeats_and_older_changes_are_dropped(world: World) -> None:
    settings, name = world.recipient()
    sent = [message("e", 2), message("f", 1), message("e", 2), message("e", 1), message("e", 3, "recall")]
    async with reader(settings, name) as consumer:
        await joined(consumer, world, name)
        world.write(f"view.{name}.registratie", sent)
        assert told(await drained(consumer)) == [("e", 2, "delivery"), ("f", 1, "delivery"), ("e", 3, "recall")]


async def test_a_new_reader_is_handed_no_delivery_that_was_recalled_since_but_the_recall(
    world: World, tmp_path: Path
) -> None:
    settings, name = world.recipient()
    view_of = f"view.{name}.registratie"
    async with (
        reader(settings, name, group=f"{name}-before") as before,
        reader(settings, name, group=f"{name}-state", state=tmp_path / "lost.sqlite") as stateful,
    ):
        for consumer in (before, stateful):
            await joined(consumer, world, name)
        world.write(view_of, [placed("p", 1), placed("p", 2, "recall"), placed("q", 1)])
        both = [("p", 1, "delivery"), ("p", 2, "recall"), ("q", 1, "delivery")]
        for consumer in (before, stateful):
            assert [one for one in told(await drained(consumer)) if one[0] in "pq"] == both
    (tmp_path / "lost.sqlite").unlink()
    for group, state in (("after", None), ("lost", tmp_path / "lost.sqlite")):
        async with reader(settings, name, group=f"{name}-{group}", state=state) as late:
            got = [received for received in await drained(late) if received.id in "pq"]
            assert told(got) == [("p", 2, "recall"), ("q", 1, "delivery")]
            assert confirmation(got[0], name, "REGISTRATIE").event.change == 2
            world.write(view_of, [placed(group, 1), placed(group, 2, "recall")])
            assert told(await drained(late)) == [(group, 1, "delivery"), (group, 2, "recall")]


async def test_what_is_recalled_far_ahead_is_not_handed_out_however_impatient_its_reader(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """More than one fetch ahead, in steps that a timeout ends again and again; the log tells how far it is."""
    monkeypatch.setattr(catching_up, "AT_ONCE", 7)
    monkeypatch.setattr(catching_up, "PROGRESS_SECONDS", 0.0)
    caplog.set_level(logging.INFO, "ketenbus")
    settings, name = world.recipient()
    sent = [message(f"e{n}") for n in range(50)]
    forged = message("e1", 9, "recall", private=SIGNING_KEY)
    world.write(f"view.{name}.registratie", [*sent, message("e0", 2, "recall"), forged])
    got: list[Received] = []
    with pytest.raises(CorruptLogError, match="@51: bad-signature"):
        async with asyncio.timeout(60), reader(settings, name) as consumer:
            while (first := await consumer.receive(timeout_seconds=0)) is None:
                pass
            got.append(first)
            async for received in consumer:
                got.append(received)
    assert told(got) == [*((f"e{n}", 1, "delivery") for n in range(1, 50)), ("e0", 2, "recall")]
    assert f"view.{name}.registratie: looked ahead over 7 of 52 messages for recalls" in caplog.text


async def test_after_a_rebalance_what_was_recalled_meanwhile_is_not_handed_out(world: World) -> None:
    settings, name = world.recipient()
    world.write(f"view.{name}.registratie", [message("e"), message("f"), message("g")])
    async with reader(settings, name) as first:
        assert [(await first.__anext__()).id, (await first.__anext__()).id] == ["e", "f"]
        world.write(f"view.{name}.registratie", [message(id, 2, "recall") for id in "efg"])
        recalls = {(id, 2, "recall") for id in "efg"}
        got: list[Received] = []
        async with reader(settings, name) as second, asyncio.timeout(60):
            readers = [second]
            while not recalls <= {*told(got)}:
                for consumer in readers:
                    received = await consumer.receive(timeout_seconds=0.2)
                    got += [received] if received else []
                if not first._waiting:  # it had fetched g, until the rebalance took that back
                    readers = [first, second]
    assert {*told(got)} == recalls


async def test_a_place_that_the_log_no_longer_has_is_read_from_its_first_message(world: World) -> None:
    settings, name = world.recipient()
    world.write(f"view.{name}.registratie", [message("e"), message("e", 2, "recall"), message("f")])
    world.commit(f"{name}-lost", f"view.{name}.registratie", 1000)
    async with reader(settings, name, group=f"{name}-lost") as consumer:
        assert told(await drained(consumer)) == [("e", 2, "recall"), ("f", 1, "delivery")]


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
