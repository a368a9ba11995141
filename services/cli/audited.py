"""The platform that a question is asked of: the one in use, else the last demo's; and where the answer is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from infra.local.platform import Platform
from infra.local.settings import default_data
from ketenbus.errors import ConfigurationError
from services.cli.report import OUT

Data = Annotated[
    Path | None, typer.Option("--data", help="The platform's data folder; default .ketenbus, or KETENBUS_DATA.")
]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


def wide_console() -> Console:
    """Return the terminal, or 140 columns where output goes to a file: figures wrap nowhere."""
    console = Console()
    return console if console.is_terminal else Console(width=140)


@contextmanager
def audited(data: Path | None) -> Iterator[Path]:
    """Give the auditor's settings on a platform that answers: the one in use, else the last demo's, for the moment."""
    folder = data or default_data()
    if data is None and not (folder / "platform.json").exists() and (OUT / "platform").exists():
        folder = OUT / "platform"
    if not (folder / "platform.json").exists():
        raise ConfigurationError(f"no platform in {folder}: run ./ketenbus up or ./ketenbus demo first")
    with Platform(folder, backfill=None).running() as platform:
        yield platform.processor_file("auditor")
