"""The wheel as an agency gets it: in an environment of its own, outside the clone, it publishes a first event."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from infra import bootstrap
from infra.local.platform import Platform
from ketenbus.settings import VARIABLE
from tests.broker.sdk_world import World

ROOT = Path(bootstrap.__file__).parents[1]
WAIT_SECONDS = 30


def uv() -> str:
    """The uv this clone was set up with, or one that is here."""
    pinned = bootstrap.TOOLS / f"uv-{bootstrap.UV_VERSION}" / "bin" / "uv"
    found = os.environ.get("KETENBUS_UV") or (str(pinned) if pinned.exists() else shutil.which("uv"))
    if found is None:
        pytest.fail("no uv: run `make setup`, or name one in KETENBUS_UV")
    return found


@pytest.fixture(scope="module")
def agency(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside the clone with a new environment that holds the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("agency")
    run = {"check": True, "capture_output": True, "cwd": folder, "env": {**os.environ, "PYTHONPATH": ""}}
    subprocess.run([uv(), "build", "--wheel", str(ROOT / "sdk"), "-o", "dist"], **run)  # type: ignore[call-overload]
    subprocess.run([uv(), "venv", "--python", sys.executable, "venv"], **run)  # type: ignore[call-overload]
    [wheel] = (folder / "dist").glob("*.whl")
    subprocess.run([uv(), "pip", "install", "--python", "venv/bin/python", str(wheel)], **run)  # type: ignore[call-overload]
    shutil.copy(ROOT / "docs" / "first_event.py", folder)
    return folder


def python(agency: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the agency's Python, which knows nothing of the clone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "KETENBUS"))}
    return subprocess.run(
        ["venv/bin/python", "-W", "error", *words],
        cwd=agency,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_every_public_name_and_the_contract_are_in_the_wheel(agency: Path) -> None:
    program = (
        "import ketenbus; from ketenbus import *; from ketenbus.contract import contract;"
        "print(len(contract().types) > 0, ketenbus.__file__)"
    )
    done = python(agency, "-c", program)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] == "True"
    assert str(agency) in done.stdout


def test_the_first_event_of_the_guide_is_admitted(agency: Path, platform: Platform, tmp_path: Path) -> None:
    world = World(platform, tmp_path / "keyring")
    me = world.unacknowledged()
    file = tmp_path / "partner.json"
    told = json.loads(platform.partner_file("politie-limburg").read_text())
    changed = {"id": me.id, "user": me.user, "password": me.password, "keyring": str(tmp_path / "keyring")}
    file.write_text(json.dumps({**told, **changed}))
    before = {record.id for record in world.read("victim-reported")}
    admitting = threading.Thread(target=_admit_the_first, args=(world, me.id, before))
    admitting.start()
    done = python(agency, "first_event.py", **{VARIABLE: str(file)})
    admitting.join()
    assert done.returncode == 0, done.stderr
    verdict, id = done.stdout.split()
    assert verdict == "admitted"
    assert id in {record.id for record in world.read("victim-reported")} - before


def test_the_guide_is_under_twenty_lines() -> None:
    assert len((ROOT / "docs" / "first_event.py").read_text().splitlines()) < 20


def _admit_the_first(world: World, partner: str, before: set[str]) -> None:
    """Play admit for one event: acknowledge the first new one of this partner's OIN."""
    waiting = threading.Event()
    for _ in range(WAIT_SECONDS * 5):
        if new := [record.id for record in world.read("victim-reported") if record.id not in before]:
            world.acknowledge(partner, new[0], "admitted")
            return
        waiting.wait(0.2)
