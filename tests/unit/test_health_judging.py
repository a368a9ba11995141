"""Green, amber or red from what was seen: a worker is red when it stands still with work before it, never for being idle."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.health.judging import (
    OPEN_SECONDS,
    Limits,
    OpenTransaction,
    Seen,
    Server,
    judge,
    judge_disk,
    judge_server,
    stuck_seconds,
)
from services.health.positions import Standing
from streams.runtime.health import Report

NOW = 1_800_000_000.0
PID = 4711
LIMITS = Limits(stuck_seconds=10.0, behind_seconds=10.0)
IDLE = Report(
    processor="disclose", pid=PID, at=NOW - 1, started_at=NOW - 3600, doing="reading", since=NOW - 600, why=None,
    in_hand=0, in_hand_since=None, moved_at=NOW - 600, done=5, late_seconds=0.0, latency=None,
)  # fmt: skip
WELL = Seen("disclose", at=NOW, pid=PID, uptime_seconds=3600.0, report=IDLE)


def says(**told: Any) -> Report:
    return replace(IDLE, **told)


def append_ms(seconds_ago: float) -> int:
    return round((NOW - seconds_ago) * 1000)


WAITS = {"waiting": 12, "oldest_ms": append_ms(14), "unmoved_seconds": 1.0}
CASES: list[tuple[str, dict[str, Any], str, str, str]] = [
    # name, what differs from a worker that is well, colour, state, part of why
    ("idle for an hour", {}, "green", "idle", ""),
    ("work that has just come", {"waiting": 3, "oldest_ms": append_ms(0.2)}, "green", "working", ""),
    ("work in hand, nothing waits", {"report": says(doing="deciding", in_hand=3, in_hand_since=NOW - 1)}, "green", "working", ""),
    ("not there", {"pid": None, "report": None, "last_words": "admit: gap before x/0/7"}, "red", "stopped", "gap before"),
    ("Kafka ends before what was decided, and nothing waits", {"lost": "t/0 ends at 3"}, "red", "lost", "t/0 ends at 3"),
    ("suspended, and nothing to do", {"is_frozen": True}, "red", "stuck", "suspended by a signal"),
    ("suspended with work", {"is_frozen": True, **WAITS}, "red", "stuck", "12 records wait"),
    ("its loop is silent for a moment", {"report": says(at=NOW - 7)}, "amber", "silent", "7 s"),
    ("its loop is silent", {"report": says(at=NOW - 30), **WAITS}, "red", "stuck", "12 records wait"),
    ("a batch that does not end", {"report": says(doing="deciding", in_hand=12, in_hand_since=NOW - 14), **WAITS}, "red", "stuck", "its transaction does not end"),
    ("a lock in PostgreSQL", {"report": says(doing="deciding"), "blocked_by": "its process 9 (admin)", **WAITS}, "red", "stuck", "its process 9 (admin) holds"),
    ("Kafka takes nothing", {"report": says(doing="sending", in_hand=12, in_hand_since=NOW - 14), **WAITS}, "red", "stuck", "not acknowledged"),
    ("given nothing", WAITS, "red", "stuck", "12 records wait, nothing done for 14 s: it is given no records"),
    ("one record, given nothing", {**WAITS, "waiting": 1}, "red", "stuck", "1 record waits"),
    ("no words of its own, watched long enough", {"report": None, **WAITS, "unmoved_seconds": 11.0}, "red", "stuck", "11 s"),
    ("no words of its own, watched too short", {"report": None, **WAITS, "oldest_ms": append_ms(4)}, "green", "working", ""),
    ("old work, but it moves", {**WAITS, "unmoved_seconds": 0.0, "in_per_second": 5.0, "out_per_second": 17.0}, "amber", "behind", "catching up, 1 s to go"),
    ("old work, and more comes than is done", {**WAITS, "unmoved_seconds": 0.0, "in_per_second": 90.0, "out_per_second": 17.0}, "amber", "behind", "growing: 90/s come, 17/s"),
    ("it moved three seconds ago", {**WAITS, "oldest_ms": append_ms(300), "report": says(moved_at=NOW - 3)}, "amber", "behind", ""),
    ("the broker's clock is an hour behind", {"waiting": 1, "oldest_ms": append_ms(3600), "unmoved_seconds": 0.0}, "amber", "behind", ""),
    ("the broker's clock is an hour ahead", {"waiting": 1, "oldest_ms": append_ms(-3600), "unmoved_seconds": 1.0}, "green", "working", ""),
    ("our clock was set back", {"report": says(at=NOW + 500, since=NOW + 400, moved_at=NOW + 400)}, "green", "idle", ""),
    ("PostgreSQL away, and it says so", {"postgres_answers": False, "waiting": None, "report": says(doing="waiting-for-postgresql", since=NOW - 42, why="ConnectionRefusedError")}, "amber", "waiting", "PostgreSQL away for 42 s (ConnectionRefusedError)"),
    ("PostgreSQL away, and it has not noticed", {"postgres_answers": False, "waiting": None}, "amber", "waiting", "PostgreSQL away"),
    ("both away", {"postgres_answers": False, "kafka_answers": False, "waiting": None}, "amber", "waiting", "PostgreSQL and Kafka away"),
    ("no connection for it alone, for a while", {"report": says(doing="waiting-for-postgresql", since=NOW - 4)}, "amber", "waiting", "for PostgreSQL, 4 s"),
    ("no connection for it alone", {"report": says(doing="waiting-for-postgresql", since=NOW - 42, why="TimeoutError")}, "red", "stuck", "though it answers us"),
    ("asking for a connection", {"report": says(doing="waiting-for-postgresql", since=NOW - 0.1)}, "green", "idle", ""),
    ("just started", {"uptime_seconds": 2.0, "report": None, **WAITS}, "amber", "starting", ""),
    ("just started, sending what an earlier one left", {"uptime_seconds": 9.0, "report": says(doing="sending", moved_at=None, done=0)}, "amber", "starting", ""),
    ("started, not given its partitions", {"uptime_seconds": 90.0, "report": says(doing="starting", moved_at=None, done=0)}, "red", "stuck", "not given its partitions after 1 min"),
    ("started while PostgreSQL is away", {"uptime_seconds": 90.0, "postgres_answers": False, "report": says(doing="starting", moved_at=None, done=0)}, "amber", "waiting", "PostgreSQL away"),
]  # fmt: skip


@pytest.mark.parametrize(("differs", "colour", "state", "why"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_a_processor_is_judged_by_what_was_seen(differs: dict[str, Any], colour: str, state: str, why: str) -> None:
    verdict = judge(replace(WELL, **differs), LIMITS)
    assert (verdict.colour, verdict.state) == (colour, state)
    assert why in verdict.why


@pytest.mark.parametrize("differs", [{"waiting": 0}, {"waiting": None}, {"unmoved_seconds": 0.0}])
def test_without_waiting_work_or_with_motion_nothing_is_stuck(differs: dict[str, Any]) -> None:
    assert stuck_seconds(replace(WELL, **{**WAITS, **differs})) == 0


def test_a_record_that_came_to_an_idle_worker_counts_from_when_it_came() -> None:
    """The worker's last move was ten minutes ago; the record waits four seconds, and so long is it stuck."""
    assert stuck_seconds(replace(WELL, waiting=1, oldest_ms=append_ms(4), unmoved_seconds=1.0)) == 4


