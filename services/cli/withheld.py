"""`./ketenbus withheld`: how much did not arrive, and why, without persons."""

from __future__ import annotations

from typing import Annotated

import typer

from ketenbus.contract import contract
from ketenbus.errors import ConfigurationError
from services.cli.audited import Data, Json, audited, wide_console
from services.cli.errors import plainly
from services.cli.explain import Lang, Language
from services.withheld import commands


def mount(app: typer.Typer) -> None:
    """Give the command line this command."""
    app.command()(withheld)


@plainly
def withheld(
    recipient: Annotated[str, typer.Option(help="Kept back from whom.")] = "comensha",
    purpose: Annotated[str, typer.Option(help="Kept back for what.")] = "REGISTRATIE",
    lang: Lang = Language.nl,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Count what did not arrive, by reason and kind of reporter; small numbers, and what would give them away, are left out."""
    for codelist, name in (("recipient", recipient), ("purpose", purpose)):
        if name not in (codes := contract().codelists[codelist].codes):
            raise ConfigurationError(f"unknown {codelist} {name}: one of {', '.join(sorted(codes))}")
    with audited(data) as settings:
        commands.show(settings, recipient, purpose, as_json=as_json, language=lang.value, console=wide_console())
