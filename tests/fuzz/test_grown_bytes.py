"""Bytes that atheris grows towards code no bytes reached yet; for minutes, so under `make test-long` only."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS
from tests.fuzz.test_any_bytes import CORPUS

SECONDS = 30
ROOT = Path(__file__).parents[2]

# Elsewhere there is no atheris to install: there the made-up bytes of Hypothesis are a thousand a target in this run.
if (sys.platform, platform.machine()) == ("linux", "x86_64"):

    @pytest.mark.long
    @pytest.mark.parametrize("name", TARGETS)
    def test_no_grown_bytes_crash_or_hold_up_a_target(name: str, tmp_path: Path) -> None:
        for folder in (CORPUS / name, CORPUS / "any"):
            shutil.copytree(folder, tmp_path / "seeds", dirs_exist_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "tests.fuzz.grow", name, str(tmp_path / "seeds"), str(SECONDS)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=SECONDS * 4,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        assert "Done " in done.stderr
