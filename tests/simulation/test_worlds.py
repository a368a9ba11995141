"""Whatever goes wrong, in whatever order: nothing is lost, nothing doubled, nothing unlawful told, and the end is the same."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.simulation.plan import drawn
from tests.simulation.violation import Violation
from tests.simulation.world import World, check

SEEDS, SHARES = 40, 8


def lawful(seed: int) -> World:
    """Run the world of a seed; what goes wrong there says how to see it."""
    try:
        return check(drawn(seed))
    except Violation as violation:
        pytest.fail(f"{violation}; replay it: python -m tests.simulation --seed {seed} --shrink")


@pytest.mark.parametrize("share", range(SHARES))
def test_no_world_breaks_a_law(share: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(share, SEEDS, SHARES):
        world = lawful(seed)
        seen["views"] += sum(len(records) for (topic, _), records in world.broker.records.items() if "view." in topic)
        seen["sayings"] += len(world.plan.publishings)
    assert seen["views"] > SEEDS // SHARES
    assert seen["sayings"] > 4 * SEEDS // SHARES


@pytest.mark.parametrize("seed", [1858, 2454, 50373])
def test_a_world_that_once_broke_a_law_does_no_more(seed: int) -> None:
    lawful(seed)


def test_everything_that_can_go_wrong_does() -> None:
    wanted = {"crash", "freeze", "break", "rebalance", "given up on", "back in the group", "clock is off"}
    wanted |= {": restore (", ": restore-server (", ": failover (", ": failover-server (", "ends on ReplacedError"}
    told = {"delivery", "release", "replacement", "recall", "id-reused", "future-time", "unknown-code", "bad-signature"}
    told |= {"a release of the register", "emergency-access-reviewed"}
    missing = wanted | told
    for seed in range(1000):
        trace = "\n".join(World(drawn(seed)).run().trace)
        missing = {word for word in missing if word not in trace}
        if not missing:
            return
    pytest.fail(f"in no world: {sorted(missing)}")


def test_a_seed_is_the_same_world_every_time() -> None:
    for seed in (1, 2, 5):
        assert World(drawn(seed)).run().trace == World(drawn(seed)).run().trace
