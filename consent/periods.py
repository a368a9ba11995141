"""When a grant's period begins and ends: which facts about it a timer has to append, and on which day.

Source: architecture, section 6, rule (5). Days are days in the Netherlands; `valid_until` is the first day on which it counts no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from consent.days import span, start_of
from ketenbus.events import ConsentBegun, ConsentExpired, ConsentGiven

#: Each kind of fact about a period.
Period = type[ConsentBegun] | type[ConsentExpired]


def waits(grant: ConsentGiven) -> bool:
    """Return whether a grant counts only once its period has begun: whether it may have been said before that.

    One that was said at an unknown moment waits: unknown is no.
    """
    if grant.valid_from is None:
        return False
    earliest, _ = span(grant.occurred_at, grant.occurred_precision)
    return earliest is None or earliest < start_of(grant.valid_from)


def due(grant: ConsentGiven) -> Iterator[tuple[Period, date]]:
    """Yield the facts about a grant's period, each with the first day on which it is one."""
    if grant.valid_from is not None and waits(grant):
        yield ConsentBegun, grant.valid_from
    if grant.valid_until is not None:
        yield ConsentExpired, grant.valid_until
