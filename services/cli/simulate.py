"""`./ketenbus policy simulate DRAFT`: what another register would have changed, over all that the bus has seen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.cli.audited import Data, Json, audited, wide_console
from services.cli.errors import plainly
from services.cli.progress import Progress
from services.lineage.store import snapshot
from services.policy import history
from services.policy.drafting import draft_register
from services.policy.simulating import EFFECTS, Simulation
from services.register.in_force import releases
from streams.runtime.settings import ProcessorSettings, load


@plainly
def simulate(
    draft: Annotated[
        Path, typer.Argument(help="A file with the entries that change, or a folder with activities.yaml and rules.yaml.")
    ],
    examples: Annotated[int, typer.Option(min=0, help="How many events to name of each difference.")] = 3,
    as_json: Json = False,
    data: Data = None,
) -> None:  # fmt: skip
    """Replay the history under a draft of the register: newly shared, withheld, recalled, per activity."""
    with audited(data) as path:
        found = asyncio.run(simulated(load(path), draft, examples, Progress(Console(stderr=True))))
    if as_json:
        print(json.dumps(told(found), indent=1))
    else:
        show(found, draft, wide_console())
    raise typer.Exit(1 if found.astray else 0)


async def simulated(settings: ProcessorSettings, draft: Path, examples: int, progress: Progress) -> Simulation:
    """Return what a draft would have changed over all that the platform with these settings has seen."""
    async with snapshot(settings.dsn, "disclose") as connection:
        active = (await releases(connection, settings)).newest
        simulation = Simulation(active.register, draft_register(draft, active.activities), examples)
        wanted = await history.subjects(connection)
        with progress.bars(["subjects"]) as bars:
            async for events, standings in history.histories(connection, wanted):
                simulation.add(events, standings)
                bars.move("subjects", simulation.subjects, len(wanted))
    return simulation


def told(found: Simulation) -> dict[str, object]:
    """Return what a simulation found, as JSON says it: events by the ids of their publishers, and nobody by anything."""
    return {
        "events": found.events,
        "subjects": found.subjects,
        "candidates": found.candidates,
        "astray": found.astray,
        "effects": [
            {
                "activity": activity,
                "effect": effect,
                "candidates": group.count,
                "subjects": len(group.subjects),
                "examples": [
                    {"event": d.candidate[0].id, "oin": d.candidate[0].oin, "type": d.type, "view": list(d.candidate[1:])}
                    for d in group.examples
                ],
            }
            for (activity, effect), group in sorted(found.effects.items())
        ],
    }  # fmt: skip


def show(found: Simulation, draft: Path, console: Console) -> None:
    """Print a table of what would have been otherwise, examples under it, and a line to read by machine."""
    console.print(f"the history again under {draft.name}", highlight=False)
    if found.effects:
        table = Table("activity", "what would be otherwise", "candidates", "subjects")
        for row in (2, 3):
            table.columns[row].justify = "right"
        for (activity, effect), group in sorted(found.effects.items()):
            table.add_row(activity or "none", EFFECTS[effect], f"{group.count:,}", f"{len(group.subjects):,}")
        console.print(table)
        for line in _examples(found):
            console.print(line, highlight=False, soft_wrap=True)
    else:
        console.print("no difference")
    totals = found.totals()
    counts = " ".join(f"{effect} {totals[effect]}" for effect in EFFECTS)
    print(
        f"events {found.events} subjects {found.subjects} candidates {found.candidates} {counts} astray {found.astray}"
    )
    if found.astray:
        console.print(
            "astray: what stands for these is not what the register in force gives on the same facts; "
            "was disclose at rest, and under this register?"
        )


def _examples(found: Simulation) -> Iterator[str]:
    for (activity, effect), group in sorted(found.effects.items()):
        for d in group.examples:
            name, recipient, purpose = d.candidate
            yield f"  {activity or 'none'} {effect}: {d.type} {name.id} of {name.oin}, {recipient} for {purpose}"
