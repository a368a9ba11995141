"""Figures told in words: what each way of counting makes of cells, and what a declaration may not say."""

from __future__ import annotations

from typing import Any

import pytest

from ketenbus.contract import contract
from services.monitoring.tables import told_in_text
from streams.monitoring.figures import told, value
from streams.monitoring.fold import count
from tests.registry import the_tables

CELLS = {("t", row, "2020"): number for row, number in {"a": 45, "b": 13, "c": 45, "d": 0}.items()}
GOOD: dict[str, Any] = {"figure": "H99", "part": "all", "says": {"nl": "Telling", "en": "Count"}, "source": "a test"}


def of(**way: Any) -> float:
    [figure] = told([GOOD | way])
    return value(figure, CELLS)


@pytest.mark.parametrize(
    ("way", "number"),
    [
        ({"count": ["t/a/2020", "t/b/2020"]}, 58),
        ({"share": {"of": ["t/b/2020"], "over": ["t/a/2020"]}}, 29),
        ({"share": {"of": ["t/b/2020"], "over": ["t/a/2020"]}, "decimals": 1}, 28.9),
        ({"share": {"of": ["t/a/2020"], "less": ["t/b/2020"], "over": ["t/a/2020"]}}, 71),
        ({"share": {"of": ["t/a/2020"], "over": ["t/d/2020"]}}, 0),
        ({"change": {"of": ["t/b/2020"], "over": ["t/a/2020"]}}, -71),
        ({"change": {"of": ["t/b/2020"], "over": ["t/d/2020"]}}, 0),
        ({"mean": {"of": ["t/a/2020"], "over": ["t/b/2020"]}}, 3),
        ({"times": {"of": ["t/a/2020"], "over": ["t/b/2020"]}, "decimals": 1}, 3.5),
        ({"rank": {"of": "t/b/2020", "among": ["a", "b", "c", "d"]}}, 3),
        ({"rank": {"of": "t/a/2020", "among": ["a", "b", "c", "d"]}}, 2),
        ({"falls": [{"of": [f"t/{row}/2020"], "over": ["t/a/2020"]} for row in "bcbd"]}, 2),
    ],
    ids=str,
)
def test_a_figure_is_what_its_cells_make_of_it(way: dict[str, Any], number: float) -> None:
    assert of(**way) == number


@pytest.mark.parametrize(
    "way",
    [{}, {"count": ["t/a/2020"], "mean": {"of": ["t/a/2020"], "over": ["t/b/2020"]}}, {"median": ["t/a/2020"]}],
    ids=str,
)
def test_a_figure_says_one_thing_that_there_is(way: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"count, share, change|median"):
        told([GOOD | way])


def test_a_cell_that_was_not_counted_is_an_error() -> None:
    with pytest.raises(KeyError, match="2019"):
        of(count=["t/a/2019"])


def test_every_released_figure_rests_on_cells_of_released_tables() -> None:
    frame = {cell for table in the_tables() for cell in count(table, [], contract().codelists)}
    figures = told_in_text()
    assert len({figure.cell for figure in figures}) == len(figures)
    assert {cell for figure in figures for cell in figure.cells} <= frame
