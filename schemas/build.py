"""Build the contract: check every rule, then write what the SDK carries (`events.py`, `contract.json`).

python -m schemas.build             check and write
python -m schemas.build --check     check, and that what is written is what would be
python -m schemas.build --release   give new schemas their id and pin them in ids.lock, for ever; then as above
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from schemas import generate, lint, load, lock
from schemas.compatibility import check_history

SDK = Path(__file__).parent.parent / "sdk" / "ketenbus"
LOCK = load.AVRO / "ids.lock"


def main() -> int:
    """Return 0 when the contract keeps its rules and the generated files are up to date."""
    parser = argparse.ArgumentParser(prog="python -m schemas.build", description=__doc__.splitlines()[0])
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="write nothing; fail when something would change")
    what.add_argument("--release", action="store_true", help="give new schemas their id and pin them, for ever")
    chosen = parser.parse_args()
    source = load.contract_source(load.AVRO)
    if chosen.release:
        if _reported([*lint.unreleased_faults(source)] or [*check_history(source)]):
            return 1
        LOCK.write_text(lock.written(lock.released(source)), "utf-8")
        source = load.contract_source(load.AVRO)
    if _reported([*lint.faults(source)] or [*check_history(source)]):
        return 1
    wanted = {SDK / "contract.json": generate.bundle(source), SDK / "events.py": _formatted(generate.models(source))}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    if chosen.check:
        return int(
            _reported([f"{path.name} is not what schemas/avro says; run python -m schemas.build" for path in stale])
        )
    for path in stale:
        path.write_text(wanted[path], "utf-8")
    print(f"contract: {len(source.catalogue)} types, {len(source.codelists)} code lists, {len(stale)} files written")
    return 0


def _reported(faults: Sequence[str]) -> bool:
    for fault in faults:
        print(f"contract: {fault}", file=sys.stderr)
    return bool(faults)


def _formatted(text: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--stdin-filename", "events.py", "-"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
        cwd=SDK,
    ).stdout


if __name__ == "__main__":
    sys.exit(main())
