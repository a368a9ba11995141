"""What did not arrive: counted by a rule of its own, in two tables that nothing adds up, and shown without small numbers."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from ketenbus.events import ReportWithheld
from services.cli.app import app
from services.withheld import commands
from services.withheld.counting import Withheld, kept_back, not_reported, reporter_kind
from services.withheld.suppression import table
from tests.consent_facts import DAY

SMALL = {("consent-refused", "FAIRWORK"): 3, ("consent-refused", "OVERIG"): 40, ("no-consent", "FAIRWORK"): 25,
         ("no-consent", "OVERIG"): 120, ("no-authority", "OVERIG"): 0, ("no-authority", "FAIRWORK"): 12}  # fmt: skip


def counted(**changed: Any) -> ReportWithheld:
    held = {
        "occurred_precision": "UNKNOWN",
        "reporter_kind": "OVERIG",
        "period": DAY,
        "reason": "ANONYMOUS",
        "count": 7,
    }
    return ReportWithheld(**(held | changed))


def test_what_was_corrected_or_taken_back_is_not_kept_back() -> None:
    found = [
        Withheld("opvang", "no-consent", 4),
        Withheld("nidos", "no-consent", 5),
        Withheld("opvang", "superseded", 9),
        Withheld("opvang", "retracted", 9),
    ]
    assert kept_back(found) == {("no-consent", "OVERIG"): 9}


def test_what_reporters_counted_is_counted_by_their_own_reasons() -> None:
    found = not_reported([counted(), counted(count=2), counted(reason="CONSENT_REFUSED", reporter_kind="FAIRWORK")])
    assert found == {("ANONYMOUS", "OVERIG"): 9, ("CONSENT_REFUSED", "FAIRWORK"): 7}


def test_the_two_have_no_reason_in_common_so_nothing_adds_them_by_accident() -> None:
    assert not {reason for reason, _ in kept_back([Withheld("opvang", "consent-refused", 1)])} & {
        reason for reason, _ in not_reported([counted(reason="CONSENT_REFUSED")])
    }


@pytest.mark.parametrize(("kind", "counts_as"), [("politie", "POLITIE"), ("gemeente", "OVERIG"), ("bus", "bus")])
def test_a_kind_of_publisher_counts_as_a_kind_of_reporter(kind: str, counts_as: str) -> None:
    assert reporter_kind(kind) == counts_as


def test_a_small_number_goes_with_three_others_and_the_totals_stay() -> None:
    shown = table(SMALL, 10).shown()
    assert shown["consent-refused"] == {"FAIRWORK": None, "OVERIG": None, "total": 43}
    assert shown["no-consent"] == {"FAIRWORK": 25, "OVERIG": 120, "total": 145}
    assert shown["no-authority"] == {"FAIRWORK": None, "OVERIG": None, "total": 12}
    assert shown["total"] == {"FAIRWORK": 40, "OVERIG": 160, "total": 200}


def test_a_number_that_may_just_be_shown_is_enough_to_hide_a_small_one_behind() -> None:
    counts = {("a", "x"): 1, ("a", "y"): 10, ("b", "x"): 10, ("b", "y"): 0, ("c", "x"): 90, ("c", "y"): 90}
    left_out = [
        (row, column) for row, line in table(counts, 10).shown().items() for column, n in line.items() if n is None
    ]
    assert left_out == [("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")]


@pytest.mark.parametrize("words", [("--purpose", "GOSSIP"), ("--recipient", "newspaper")])
def test_a_recipient_or_purpose_that_is_not_there_is_refused(words: tuple[str, str]) -> None:
    refused = CliRunner().invoke(app, ["withheld", *words])
    assert refused.exit_code == 2
    assert f"unknown {words[0][2:]} {words[1]}: one of" in refused.output


def test_one_number_alone_takes_its_totals_with_it() -> None:
    assert table({("a", "b"): 3}, 10).shown() == {"a": {"b": None, "total": None}, "total": {"b": None, "total": None}}
    assert table({}, 10).shown() == {"total": {"total": 0}}


@pytest.mark.parametrize(("language", "said"), [("nl", "toestemming is geweigerd"), ("en", "consent was refused")])
def test_it_reads_without_codes_and_what_is_left_out_is_marked(language: str, said: str) -> None:
    console = Console(width=120, file=io.StringIO())
    with console.capture() as captured:
        commands.print_table(console, "title", table(SMALL, 10), language)
    lines = captured.get().splitlines()
    refused = next(line for line in lines if said in line)
    assert refused.split()[-3:] == ["·", "·", "43"]
    assert "FairWork" in lines[1]
