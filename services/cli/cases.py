"""`./ketenbus demo case`: three stories, each played for real on a platform of its own and told step by step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from infra.local.settings import ROOT
from ketenbus.errors import ConfigurationError
from services.cases import casefile, page, running, terminal
from services.cli.progress import Progress

OUT = ROOT / "out" / "cases"


def console() -> Console:
    """Return the terminal, a hundred columns wide at most."""
    found = Console()
    return Console(width=min(found.width, terminal.WIDTH) if found.is_terminal else terminal.WIDTH)


def listed(to: Console) -> None:
    """Print the cases there are, one line each."""
    for name in casefile.names():
        case = casefile.load(name)
        to.print(f"{name:<24} {escape(case.title.en)}", highlight=False)


def tell(names: Sequence[str], out: Path, language: str, to: Console) -> bool:
    """Play and tell these cases, write a page of each, and return whether every one went as its file expects."""
    cases = [casefile.load(name) for name in names]  # a name that is wrong is said before anything starts
    if not cases:
        raise ConfigurationError("name a case, or say --all")
    good = True
    for case in cases:
        telling = running.run(case, out / case.name, Progress(to).say)
        terminal.tell(to, telling, language)
        to.print(f"open {page.write(telling, out / case.name)}", highlight=False, soft_wrap=True)
        good = good and not telling.differences()
    return good
