"""What a run writes by itself: the page between its marks, the peers' table, the charts; and what it says of growth."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench import docs, peering, volume
from bench.charts import Chart, of_peers
from bench.figures import Figure
from bench.peers.contestants import MODULES, OURS
from bench.peers.counting import Count
from bench.peers.race import KILLS, Result

SVG = "{http://www.w3.org/2000/svg}"


def result(name: str, rate: float = 2_000.0, trouble: str = "") -> Result:
    calm = Count(10, 0, 0, 0, 0)
    return Result(name, rate, 0.5, 80.0, [1.0] * 98 + [5.0, 9.0], [6.0, 8.5, 7.0], calm, Count(10, 2, 3, 4, 5), trouble)


@pytest.fixture
def rows() -> dict[str, peering.Row]:
    crashed = Result("quixstreams", trouble="it stopped by itself; its last words:\nTraceback")
    several = [result(OURS), result("faust", 500.0), crashed, result("bare", 4_000.0)]
    return {one.name: peering.row_of(one) for one in several}


def test_the_lane_is_held_to_at_least_what_faust_does_times_the_limit(rows) -> None:
    lane = next(f for f in peering.figures(rows) if "plain Faust" in f.name)
    assert (lane.value, lane.kept, lane.at_least) == (4.0, True, True)
    assert not Figure("slow", 2.7, "x", 2.8, at_least=True).kept


def test_recovery_counts_beyond_the_session_and_what_ours_loses_has_no_room(rows) -> None:
    figures = {f.name: f for f in peering.figures(rows)}
    assert figures["recovery after kill -9, beyond the session"].value == pytest.approx(2.5)
    assert not figures["lost by ours, killed"].kept
    assert figures["lost by ours, undisturbed"].kept


def test_a_recovery_that_was_not_seen_every_time_is_none() -> None:
    few = Result(OURS, recoveries=[7.0] * (KILLS - 1))
    assert peering.row_of(few)["recovery_seconds"] is None


def test_the_table_has_every_contestant_with_ratios_to_ours_and_says_who_crashed(rows) -> None:
    lines = peering.table(rows).split("\n")
    assert len({len(line) for line in lines[: 2 + len(rows)]}) == 1
    assert "500 (0.25)" in next(line for line in lines if "plain Faust" in line)
    assert lines[-1] == "quixstreams, state did not finish: it stopped by itself; its last words:"
    assert set(rows) == {OURS, *MODULES}


def test_every_chart_is_svg_that_tells_each_value_in_words(rows) -> None:
    charts = of_peers(rows)
    for chart in charts.values():
        root = ElementTree.fromstring(chart.svg())
        texts = [text.text for text in root.iter(f"{SVG}text")]
        assert texts.count("not reached") == sum(value is None for _, row in chart.groups for value in row)
        assert {name for name, _ in chart.groups} <= set(texts)
    assert charts["throughput"].svg() == of_peers(rows)["throughput"].svg()


def test_bars_are_as_long_as_their_values(rows) -> None:
    root = ElementTree.fromstring(Chart("t", "s", ["s"], [("a", [2.0]), ("b", [1.0]), ("c", [0.0])]).svg())
    bars = [float(bar.attrib["width"]) for bar in root.findall(f"{SVG}rect")[1:]]
    assert bars[0] == 2 * bars[1] > 0 == bars[2]


def test_the_page_is_written_between_the_marks_and_nowhere_else(tmp_path: Path, rows) -> None:
    (tmp_path / docs.PAGE).write_text(
        "# a\n<!-- peers -->\nold\n<!-- /peers -->\n<!-- demo -->\nkept\n<!-- /demo -->\n"
    )
    docs.write(tmp_path, {"peers": [Figure("x", 1.0, "s")]}, {"peers": {"contestants": rows}}, 0.25)
    text = (tmp_path / docs.PAGE).read_text()
    assert "old" not in text
    assert text.endswith("<!-- demo -->\nkept\n<!-- /demo -->\n")
    assert "load before the start 0.2" in text
    for chart in of_peers(rows):
        assert f"charts/{chart}.svg" in text
        assert (tmp_path / docs.CHARTS / f"{chart}.svg").exists()


def test_a_measurement_without_marks_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / docs.PAGE).write_text("# a\n")
    with pytest.raises(ValueError, match="put the two marks"):
        docs.write(tmp_path, {"demo": [Figure("x", 1.0, "s")]}, {}, 0.0)
    assert (tmp_path / docs.PAGE).read_text() == "# a\n"


def test_the_page_of_this_project_has_marks_for_every_measurement() -> None:
    from bench.__main__ import MEASUREMENTS

    text = (Path(__file__).parents[2] / "docs" / docs.PAGE).read_text("utf-8")
    for name in MEASUREMENTS:
        assert docs.between(text, name, "new") != text


def test_growth_is_the_slope_after_the_warm_up() -> None:
    flow = volume.Flow(weights={"admit": [(0, 90.0), (1_000, 50.0), (50_000, 60.0), (100_000, 70.0)]})
    assert flow.slope("admit") == pytest.approx(20.0, rel=0.01)
    assert flow.peak_mib("admit") == 90.0
    assert volume.slope([(5, 1.0)]) == 0.0
