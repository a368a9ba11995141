"""How the command line ends on a fault: the message for a person, no traceback, and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import asyncpg
import typer
from aiokafka.errors import KafkaError
from confluent_kafka import KafkaException

from ketenbus.errors import BusError

P = ParamSpec("P")
R = TypeVar("R")
LOOK = "./ketenbus status says how the servers are"


def plainly(command: Callable[P, R]) -> Callable[P, R]:
    """Return the command with every fault of ours, of a file and of a server as one clear message and exit code 2."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except BrokenPipeError:
            raise  # who read our output has seen enough: typer ends quietly
        except tuple(SAID) as error:
            print(f"ketenbus: {said(error)}", file=sys.stderr)
            raise typer.Exit(2) from error

    return run


def said(error: Exception) -> str:
    """Return what to tell a person of a fault; never the address of a server as it was given, which may hold a password."""
    return next(words(error) for kind, words in SAID.items() if isinstance(error, kind))


def _of_a_file(error: OSError) -> str:
    why = error.strerror or type(error).__name__
    return f"{error.filename}: {why}; name another" if error.filename is not None else f"no answer ({why}): {LOOK}"


def _of_kafka(error: KafkaException) -> str:
    held: Any = error.args[0] if error.args else None
    return f"Kafka does not do this ({held.name() if hasattr(held, 'name') else type(error).__name__}): {LOOK}"


#: What a command may end with, and how each is told.
SAID: Mapping[type[Exception], Callable[[Any], str]] = {
    BusError: str,
    OSError: _of_a_file,
    asyncpg.PostgresError: lambda error: f"PostgreSQL does not do this ({type(error).__name__}): {LOOK}",
    asyncpg.InterfaceError: lambda error: f"PostgreSQL does not do this ({type(error).__name__}): {LOOK}",
    KafkaException: _of_kafka,
    KafkaError: lambda error: f"Kafka does not do this ({type(error).__name__}): {LOOK}",
}
