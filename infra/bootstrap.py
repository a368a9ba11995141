"""Make this clone runnable: `.tools` with a pinned uv, then `.venv` as uv.lock says. Standard library only.

    python3 infra/bootstrap.py

Says how much it will download before it downloads anything, and says and does nothing when all is in place.
Settings: KETENBUS_UV, the path of a uv to use instead of fetching the pinned one.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOLS, VENV = ROOT / ".tools", ROOT / ".venv"
STAMP = VENV / "ketenbus.stamp"
LOCKED = ("uv.lock", "pyproject.toml", "sdk/pyproject.toml")
SIZES = ROOT / "infra" / "download-sizes.txt"
OLDEST, NEWEST = (3, 11), (3, 13)  # as `requires-python` in pyproject.toml
UV_VERSION = "0.13.8"
UV_BYTES = 17_400_000
KAFKA_BYTES = 45_000_000  # the sum of infra/local/kafka-jars.lock


def main() -> int:
    """Bring `.tools` and `.venv` up to date; return the exit code."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        return _with_another_python()
    if _is_current():
        return 0
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two commands on a fresh clone: the second waits for the first
        return 0 if _is_current() else _set_up()


def wanted_stamp() -> str:
    """Return what `.venv` was made from, as one hash."""
    content = b"".join((ROOT / name).read_bytes() for name in LOCKED)
    return hashlib.sha256(content + UV_VERSION.encode()).hexdigest()


def download_bytes(lock: str, sizes: str) -> int:
    """Return what the packages of a uv.lock weigh, by a table of `name-version bytes`.

    The table has what Linux on x86-64 needs; other systems differ by little. Packages it does not have count nothing.
    """
    import tomllib

    table = dict(line.split() for line in sizes.splitlines() if line and not line.startswith("#"))
    packages = tomllib.loads(lock)["package"]
    return sum(int(table.get(f"{package['name']}-{package.get('version')}", 0)) for package in packages)


def _is_current() -> bool:
    return (VENV / "bin" / "python").exists() and STAMP.exists() and STAMP.read_text() == wanted_stamp()


def _set_up() -> int:
    megabytes = (download_bytes((ROOT / "uv.lock").read_text(), SIZES.read_text()) + UV_BYTES) / 1e6
    kafka = KAFKA_BYTES / 1e6
    what = "Setting up ketenbus" if not STAMP.exists() else "Updating ketenbus (its locked packages changed)"
    _say(
        f"{what}: downloads at most {megabytes:.0f} MB of Python packages (Java and PostgreSQL among them), once, into "
        f".tools and .venv; Kafka's first start downloads {kafka:.0f} MB more. About {megabytes + kafka:.0f} MB in all."
    )
    uv = os.environ.get("KETENBUS_UV") or _ensure_uv()
    if uv is None:
        return 1
    STAMP.unlink(missing_ok=True)
    if subprocess.run([uv, "sync", "--frozen"], cwd=ROOT, env=uv_environment(VENV), check=False).returncode != 0:
        _say(
            "The packages could not be installed (above): check the network and run the same command again; what was "
            "downloaded is kept."
        )
        return 1
    STAMP.write_text(wanted_stamp())
    return 0


def uv_environment(venv: Path) -> dict[str, str]:
    """Return what uv is run with, so that it fills that environment with the Python that runs us and fetches no other."""
    environment = os.environ | {
        "UV_PROJECT_ENVIRONMENT": str(venv),
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_PYTHON": str(getattr(sys, "_base_executable", sys.executable)),
    }
    environment.pop("VIRTUAL_ENV", None)
    return environment


def _ensure_uv() -> str | None:
    """Return the pinned uv, in a small environment of its own; None after saying what is missing."""
    uv = TOOLS / f"uv-{UV_VERSION}" / "bin" / "uv"
    if uv.exists():
        return str(uv)
    partial = TOOLS / "making"
    shutil.rmtree(partial, ignore_errors=True)
    if subprocess.run([sys.executable, "-m", "venv", str(partial)], stdout=subprocess.DEVNULL, check=False).returncode:
        shutil.rmtree(partial, ignore_errors=True)
        _say(
            "This Python cannot make environments (its ensurepip is missing): on Debian and Ubuntu, "
            "`apt-get install python3-venv`. Or name a uv that is here in KETENBUS_UV."
        )
        return None
    install = [str(partial / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*install, f"uv=={UV_VERSION}"], check=False).returncode:
        _say(
            f"uv {UV_VERSION} could not be installed (above): check the network and run the same command again, or "
            f"name a uv that is here in KETENBUS_UV."
        )
        return None
    partial.rename(uv.parents[1])  # uv is a program, not a script: it does not mind being moved
    return str(uv)


def _with_another_python() -> int:
    """Run this again with a Python that fits, if there is one on the path."""
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0:
            return subprocess.run([found, __file__], check=False).returncode
    here = ".".join(str(part) for part in sys.version_info[:2])
    _say(
        f"ketenbus needs Python 3.{OLDEST[1]} to 3.{NEWEST[1]}; this is {here}, and no other is on the path. Install "
        f"one, or name it: make PYTHON=/path/to/python3.{NEWEST[1]}"
    )
    return 1


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
