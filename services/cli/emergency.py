"""`./ketenbus emergency ...`: who opened a placement without consent, and whether two others have looked at it."""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli.audited import Data, Json, audited, wide_console
from services.cli.errors import plainly
from services.cli.explain import Lang, Language
from services.emergency import commands

emergency_app = typer.Typer(no_args_is_help=True, help="Emergency access: each use, its review, and what is overdue.")


@emergency_app.callback()
def _group() -> None:
    """Keep `list` a command of its own beside those to come."""


@emergency_app.command("list")
@plainly
def list_uses(
    overdue: Annotated[bool, typer.Option("--overdue", help="Only what two others have not reviewed in time.")] = False,
    lang: Lang = Language.nl,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """List every use of emergency access, oldest first; exit code 1 when a review is overdue."""
    with audited(data) as settings:
        console = wide_console()
        good = commands.list(settings, only_overdue=overdue, as_json=as_json, language=lang.value, console=console)
    raise typer.Exit(0 if good else 1)
