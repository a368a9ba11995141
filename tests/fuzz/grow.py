"""Lets atheris grow bytes for one target: `python -m tests.fuzz.grow decode SEEDS SECONDS`; fails on the first it cannot take.

A process of its own: libFuzzer ends the process it runs in.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["ketenbus", "streams.admit", "streams.runtime.records"]):
    from tests.fuzz.clock import within_time
    from tests.fuzz.targets import TARGETS

target = TARGETS[sys.argv[1]]
limits = [f"-max_total_time={sys.argv[3]}", "-max_len=4096", "-timeout=10", "-rss_limit_mb=1024", "-seed=1"]
atheris.Setup([sys.argv[0], *limits, sys.argv[2]], lambda data: within_time(target, data))
atheris.Fuzz()
