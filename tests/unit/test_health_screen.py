"""The status screen says first what is wrong, fits a narrow terminal, and its numbers are those of the JSON and the metrics."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

from rich.console import Console

from services.cli.status import screen
from services.emergency.seen import Alarm
from services.health.codes import UnknownCodes
from services.health.counting import Counted
from services.health.exporting import GAUGES, Exporter
from services.health.judging import Seen, Server, judge, judge_disk, judge_server
from services.health.observing import Look
from services.health.telling import told
from streams.runtime.health import Report
from streams.runtime.latency import Latency

NOW = 1_800_000_000.0
REPORT = Report("admit", 7, NOW, NOW - 900, "deciding", NOW - 74, None, 500, NOW - 74, NOW - 75, 0, 0.0, None)
STUCK = Seen(
    "disclose", NOW, 7, 900.0, report=REPORT, waiting=1812, oldest_ms=round((NOW - 75) * 1000), unmoved_seconds=74.0,
    blocked_by="its process 4711 (admin, psql)", in_per_second=640.0, out_per_second=0.0, memory_bytes=64_000_000,
)  # fmt: skip
WELL = Seen("admit", NOW, 6, 900.0, report=replace(REPORT, doing="reading", in_hand=0, in_hand_since=None))
KAFKA = Server("kafka", "Kafka", "127.0.0.1:1", 5, True, True, 1_234_000_000, 248_000_000)
COUNTED = Counted(
    at=NOW - 4, published=1120, undecided=13, admitted=1104, quarantined=12, repeated=4, open=3,
    oldest_open_ms=round((NOW - 7200) * 1000), oldest_open_at="victim-reported/0/7", oldest_open_reason="bad-signature",
)  # fmt: skip


def look(*seen: Seen, counted: Counted | None = COUNTED) -> Look:
    return Look(
        at=NOW,
        servers=((KAFKA, judge_server(KAFKA)),),
        processors=tuple((one, judge(one)) for one in seen),
        latency=Latency(5231, 230.0, 1456.0),
        counted=counted,
        uncountable=None,
        free_bytes=78_000_000_000,
        disk=judge_disk(78_000_000_000),
        emergency=Alarm(0, 0, None, 3, is_open=True),
        codes=UnknownCodes(0, 0),
    )


def shown(one: Look, width: int) -> list[str]:
    console = Console(width=width, file=io.StringIO())
    with console.capture() as captured:
        console.print(screen(one, "/data"))
    return [line.rstrip() for line in captured.get().splitlines()]


def test_an_overdue_review_of_emergency_access_is_an_alarm_that_says_where_to_look() -> None:
    late = replace(look(WELL), emergency=Alarm(1, 2, date(2026, 3, 1), 3, is_open=True))
    lines = shown(late, 220)
    assert lines[1].startswith(
        "■ emergency access overdue: 2 uses of emergency access have not been reviewed by two others"
    )
    assert "in 3 days (an open setting: no source gives the term); the oldest was due on 2026-03-01" in lines[1]
    assert "./ketenbus emergency list --overdue" in lines[1]
    assert any(line.endswith("3 wait for two reviewers, 2 overdue (term 3 days)") for line in lines)
    assert not late.is_well
    assert json.loads(json.dumps(told(late)))["emergency_access"]["review_overdue"] == 2


def test_codes_that_no_list_knows_are_counted_and_never_shown() -> None:
    some = replace(look(WELL), codes=UnknownCodes(3, 1))
    assert any(
        line.endswith("3 sealed fields of 1 report hold a code no list knows, or name nobody: kept as said")
        for line in shown(some, 140)
    )
    assert json.loads(json.dumps(told(some)))["unknown_codes"] == {"sealed_fields": 3, "reports": 1}
    assert some.is_well
    assert any(
        "unknown codes" in line and line.endswith("none")
        for line in shown(replace(some, codes=UnknownCodes(0, 0)), 140)
    )


def test_a_review_that_is_in_time_is_no_alarm() -> None:
    waiting = replace(look(WELL), emergency=Alarm(1, 0, None, 3, is_open=True))
    assert waiting.is_well
    assert shown(waiting, 140)[1] == "● all well"


def test_what_is_wrong_comes_first_in_words() -> None:
    lines = shown(look(WELL, STUCK), 140)
    assert lines[1].startswith("■ disclose stuck: 1,812 records wait, nothing done for 1 min: it waits for a lock")
    assert (
        "1,120 published = 1,104 admitted + 12 quarantined + 4 repeated; 13 more not decided yet (4 s ago)" in lines[-2]
    )
    assert "12 records, 3 open; the oldest for 2 h 0 min: victim-reported/0/7 (bad-signature)" in lines[-3]
    assert "p50 230 ms, p99 1.5 s of 5,231 deliveries" in lines[-4]
    assert lines[-5].endswith("none")
    assert "no use waits for review" in lines[-6]


def test_a_bus_that_is_well_says_so() -> None:
    assert shown(look(WELL), 100)[1] == "● all well"
    assert look(WELL).is_well
    assert not look(WELL, STUCK).is_well


def test_nothing_is_cut_off_in_a_terminal_of_a_hundred_columns() -> None:
    wide, narrow = (" ".join(" ".join(shown(look(WELL, STUCK), width)).split()) for width in (200, 100))
    assert wide == narrow
    assert "…" not in narrow


def test_an_event_unaccounted_for_is_red_whoever_is_green() -> None:
    wrong = look(WELL, counted=replace(COUNTED, admitted=1103))
    assert not wrong.is_well
    assert shown(wrong, 140)[1] == "■ balance: events unaccounted for: 1"
    assert any("1,120 published is not 1,103 admitted" in line for line in shown(wrong, 140))


def test_nothing_counted_yet_is_said_and_is_no_fault() -> None:
    fresh = look(WELL, counted=None)
    assert fresh.is_well
    assert [line.split(maxsplit=1)[1] for line in shown(fresh, 140)[-3:-1]] == ["not counted yet"] * 2


def test_json_holds_the_same() -> None:
    found = json.loads(json.dumps(told(look(WELL, STUCK))))
    assert [(p["name"], p["colour"], p["waiting_records"]) for p in found["processors"]] == [
        ("admit", "green", 0),
        ("disclose", "red", 1812),
    ]
    assert (found["well"], found["balance"]["difference"], found["quarantine"]["oldest_open_seconds"]) == (
        False,
        0,
        7200,
    )


def test_metrics_hold_the_same(tmp_path: Path) -> None:
    exporter = Exporter(tmp_path / "bus.jsonl")
    exporter.export(look(WELL, STUCK))
    [line] = (tmp_path / "bus.jsonl").read_text().splitlines()
    [scope] = json.loads(line)["resourceMetrics"][0]["scopeMetrics"]
    points = {metric["name"]: metric["gauge"]["dataPoints"] for metric in scope["metrics"]}
    assert points.keys() == GAUGES.keys()
    assert [point["asInt"] for point in points["ketenbus.lag.records"]] == ["0", "1812"]
    assert [point["asInt"] for point in points["ketenbus.health"]] == ["0", "2", "0"]
    assert points["ketenbus.quarantine.age"][0]["asDouble"] == 7200
    assert {point["attributes"][0]["value"]["stringValue"]: point["asInt"] for point in points["ketenbus.balance"]} == {
        "published": "1120", "admitted": "1104", "quarantined": "12", "repeated": "4", "undecided": "13", "difference": "0",
    }  # fmt: skip


def test_a_quarantine_that_cannot_be_read_is_red_and_hides_nothing_else() -> None:
    corrupt = replace(look(WELL), uncountable="quarantine/0/3: not a record that admit wrote")
    assert not corrupt.is_well
    assert shown(corrupt, 140)[1] == "■ quarantine cannot be counted: quarantine/0/3: not a record that admit wrote"
    assert any("1,120 published" in line for line in shown(corrupt, 140))
