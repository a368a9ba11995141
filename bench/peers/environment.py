"""The environment of the quixstreams contestant, made from its own lock: `.tools/peers`, beside the bus's own."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

from bench.place import Say
from infra.bootstrap import TOOLS, UV_VERSION, uv_environment
from ketenbus.errors import ConfigurationError

HERE = Path(__file__).parent
VENV = TOOLS / "peers"
STAMP = VENV / "ketenbus.stamp"
DOWNLOAD_MEGABYTES = 60


def ensure(say: Say) -> Path:
    """Return the Python of that environment, made or renewed where its lock asks for it.

    Raises ConfigurationError when the pinned uv is not there or the packages cannot be installed.
    """
    python = VENV / "bin" / "python"
    wanted = hashlib.sha256((HERE / "uv.lock").read_bytes()).hexdigest()
    if python.exists() and STAMP.exists() and STAMP.read_text() == wanted:
        return python
    uv = os.environ.get("KETENBUS_UV") or str(TOOLS / f"uv-{UV_VERSION}" / "bin" / "uv")
    if not Path(uv).exists():
        raise ConfigurationError(
            "no uv to make the peers' environment with: run make setup, or name one in KETENBUS_UV"
        )
    say(f"the peers' own environment: downloads at most {DOWNLOAD_MEGABYTES} MB once, into .tools")
    STAMP.unlink(missing_ok=True)
    done = subprocess.run([uv, "sync", "--frozen", "--project", str(HERE)], env=uv_environment(VENV), check=False)
    if done.returncode:
        raise ConfigurationError("the peers' packages could not be installed (above): check the network, and try again")
    STAMP.write_text(wanted)
    return python
