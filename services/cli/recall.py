"""`./ketenbus recall ...`: who was told to stop using what, who confirmed it, and who is late (AVG art. 19)."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from services.cli.audited import Data, Json, audited, wide_console
from services.cli.errors import plainly
from services.cli.explain import Lang, Language
from services.recall import asking, printing, telling
from streams.runtime.settings import load

recall_app = typer.Typer(no_args_is_help=True, help="Who was told to stop using what, who confirmed it, who is late.")


@recall_app.command("list")
@plainly
def list_recalls(
    everything: Annotated[bool, typer.Option("--all", help="Also what is confirmed.")] = False,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """List every recall that is not confirmed, oldest first, and until when a confirmation is in time."""
    with audited(data) as path:
        found = asyncio.run(asking.recalls(load(path), datetime.now(UTC)))
    shown = [row for row in found.awaited if everything or row.state != "confirmed"]
    if as_json:
        print(json.dumps(printing.as_dict(found, shown), indent=2, ensure_ascii=False))
    else:
        printing.print_list(wide_console(), found, shown)


@recall_app.command()
@plainly
def certificate(
    subject: Annotated[str, typer.Argument(help="PARTNER/NUMBER: a partner and its client number; or the hash that lineage prints.")],
    lang: Lang = Language.nl,
    as_json: Json = False,
    data: Data = None,
) -> None:  # fmt: skip
    """Say who got what about a client number, on which ground, who was told to stop, who confirmed, and who is late."""
    with audited(data) as path:
        found = asyncio.run(asking.certified(load(path), subject, datetime.now(UTC)))
    if as_json:
        print(json.dumps(found.as_dict(), default=str, indent=2, ensure_ascii=False))
    else:
        print("\n".join(telling.lines(found, lang.value)))
