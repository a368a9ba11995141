"""What `explain` is asked is what it answers: an option works, or is refused by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from consent.explain import Explanation
from consent.wording import Words
from services.cli import explain
from services.cli.app import app
from services.explain.answers import Answer, Explained
from services.explain.printing import BEGIN, END

STOOD = Explanation(Words("Niemand.", "Nobody."), (Words("Daarom.", "Because."),), ("grant",))


def explained(*, stands: bool = True) -> Explained:
    answers = (Answer("comensha", "REGISTRATIE", True, True, ()), Answer("opvang", "PLAATSING", True, stands, ()))
    return Explained("event-7", "victim-reported", "politie", answers, (("ind", "UITVOERING"),))


def answer(monkeypatch: pytest.MonkeyPatch, *words: str, stands: bool = True) -> Result:
    """What the command line answers on a platform that knows one event."""

    @contextmanager
    def audited(data: Path | None) -> Iterator[Path]:
        yield Path("auditor.json")

    async def event(*asked: Any) -> Explained:
        return explained(stands=stands)

    async def examples(*asked: Any) -> list[Explained]:
        return [explained(), explained()]

    async def stood(*asked: Any) -> list[Explanation]:
        return [STOOD]

    monkeypatch.setattr(explain, "audited", audited)
    monkeypatch.setattr(explain, "load", lambda path: None)
    for name, asked in (("event", event), ("examples", examples), ("stood", stood)):
        monkeypatch.setattr(explain.asking, name, asked)
    return CliRunner().invoke(app, ["explain", *words])


@pytest.mark.parametrize("at", ["--as-of", "--known-at"])
def test_what_would_be_decided_at_an_instant_is_told_as_json_too(monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    done = answer(monkeypatch, "event-7", at, "2026-01-01", "--json")
    assert done.exit_code == 0
    told = {"headline": ["Niemand.", "Nobody."], "lines": [["Daarom.", "Because."]], "facts": ["grant"]}
    assert json.loads(done.stdout) == [told]
    assert answer(monkeypatch, "event-7", at, "2026-01-01", "--lang", "en").stdout == "Nobody.\n  Because.\n"


@pytest.mark.parametrize("asked", [("event-7",), ("--examples", "2")], ids=" ".join)
def test_as_json_only_the_recipient_asked_for_is_told(monkeypatch: pytest.MonkeyPatch, asked: tuple[str, ...]) -> None:
    for one in json.loads(answer(monkeypatch, *asked, "--recipient", "comensha", "--json").stdout):
        assert [a["recipient"] for a in one["answers"]] == ["comensha"]
        assert one["not_named"] == []
    for one in json.loads(answer(monkeypatch, *asked, "--json").stdout):
        assert len(one["answers"]) == 2


def test_a_page_of_examples_holds_only_the_recipient_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page = tmp_path / "explain.md"
    page.write_text(f"{BEGIN}{END}", "utf-8")
    words = ("--examples", "2", "--recipient", "comensha", "--out", str(page), "--lang", "en")
    done = answer(monkeypatch, *words)
    assert done.exit_code == 0, done.stderr
    written = page.read_text("utf-8")
    assert written.count("CoMensha: no explanation.") == 2
    assert "IND" not in written
    assert "helter" not in written


def test_that_another_decision_differs_is_not_hidden_by_asking_for_one_recipient(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert answer(monkeypatch, "event-7", "--recipient", "comensha", stands=False).exit_code == 1
    assert answer(monkeypatch, "event-7", "--recipient", "comensha").exit_code == 0


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("event-7", "--out", "PAGE"), "--out puts examples in a page: ask for them with --examples N"),
        (("--examples", "2", "--out", "PAGE", "--json"), "--out writes Markdown: leave --json out"),
        (("--examples", "2", "--source", "politie"), "--source ask about one event: leave --examples out"),
        (("--examples", "2", "--known-at", "2026-01-01"), "--source ask about one event: leave --examples out"),
        (("event-7", "--examples", "2"), "name one event, or ask for --examples N"),
    ],
)
def test_what_cannot_go_together_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    page = tmp_path / "explain.md"
    page.write_text(f"{BEGIN}ten examples{END}", "utf-8")
    done = answer(monkeypatch, *(str(page) if word == "PAGE" else word for word in words))
    assert done.exit_code == 2
    assert why in done.stderr
    assert "ten examples" in page.read_text("utf-8")


def test_a_page_that_is_a_folder_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done = answer(monkeypatch, "--examples", "2", "--out", str(tmp_path))
    assert done.exit_code == 2
    assert done.stderr.startswith(f"ketenbus: {tmp_path} has no place for examples")
