"""The folder of a run: made or emptied by the run that uses it, and never a folder that holds anything else."""

from __future__ import annotations

import shutil
from pathlib import Path

from infra.local.platform import Platform
from ketenbus.errors import ConfigurationError
from services.cli.workers import Workers

#: Says that a run made the folder, from its first moment on: one that was broken off early has no platform to know it by.
MARK = ".ketenbus-run"
#: What a run makes. A folder without the mark is a run's where it holds a platform and nothing but these.
MADE = frozenset({"platform", "law", "tables", "contract", "index.html", "report.json", "standing.txt"})


def fresh(out: Path) -> Path:
    """Empty `out` of an earlier run, stopping what still runs of it, or make it; return where the run's platform lives.

    Raises ConfigurationError, and changes nothing, when `out` holds other things.
    """
    data = out / "platform"
    held = {path.name for path in out.iterdir()} if out.exists() else set()
    if held:
        if MARK not in held and not (held <= MADE and (data / "platform.json").exists()):
            raise ConfigurationError(
                f"{out} holds other things than an earlier run: nothing was changed; name an empty or new folder with --out"
            )
        (out / MARK).touch()  # before anything goes, so that what a broken-off removal leaves is known for ours
        Workers(data).stop_all()
        if (data / "platform.json").exists():
            Platform(data).down(wipe=True)
        for path in out.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != MARK:
                path.unlink()
    out.mkdir(parents=True, exist_ok=True)
    (out / MARK).touch()
    return data
