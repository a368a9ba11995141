"""The day of an instant: the law's days are days in the Netherlands, in whatever offset an instant is written."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

NETHERLANDS = ZoneInfo("Europe/Amsterdam")
_FIRST = datetime.min.replace(tzinfo=UTC)
#: By now the last day has begun in the Netherlands; what is later has no Dutch time that Python can hold.
_LAST = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)


def day_of(at: datetime) -> date:
    """Return the day in the Netherlands on which an instant falls.

    Law: the same for every offset the instant is written with.

    >>> day_of(datetime(2020, 5, 3, 22, 30, tzinfo=UTC))
    datetime.date(2020, 5, 4)
    """
    return max(_FIRST, min(at, _LAST)).astimezone(NETHERLANDS).date()


def start_of(day: date) -> datetime:
    """Return the first instant of a day in the Netherlands, in UTC: two times of one zone are compared by their clocks."""
    if day == date.min:
        return _FIRST
    return datetime(day.year, day.month, day.day, tzinfo=NETHERLANDS).astimezone(UTC)


def span(at: datetime | None, precision: str) -> tuple[datetime | None, datetime | None]:
    """Return the first and the last instant at which something so dated can have happened; None when unknown.

    A day, a month and a year are those of the Netherlands.
    """
    if at is None or precision == "INSTANT":
        return at, at
    first = day_of(at)
    if precision == "DAY":
        after = first + timedelta(days=1)
    elif precision == "MONTH":
        first = first.replace(day=1)
        after = (first + timedelta(days=32)).replace(day=1)
    else:
        first = first.replace(month=1, day=1)
        after = first.replace(year=first.year + 1)
    return start_of(first), start_of(after) - timedelta(microseconds=1)
