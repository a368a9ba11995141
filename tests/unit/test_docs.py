"""What the documents say is there is there: commands, options, files, code and the licence."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from infra import bootstrap
from services.cli.app import app
from services.cli.variants import RULES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
DOCUMENTS = [ROOT / "README.md", ROOT / "sdk" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"\./ketenbus((?:[ \t]+[^\s`)#|;]+)*)")


def python_blocks(text: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words after each `./ketenbus` that stands in code."""
    for block in [*CODE.findall(text), *re.findall(r"^    .*$", text, re.MULTILINE)]:
        for found in COMMAND.finditer(block):
            words = shlex.split(found[1].replace('"', ""))
            if words and words[0] not in {"...", "COMMAND"}:
                yield words


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives the headings."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def faults(words: list[str]) -> Iterator[str]:
    """Yield what of a command line the app does not have."""
    at: Any = typer.main.get_command(app)
    arguments = 0
    for word in words:
        below = getattr(at, "commands", {})
        if word.startswith("-"):
            if word not in {name for parameter in at.params for name in (*parameter.opts, *parameter.secondary_opts)}:
                yield f"{' '.join(words)}: no option {word}"
        elif word in below:
            at = below[word]
        elif below and not at.invoke_without_command:
            yield f"{' '.join(words)}: no command {word}"
            return
        else:
            arguments += 1  # or the value of an option: enough to see that an argument is missing
    if hasattr(at, "commands") and not at.invoke_without_command:
        yield f"{' '.join(words)}: not a whole command"
    needed = sum(parameter.param_type_name == "argument" and parameter.required for parameter in at.params)
    if arguments < needed:
        yield f"{' '.join(words)}: says {arguments} of {needed} arguments"


def test_an_agencys_first_event_in_the_readme_is_the_file_that_a_test_runs() -> None:
    first_event = (ROOT / "docs" / "first_event.py").read_text("utf-8")
    assert first_event in python_blocks(README)
    assert len(first_event.strip().splitlines()) < 20


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_python_in_the_documents_is_python(path: Path) -> None:
    for block in python_blocks(path.read_text("utf-8")):
        compile(block, str(path), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    for link in LINK.findall(CODE.sub("", path.read_text("utf-8"))):
        if link.startswith(("https://", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in anchors(target.read_text("utf-8")), f"{link}: no such heading"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_in_the_documents_exists(path: Path) -> None:
    assert [fault for words in commands(path.read_text("utf-8")) for fault in faults(words)] == []


def test_a_command_that_does_not_exist_is_noticed() -> None:
    said = "`./ketenbus upp`, `./ketenbus up --force`, `./ketenbus lineage`, `./ketenbus demo verify`, `./ketenbus env ind`"
    assert [fault for words in commands(said) for fault in faults(words)] == [
        "upp: no command upp",
        "up --force: no option --force",
        "lineage: not a whole command",
    ]


def test_every_make_target_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for path in DOCUMENTS:
        text = path.read_text("utf-8")
        named = set(re.findall(r"(?:^    |`)make ([a-z-]+)", text, re.MULTILINE))
        assert named <= targets, f"{path.name}: {named - targets}"


def test_the_readme_names_every_rule_that_can_be_left_out() -> None:
    assert f"Rules that can be left out: {', '.join(RULES)}." in README


def test_the_readme_says_how_much_is_downloaded() -> None:
    lock, sizes = (ROOT / "uv.lock").read_text("utf-8"), bootstrap.SIZES.read_text("utf-8")
    total = bootstrap.download_bytes(lock, sizes) + bootstrap.UV_BYTES + bootstrap.KAFKA_BYTES
    said = re.search(r"about (\d+) MB in all", README)
    assert said is not None
    assert abs(int(said[1]) * 1e6 - total) < 10e6


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_is_short_numbered_and_names_files_that_exist(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith(f"# {path.stem[:3]} ")
    assert len(text.splitlines()) <= 60
    parts = ("**Decision.**", "**Why.**", "**Rejected.**", "**What follows.**", "\nWhere: ")
    assert [part for part in parts if part not in text] == []
    folder = ROOT
    for name in re.findall(r"`([^`]+)`", text.rpartition("\nWhere: ")[2]):
        place = ROOT / name if "/" in name else folder / name
        assert place.exists(), f"{path.name}: {name} is not there"
        folder = place.parent


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(path.stem[:3]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_publiccode_has_what_the_standard_asks() -> None:
    found = yaml.safe_load((ROOT / "publiccode.yml").read_text("utf-8"))
    assert found["publiccodeYmlVersion"] == "0.4"
    assert found["name"] == "ketenbus"
    assert {"url", "platforms", "categories", "softwareType", "releaseDate", "localisation"} <= found.keys()
    assert found["developmentStatus"] in {"concept", "development", "beta", "stable", "obsolete"}
    assert found["maintenance"]["type"] in {"internal", "contract", "community", "none"}
    for language in found["description"].values():
        assert len(language["shortDescription"]) <= 150
        assert 150 <= len(language["longDescription"]) <= 10_000
        assert language["features"]


def test_the_licence_is_the_one_that_is_named_everywhere() -> None:
    licence = (ROOT / "LICENSE").read_text("utf-8")
    assert licence.startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2\n")
    assert "\n15.Applicable Law\n" in licence
    assert "‘Compatible Licences’ according to Article 5 EUPL are:" in licence
    assert yaml.safe_load((ROOT / "publiccode.yml").read_text("utf-8"))["legal"]["license"] == "EUPL-1.2"
    for project in ("pyproject.toml", "sdk/pyproject.toml"):
        assert 'license = "EUPL-1.2"' in (ROOT / project).read_text("utf-8")
