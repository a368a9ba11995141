"""A look at the bus as JSON: seconds, bytes and milliseconds, with the unit in the name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from services.health.counting import Counted
from services.health.judging import Verdict
from services.health.observing import Look


def told(look: Look) -> dict[str, Any]:
    """Return one look, for json.dumps."""
    return {
        "at": datetime.fromtimestamp(look.at, UTC).isoformat(),
        "well": look.is_well,
        "servers": [
            {
                "name": server.name,
                "address": server.address,
                "pid": server.pid,
                "disk_bytes": server.disk_bytes,
                "memory_bytes": server.memory_bytes,
                **_told(verdict),
            }
            for server, verdict in look.servers
        ],
        "processors": [
            {
                "name": seen.processor,
                "pid": seen.pid,
                **_told(verdict),
                "waiting_records": seen.waiting,
                "oldest_seconds": seen.oldest_seconds,
                "in_per_second": seen.in_per_second,
                "done_per_second": seen.out_per_second,
                "doing": seen.report.doing if seen.report else None,
                "memory_bytes": seen.memory_bytes,
            }
            for seen, verdict in look.processors
        ],
        "publish_to_view_last_minute": None
        if look.latency is None
        else {"count": look.latency.count, "p50_ms": look.latency.p50_ms, "p99_ms": look.latency.p99_ms},
        **_told_counted(look),
        "uncountable": look.uncountable,
        "emergency_access": None
        if look.emergency is None
        else {
            "waiting_for_review": look.emergency.open,
            "review_overdue": look.emergency.overdue,
            "oldest_due_on": look.emergency.oldest_due_on and look.emergency.oldest_due_on.isoformat(),
            "review_days": look.emergency.days,
        },
        "unknown_codes": None
        if look.codes is None
        else {"sealed_fields": look.codes.fields, "reports": look.codes.reports},
        "disk": {"free_bytes": look.free_bytes, **_told(look.disk)},
    }


def _told(verdict: Verdict) -> dict[str, str]:
    return {"colour": verdict.colour, "state": verdict.state, "why": verdict.why}


def _told_counted(look: Look) -> dict[str, Any]:
    counted = look.counted
    if counted is None:
        return {"balance": None, "quarantine": None}
    return {
        "balance": {
            "counted_at": datetime.fromtimestamp(counted.at, UTC).isoformat(),
            "decided": counted.published,
            "undecided": counted.undecided,
            "admitted": counted.admitted,
            "quarantined": counted.quarantined,
            "repeated": counted.repeated,
            "difference": counted.difference,
        },
        "quarantine": {
            "records": counted.quarantined,
            "open": counted.open,
            "oldest_open_seconds": open_seconds(counted, look.at),
            "oldest_open_at": counted.oldest_open_at,
            "oldest_open_reason": counted.oldest_open_reason,
        },
    }


def open_seconds(counted: Counted, now: float) -> float | None:
    """Return how long the oldest open event has been in quarantine; None when none is open."""
    return None if counted.oldest_open_ms is None else max(0.0, now - counted.oldest_open_ms / 1000)
