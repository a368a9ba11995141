"""Our live lane beside plain Faust and the others where the work costs next to nothing: what the lane itself costs.

The errand is of the size that the design measured the lanes with: 40 candidates, four views and a receipt an event. Beside
disclose's own work, which weighs more than any framework, is `bench peers`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from bench.figures import Figure, grid
from bench.peering import EVENTS, LEAST_OF_FAUST, Row, beside, row_of, troubles
from bench.peers import environment
from bench.peers.contestants import LANE, LIGHT, SAID, peer, python_of
from bench.peers.counting import expected
from bench.peers.errand import Errand
from bench.peers.given import view_topics
from bench.peers.inputs import Inputs, Logged
from bench.peers.race import Result, race
from bench.place import Say, own_platform
from infra.local.platform import Platform

#: The bytes of a report as admit logs it.
VALUE_BYTES = 600


def measure(say: Say, events: int = EVENTS) -> tuple[list[Figure], dict[str, object]]:
    """Run each with the errand over that many events; raises RuntimeError when ours fails, a peer's failure is its row."""
    python = environment.ensure(say)
    with own_platform(say) as platform:
        rows = {result.name: row_of(result) for result in asyncio.run(_all(platform, python, events, say))}
    if rows[LANE]["trouble"]:
        raise RuntimeError(f"ours: {rows[LANE]['trouble']}")
    return figures(rows), {"events": events, "contestants": rows}


async def _all(platform: Platform, python: Path, events: int, say: Say) -> list[Result]:
    part = inputs(events)
    views = view_topics()
    asked = expected(Errand(views), part, views[0])
    contestants = [await peer(platform, name, python_of(name, python), light=True) for name in LIGHT]
    return [await race(platform, one, Inputs(part, (), ()), asked, asked, say) for one in contestants]


def inputs(events: int) -> tuple[Logged, ...]:
    """Return so many records of the log, two of each subject."""
    value = bytes(n % 251 for n in range(VALUE_BYTES))
    return tuple(
        Logged(f"bench-{n}", b"%032x" % (n // 2), value, (("ce_id", b"bench-%d" % n), ("ce_type", b"errand")))
        for n in range(events)
    )


def figures(rows: Mapping[str, Row]) -> list[Figure]:
    """Return what the design sets limits for; a comparison whose other side has no figure is left out."""
    mine, faust = rows[LANE], rows["faust"]
    found = []
    if faust["events_per_second"]:
        ratio = mine["events_per_second"] / faust["events_per_second"]
        found.append(
            Figure("live lane alone / plain Faust, events a second", ratio, "x", LEAST_OF_FAUST, at_least=True)
        )
    count = mine["undisturbed"]
    found.append(Figure("lost by our lane", count["lost"] + count["receipts_lost"], "", 0))
    found.append(Figure("doubled by our lane", count["doubled"] + count["receipts_doubled"], "", 0))
    return found


def table(rows: Mapping[str, Row]) -> str:
    """Return the contestants beside each other; in brackets, how many times ours."""
    mine = rows[LANE]
    columns = ("events_per_second", "cpu_ms_per_event", "peak_mib")
    body = [(SAID[name], *(beside(row[column], mine[column]) for column in columns)) for name, row in rows.items()]
    return "\n".join([grid([("contestant", "events/s", "CPU ms/event", "PSS MiB"), *body]), *troubles(rows)])
