"""`./ketenbus demo bad-input` itself, on the platform that it starts and stops."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.platform import Platform
from services.cli.line_up import faults
from services.cli.workers import Workers

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="ketenbus-bad-input-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def test_every_fault_has_its_own_reason_and_what_can_be_mended_comes_in_once(folder: Path) -> None:
    out = folder / "out"
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", "demo", "bad-input", "--out", str(out)],
        cwd=ROOT, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    number, mended = len(faults()), sum(fault.mend is not None for fault in faults())
    summed_up = re.fullmatch(
        rf"faults {number}, each under its own reason; neighbours admitted {number}; repaired (\d+); replayed (\d+); "
        "second replay admits 0; balance 0",
        lines[-1],
    )
    assert summed_up is not None, lines[-1]
    assert int(summed_up[1]) + int(summed_up[2]) == mended
    for fault in faults():
        [line] = [line for line in lines if line.startswith(f"{fault.name} ")]
        assert line.removeprefix(fault.name).split()[:2] == [fault.reason, "admitted"]
    assert {status.process for status in Platform(out / "platform").status()} == {None}
    assert Workers(out / "platform").find("admit") is None
