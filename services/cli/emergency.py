"""`./ketenbus emergency ...`: who opened a placement without consent, and whether two others have looked at it."""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli.audited import Data, Json, audited, wide_console
from services.cli.errors import plainly
from services.cli.explain import Lang, Language
from services.emergency import commands

emergency_app = typer.Typer(no_args_is_help=True, help="Emergency access: each use, its review, and what is overdue.")


Overdue = Annotated[bool, typer.Option("--overdue", help="Only what two others have not reviewed in time.")]


@emergency_app.command("list")
@plainly
def list_uses(overdue: Overdue = False, lang: Lang = Language.nl, as_json: Json = False, data: Data = None) -> None:
    """List every use of emergency access, oldest first; exit code 1 when a review is overdue."""
    with audited(data) as auditor:
        good = commands.list(auditor, commands.Asked(overdue, as_json, lang.value), wide_console())
    raise typer.Exit(0 if good else 1)


@emergency_app.command()
@plainly
def told(overdue: Overdue = False, lang: Lang = Language.nl, as_json: Json = False, data: Data = None) -> None:
    """List what the data protection officer was told, from its own view and as that officer; exit code 1 when overdue."""
    with audited(data) as auditor:
        officer = auditor.parents[1] / "partners" / "fg.json"
        good = commands.told(officer, commands.Asked(overdue, as_json, lang.value), wide_console())
    raise typer.Exit(0 if good else 1)
