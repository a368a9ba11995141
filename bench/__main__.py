"""Speed and memory on a real platform: `python -m bench [latency|throughput|demo|all]`, and `profile` to see what costs."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import demo, latency, profiling, throughput
from bench.figures import Figure, as_json, machine, table
from bench.place import Say
from streams.runtime.faust_lane import BATCH_RECORDS

Measure = Callable[[Say], tuple[list[Figure], dict[str, object]]]
MEASUREMENTS: dict[str, Measure] = {
    "latency": latency.measure,
    "throughput": throughput.measure,
    "demo": demo.measure,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked, print the figures beside their limits, and return 0."""
    wanted = _parser().parse_args(arguments)
    if wanted.what == "profile":
        print(profiling.profile(wanted.processor, _say, wanted.events, wanted.batch))
        return 0
    names = list(MEASUREMENTS) if wanted.what in (None, "all") else [wanted.what]
    load = os.getloadavg()[0]
    figures: list[Figure] = []
    details: dict[str, object] = {"load_before": round(load, 2)}
    for name in names:
        _say(name)
        measured, details[name] = MEASUREMENTS[name](_say)
        figures += measured
    on = machine()
    print(table(figures))
    print(
        f"\n{on['cores']} cores, {on['memory_mib']:,} MiB, {on['system']}, Python {on['python']}; servers on the same "
        f"machine; load before the start {load:.1f}"
    )
    limited = [figure for figure in figures if figure.limit is not None]
    print(f"limits {len(limited)} kept {sum(figure.kept for figure in limited)}")
    if wanted.json is not None:
        wanted.json.write_text(json.dumps(as_json(figures, details), indent=1) + "\n", "utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures and what they rest on to this file")
    kinds = parser.add_subparsers(dest="what", metavar="latency|throughput|demo|all|profile")
    for name in (*MEASUREMENTS, "all"):
        kind = kinds.add_parser(name)
        kind.add_argument("--json", type=Path, metavar="OUT", default=argparse.SUPPRESS)
    profiled = kinds.add_parser("profile", help="the most expensive functions and statements of one processor")
    profiled.add_argument("processor", choices=profiling.CHAIN)
    profiled.add_argument("--events", type=int, default=profiling.EVENTS, help="how many reports to send through")
    profiled.add_argument("--batch", type=int, default=BATCH_RECORDS, help="records a batch")
    return parser


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
