"""`./ketenbus policy ...`: the decision as a table, its proofs, and what catches a register that says something else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from consent import classes
from consent.table import compiled
from services.cli.errors import plainly
from streams.runtime.settings import LAW, load_register

policy_app = typer.Typer(no_args_is_help=True, help="Who may get what: every decision, proven.")
WRITTEN = LAW["activities.yaml"].with_name(classes.FILE)


@policy_app.command("table")
@plainly
def show_table(
    write: Annotated[
        bool, typer.Option("--write", help="Write it beside the register, after a change of law.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Where --write writes it.")] = WRITTEN,
) -> None:
    """Print every decision of the register: one line per class of inputs that are decided alike."""
    register = load_register()
    text = classes.text(register, classes.classes(compiled(register)))
    if write:
        out.write_text(text, "utf-8")
        print(f"wrote {out}")
    else:
        print(text, end="")
