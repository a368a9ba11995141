"""A database restored from an older copy: what was sent since is taken back from the log, and the end is the same end."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any

import pytest
import pytest_asyncio

from infra.local.platform import Platform
from ketenbus.preparing import Prepared
from tests.fault.chain import Chain, chain, prepared
from tests.fault.ending import Run
from tests.fault.knife import Knife, Log
from tests.fault.test_kills import consent, planned, report, waves

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Small batches: many moments at which to copy and to restore.
MOST = 3
VIEW = "view.comensha.registratie"


def after(platform: Platform) -> list[Prepared]:
    """What comes after the restore, and turns on numbers given out before it: recalls, releases, joins, corrections."""
    withdrawn = {"given_by": "PERSON", "age_group": "ADULT"}
    return prepared(
        platform,
        [
            planned("overige-1", "consent-withdrawn", "w1", hours=2, withdraws="g1", **withdrawn),
            consent("g4", subject="client-2", hours=3),
            report("politie-limburg", "p3", hours=3, corrects="p2", forms=("AU",)),
            report("overige-1", "o4", subject="client-3", hours=4),
        ],
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(platform: Platform) -> AsyncIterator[Chain]:
    async with chain(platform) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def story(platform: Platform) -> list[list[Prepared]]:
    return [*waves(platform), after(platform)]


class Teller:
    """Tells a story turn by turn, copying the databases at one turn and restoring them at another."""

    def __init__(self, world: Chain, copied: int | None, restored: int | None) -> None:
        self.world = world
        self.copied = copied
        self.restored = restored
        self.log = Log()
        self.turns = 0
        self.told_by_restore: list[bytes] = []

    async def tell(self, story: Sequence[Sequence[Prepared]]) -> Run:
        """Tell it all, each wave until nothing is left to read."""
        knife = Knife()
        await self.world.empty()
        for seat in self.world.seats.values():
            await seat.start(self.log, knife)
        for wave in story:
            for made in wave:
                self.log.append(made.topic, made.key, made.value, made.headers)
            while any([await self._turn(name, knife) for name in self.world.seats]):
                pass
        return Run(self.log, knife.steps, self.world.seats)

    async def _turn(self, name: str, knife: Knife) -> bool:
        if self.turns == self.copied:
            for seat in self.world.seats.values():
                await seat.back_up()
        if self.turns == self.restored:
            before = len(self.log.of(VIEW))
            for seat in self.world.seats.values():
                await seat.restore()
                await seat.start(self.log, knife, anew=True)
            self.told_by_restore = [dict(r.headers)["ce_ketenbuskind"] for r in self.log.of(VIEW)[before:]]
        self.turns += 1
        seat = self.world.seats[name]
        records = seat.arrived(self.log, MOST)
        await seat.apply(records)  # an empty batch is a pause, as the lane makes them
        return bool(records)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def undisturbed(world: Chain, story: list[list[Prepared]]) -> tuple[int, int, dict[str, Any]]:
    """How many turns the first two waves and the whole take, and what an undisturbed run ends with."""
    first = Teller(world, None, None)
    await first.tell(story[:2])
    whole = Teller(world, None, None)
    run = await whole.tell(story)
    return first.turns, whole.turns, await run.state()


def moments(turns: int, many: int) -> list[tuple[int, int]]:
    """Seeded pairs of turns: when to copy, and when to restore."""
    draw = random.Random(f"restore-{turns}")
    return [(0, turns - 1), *(tuple(sorted(draw.sample(range(turns), 2))) for _ in range(many))]  # type: ignore[list-item]


@pytest.mark.parametrize("share", range(4))
async def test_restored_at_any_turn_from_any_earlier_one_the_end_is_the_undisturbed_end(
    world: Chain, story: list[list[Prepared]], undisturbed: tuple[int, int, dict[str, Any]], share: int
) -> None:
    _, turns, wanted = undisturbed
    for copied, restored in moments(turns, 11)[share::4]:
        run = await Teller(world, copied, restored).tell(story)
        found = await run.state()
        assert found == wanted, f"copied at turn {copied}, restored at {restored} of {turns}"
        assert run.balance()[0] == run.balance()[1]


async def test_a_restore_at_rest_discloses_nothing_that_no_longer_stands(
    world: Chain, story: list[list[Prepared]], undisturbed: tuple[int, int, dict[str, Any]]
) -> None:
    at_rest, _, wanted = undisturbed
    for copied in range(0, at_rest, 6):
        teller = Teller(world, copied, at_rest)
        run = await teller.tell(story)
        assert b"release" not in teller.told_by_restore, f"copied at turn {copied}"
        assert b"delivery" not in teller.told_by_restore, f"copied at turn {copied}"
        assert await run.state() == wanted


@pytest.mark.parametrize("first", ["client-1", "client-2"])
async def test_who_was_joined_with_another_since_the_copy_and_is_alone_again_still_has_a_record(
    world: Chain, platform: Platform, first: str
) -> None:
    """In one of the two orders the join gives the record another number, and ends it under the one that the copy knows."""
    other = {"client-1": "client-2", "client-2": "client-1"}[first]
    ada = {"name": "Ada", "birth_date": date(1990, 1, 31)}
    told = prepared(
        platform,
        [
            report("politie-limburg", "a", subject=first, **ada),
            report("politie-limburg", "b", subject=other, hours=1, **ada),
            planned(
                "politie-limburg",
                "event-retracted",
                "c",
                subject=other,
                hours=2,
                withdraws="b",
                reason="ENTERED_IN_ERROR",
            ),
        ],
    )
    story = [[made] for made in told]
    before, undisturbed = Teller(world, None, None), Teller(world, None, None)
    await before.tell(story[:1])
    wanted = await (await undisturbed.tell(story)).state()
    run = await Teller(world, before.turns, undisturbed.turns - 1).tell(story)
    assert len(await run.records()) == len(await run.registered()) == 1
    assert await run.state() == wanted
