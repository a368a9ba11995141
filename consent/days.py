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
