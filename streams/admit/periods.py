"""The timer: what admit says of a grant when its period begins or ends, and when it is to say so. Pure.

Source: architecture, section 6, rule (5): a period begins and ends by facts, so that a decision takes no clock. What day it is
the broker says: each record of the topic `days` was appended on one (docs/decisions/021).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime

from consent import periods
from consent.days import day_of, start_of
from ketenbus.events import ConsentBegun, ConsentExpired, ConsentGiven
from streams.admit import bus
from streams.admit.judge import Admissible, subject_of
from streams.admit.store import Period
from streams.runtime.records import Record, ToSend

FACTS: dict[str, periods.Period] = {fact.TYPE: fact for fact in (ConsentBegun, ConsentExpired)}


def of(verdict: Admissible, origin: str) -> Iterator[Period]:
    """Yield what is to be said of an admitted event from some day on: of a grant with a period, when that begins and ends."""
    if isinstance(grant := verdict.event, ConsentGiven):
        about = verdict.envelope
        for fact, day in periods.due(grant):
            yield Period(about.oin, about.id, fact.TYPE, day, about.source, grant.subject, origin, verdict.admitted_at)


def latest(records: Iterable[Record]) -> date:
    """Return the latest day on which any of these was appended, in the Netherlands; the first of all where there are none."""
    return max((day_of(datetime.fromtimestamp(r.appended_ms / 1000, UTC)) for r in records), default=date.min)


def told(period: Period, record: Record, subject_key: bytes) -> ToSend:
    """Return the fact for the log, as it follows from that record: the same bytes, whenever it is said again.

    It happened when its day began; it was known then, or when the grant was admitted if that was later.
    """
    began = start_of(period.day)
    fact = FACTS[period.fact](
        subject=period.number,
        occurred_at=began,
        occurred_precision="DAY",
        grant_id=period.id,
        grant_source=period.source,
    )
    return bus.said(
        record,
        fact,
        id=f"{period.fact}.{hashlib.sha256(f'{period.oin} {period.id}'.encode()).hexdigest()[:32]}",
        time=began,
        subject=subject_of(subject_key, period.oin, period.number),
        origin=period.origin,
        known_at=max(began, period.admitted_at),
    )
