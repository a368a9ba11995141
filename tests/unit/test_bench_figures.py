"""What the bench says of a measurement: nearest-rank quantiles, limits kept or not, rates between two readings."""

import json

import pytest

from bench.figures import Figure, as_json, quantile, table
from bench.latency import Way
from bench.place import report
from bench.throughput import Reading, Run
from ketenbus import rules
from tests.made_up import NOW, partner


def reading(at: float, sent: int, end: int = 100, cpu: float = 0.0, mib: int = 1) -> Reading:
    return Reading(at, {"admit": sent}, {"admit": end}, {"admit": cpu}, {"admit": mib * 2**20})


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 50.0), (0.99, 99.0), (0.991, 100.0), (0.999, 100.0), (1.0, 100.0)]
)
def test_a_quantile_is_a_measured_value_and_never_between_two(share: float, expected: float) -> None:
    assert quantile([float(n) for n in range(100, 0, -1)], share) == expected


def test_a_quantile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        quantile([], 0.5)


def test_a_figure_keeps_its_limit_up_to_the_limit_itself() -> None:
    assert Figure("a", 500, "ms", 500).kept
    assert not Figure("a", 500.1, "ms", 500).kept
    assert Figure("a", 500, "ms").kept


def test_the_table_marks_what_is_over_its_limit() -> None:
    lines = table([Figure("fast", 1.0, "ms", 500), Figure("slow", 1000.0, "ms", 500), Figure("free", 3, "x")]).split(
        "\n"
    )
    assert ["OVER" in line for line in lines] == [False, False, False, True, False]
    assert len({len(line) for line in lines}) == 1


def test_a_run_is_told_as_plain_data() -> None:
    told = json.loads(json.dumps(as_json([Figure("fast", 1.0, "ms", 500)], {"events": 1})))
    assert told["figures"] == [
        {"name": "fast", "value": 1.0, "unit": "ms", "limit": 500, "at_least": False, "ratio": 0.002, "kept": True}
    ]
    assert told["machine"]["cores"] >= 1


def test_an_event_counts_from_the_moment_it_was_due() -> None:
    def send(number: int) -> None:
        raise AssertionError

    way = Way(send, due={"1": 10.0, "2": 10.01}, arrived={"1": 10.5, "2": 10.5, "earlier": 9.0})
    assert way.latencies_ms() == pytest.approx([500.0, 490.0])


def test_a_rate_is_what_moved_between_the_first_reading_and_the_last() -> None:
    run = Run((reading(10.0, 20, cpu=1.0, mib=50), reading(12.0, 60, mib=80), reading(14.0, 100, cpu=1.8, mib=60)))
    assert run.per_second("admit") == 20.0
    assert run.cpu_ms_per_record("admit") == pytest.approx(10.0)
    assert run.peak_mib("admit") == 80.0


def test_a_run_is_over_only_when_the_goal_is_reached_and_nothing_is_left() -> None:
    assert reading(0.0, 100).finished({"admit": 100})
    assert not reading(0.0, 99).finished({"admit": 100})
    assert not reading(0.0, 100, end=120).finished({"admit": 100})


def test_the_reports_it_sends_keep_every_rule_and_share_no_identity(tmp_path) -> None:
    made = [report(number, partner(tmp_path), NOW) for number in range(20)]
    assert all(not list(rules.broken(event, NOW.date())) for event in made)
    assert len({(event.name, event.birth_date) for event in made}) == len(made)


def test_a_limit_of_nothing_is_kept_by_nothing_only() -> None:
    lines = table([Figure("lost", 0, "", 0), Figure("more lost", 1, "", 0)]).split("\n")
    assert [line.count("OVER") for line in lines[2:]] == [0, 1]
    assert as_json([Figure("lost", 1, "", 0)], {})["figures"][0]["ratio"] is None
