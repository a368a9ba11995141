"""The demo's page and comparison: self-contained, in two languages, and plain about what differs."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import pytest

from sandbox.fit import fit
from sandbox.people import people
from sandbox.plan import Plan
from sandbox.targets import Cell, published, scaled
from sandbox.text import wishes
from sandbox.truth import Expected, cells, text
from services.account.account import Account, Balance
from services.cli.charts import Bar, Part, columns, number, rows, same
from services.cli.compare import Compared, aim, compare, in_text
from services.cli.page import MADE_UP, page
from services.cli.printing import print_verdict
from services.cli.report import Options, Result


@cache
def plan() -> Plan:
    return fit(published(), seed=7)


def counted() -> dict[tuple[str, str, str], float]:
    found = cells(people(plan(), seed=7))
    return {**found, **text(found)}


def result(compared: tuple[Compared, ...], scale: float = 1.0) -> Result:
    balance = Balance(10, 8, 1, 1, 5, 3, 1, 1)
    outcomes = {("comensha", "REGISTRATIE", "delivered", "consent"): 3, ("ind", "UITVOERING", "withheld", "<b>"): 1}
    account = Account(balance, outcomes, {"bad-signature": 1}, ())
    expected = Expected({}, {}, {}, 0, 0, {})
    return Result(Options(scale=scale), compared, account, expected, (), 10, [], {"total": 1.0})


def test_the_printed_figures_are_equal_unknown_or_an_erratum() -> None:
    compared = compare(counted(), plan().targets)
    states = [one.state for one in compared]
    assert {state: states.count(state) for state in set(states)} == {"equal": 375, "unknown": 17, "erratum": 2}
    errata = {one.cell.row for one in compared if one.state == "erratum"}
    assert errata == {wish.cell.row for wish in wishes() if wish.erratum}


def test_a_figure_of_the_text_that_is_off_is_different() -> None:
    off = Cell("text", "H19.2020", "value")
    [one] = [c for c in compare(counted() | {off: 58}, plan().targets) if c.cell == off]
    assert (one.state, one.target, one.difference) == ("different", 57, 1)


@pytest.mark.parametrize(
    ("count", "state"), [(417, "different"), (418, "unknown"), (450, "unknown"), (451, "different")]
)
def test_a_cell_that_the_source_only_bounds_is_different_outside_its_bounds(count: int, state: str) -> None:
    cell = Cell("2.9", "POLITIE", "2016")
    compared = compare(counted() | {cell: count}, plan().targets)
    assert [one.state for one in compared if one.cell == cell] == [state]
    assert ('class="different">' in page(result(compared))) is (state == "different")


def test_targets_that_were_moved_are_told_of_at_full_size_too(capsys: pytest.CaptureFixture[str]) -> None:
    print_verdict(replace(result(compare(counted(), plan().targets)), slack={"2.9": 1}))
    assert "targets are the nearest jointly feasible cells (moved in all: 2.9 1)" in capsys.readouterr().out


def test_a_bound_is_told_as_a_bound() -> None:
    told = {wish.cell.row: aim(wish, one) for wish, one in in_text(compare(counted(), plan().targets)).values()}
    assert told["H11.2020"] == ("≥ 50,1%", "≥ 50.1%")
    assert told["H12.catering"] == ("1e – 3e", "1st – 3rd")
    assert told["H9.change"] == ("+72%", "+72%")


def test_at_another_scale_nothing_is_called_an_erratum() -> None:
    small = fit(scaled(published(), 0.05), seed=7)
    found = cells(people(small, seed=7))
    assert {one.state for one in compare({**found, **text(found)}, small.targets)} == {"equal", "unknown"}


def test_the_page_fetches_nothing_and_says_in_both_languages_that_everybody_is_made_up() -> None:
    written = page(result(compare(counted(), plan().targets)))
    assert not re.search(r"(src|href)=\"(?!#|contract/index\.html\")|https?://|@import|url\(", written)
    assert all(said in written for said in MADE_UP)
    assert "&lt;b&gt;" in written
    assert "<b>1</b>" not in written


def test_every_figure_of_the_page_has_a_chart_and_a_table() -> None:
    written = page(result(compare(counted(), plan().targets)))
    for table in ("2.1", "2.2", "2.3", "2.9", "2.10"):
        section = written.split(f'id="figuur-{table}"')[1].split("</section>")[0]
        assert "<svg" in section
        assert "<table>" in section
        assert "differs" not in section


def test_a_cell_that_is_off_is_marked_in_its_chart_and_its_table() -> None:
    off = Cell("2.2", "AU", "2019")
    written = page(result(compare(counted() | {off: 300}, plan().targets)))
    section = written.split('id="figuur-2.2"')[1].split("</section>")[0]
    assert section.count('class="c2 differs"') == 1
    assert "300 (gepubliceerd 261)" in section
    assert "(+39)" in section


def test_bars_are_as_long_as_what_they_count() -> None:
    bar = Bar(same("2020"), (Part(30, 0, same("a")), Part(10, 1, same("b"))))
    for drawn, side in ((columns(same("t"), [bar]), "height"), (rows(same("t"), [bar]), "width")):
        sizes = [float(size) for size in re.findall(rf'<rect[^>]* {side}="([\d.]+)"', drawn)]
        assert abs(sizes[0] - 3 * sizes[1]) < 0.2
    assert "<rect" not in columns(same("t"), [Bar(same("2020"), (Part(0, 0, same("a")),))])


def test_numbers_are_written_as_each_language_writes_them() -> None:
    assert number(1334) == ("1.334", "1,334")
    assert number(-26.2) == ("-26,2", "-26.2")
