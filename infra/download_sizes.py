"""Writes `download-sizes.txt`: what each locked package weighs, so that set-up can say so before it downloads.

    uv export --frozen --no-hashes --no-emit-workspace --output-file requirements.txt
    pip download --no-deps --requirement requirements.txt --dest WHEELS
    python -m infra.download_sizes WHEELS

uv.lock itself has sizes only where the package index tells them.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from infra.bootstrap import SIZES

HEADER = "# Wheel sizes in bytes on Linux x86-64 with Python 3.11. Written by python -m infra.download_sizes\n"


def weigh(wheels: Path) -> str:
    """Return the table for the wheels in a folder, sorted by package."""
    lines = []
    for wheel in wheels.glob("*.whl"):
        name, version = wheel.name.split("-")[:2]
        lines.append(f"{re.sub('[-_.]+', '-', name).lower()}-{version} {wheel.stat().st_size}")
    return HEADER + "\n".join(sorted(lines)) + "\n"


if __name__ == "__main__":
    SIZES.write_text(weigh(Path(sys.argv[1])))
