"""What workers log of faults that are part of a world is in its trace."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.simulation.premises import premises


@pytest.fixture(autouse=True, scope="session")
def _gone() -> Iterator[None]:
    """Leave no folder behind: pytest's own processes end without saying so to anyone."""
    yield
    if premises.cache_info().currsize:
        premises().folder.cleanup()


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
