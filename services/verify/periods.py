"""The timer held against the grants: what it said of a period is what the grant says, and it said all that is due. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime

from ketenbus.events import ConsentBegun, ConsentExpired, ConsentGiven
from services.verify.checks import Check
from services.verify.consent import DUTCH, dutch_day, is_before_its_period
from services.verify.kafka import Raw
from services.verify.log import Entry

#: A type of fact, the OIN and id of the grant it is about, and the day of which it is.
Said = tuple[str, str, str, date]


def against(entries: Iterable[Entry], days: Iterable[Raw]) -> Check:
    """Return whether each period's begin and end that has come, by the broker's clock, is said once, and nothing else is."""
    today = max(
        (datetime.fromtimestamp(r.appended_ms / 1000, UTC).astimezone(DUTCH).date() for r in days), default=date.min
    )
    found = list(entries)
    said = {one for entry in found for one in _said(entry)}
    due = {one for entry in found for one in _due(entry) if one[3] <= today}
    return Check.of("begins and ends of periods of consent", len(due), (f"{one[0]} of {one[2]}" for one in said ^ due))


def _said(entry: Entry) -> Iterator[Said]:
    event = entry.event
    if isinstance(event, ConsentBegun | ConsentExpired) and event.occurred_at is not None:
        oin = event.grant_source.split(":")[3]
        yield event.TYPE, oin, event.grant_id, dutch_day(event.occurred_at)


def _due(entry: Entry) -> Iterator[Said]:
    event = entry.event
    if not isinstance(event, ConsentGiven):
        return
    if event.valid_from is not None and is_before_its_period(event):
        yield ConsentBegun.TYPE, entry.oin, entry.id, event.valid_from
    if event.valid_until is not None:
        yield ConsentExpired.TYPE, entry.oin, entry.id, event.valid_until
