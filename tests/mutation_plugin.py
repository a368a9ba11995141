"""What pytest needs under mutmut 3.7: loaded by `[tool.mutmut]` alone."""

from __future__ import annotations

import gc
from functools import _lru_cache_wrapper

import pytest
from hypothesis import Phase, settings

from consent.remembering import Remembering

# pytest 9 calls a test's name otherwise.
pytest.Item._nodeid = property(lambda item: item.nodeid)  # type: ignore[attr-defined]


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """Look for no smaller example: that there is one says enough, and a mutant has many."""
    settings.register_profile("mutants", settings(), phases=(Phase.explicit, Phase.generate))
    settings.load_profile("mutants")


def pytest_collection_finish() -> None:
    """Forget every answer that is kept: each mutant is tried in a copy of the process that ran the tests before."""
    gc.unfreeze()  # mutmut freezes before it forks: what is frozen is not among the objects
    for kept in gc.get_objects():
        if isinstance(kept, _lru_cache_wrapper) and kept.__module__.startswith(("consent", "streams", "tests")):
            kept.cache_clear()
        elif isinstance(kept, Remembering):
            kept.forget()
