"""The three cases on real servers: each goes as its file expects, and safe-shelter leaves the registration as it was."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from services.cases import casefile, page, running, terminal
from services.cases.heard import Telling
from services.cli import cases
from services.cli.workers import Workers


@pytest.fixture(scope="module", params=casefile.names())
def went(request: pytest.FixtureRequest) -> Iterator[Telling]:
    # Not pytest's own folder: that one is closed to the account PostgreSQL runs under when we are root.
    out = Path(tempfile.mkdtemp(prefix="ketenbus-case-"))
    said: list[str] = []
    yield running.run(casefile.load(request.param), out / request.param, said.append)
    assert any(line.startswith("step 1 of") for line in said)
    left = [name for name in ("admit", "disclose") if Workers(out / request.param / "platform").find(name)]
    shutil.rmtree(out)
    assert left == []


def test_the_case_goes_as_its_file_expects(went: Telling) -> None:
    assert went.differences() == ()
    assert [one.step.id for one in went.steps] == [step.id for step in went.case.steps]
    assert {receipt.signed for receipt in went.receipts} == {True}
    assert went.case.title.nl in page.page(went)


def test_the_receipt_and_the_register_give_article_and_source(went: Telling) -> None:
    for heard in (heard for one in went.steps for heard in one.heard):
        assert heard.activity is not None
        assert heard.activity.article
        assert heard.activity.source


def test_a_case_that_goes_otherwise_is_told_all_the_same_and_is_not_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = yaml.safe_load((casefile.FOLDER / "late-consent.yaml").read_text("utf-8"))
    raw["name"] = "wrong-expectation"
    raw["steps"] = raw["steps"][:1]
    raw["steps"][0]["expect"][0] |= {"told": "delivery", "reason": "legal-task"}
    (tmp_path / "wrong-expectation.yaml").write_text(yaml.safe_dump(raw), "utf-8")
    monkeypatch.setattr(casefile, "FOLDER", tmp_path)
    out = Path(tempfile.mkdtemp(prefix="ketenbus-case-"))
    console = Console(width=terminal.WIDTH, record=True, file=StringIO())
    assert cases.tell(["wrong-expectation"], out, "en", console) is False
    text = console.export_text()
    wanted = "expected, not found: report to comensha for REGISTRATIE: delivery (legal-task)"
    found = "found, not expected: report to comensha for REGISTRATIE: withheld (no-consent)"
    assert wanted in " ".join(text.split())
    assert found in " ".join(text.split())
    shown = (out / "wrong-expectation" / "index.html").read_text("utf-8")
    assert wanted in shown
    assert found in shown
    shutil.rmtree(out)


def test_safe_shelter_places_without_consent_and_registers_nothing(went: Telling) -> None:
    if went.case.name != "safe-shelter":
        assert went.unchanged() is None
        return
    before, after = went.unchanged() or (None, None)
    assert before is not None
    assert before == after
    assert (before.persons, before.messages) == (1, 1)
    [last] = [one for one in went.steps if one.step.id == "night-move"]
    night = [heard for heard in last.heard if heard.event.step == "night-move"]
    assert {(h.recipient, h.purpose, h.told, h.reasons) for h in night} == {
        ("comensha", "PLAATSING", "delivery", ("safety",)),
        ("opvang", "PLAATSING", "delivery", ("safety",)),
    }
    for heard in night:
        assert set(heard.arrived) == {
            "moved_on", "shelter_type", "region", "provider_id", "safety_at_stake", "safety_officer", "age_group"
        }  # fmt: skip
    (receipt,) = went.receipts
    assert [outcome["activity"] for outcome in receipt.outcomes] == ["plaatsing-comensha/1", "plaatsing-opvang/1"]
