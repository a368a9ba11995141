"""What a worker says of itself, what is measured of it, and how little of the disk that takes."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from statistics import quantiles

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricsData

from services.health.positions import Standing
from services.health.processes import LONGEST_WORDS, Worker
from streams.runtime import health
from streams.runtime.health import Pulse, Report, fault
from streams.runtime.latency import LastMinute, Latency, bucket, quantile
from streams.runtime.otlp import OtlpFileExporter, encoded

PLACES = [("ketenlog", 0), ("ketenlog", 1)]
IDLE = Report("admit", 1, 100.0, 0.0, "reading", 0.0, None, 0, None, None, 0, 0.0, None)


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    pulse = Pulse("admit")
    pulse.latency.add(12.0, time.monotonic())
    pulse.take(7)
    pulse.now("deciding")
    written = pulse.report()
    health.write(written, tmp_path / "admit.health.json")
    assert health.read(tmp_path / "admit.health.json") == written
    assert [path.name for path in tmp_path.iterdir()] == ["admit.health.json"]


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"processor": "admit", "latency": null}'])
def test_a_report_of_another_version_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "report").write_text(content)
    assert health.read(tmp_path / "report") is None
    assert health.read(tmp_path / "absent") is None


def test_a_pulse_keeps_when_a_wait_began_through_all_its_attempts() -> None:
    pulse = Pulse("admit")
    pulse.now("waiting-for-postgresql")
    began = pulse.report().since
    pulse.now("waiting-for-postgresql", "ConnectionRefusedError")
    pulse.now("waiting-for-postgresql")
    assert (pulse.report().since, pulse.report().why) == (began, "ConnectionRefusedError")
    pulse.now("deciding")
    assert pulse.report().why is None


def test_a_pulse_counts_what_is_done_and_moves_only_then() -> None:
    pulse = Pulse("admit")
    pulse.finish()
    assert (pulse.report().done, pulse.report().moved_at, pulse.report().doing) == (0, None, "reading")
    pulse.take(500)
    assert (pulse.report().in_hand, pulse.report().done) == (500, 0)
    pulse.finish()
    assert (pulse.report().in_hand, pulse.report().done) == (0, 500)
    assert pulse.report().moved_at is not None


@pytest.mark.parametrize(
    ("report", "wrong"),
    [
        (IDLE, None),
        (replace(IDLE, at=500.0), None),
        (None, "no report"),
        (replace(IDLE, at=80.0), "silent for 22 s"),
        (replace(IDLE, doing="deciding", in_hand=9, in_hand_since=70.0), "stuck: 9 records in hand for 32 s, deciding"),
        (replace(IDLE, doing="deciding", in_hand=9, in_hand_since=99.0), None),
        (replace(IDLE, doing="waiting-for-postgresql", since=50.0, why="OSError"), "waits for PostgreSQL since 52 s (OSError)"),
    ],
)  # fmt: skip
def test_the_check_of_a_container_goes_by_the_workers_own_words(report: Report | None, wrong: str | None) -> None:
    assert fault(report, 102.0) == wrong


def test_the_check_of_a_container_ends_with_an_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "admit.health.json"
    assert health.main([str(file)]) == 1
    health.write(Pulse("admit").report(), file)
    assert health.main([str(file)]) == 0
    assert capsys.readouterr().out.splitlines() == ["no report", "well"]


def test_quantiles_are_within_a_bucket_of_the_exact_ones() -> None:
    draw = random.Random(4)
    durations = [draw.lognormvariate(4, 1) + 1 for _ in range(5000)]
    counted = Counter(bucket(duration) for duration in durations)
    exact = quantiles(durations, n=100)
    for percent in (50, 90, 99):
        assert quantile(counted, percent / 100) == pytest.approx(exact[percent - 1], rel=0.05)


def test_only_the_last_minute_counts() -> None:
    minute = LastMinute()
    minute.add(10.0, now=100.0)
    minute.add(-3.0, now=130.0)
    assert minute.read(now=150.0) == Latency(2, 0.5, quantile(Counter({bucket(10.0): 1}), 1.0))
    assert minute.read(now=170.0) == Latency(1, 0.5, 0.5)
    assert minute.read(now=200.0) is None


def test_what_stands_still_is_told_from_what_moves_and_from_what_has_nothing_to_do() -> None:
    standing = Standing(PLACES)
    ends = {PLACES[0]: 10, PLACES[1]: 5}
    done = {PLACES[0]: (10, 10), PLACES[1]: (5, 5)}
    standing.see(0.0, done, ends, 15)
    standing.see(100.0, done, ends, 15)
    assert (standing.waiting, standing.unmoved_seconds) == (0, 0.0)
    more = ends | {PLACES[1]: 8}
    standing.see(101.0, done, more, 15)
    assert (standing.waiting, standing.unsent, standing.unmoved_seconds) == (3, {PLACES[1]: 5}, 0.0)
    standing.see(104.0, done, more, 15)
    assert standing.unmoved_seconds == 3.0
    standing.see(105.0, done | {PLACES[1]: (6, 5)}, more, 15)
    assert standing.unmoved_seconds == 0.0


def test_rates_are_what_came_and_what_was_done() -> None:
    standing = Standing(PLACES)
    ends = {PLACES[0]: 0, PLACES[1]: 0}
    standing.see(0.0, {}, ends, 0)
    assert (standing.in_per_second, standing.out_per_second) == (None, None)
    standing.see(2.0, {PLACES[0]: (40, 30)}, ends | {PLACES[0]: 100}, 30)
    assert (standing.in_per_second, standing.out_per_second) == (50.0, 15.0)


def some_metrics() -> MetricsData:
    reader = InMemoryMetricReader()
    meter = MeterProvider([reader]).get_meter("ketenbus")
    meter.create_counter("sent", "{message}").add(3, {"topic": "ketenlog"})
    meter.create_histogram("took", "s", explicit_bucket_boundaries_advisory=[1.0, 2.0]).record(1.5)
    meter.create_gauge("lag").set(0.5)
    data = reader.get_metrics_data()
    assert data is not None
    return data


def test_metrics_are_encoded_as_otlp_json_has_them() -> None:
    [of] = encoded(some_metrics())["resourceMetrics"]
    [scope] = of["scopeMetrics"]
    told = {metric["name"]: metric for metric in scope["metrics"]}
    [count] = told["sent"]["sum"]["dataPoints"]
    assert (count["asInt"], count["attributes"]) == ("3", [{"key": "topic", "value": {"stringValue": "ketenlog"}}])
    assert (told["sent"]["sum"]["aggregationTemporality"], told["sent"]["sum"]["isMonotonic"]) == (2, True)
    [took] = told["took"]["histogram"]["dataPoints"]
    assert (took["count"], took["bucketCounts"], took["explicitBounds"]) == ("1", ["0", "1", "0"], [1.0, 2.0])
    [lag] = told["lag"]["gauge"]["dataPoints"]
    assert lag["asDouble"] == 0.5
    assert int(lag["timeUnixNano"]) > 10**18


def test_a_file_of_metrics_never_takes_more_than_twice_its_size(tmp_path: Path) -> None:
    data = some_metrics()
    line = len(json.dumps(encoded(data), separators=(",", ":"))) + 1
    exporter = OtlpFileExporter(tmp_path / "admit.metrics.jsonl", file_bytes=3 * line + line // 2)
    for _ in range(20):
        exporter.export(data)
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == ["admit.metrics.jsonl", "admit.metrics.jsonl.1"]
    lines = [json.loads(row) for path in files for row in path.read_text().splitlines()]
    assert len(lines) == 5
    assert all(row == encoded(data) for row in lines)


def test_a_disk_that_takes_no_metrics_stops_nothing(tmp_path: Path) -> None:
    exporter = OtlpFileExporter(tmp_path / "absent" / "admit.metrics.jsonl")
    assert [exporter.export(some_metrics()).name for _ in range(2)] == ["FAILURE", "FAILURE"]


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("2026-11-21 INFO root\nadmit: gap before x/0/7: decided up to 3\n", "gap before x/0/7: decided up to 3"),
        ("2026-11-21 INFO root admit: running\n", "told to, killed, or never started"),
        ("admit: " + "x" * 500, "x" * 200),
    ],
)
def test_a_worker_that_stopped_by_itself_is_quoted(tmp_path: Path, log: str, words: str) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "admit.log").write_text(log)
    said = Worker(tmp_path, "admit").last_words()
    assert said.startswith(words)
    assert len(said) <= LONGEST_WORDS
