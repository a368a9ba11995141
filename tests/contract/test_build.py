"""The build as a command: it names a fault and fails, releases what is new, and knows when it wrote everything."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from schemas import build, load

Run = Callable[..., int]


@pytest.fixture
def avro(tmp_path: Path) -> Path:
    """A copy of `schemas/avro` to write in."""
    return Path(shutil.copytree(load.AVRO, tmp_path / "avro"))


@pytest.fixture
def run(avro: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The build command on that copy."""
    (tmp_path / "sdk").mkdir()
    monkeypatch.setattr(load, "AVRO", avro)
    monkeypatch.setattr(build, "LOCK", avro / "ids.lock")
    monkeypatch.setattr(build, "SDK", tmp_path / "sdk")

    def command(*arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["schemas.build", *arguments])
        return build.main()

    return command


def add_type(avro: Path) -> None:
    """Write a new type, as one would."""
    schema = json.loads((avro / "types" / "seponeerd" / "v1.avsc").read_text("utf-8"))
    (avro / "types" / "sepot-reversed").mkdir()
    (avro / "types" / "sepot-reversed" / "v1.avsc").write_text(json.dumps(schema | {"name": "SepotReversed"}), "utf-8")
    catalogue = yaml.safe_load((avro / "catalogue.yaml").read_text("utf-8"))
    entry = {"sepot-reversed": catalogue["seponeerd"]}
    with (avro / "catalogue.yaml").open("a", encoding="utf-8") as file:
        file.write(yaml.safe_dump(entry))


def test_what_was_built_checks(run: Run) -> None:
    assert run("--check") == 1
    assert run() == 0
    assert run("--check") == 0


def test_a_new_type_builds_once_it_is_released(run: Run, avro: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (avro / "ids.lock").read_text("utf-8")
    add_type(avro)

    assert run() == 1
    assert "contract: sepot-reversed/v1: has no id; run python -m schemas.build --release" in capsys.readouterr().err
    assert run("--release") == 0
    assert (avro / "ids.lock").read_text("utf-8").startswith(before)
    assert "class SepotReversed(Event):" in (build.SDK / "events.py").read_text("utf-8")
    assert run("--check") == 0


def test_what_breaks_a_rule_is_not_released(run: Run, avro: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (avro / "ids.lock").read_text("utf-8")
    add_type(avro)
    path = avro / "types" / "sepot-reversed" / "v1.avsc"
    path.write_text(path.read_text("utf-8").replace('"criminal"', '"neutral"'), "utf-8")

    assert run("--release") == 1
    assert "sepot-reversed/v1 sepot_code: of class neutral, so not sealed" in capsys.readouterr().err
    assert (avro / "ids.lock").read_text("utf-8") == before


def test_a_second_version_that_loses_a_field_is_not_built(
    run: Run, avro: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = json.loads((avro / "types" / "seponeerd" / "v1.avsc").read_text("utf-8"))
    fields = [field for field in first["fields"] if field["name"] != "case_number"]
    (avro / "types" / "seponeerd" / "v2.avsc").write_text(json.dumps(first | {"fields": fields}), "utf-8")

    assert run("--release") == 1
    assert "contract: seponeerd v1 to v2: case_number is gone without an alias" in capsys.readouterr().err
