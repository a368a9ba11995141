"""A hundred thousand worlds, on two processors."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.simulation.plan import drawn
from tests.simulation.shrink import fails

SEEDS, CHUNK, PROCESSES = 100_000, 250, 2
HOURS = 4


@pytest.mark.long
@pytest.mark.timeout(HOURS * 3600)
def test_no_world_of_a_hundred_thousand_breaks_a_law(capsys: pytest.CaptureFixture[str]) -> None:
    began, wrong = time.monotonic(), []
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as processes:
        for number, found in enumerate(processes.map(_chunk, range(0, SEEDS, CHUNK)), 1):
            wrong += found
            if number % 20 == 0:
                rate = number * CHUNK / (time.monotonic() - began)
                with capsys.disabled():
                    print(f"  {number * CHUNK} of {SEEDS} worlds, {len(wrong)} wrong, {rate:.0f} a second", flush=True)
    assert wrong == [], "replay one: python -m tests.simulation --seed N --shrink"


def _chunk(start: int) -> list[str]:
    """What goes wrong in so many worlds, in a process of its own."""
    logging.disable(logging.CRITICAL)
    found = ((seed, fails(drawn(seed))) for seed in range(start, start + CHUNK))
    return [f"seed {seed}: {violation}" for seed, violation in found if violation is not None]
