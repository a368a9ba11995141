"""Kafka's jars: fetched once through jgo, and checked against the committed lock before every start.

`kafka-jars.lock` has one line per jar: sha256, size in bytes, Maven coordinate. To make it again after changing
`WANTED`: `.venv/bin/python -m infra.local.jars`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ketenbus.errors import ConfigurationError

KAFKA_VERSION = "4.3.1"
# The second one is not among Kafka's own dependencies; without it the server logs nothing at all.
WANTED = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4")
LOCK = Path(__file__).with_name("kafka-jars.lock")


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the lock."""

    sha256: str
    size: int
    coordinate: str

    @property
    def filename(self) -> str:
        """The jar's file name in our folder, as Maven names it."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


def read_lock(lock: Path = LOCK) -> tuple[Jar, ...]:
    """Return the jars that the lock names."""
    lines = [line.split() for line in lock.read_text().splitlines() if line and not line.startswith("#")]
    return tuple(Jar(sha256, int(size), coordinate) for sha256, size, coordinate in lines)


def ensure_jars(cache: Path, say: Callable[[str], None], lock: Path = LOCK) -> tuple[Path, ...]:
    """Return Kafka's jars, all there and all as locked; fetch the missing ones first.

    A jar that differs from the lock is never replaced silently: the start is refused, naming the file.
    """
    jars = read_lock(lock)
    folder = cache / f"kafka-{KAFKA_VERSION}"
    missing = [jar for jar in jars if not (folder / jar.filename).exists()]
    if missing:
        megabytes = sum(jar.size for jar in missing) / 1e6
        say(f"downloading Kafka {KAFKA_VERSION}: {len(missing)} jars, {megabytes:.0f} MB, once, into {folder}")
        _fetch(missing, folder)
    return check(jars, folder)


def check(jars: tuple[Jar, ...], folder: Path) -> tuple[Path, ...]:
    """Return the paths of the locked jars in `folder`; refuse one too many, one too few, or one that differs."""
    there = {path.name for path in folder.glob("*.jar")}
    if strangers := there - {jar.filename for jar in jars}:
        raise ConfigurationError(
            f"{folder} has {len(there)} jars where the lock has {len(jars)}: "
            f"remove {', '.join(sorted(strangers))}, or the whole folder; it is filled again"
        )
    for jar in jars:
        path = folder / jar.filename
        found = _sha256(path) if path.exists() else "no such file"
        if found != jar.sha256:
            raise ConfigurationError(
                f"{path} is not what kafka-jars.lock says (sha256 {found}, locked "
                f"{jar.sha256}): remove this file and start again to fetch it anew"
            )
    return tuple(folder / jar.filename for jar in jars)


def _fetch(jars: list[Jar], folder: Path) -> None:
    """Fetch into a folder of our own, check, then move: a killed download never looks like a jar."""
    from jgo.maven import MavenContext  # imported late: slow, and needed once

    incoming = folder / f"incoming-{os.getpid()}"
    incoming.mkdir(parents=True, exist_ok=True)
    maven = MavenContext(repo_cache=incoming, timeout=60)

    def fetch(jar: Jar) -> None:
        path: Path = maven.create_dependency(jar.coordinate).artifact.resolve()
        if _sha256(path) != jar.sha256:
            raise ConfigurationError(f"the registry's {jar.coordinate} differs from kafka-jars.lock: nothing installed")
        path.replace(folder / jar.filename)

    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(fetch, jars))
    except (OSError, RuntimeError) as error:  # jgo raises RuntimeError, requests an OSError
        raise ConfigurationError(
            f"Kafka's jars could not be fetched ({error}): check the network and start again; what was fetched is kept"
        ) from error
    finally:
        shutil.rmtree(incoming, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _resolved() -> list[Any]:
    """Return the artifacts that Maven's rules give for `WANTED`, transitive ones included."""
    import jgo

    found = {str(artifact.component): artifact for wanted in WANTED for artifact in jgo.resolve(wanted)}
    return [found[name] for name in sorted(found)]


def write_lock(lock: Path = LOCK) -> int:
    """Resolve `WANTED`, fetch every jar and write the lock; return the number of jars."""
    artifacts = _resolved()
    lines = [
        f"# The jars of Apache Kafka {KAFKA_VERSION}: sha256, bytes, coordinate. Written by python -m infra.local.jars"
    ]
    for artifact in artifacts:
        path = artifact.resolve()
        coordinate = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
        lines.append(f"{_sha256(path)} {path.stat().st_size} {coordinate}")
    lock.write_text("\n".join(lines) + "\n")
    return len(artifacts)


if __name__ == "__main__":
    print(f"{LOCK.name}: {write_lock()} jars")
