"""`./ketenbus quarantine ...`: what was not admitted, why, and how it still comes in."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from services.cli.audited import Data, Json, audited, wide_console
from services.cli.errors import plainly
from services.quarantine import commands as quarantine
from services.quarantine.chains import STATES

quarantine_app = typer.Typer(no_args_is_help=True, help="What was not admitted, why, and how it still comes in.")
State = StrEnum("State", {name: name for name in STATES})  # type: ignore[misc]
Coordinates = Annotated[str, typer.Argument(help="topic/partition/offset, as the list prints it.")]


@quarantine_app.command("list")
@plainly
def list_quarantine(
    reason: Annotated[str | None, typer.Option(help="Only this reason.")] = None,
    state: Annotated[State | None, typer.Option(help="Only what is open, replayed, repaired or taken.")] = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """List what is in quarantine, with reasons, places, and what became of each since."""
    with audited(data) as settings:
        quarantine.list(settings, reason, as_json, wide_console(), state.value if state else None)


@quarantine_app.command()
@plainly
def show(coordinates: Coordinates, as_json: Json = False, data: Data = None) -> None:
    """Show one quarantined record: headers, field names, broken rules; never what it says of a person."""
    with audited(data) as settings:
        quarantine.show(settings, coordinates, as_json, wide_console())


@quarantine_app.command()
@plainly
def repair(
    coordinates: Coordinates,
    named: Annotated[
        str | None, typer.Option("--as", help="The partner whose event it is, where no signature says so.")
    ] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="A clear field's right value; repeatable.")
    ] = None,
    event: Annotated[
        Path | None, typer.Option(help="A JSON file with the whole event, in plain: it is sealed anew.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and sign, and send nothing.")] = False,
    data: Data = None,
) -> None:
    """Send a quarantined event again as its publisher: corrected, newly signed, under the same id."""
    with audited(data) as settings:
        good = quarantine.repair(settings, coordinates, named, changes or (), event, dry_run, wide_console())
    raise typer.Exit(0 if good else 1)


@quarantine_app.command()
@plainly
def replay(
    coordinates: Annotated[str | None, typer.Argument(help="topic/partition/offset, as the list prints it.")] = None,
    reason: Annotated[str | None, typer.Option(help="All of this reason that are not done with.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything, also what was admitted since.")] = False,
    data: Data = None,
) -> None:
    """Put quarantined records on their topics again, byte for byte: what is admitted already is not admitted twice."""
    with audited(data) as settings:
        quarantine.replay(settings, coordinates, reason, everything, wide_console())
