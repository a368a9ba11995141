"""The recount on chains of corrections, on repairs, and on days at either end of time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import permutations

import pytest

from consent.days import day_of, start_of
from services.verify import consent, masks
from services.verify.log import Entry
from tests.unit.test_verify_consent import (
    GUARDIAN,
    MOTHER,
    OIN,
    back,
    moved,
    no,
    office,
    quarantined,
    reported,
    retracted,
    stands,
    used,
    yes,
)

#: Ahead of UTC: of the first day there is, midnight so written is a moment before UTC begins.
AHEAD = timezone(timedelta(hours=2))


def mended(entry: Entry, id_: str, corrects: str, at: int) -> Entry:
    """The same event said again later, as a correction of the one so named."""
    event = entry.event.model_copy(update={"corrects": corrects})
    return replace(entry, id=id_, event=event, time=entry.time + timedelta(days=at))


@pytest.mark.parametrize("named", ["a", "b", "c"])
def test_a_withdrawal_ends_every_grant_of_the_chain_it_names(named: str) -> None:
    chain = [yes("a"), mended(yes("a"), "b", "a", 1), mended(yes("a"), "c", "b", 2)]
    for order in permutations([reported(), *chain, back("w", named)]):
        assert stands(list(order)) == ("withheld", "consent-withdrawn")
    assert stands([reported(), *chain, back("w", named), retracted("x", "b")]) == ("withheld", "consent-withdrawn")
    assert stands([reported(), *chain, back("w", named), yes("new")]) == ("delivered", "consent")
    assert stands([reported(), *chain, back("w", "d")]) == ("delivered", "consent")


def test_an_office_ends_whichever_event_of_its_chain_the_end_names() -> None:
    appointed, over = office(0, 4)
    chain = [appointed, mended(appointed, "again", "office", 1), mended(appointed, "once-more", "again", 2)]
    assert stands([reported(), *chain, over, yes("a", 5, who=GUARDIAN)]) == ("withheld", "no-authority")
    assert stands([reported(), *chain, over, yes("a", 3, who=GUARDIAN)]) == ("delivered", "consent")
    assert stands([reported(), *chain, yes("a", 5, who=GUARDIAN)]) == ("delivered", "consent")


def test_a_record_is_repaired_from_any_system_of_its_publisher_and_from_no_other_publisher() -> None:
    held = [reported(), yes("a"), quarantined("n")]
    repair = no("n", 5)
    elsewhere = replace(repair, source=f"urn:nld:oin:{OIN}:systeem:another")
    assert stands([*held, elsewhere]) == ("withheld", "consent-refused")
    other = "9" * 20
    assert stands([*held, replace(repair, oin=other, source=f"urn:nld:oin:{other}:systeem:x")])[0] == "pending"


@pytest.mark.parametrize("moment", [datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=AHEAD)], ids=str)
def test_a_moment_at_either_end_of_time_has_a_day(moment: datetime) -> None:
    """The time of a fact that stands for a quarantined record is what its partner wrote."""
    assert consent.dutch_day(moment) == day_of(moment)
    assert masks._month(moment) == start_of(day_of(moment).replace(day=1))
    held = [reported(), moved(), used(), replace(quarantined("n"), time=moment)]
    assert stands(held) == ("pending", "consent-quarantined")


@pytest.mark.parametrize("last", [date.max, date.max - timedelta(days=1)])
def test_a_day_at_the_end_of_time_is_a_day(last: date) -> None:
    young = reported(age_group="MINOR", reported_on=last)
    assert stands([young, yes("a")])[1] == "no-authority"
    assert stands([young, yes("a", who=MOTHER)])[1] == "consent"
    assert stands([reported(), moved(age_group="MINOR", moved_on=last), yes("a")])[1] == "no-authority"
    assert stands([reported(age_group="ADULT", reported_on=last), yes("a", who=MOTHER)])[1] == "consent"
    noon = datetime(last.year, last.month, last.day, 12, tzinfo=UTC)
    for precision in ("DAY", "MONTH", "YEAR"):
        assert consent.span(noon, precision)[1] > noon
