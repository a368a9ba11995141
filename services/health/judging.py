"""From what was seen of a processor or a server to green, amber or red, with the reason in words. Pure.

Green is well, idle included. Amber goes on by itself, or is slow. Red needs somebody: it is stopped, stuck, or wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.emergency.seen import Alarm
from streams.runtime.health import SILENT_SECONDS, STUCK_SECONDS, WAITING, Report, because

Colour = Literal["green", "amber", "red"]
SEVERITY: dict[Colour, int] = {"green": 0, "amber": 1, "red": 2}

#: A worker that was just started reads its settings, joins its group and is given its partitions: 3 s on an idle machine,
#: six more after a kill, when Kafka waits for the dead one's session to end.
STARTING_SECONDS = 30.0
#: A wait for a server shorter than this is part of any batch.
WAIT_SECONDS = 2.0
#: Work that moves but is older than this is behind.
BEHIND_SECONDS = 10.0
#: PostgreSQL keeps every row that a transaction could still see, and positions are written dozens of times a second: measured at 100
#: reports a second, the p50 of publish to view went from 37 to 44 ms in the first 100 s (docs/decisions/009).
OPEN_SECONDS = 300.0
LOW_DISK_BYTES, NO_DISK_BYTES = 2 * 1024**3, 256 * 1024**2


@dataclass(frozen=True, slots=True)
class Limits:
    """When slow becomes amber and still becomes red, in seconds."""

    stuck_seconds: float = STUCK_SECONDS
    behind_seconds: float = BEHIND_SECONDS


DEFAULT = Limits()


@dataclass(frozen=True, slots=True)
class Seen:
    """One processor in one look. What is not known is None.

    `at` is our clock in seconds since 1970; `oldest_ms` the broker's, so an age made of both may be off by what the two
    differ. `unmoved_seconds` is our own watch: how long records waited while we saw nothing of this processor move.
    `report` is what the running process says of itself, never what an earlier one said.
    """

    processor: str
    at: float
    pid: int | None = None
    uptime_seconds: float = 0.0
    is_frozen: bool = False
    last_words: str = ""
    report: Report | None = None
    postgres_answers: bool = True
    kafka_answers: bool = True
    waiting: int | None = 0
    oldest_ms: int | None = None
    lost: str | None = None
    unmoved_seconds: float = 0.0
    in_per_second: float | None = None
    out_per_second: float | None = None
    blocked_by: str | None = None
    memory_bytes: int | None = None

    @property
    def oldest_seconds(self) -> float | None:
        """How long the oldest waiting record has waited; 0 where the broker's clock is ahead of ours."""
        if self.oldest_ms is None or not self.waiting:
            return None
        return max(0.0, self.at - self.oldest_ms / 1000)


