"""Replay a seed step by step, or try many: `python -m tests.simulation --seed N [--shrink] [--plant NAME]`."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Sequence

from tests.simulation.plan import Plan, drawn
from tests.simulation.plants import NONE, PLANTS, Plant
from tests.simulation.shrink import fails, shrunk
from tests.simulation.violation import Violation
from tests.simulation.world import World, check


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line; 0 when nothing goes wrong, 1 when a law is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the world to replay, or the first of many")
    parser.add_argument("--seeds", type=int, help="try so many worlds, and say only which go wrong")
    parser.add_argument("--shrink", action="store_true", help="leave out everything that the fault does not need")
    parser.add_argument("--plant", choices=sorted(PLANTS), help="with a bug planted on purpose")
    asked = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)  # what the workers log is in the trace
    plant = PLANTS[asked.plant] if asked.plant else NONE
    if asked.seeds is not None:
        return _many(range(asked.seed, asked.seed + asked.seeds), plant)
    plan = drawn(asked.seed, restores=plant.restores)
    if asked.shrink:
        plan = shrunk(plan, plant)
    return _replay(plan, plant)


def _replay(plan: Plan, plant: Plant) -> int:
    print(f"seed {plan.seed}: {len(plan.publishings)} sayings, {plan.workers} workers, batches of {plan.most} at most")
    for publishing in plan.publishings:
        print(f"  at {publishing.at:6.3f} {publishing.saying}")
    for announcement in plan.announced:
        print(f"  at {announcement.at:6.3f} {announcement}")
    for fault in plan.faults:
        print(f"  {fault}")
    violation, trace = replayed(plan, plant)
    print(*trace, sep="\n")
    print(f"{violation}" if violation is not None else "nothing went wrong")
    return int(violation is not None)


def replayed(plan: Plan, plant: Plant) -> tuple[Violation | None, list[str]]:
    """Return what goes wrong, and every step up to there."""
    world = World(plan, plant)
    try:
        check(plan, plant, world=world)
    except Violation as violation:
        return violation, world.trace
    return None, world.trace


def _many(seeds: range, plant: Plant) -> int:
    began, wrong = time.monotonic(), 0
    for seed in seeds:
        violation = fails(drawn(seed, restores=plant.restores), plant)
        if violation is not None:
            wrong += 1
            print(f"seed {seed}: {violation}", flush=True)
    seconds = time.monotonic() - began
    print(f"{len(seeds)} seeds, {wrong} wrong, {len(seeds) / seconds:.1f} seeds/s")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
