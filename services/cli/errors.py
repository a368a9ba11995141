"""How the command line ends on a fault: the message for a person, no traceback, and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import typer

from ketenbus.errors import BusError

P = ParamSpec("P")
R = TypeVar("R")


def plainly(command: Callable[P, R]) -> Callable[P, R]:
    """Return the command with every fault of ours as one clear message and exit code 2."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except BusError as error:
            print(f"ketenbus: {error}", file=sys.stderr)
            raise typer.Exit(2) from error

    return run