SERVER = Server("kafka", "Kafka", "127.0.0.1:1", PID, is_ours=True, answers=True)


@pytest.mark.parametrize(
    ("server", "colour", "state"),
    [
        (SERVER, "green", "up"),
        (replace(SERVER, answers=False), "red", "silent"),
        (replace(SERVER, answers=False, pid=None), "red", "stopped"),
        (replace(SERVER, pid=None, is_ours=False), "green", "up"),
        (replace(SERVER, pid=None, is_ours=False, answers=False), "red", "silent"),
    ],
)
def test_a_server_is_up_when_it_answers(server: Server, colour: str, state: str) -> None:
    assert (judge_server(server).colour, judge_server(server).state) == (colour, state)


def test_a_transaction_that_somebody_left_open_is_told_with_whose_it_is() -> None:
    open_for = [OpenTransaction("its process 9 (admin, psql)", seconds) for seconds in (OPEN_SECONDS - 1, OPEN_SECONDS)]
    told = [judge_server(replace(SERVER, oldest=one)) for one in open_for]
    assert [verdict.colour for verdict in told] == ["green", "amber"]
    assert "its process 9 (admin, psql) has had a transaction open for 5 min" in told[1].why


def test_a_disk_that_fills_up_is_amber_before_it_is_red() -> None:
    assert [judge_disk(free).colour for free in (10 * 1024**3, 1024**3, 1024**2)] == ["green", "amber", "red"]


def test_a_partition_that_ends_before_what_is_decided_of_it_is_lost_though_nothing_waits() -> None:
    standing = Standing([("t", 0), ("t", 1)])
    standing.see(1.0, {("t", 0): (5, 5), ("t", 1): (2, 2)}, {("t", 0): 5, ("t", 1): 2}, 0)
    assert (standing.lost, standing.waiting) == (None, 0)
    standing.see(2.0, {("t", 0): (5, 5), ("t", 1): (2, 2)}, {("t", 0): 3, ("t", 1): 2}, 0)
    assert standing.waiting == 0
    assert standing.lost is not None
    assert standing.lost.startswith("t/0 ends at 3, and this database knows it up to 5: Kafka lost")
