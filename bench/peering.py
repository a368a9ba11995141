"""Ours beside its peers in one run: the same servers, the same input, the same work, one contestant after another."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.figures import Figure, grid, quantile, said
from bench.peers import environment
from bench.peers.contestants import MODULES, OURS, SAID, ours, peer, python_of
from bench.peers.counting import expected
from bench.peers.given import SESSION_SECONDS
from bench.peers.inputs import make
from bench.peers.race import KILLS, RATE, Result, race
from bench.peers.work import Work
from bench.place import Say, own_platform
from infra.local.platform import Platform
from streams.runtime.settings import load

EVENTS = 20_000
LIVE_SECONDS = 15
#: What is on the log when workers are killed, as a part of the backlog before.
KILLED_SHARE = 0.6
#: The view whose deliveries are waited for: every report of the police has one there.
VIEW = "view.comensha.registratie"
LEAST_OF_FAUST = 2.8
RECOVERY_LIMIT_SECONDS = 5.0
NONE = "-"

Row = dict[str, Any]


def measure(say: Say, events: int = EVENTS, live_seconds: int = LIVE_SECONDS) -> tuple[list[Figure], dict[str, object]]:
    """Run the four contestants, and return the figures that have limits, and all that was measured.

    A peer that crashes or stalls is a result, told in its row; ours raises RuntimeError.
    """
    python = environment.ensure(say)
    killed = round(events * KILLED_SHARE)
    with own_platform(say) as platform:
        results = asyncio.run(_all(platform, python, (events, live_seconds * RATE, killed), say))
    rows = {result.name: row_of(result) for result in results}
    if rows[OURS]["trouble"]:
        raise RuntimeError(f"ours: {rows[OURS]['trouble']}")
    details: dict[str, object] = {
        "events": events,
        "live_per_second": RATE,
        "killed_events": killed,
        "kills": KILLS,
        "session_seconds": SESSION_SECONDS,
        "contestants": rows,
    }
    return figures(rows), details


async def _all(platform: Platform, python: Path, sizes: tuple[int, int, int], say: Say) -> list[Result]:
    inputs = await make(platform, *sizes, say)
    work = Work(load(platform.processor_file("disclose")))
    calm = expected(work, (*inputs.backlog, *inputs.live), VIEW)
    whole = calm | expected(work, inputs.killed, VIEW)
    contestants = [ours(platform)]
    for name in MODULES:
        contestants.append(await peer(platform, name, python_of(name, python)))
    return [await race(platform, contestant, inputs, calm, whole, say) for contestant in contestants]


def row_of(result: Result) -> Row:
    """Return what one contestant did as plain data, with the quantiles of its latencies."""
    row = asdict(result)
    latencies = result.latencies_ms
    row["latencies_ms"] = [round(latency, 2) for latency in latencies]
    for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99), ("p99.9_ms", 0.999)):
        row[name] = quantile(latencies, share) if latencies else None
    row["recovery_seconds"] = max(result.recoveries) if len(result.recoveries) == KILLS else None
    return row


def figures(rows: Mapping[str, Row]) -> list[Figure]:
    """Return the figures the design sets limits for; a comparison whose other side has none is left out."""
    mine, faust = rows[OURS], rows["faust"]
    found = []
    if faust["events_per_second"]:
        ratio = mine["events_per_second"] / faust["events_per_second"]
        found.append(Figure("live lane / plain Faust, events a second", ratio, "x", LEAST_OF_FAUST, at_least=True))
    if mine["recovery_seconds"] is not None:
        beyond = mine["recovery_seconds"] - SESSION_SECONDS
        found.append(Figure("recovery after kill -9, beyond the session", beyond, "s", RECOVERY_LIMIT_SECONDS))
    found.append(Figure("disclose, memory at most (PSS), beside peers", mine["peak_mib"], "MiB", 150.0))
    for name, count in (("undisturbed", mine["undisturbed"]), ("killed", mine["killed"])):
        found.append(Figure(f"lost by ours, {name}", count["lost"] + count["receipts_lost"], "", 0))
    return found


def table(rows: Mapping[str, Row]) -> str:
    """Return the contestants beside each other; in brackets, how many times ours."""
    header = (
        "contestant", "events/s", "p50 ms", "p99 ms", "p99.9 ms", "CPU ms/event", "PSS MiB", "recovery s",
        "lost", "doubled", "receipts lost", "receipts doubled",
    )  # fmt: skip
    mine = rows[OURS]
    body = [
        (
            SAID[name],
            *(
                beside(row[column], mine[column])
                for column in ("events_per_second", "p50_ms", "p99_ms", "p99.9_ms", "cpu_ms_per_event", "peak_mib")
            ),
            NONE if row["recovery_seconds"] is None else said(row["recovery_seconds"]),
            *(
                NONE if row["killed"] is None else f"{row['killed'][column]:,}"
                for column in ("lost", "doubled", "receipts_lost", "receipts_doubled")
            ),
        )
        for name, row in rows.items()
    ]
    return "\n".join([grid([header, *body]), *troubles(rows)])


def beside(value: float | None, mine: float | None) -> str:
    """Return a figure as the tables say it, and in brackets how many times ours it is."""
    if value is None:
        return NONE
    return said(value) + (f" ({value / mine:.2f})" if mine and value != mine else "")


def troubles(rows: Mapping[str, Row]) -> Sequence[str]:
    """Return a line for each contestant that did not finish."""
    return [
        line
        for name, row in rows.items()
        if row["trouble"]
        for line in ("", f"{SAID[name]} did not finish: {row['trouble'].strip().splitlines()[0]}")
    ]
