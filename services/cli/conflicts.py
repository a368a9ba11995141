"""`./ketenbus conflicts`: where two who may decide on consent disagree, for the human who is to settle it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict

import typer

from services.cli.audited import Data, Json, audited
from services.cli.errors import plainly
from services.cli.explain import Lang, Language
from services.conflicts import asking, printing
from streams.runtime.settings import load


def mount(app: typer.Typer) -> None:
    """Give the command line this command."""
    app.command()(conflicts)


@plainly
def conflicts(lang: Lang = Language.nl, as_json: Json = False, data: Data = None) -> None:
    """List every disagreement about consent, oldest first: since when, by whose words, and what would settle it."""
    with audited(data) as path:
        found = asyncio.run(asking.queue(load(path)))
    if as_json:
        told = [{**asdict(one), "settled_by": [words._asdict() for words in printing.settling(one)]} for one in found]
        print(json.dumps(told, default=str, indent=2, ensure_ascii=False))
    else:
        print("\n".join(printing.lines(found, lang.value)))
