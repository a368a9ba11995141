"""What the timer says of a grant, and when it says it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from ketenbus import codec
from ketenbus.events import ConsentBegun, ConsentExpired
from streams.admit import periods
from streams.admit.bus import BUS_SOURCE
from streams.admit.days import LONGEST, pause
from streams.admit.judge import Admissible, subject_of
from streams.runtime import topics
from streams.runtime.records import Record
from tests.made_up import NOW
from tests.sent import CARE, SUBJECT_KEY, consented, judged, offered, sent

BEGINS, ENDS = NOW.date() + timedelta(days=1), NOW.date() + timedelta(days=30)
TRIGGER = Record(topics.DAYS, 0, 3, 0, b"", b"", ())


def admitted(**changed: object) -> Admissible:
    verdict = judged(sent(consented(**changed), CARE).record())
    assert isinstance(verdict, Admissible), verdict
    return verdict


def test_a_grant_with_a_period_is_remembered_for_its_first_and_last_day() -> None:
    found = list(periods.of(admitted(valid_from=BEGINS, valid_until=ENDS), "consent-given/0/7"))
    assert [(p.fact, p.day) for p in found] == [("consent-begun", BEGINS), ("consent-expired", ENDS)]
    assert {(p.oin, p.id, p.number, p.origin) for p in found} == {(CARE, "event-1", "client-1", "consent-given/0/7")}


def test_no_other_event_is_remembered() -> None:
    police = judged(sent(offered()).record())
    assert isinstance(police, Admissible)
    assert list(periods.of(police, "x/0/0")) == list(periods.of(admitted(), "x/0/0")) == []


def test_the_fact_is_of_the_bus_of_the_start_of_the_dutch_day_and_names_its_grant() -> None:
    [period] = periods.of(admitted(valid_until=date(2026, 11, 1)), "consent-given/0/7")
    said = periods.told(period, TRIGGER, SUBJECT_KEY)
    event, headers = codec.decode(said.value or b""), dict(said.headers)
    assert isinstance(event, ConsentExpired)
    assert event.occurred_at == datetime(2026, 10, 31, 23, tzinfo=UTC)
    assert (event.grant_id, event.occurred_precision, headers["ce_source"].decode()) == ("event-1", "DAY", BUS_SOURCE)
    assert headers["ketenbus-origin"] == b"consent-given/0/7"
    assert headers["ketenbus-publisher-kind"] == b"bus"
    assert said.key == subject_of(SUBJECT_KEY, CARE, "client-1").hex().encode()
    assert said.topic == topics.KETENLOG


def test_said_again_it_is_the_same_bytes_and_begin_and_end_are_two_facts() -> None:
    first, last = periods.of(admitted(valid_from=BEGINS, valid_until=ENDS), "x/0/0")
    again = replace(TRIGGER, topic="consent-given", offset=99)
    one, other = (periods.told(first, record, SUBJECT_KEY) for record in (TRIGGER, again))
    assert (one.key, one.value, one.headers) == (other.key, other.value, other.headers)
    assert isinstance(codec.decode(one.value or b""), ConsentBegun)
    assert dict(one.headers)["ce_id"] != dict(periods.told(last, TRIGGER, SUBJECT_KEY).headers)["ce_id"]


@pytest.mark.parametrize(
    ("ended", "known"), [("2026-05-06", "2026-05-05T22:00:00"), ("2026-05-05", "2026-05-05T09:00:00")]
)
def test_an_end_is_known_when_its_day_begins_or_when_its_grant_came_if_that_was_later(ended: str, known: str) -> None:
    verdict = replace(admitted(valid_until=date.fromisoformat(ended)), admitted_at=datetime(2026, 5, 5, 9, tzinfo=UTC))
    [period] = periods.of(verdict, "x/0/0")
    headers = dict(periods.told(period, TRIGGER, SUBJECT_KEY).headers)
    assert headers["ketenbus-admitted-at"].decode() == f"{known}.000000Z"


def test_the_day_is_the_latest_of_those_on_which_the_broker_appended() -> None:
    instants = [datetime(2026, 5, 4, 21, 59, 59, tzinfo=UTC), datetime(2026, 5, 4, 22, tzinfo=UTC)]
    records = [replace(TRIGGER, appended_ms=int(at.timestamp() * 1000)) for at in instants]
    assert [periods.latest([r]) for r in records] == [date(2026, 5, 4), date(2026, 5, 5)]
    assert periods.latest(reversed(records)) == date(2026, 5, 5)
    assert periods.latest([]) == date.min


@pytest.mark.parametrize(
    ("now", "wait"),
    [
        (datetime(2026, 5, 4, 12, tzinfo=UTC), LONGEST),
        (datetime(2026, 5, 4, 21, 59, 59, 999000, tzinfo=UTC), timedelta(milliseconds=1)),
        (datetime(2026, 10, 25, 22, 30, tzinfo=UTC), timedelta(minutes=30)),  # a day of 25 hours
    ],
)
def test_the_next_record_comes_within_an_hour_and_as_the_dutch_day_begins(now: datetime, wait: timedelta) -> None:
    assert pause(now) == wait