@dataclass(frozen=True, slots=True)
class OpenTransaction:
    """A transaction of PostgreSQL that somebody has open: whose, and for how long."""

    whose: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Server:
    """One server in one look."""

    name: str
    title: str
    address: str
    pid: int | None
    is_ours: bool
    answers: bool
    disk_bytes: int | None = None
    memory_bytes: int | None = None
    oldest: OpenTransaction | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A colour, the state in a word, and why."""

    colour: Colour
    state: str
    why: str = ""


def judge(seen: Seen, limits: Limits = DEFAULT) -> Verdict:
    """Return how one processor is. The first that applies: not there, lost by Kafka, frozen, starting, silent, waiting, stuck, behind.

    Laws: with nothing waiting it is never stuck or behind; the broker's clock alone never makes it stuck.
    """
    if seen.pid is None:
        return Verdict("red", "stopped", seen.last_words)
    if seen.lost is not None:
        return Verdict("red", "lost", seen.lost)
    if seen.is_frozen:
        return Verdict("red", "stuck", f"its process {seen.pid} is suspended by a signal{_and_waiting(seen)}")
    return (
        _starting(seen) or _silent(seen, limits) or _away(seen, limits) or _stuck(seen, limits) or _moving(seen, limits)
    )


def judge_server(server: Server) -> Verdict:
    """Return how a server is; whether one that is not ours to start should run is not ours to say."""
    if server.oldest is not None and server.oldest.seconds >= OPEN_SECONDS:
        held = f"{server.oldest.whose} has had a transaction open for {lasting(server.oldest.seconds)}"
        return Verdict(
            "amber", "held", f"{held}: until it ends, rows that are gone pile up and every batch takes longer"
        )
    if server.answers:
        return Verdict("green", "up")
    if server.is_ours and server.pid is None:
        return Verdict("red", "stopped", f"./ketenbus up starts it, ./ketenbus logs {server.name} says why")
    return Verdict("red", "silent", "it does not answer")


def judge_disk(free_bytes: int) -> Verdict:
    """Return whether there is room to go on; a full disk stops Kafka first."""
    if free_bytes < NO_DISK_BYTES:
        return Verdict("red", "full", "make room: Kafka stops when it cannot write")
    return Verdict("amber", "low") if free_bytes < LOW_DISK_BYTES else Verdict("green", "room")


def judge_emergency(alarm: Alarm) -> Verdict:
    """Return whether a use of emergency access still waits for its reviewers after the term: somebody must review it."""
    if not alarm.overdue:
        return Verdict("green", "none open" if not alarm.open else "in time")
    what = "1 use of emergency access has" if alarm.overdue == 1 else f"{alarm.overdue} uses of emergency access have"
    sure = " (an open setting: no source gives the term)" if alarm.is_open else ""
    why = f"{what} not been reviewed by two others in {alarm.days} days{sure}; the oldest was due on"
    return Verdict("red", "overdue", f"{why} {alarm.oldest_due_on}: ./ketenbus emergency list --overdue")


def stuck_seconds(seen: Seen) -> float:
    """Return how long work has waited with nothing done; 0 when nothing waits, or something moved since the last look.

    Our own watch proves that it stands still. For how long, the worker's report may know better than a watch that has
    just begun: since its last move, or, when it was idle then, since the oldest record came.
    """
    if not seen.waiting or seen.unmoved_seconds <= 0:
        return 0.0
    told = 0.0
    if seen.report is not None:
        began = max(seen.report.started_at, seen.report.moved_at or 0.0)
        told = min(seen.at - began, seen.oldest_seconds if seen.oldest_seconds is not None else 0.0)
        if seen.report.in_hand_since is not None:
            told = max(told, seen.at - seen.report.in_hand_since)
    return max(seen.unmoved_seconds, told)


def _starting(seen: Seen) -> Verdict | None:
    if seen.report is not None and not _has_yet_to_begin(seen.report):
        return None
    if seen.uptime_seconds < STARTING_SECONDS and seen.postgres_answers and seen.kafka_answers:
        return Verdict("amber", "starting")
    if seen.report is not None and seen.report.doing == "starting":
        why = f"not given its partitions after {lasting(seen.uptime_seconds)}"
        if not (seen.postgres_answers and seen.kafka_answers):
            return Verdict("amber", "waiting", f"{_servers_away(seen)} away; {why}")
        return Verdict("red", "stuck", f"{why}{because(seen.report)}")
    return None


def _has_yet_to_begin(report: Report) -> bool:
    """Return whether it is still on its way to its first record: joining, or sending what an earlier worker left."""
    return report.doing != "reading" and report.in_hand_since is None and report.done == 0


def _silent(seen: Seen, limits: Limits) -> Verdict | None:
    if seen.report is None:
        return None
    silent = seen.at - seen.report.at
    if silent <= SILENT_SECONDS:
        return None
    why = f"it has said nothing of itself for {lasting(silent)}"
    if silent > max(SILENT_SECONDS, limits.stuck_seconds):
        return Verdict("red", "stuck", f"{why}{_and_waiting(seen)}")
    return Verdict("amber", "silent", why)


def _away(seen: Seen, limits: Limits) -> Verdict | None:
    report = seen.report
    if report is not None and report.doing in WAITING:
        server = WAITING[report.doing]
        since = seen.at - report.since
        answers = seen.postgres_answers if server == "PostgreSQL" else seen.kafka_answers
        if not answers:
            return Verdict("amber", "waiting", f"{server} away for {lasting(since)}{because(report)}")
        if since > limits.stuck_seconds:
            return Verdict(
                "red", "stuck", f"no connection to {server} for {lasting(since)}{because(report)}, though it answers us"
            )
        if since > WAIT_SECONDS:
            return Verdict("amber", "waiting", f"for {server}, {lasting(since)}{because(report)}")
    if away := _servers_away(seen):
        return Verdict("amber", "waiting", f"{away} away")
    return None


def _stuck(seen: Seen, limits: Limits) -> Verdict | None:
    still = stuck_seconds(seen)
    if still < limits.stuck_seconds:
        return None
    return Verdict("red", "stuck", f"{_many(seen.waiting)}, nothing done for {lasting(still)}: {_cause(seen)}")


def _cause(seen: Seen) -> str:
    if seen.blocked_by:
        return f"it waits for a lock in PostgreSQL that {seen.blocked_by} holds"
    if seen.report is None:
        return "it does not say why; see its log"
    match seen.report.doing:
        case "sending":
            return f"Kafka has not acknowledged what it sent{because(seen.report)}"
        case "deciding":
            return f"its transaction does not end{because(seen.report)}"
        case _:
            return "it is given no records; see its log"


def _moving(seen: Seen, limits: Limits) -> Verdict:
    oldest = seen.oldest_seconds
    if not seen.waiting:
        return Verdict("green", "idle" if seen.report is None or not seen.report.in_hand else "working")
    if oldest is None or oldest < limits.behind_seconds:
        return Verdict("green", "working")
    return Verdict("amber", "behind", _pace(seen))


def _pace(seen: Seen) -> str:
    if not seen.out_per_second or seen.in_per_second is None:
        return "see whether it moves"
    gains = seen.out_per_second - seen.in_per_second
    if gains <= 0:
        return f"lag is growing: {seen.in_per_second:,.0f}/s come, {seen.out_per_second:,.0f}/s are done"
    return f"catching up, {lasting((seen.waiting or 0) / gains)} to go"


def _servers_away(seen: Seen) -> str:
    away = [] if seen.postgres_answers else ["PostgreSQL"]
    return " and ".join([*away, *([] if seen.kafka_answers else ["Kafka"])])


def _and_waiting(seen: Seen) -> str:
    return f"; {_many(seen.waiting)}" if seen.waiting else ""


def _many(waiting: int | None) -> str:
    return "1 record waits" if waiting == 1 else f"{waiting or 0:,} records wait"


def lasting(seconds: float) -> str:
    """Return a duration as a person says it.

    >>> lasting(0.4), lasting(59), lasting(60), lasting(3700), lasting(200_000)
    ('0 s', '59 s', '1 min', '1 h 1 min', '2 d 7 h')
    """
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"
