"""How long a target takes: this process's own processor time, so that a busy machine counts nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

MOST_SECONDS = 0.1
TRIES = 3  # the first call builds caches, and the collector of garbage may come by


def within_time(target: Callable[[bytes], None], data: bytes) -> None:
    """Give a target these bytes; fail when it never gets done with them within MOST_SECONDS."""
    took = []
    for _ in range(TRIES):
        before = time.process_time()
        target(data)
        took.append(time.process_time() - before)
        if took[-1] < MOST_SECONDS:
            return
    raise AssertionError(f"{target.__name__}: {len(data)} bytes take {min(took):.2f} s of processor time")
