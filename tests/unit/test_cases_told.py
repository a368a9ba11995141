"""The cases: their files hold, what went otherwise is named, and nothing is told that was not read back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import get_args

import pytest
import yaml
from rich.console import Console

from consent.known import Fact, Known, Ref, learn
from consent.narrowing import Narrowed
from consent.precedence import Consent
from infra.local.identities import PARTNERS
from ketenbus.contract import contract
from ketenbus.errors import ConfigurationError
from ketenbus.rules import broken
from services.cases import casefile, drawing, lines, page, running, terminal, words
from services.cases.casefile import Expected, Told
from services.cases.heard import EventRef, Happened, Heard, Receipt, Registered, Telling
from tests.consent_facts import the_register
from tests.contract.examples import example

OINS = {row["id"]: row["oin"] for row in yaml.safe_load(PARTNERS.read_text("utf-8"))["partners"]}
HOLDS = Registered(1, 1, 1, "ab" * 32)


def heard(
    step: str, kind: Told, reason: str, activity: str, to: tuple[str, str] = ("comensha", "REGISTRATIE")
) -> Heard:
    ref = EventRef(step, "victim-reported", "0190b0a2")
    return Heard(ref, *to, kind, (reason,), the_register().by_ref(activity), ("sex",), ("narrative",), ("forms",), ())


def telling() -> Telling:
    """late-consent as it should go, put together by hand."""
    case = casefile.load("late-consent")
    about = "registratie-toestemming/1"
    news = {
        "report": (heard("report", "withheld", "no-consent", about),),
        "question": (),
        "consent": (heard("report", "release", "consent", about), record("registration-recorded")),
        "withdrawal": (heard("report", "recall", "consent-withdrawn", about), record("registration-ended")),
    }
    after = {"report": 0, "question": 0, "consent": 1, "withdrawal": 0}
    steps = tuple(
        Happened(
            step,
            case.event_id(step.id),
            "Zorgcoördinatie <1>",
            "admitted",
            news[step.id],
            Registered(after[step.id], after[step.id], after[step.id], f"{after[step.id]}" * 64),
            dict.fromkeys((figure.cell for figure in case.figures), after[step.id]),
        )
        for step in case.steps
    )
    outcome = {"recipient": "comensha", "purpose": "REGISTRATIE", "outcome": "withheld", "mask": "", "activity": about,
               "reasons": ["consent-withdrawn"], "change": 2}  # fmt: skip
    return Telling(case, steps, (Receipt(EventRef("report", "victim-reported", "x"), (outcome,), True),))


def record(kind: str) -> Heard:
    activity = the_register().by_ref("monitoring-registratie/1")
    return Heard(EventRef(None, kind, "r"), "rapporteur", "MONITORING", "delivery", ("legal-task",), activity)


@pytest.mark.parametrize("name", casefile.names())
def test_every_event_of_a_case_keeps_the_contract(name: str) -> None:
    case = casefile.load(name)
    kinds = {row["id"]: row["kind"] for row in yaml.safe_load(PARTNERS.read_text("utf-8"))["partners"]}
    for step in case.steps:
        assert list(broken(case.event(step, OINS), step.time.date())) == []
        assert kinds[step.partner] in contract().types[step.type].publishers


@pytest.mark.parametrize("name", casefile.names())
def test_every_case_cites_lines_and_expects_what_the_register_names(name: str) -> None:
    case = casefile.load(name)
    assert all(" L" in source for source in case.sources)
    for step in case.steps:
        for expected in step.expect:
            assert (expected.recipient, expected.purpose) in the_register().views()
            assert expected.reason in words.REASONS


def test_there_are_three_cases_and_safe_shelter_is_the_first() -> None:
    assert casefile.names() == ("safe-shelter", "late-consent", "two-reports-one-person")
    assert casefile.load("safe-shelter").registration_unchanged is not None


def test_a_case_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(ConfigurationError, match="safe-shelter"):
        casefile.load("safe-house")


def test_a_case_that_expects_of_a_step_that_is_not_there_is_refused() -> None:
    raw = yaml.safe_load((casefile.FOLDER / "late-consent.yaml").read_text("utf-8"))
    raw["steps"][0]["expect"][0]["event"] = "no-such-step"
    with pytest.raises(ValueError, match="no step is named no-such-step"):
        casefile.Case.model_validate(raw)


def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", "utf-8")
    with pytest.raises(ConfigurationError, match="other things"):
        running.run(casefile.load("safe-shelter"), tmp_path, lambda _: None)
    assert (tmp_path / "thesis.txt").exists()


def test_every_reason_a_receipt_can_carry_has_words_in_both_languages() -> None:
    reasons = {*Consent, Narrowed.value, "legal-task", "safety", "no-activity", "superseded", "retracted"}
    assert set(words.REASONS) == reasons
    assert set(words.TOLD) == set(get_args(Told)) == set(terminal.SIGNS)
    assert all(text.nl and text.en for text in (*words.REASONS.values(), *words.TOLD.values()))


def test_what_counts_for_decisions_is_what_the_decisions_learn_from() -> None:
    def teaches(name: str) -> bool:
        fact = Fact(Ref("1" * 20, "a"), datetime(2019, 1, 1, tzinfo=UTC), example(name, filled=True))
        known = learn(fact)
        return known != Known(chain=known.chain, admitted=known.admitted)

    to_nobody = contract().types.keys() - the_register().by_type.keys()
    assert {name for name in to_nobody if teaches(name)} == lines.TAUGHT | {
        "fact-quarantined",
        "consent-begun",
        "consent-expired",
    }


def test_a_case_that_goes_as_expected_has_no_differences() -> None:
    assert telling().differences() == ()


def with_step(name: str, **changed: object) -> Telling:
    went = telling()
    steps = tuple(replace(s, **changed) if s.step.id == name else s for s in went.steps)  # type: ignore[arg-type]
    return replace(went, steps=steps)


@pytest.mark.parametrize(
    ("went", "named"),
    [
        (with_step("report", heard=()), "expected, not found: report to comensha for REGISTRATIE: withheld (no-consent)"),
        (
            with_step("question", heard=(heard("report", "release", "consent", "registratie-toestemming/1"),)),
            "step question: found, not expected: report to comensha for REGISTRATIE: release (consent)",
        ),
        (with_step("consent", registered=Registered(2, 1, 1, "")), "expected 1 persons and 1 reports"),
        (with_step("withdrawal", cells=telling().steps[2].cells), "expected 2.1 all 2019 = 0, found 1"),
        (with_step("question", admitted="quarantined: unknown-code"), "expected admitted, found quarantined"),
        (
            replace(telling(), receipts=(replace(telling().receipts[0], signed=False),)),
            "the receipt of report is not signed by disclose",
        ),
    ],
)  # fmt: skip
def test_what_went_otherwise_is_named(went: Telling, named: str) -> None:
    assert any(named in difference for difference in went.differences())


def test_how_many_versions_of_a_record_pass_makes_no_difference() -> None:
    more = (*telling().steps[3].heard, record("registration-recorded"), record("registration-ended"))
    assert with_step("withdrawal", heard=more).differences() == ()


def test_a_registration_that_changed_is_a_difference() -> None:
    went = replace(
        telling(),
        case=telling().case.model_copy(
            update={"registration_unchanged": casefile.Unchanged(after="report", until="consent")}
        ),
    )
    assert any("the registration changed" in difference for difference in went.differences())
    assert [text.en for text in lines.verdict(went)][-1] == "registration before and after: NOT the same"


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_terminal_tells_every_outcome_with_its_article_and_source(language: str) -> None:
    console = Console(width=100, record=True, file=StringIO())
    terminal.tell(console, telling(), language)
    text = " ".join(console.export_text().split())
    for one in telling().steps:
        for line in lines.lines(telling(), one):
            assert line.what.said(language) in text
            assert line.heard.activity is not None
            assert line.heard.activity.article in text
            assert line.heard.activity.source in text
    assert "different 0" in text


def test_the_terminal_keeps_to_a_hundred_columns() -> None:
    console = Console(width=terminal.WIDTH, record=True, file=StringIO())
    terminal.tell(console, telling())
    assert max(map(len, console.export_text().splitlines())) <= terminal.WIDTH


def test_the_page_needs_nothing_else_and_escapes_what_it_shows() -> None:
    html = page.page(telling())
    assert "http" not in html.replace("http://www.w3.org/2000/svg", "")
    assert "<script" not in html
    assert "Zorgcoördinatie &lt;1&gt;" in html
    assert "<1>" not in html


def test_the_picture_tells_outcomes_apart_by_shape() -> None:
    picture = drawing.draw(telling())
    assert picture.count("stroke-dasharray") == 1  # the one withheld
    assert picture.count(f'fill="{drawing.RECALLED}"') == 1
    assert picture.count(f'fill="{drawing.DELIVERED}"') == 3


def test_an_expected_outcome_is_said_the_way_the_case_file_says_it() -> None:
    told = telling().steps[0].heard[0].as_expected()
    assert told == Expected(
        event="report", recipient="comensha", purpose="REGISTRATIE", told="withheld", reason="no-consent"
    )
