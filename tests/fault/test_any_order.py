"""A whole made-up history, in any order, any number of times, in batches of any size: what stands is the storyteller's truth."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import pytest_asyncio

from infra.local.platform import Platform
from sandbox.fit import fit
from sandbox.history import shuffle, tell, times
from sandbox.targets import published, scaled
from sandbox.telling import Planned, Story
from sandbox.truth import cells, expected
from tests import registry
from tests.fault.chain import Chain, chain, oins, prepared
from tests.fault.ending import Run

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(platform: Platform) -> AsyncIterator[Chain]:
    async with chain(platform) as running:
        yield running


@pytest.fixture(scope="module")
def story(platform: Platform) -> Story:
    return tell(fit(scaled(published(), 0.01), seed=7), 7, dict(oins(platform)))


async def told(world: Chain, events: Sequence[Planned], most: int = 500) -> Run:
    return await world.run([prepared(world.platform, events)], most=most)


async def outcomes(run: Run) -> dict[str, set[tuple[Any, ...]]]:
    """What became of every event of a partner, by its id."""
    found: dict[str, set[tuple[Any, ...]]] = {}
    query = (
        "SELECT id, recipient, purpose, outcome, reasons FROM standing WHERE recipient <> 'rapporteur' OR oin <> $$x$$"
    )
    for id, recipient, purpose, outcome, reasons in await run.rows("disclose", query):
        found.setdefault(id, set()).add((recipient, purpose, outcome, reasons.strip('[]"')))
    return found


async def check(run: Run, story: Story, events: Sequence[Planned]) -> None:
    """Nothing lost, nothing doubled, every outcome and every cell as the storyteller meant it."""
    truth = expected(story, events)
    found = await outcomes(run)
    published = run.balance()
    assert published[0] == published[1]
    assert await run.unsent() == []
    assert run.doubles() == []
    assert {id: found.get(id, set()) for id, wanted in story.outcomes.items() if wanted} == {
        id: {tuple(outcome) for outcome in wanted} for id, wanted in story.outcomes.items() if wanted
    }
    assert len(run.quarantine()) == sum(truth.quarantined.values())
    assert registry.cells(await run.registered()) == {cell: n for cell, n in cells(story.persons).items() if n}


async def test_as_it_is_told(world: Chain, story: Story) -> None:
    run = await told(world, story.events)
    await check(run, story, story.events)


@pytest.mark.parametrize(("seed", "most"), [(1, 500), (2, 97), (3, 20)])
async def test_shuffled_and_in_smaller_batches(world: Chain, story: Story, seed: int, most: int) -> None:
    events = shuffle(story.events, seed)
    await check(await told(world, events, most), story, events)


async def test_three_times_over(world: Chain, story: Story) -> None:
    events = times(story.events, 3)
    run = await told(world, events)
    await check(run, story, events)
    assert len(run.log.of("repeated")) == expected(story, events).repeated


async def test_the_reasons_of_quarantine_are_the_planned_faults(world: Chain, story: Story) -> None:
    run = await told(world, story.events)
    planned = sorted(event.fault for event in story.events if event.fault is not None)
    assert sorted(reason.decode() for _, reason in run.quarantine()) == planned
