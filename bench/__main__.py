"""Speed and memory on a real platform: `python -m bench [WHAT]`, and `profile` to see what costs."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench import demo, docs, lane, latency, peering, policy, profiling, recall, throughput, volume
from bench.figures import Figure, as_json, table
from bench.place import Say
from streams.runtime.batches import BATCH_RECORDS

Measured = tuple[list[Figure], dict[str, object]]
Measure = Callable[[Say, argparse.Namespace], Measured]
MEASUREMENTS: Mapping[str, Measure] = {
    "peers": lambda say, wanted: peering.measure(say, wanted.peer_events),
    "lane": lambda say, wanted: lane.measure(say, wanted.peer_events),
    "latency": lambda say, _: latency.measure(say),
    "recall": lambda say, _: recall.measure(say),
    "throughput": lambda say, _: throughput.measure(say),
    "scale": lambda say, wanted: volume.measure_scale(say, wanted.times),
    "memory": lambda say, wanted: volume.measure_memory(say, wanted.events),
    "demo": lambda say, _: demo.measure(say),
    "policy": lambda say, _: policy.measure(say),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked, print the figures beside their limits, and return 0; what was measured is written at once."""
    wanted = _parser().parse_args(arguments)
    if wanted.what == "profile":
        print(profiling.profile(wanted.processor, _say, wanted.profiled, wanted.batch))
        return 0
    names = list(MEASUREMENTS) if wanted.what in (None, "all") else [wanted.what]
    load = os.getloadavg()[0]
    measured: dict[str, list[Figure]] = {}
    details: dict[str, object] = {"load_before": round(load, 2)}
    if wanted.json is not None:
        wanted.json.parent.mkdir(parents=True, exist_ok=True)
    for name in names:
        _say(name)
        began = time.monotonic()
        measured[name], found = MEASUREMENTS[name](_say, wanted)
        details[name] = {**found, "took_seconds": round(time.monotonic() - began, 1)}
        if wanted.json is not None:
            wanted.json.write_text(json.dumps(as_json(_flat(measured), details), indent=1) + "\n", "utf-8")
        if wanted.write is not None:
            docs.write(wanted.write, {name: measured[name]}, details, load)
    figures = _flat(measured)
    for name, of_rows in docs.TABLES.items():
        if name in measured:
            print(of_rows(details[name]["contestants"]))  # type: ignore[index]
    print(table(figures))
    print(f"\n{docs.taken_on(load)}")
    limited = [figure for figure in figures if figure.limit is not None]
    print(f"limits {len(limited)} kept {sum(figure.kept for figure in limited)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures and what they rest on to this file")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="write tables and charts into this folder of docs")
    parser.set_defaults(times=(1, 3), events=2 * volume.NATION, peer_events=peering.EVENTS)
    kinds = parser.add_subparsers(dest="what", metavar=f"{'|'.join(MEASUREMENTS)}|all|profile")
    for name in (*MEASUREMENTS, "all"):
        kind = kinds.add_parser(name)
        kind.add_argument("--json", type=Path, metavar="OUT", default=argparse.SUPPRESS)
        kind.add_argument("--write", type=Path, metavar="FOLDER", default=argparse.SUPPRESS)
        if name == "scale":
            kind.add_argument(
                "--times",
                type=int,
                nargs="+",
                help=f"how many times {volume.NATION:,} reports, each in turn",
                default=argparse.SUPPRESS,
            )
        if name == "memory":
            kind.add_argument("--events", type=int, help="how many reports", default=argparse.SUPPRESS)
        if name in docs.TABLES:
            kind.add_argument(
                "--events", type=int, dest="peer_events", help="the backlog of each", default=argparse.SUPPRESS
            )
    profiled = kinds.add_parser("profile", help="the most expensive functions and statements of one processor")
    profiled.add_argument("processor", choices=profiling.CHAIN)
    profiled.add_argument(
        "--events", type=int, dest="profiled", default=profiling.EVENTS, help="how many reports to send through"
    )
    profiled.add_argument("--batch", type=int, default=BATCH_RECORDS, help="records a batch")
    return parser


def _flat(measured: Mapping[str, Sequence[Figure]]) -> list[Figure]:
    return [figure for several in measured.values() for figure in several]


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
