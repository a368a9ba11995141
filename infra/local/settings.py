"""Where the platform lives and which servers it runs, read once from the environment.

KETENBUS_DATA             the data folder (default: `.ketenbus` at the root of the repository)
KETENBUS_CACHE            where downloaded Kafka jars are kept (default: `ketenbus` in the user's cache folder)
KETENBUS_KAFKA            host:port of an existing Kafka with SASL/SCRAM-SHA-256 and ACLs; then none is started
KETENBUS_KAFKA_USER       its administrator (default: admin)
KETENBUS_KAFKA_PASSWORD   that administrator's password
KETENBUS_POSTGRES         DSN of an existing PostgreSQL, as a role that may create roles; then none is started
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ketenbus.errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = re.compile(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class KafkaAdmin:
    """How an administrator reaches a Kafka cluster."""

    address: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a local platform; a server that is given is not started."""

    cache: Path
    kafka: KafkaAdmin | None = None
    postgres: str | None = field(default=None, repr=False)  # a DSN holds a password


def default_data(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the data folder that `KETENBUS_DATA` names, or `.ketenbus` at the root of the repository."""
    return Path(environ.get("KETENBUS_DATA") or ROOT / ".ketenbus").expanduser().resolve()


def read(environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings in force, or refuse with the setting to change.

    >>> read({"KETENBUS_CACHE": "/cache"})
    Settings(cache=PosixPath('/cache'), kafka=None)
    """
    return Settings(_cache(environ), _kafka(environ), environ.get("KETENBUS_POSTGRES") or None)


def _cache(environ: Mapping[str, str]) -> Path:
    if named := environ.get("KETENBUS_CACHE"):
        return Path(named).expanduser().absolute()
    return Path(environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser().absolute() / "ketenbus"


def _kafka(environ: Mapping[str, str]) -> KafkaAdmin | None:
    address = environ.get("KETENBUS_KAFKA")
    if not address:
        return None
    if not ADDRESS.fullmatch(address):
        raise ConfigurationError(f"KETENBUS_KAFKA is {address!r}: give host:port, for example 127.0.0.1:9092")
    password = environ.get("KETENBUS_KAFKA_PASSWORD")
    if not password:
        raise ConfigurationError(
            "KETENBUS_KAFKA names an existing Kafka: give its administrator in KETENBUS_KAFKA_USER "
            "(default admin) and KETENBUS_KAFKA_PASSWORD"
        )
    return KafkaAdmin(address, environ.get("KETENBUS_KAFKA_USER") or "admin", password)
