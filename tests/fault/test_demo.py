"""The main job through its command line, small: right, recounted by other code, and the same whatever happens on the way."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.cli.variants import RULES
from tests.fault.trouble import faults

ROOT = Path(__file__).parents[2]
SCALE = "0.03"
WORKERS = {"admit", "disclose", "registration", "monitoring"}
#: What each way of making trouble strikes, and how.
STRUCK = {
    "workers": {"kill -9": WORKERS},
    "all": {"kill -9": WORKERS | {"kafka", "postgres"}, "SIGSTOP": WORKERS},
}


@dataclass(frozen=True)
class Ran:
    """One demo: its exit code, what it printed, and its report."""

    code: int
    printed: str
    report: dict[str, Any]

    def line(self, start: str) -> str:
        return next(line for line in self.printed.splitlines() if line.startswith(start))


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="ketenbus-demo-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def command(*words: str, seconds: float = 240) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [sys.executable, "-m", "services.cli", *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise AssertionError(f"no end after {seconds:.0f} s: {error.stdout!r} {error.stderr!r}") from error


def demo(out: Path, *options: str) -> Ran:
    done = command("demo", "--scale", SCALE, "--out", str(out), *options)
    assert "Traceback" not in done.stderr, done.stderr
    return Ran(done.returncode, done.stdout + done.stderr, json.loads((out / "report.json").read_text("utf-8")))


@pytest.fixture(scope="module")
def plain(folder: Path) -> Ran:
    return demo(folder / "plain")


def test_every_cell_is_the_figure_and_nothing_is_unaccounted_for(plain: Ran) -> None:
    assert plain.code == 0, plain.printed
    assert plain.line("cells").endswith("different 0")
    assert plain.line("balance") == "balance 0"
    assert plain.report["balance"]["quarantined"] > 0
    assert plain.report["balance"]["repeated"] > 0


def test_other_code_recounts_the_same_from_the_raw_topics(plain: Ran, folder: Path) -> None:
    verified = command("demo", "verify", "--out", str(folder / "plain"))
    n, of = verified.stdout.splitlines()[-1].removeprefix("agree ").split(" of ")
    assert (verified.returncode, n) == (0, of), verified.stdout
    assert int(of) > 300


def test_a_recount_sees_a_report_that_was_changed(plain: Ran, folder: Path) -> None:
    path = folder / "plain" / "report.json"
    honest = path.read_text("utf-8")
    lied = json.loads(honest)
    lied["tables"]["2.1"]["all"]["total"] += 1
    path.write_text(json.dumps(lied), "utf-8")
    verified = command("demo", "verify", "--out", str(folder / "plain"))
    path.write_text(honest, "utf-8")
    assert verified.returncode == 1
    assert "differs: cell 2.1 all total" in verified.stdout


@pytest.mark.parametrize(
    "options",
    [
        ("--shuffle", "3", "--times", "3"),
        pytest.param(
            ("--chaos", "workers"), marks=pytest.mark.long
        ),  # all of these strikes are among those of the next
        ("--chaos", "all"),
    ],
    ids=" ".join,
)
def test_order_repetition_and_kills_change_nothing(plain: Ran, folder: Path, options: tuple[str, ...]) -> None:
    other = demo(folder / "other", *options)
    assert other.code == 0, other.printed
    assert other.report["standing"] == plain.report["standing"]
    assert other.report["balance"]["difference"] == 0
    if "--chaos" in options:
        struck = {(kill["victim"], kill["kind"]) for kill in other.report["kills"]}
        assert struck == {(victim, kind) for kind, victims in STRUCK[options[1]].items() for victim in victims}


@pytest.mark.long
def test_other_targets_come_out_too(folder: Path) -> None:
    other = demo(folder / "random", "--targets", "random", "--seed", "7")
    assert other.code == 0, other.printed
    assert other.line("cells").endswith("different 0")


#: Every rule is left out of a history that no server sees in the shorter tests; here one of the registration, two of disclose.
ALWAYS = {"linking", "consent", "recall"}


@pytest.mark.parametrize(
    "rule", [pytest.param(rule, marks=[] if rule in ALWAYS else [pytest.mark.long]) for rule in sorted(RULES)]
)
def test_leaving_out_a_rule_changes_a_cell(folder: Path, rule: str) -> None:
    without = demo(folder / "without", "--without", rule)
    assert without.code == 0, without.printed
    assert any(cell["state"] == "different" for cell in without.report["targets"])


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("how", sorted(STRUCK))
def test_the_whole_nation_comes_out_as_published_whatever_is_struck(folder: Path, how: str) -> None:
    done = command("demo", "--chaos", how, "--out", str(folder / "nation"), seconds=900)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((folder / "nation" / "report.json").read_text("utf-8"))
    assert {cell["state"] for cell in report["targets"]} == {"equal", "unknown", "erratum"}
    assert report["tables"]["2.1"]["excluding-kmar-only"]["total"] == 4894
    struck = {(kill["victim"], kill["kind"]) for kill in report["kills"]}
    assert struck == {(victim, kind) for kind, victims in STRUCK[how].items() for victim in victims}


@pytest.mark.long
@pytest.mark.timeout(2400)
@pytest.mark.parametrize("asked", [(), ("--only", "away", "--away", "600")], ids=["every trouble", "ten minutes away"])
def test_of_all_that_was_acknowledged_nothing_is_lost_doubled_or_unlawful(asked: tuple[str, ...]) -> None:
    words = [sys.executable, "-m", "tests.fault.table", *asked]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=2300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    *lines, last = done.stdout.splitlines()
    assert last == "nothing lost, nothing doubled, nothing unlawful"
    every = faults(600) if asked else faults()
    wanted = [fault.name for fault in every if not asked or "away" in fault.name]
    assert [name for name in wanted if sum(line.startswith(name) for line in lines) != 1] == [], done.stdout
