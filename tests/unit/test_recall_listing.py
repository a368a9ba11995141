"""Where every recall stands at a moment: open for a month, then late, until the organisation itself has confirmed it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from rich.console import Console

from consent.documents import document
from consent.terms import read_terms
from services.recall import printing
from services.recall.listing import Awaited, Listing, Recall, State, listing
from streams.disclose.confirmations import Confirmation
from streams.disclose.tokens import EventName
from streams.runtime.settings import REGISTER, Partner, load_terms
from tests.made_up import SIGNING_KEY

TERM = load_terms()["recall-confirmed"]
SENT = datetime(2026, 1, 31, 9, tzinfo=UTC)
EVENT, OTHER = (EventName(bytes(16), "00000009900000000001", name) for name in ("report", "other"))
ONE, TWO, DESK = (
    Partner(name, f"{n:020d}", name, "opvang", None, False, SIGNING_KEY.public_key())
    for n, name in enumerate(("opvang-1", "opvang-2", "desk"))
)
BEHIND = {"opvang": (ONE, TWO), "comensha": (DESK,)}


def recall(name: EventName = EVENT, recipient: str = "opvang", change: int = 2, sent: datetime | None = SENT) -> Recall:
    """A recall of a placement at the shelters."""
    return Recall(
        name, "placement-moved", recipient, "PLAATSING", change, "plaatsing-opvang/1", ("consent-withdrawn",), sent
    )


def confirmed(
    by: Partner = ONE, name: EventName | None = EVENT, change: int = 2, days: float = 1, recipient: str = "opvang"
) -> Confirmation:
    """A confirmation so many days after the recall."""
    id = f"{by.id}-{name and name.id}-{change}"
    return Confirmation(by.oin, id, recipient, "PLAATSING", change, name, SENT + timedelta(days=days))


def at(now: datetime, *said: Confirmation, recalls: Sequence[Recall] = (recall(),)) -> Listing:
    """The list at a moment."""
    return listing(recalls, said, BEHIND, TERM, now)


def states(found: Listing) -> dict[str, State]:
    """The state of a recall at each organisation."""
    return {row.organisation: row.state for row in found.awaited}


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (SENT, "open"),
        (SENT + timedelta(days=6), "open"),
        (datetime(2026, 2, 28, 22, 59, tzinfo=UTC), "open"),
        (datetime(2026, 2, 28, 23, 0, tzinfo=UTC), "late"),  # the first of March in the Netherlands
        (datetime(2027, 1, 1, tzinfo=UTC), "late"),
    ],
)
def test_a_recall_is_open_for_a_month_and_late_from_the_day_after(now: datetime, state: State) -> None:
    assert states(at(now)) == {"opvang-1": state, "opvang-2": state}
    assert {row.until for row in at(now).awaited} == {date(2026, 2, 28)}


def test_each_organisation_behind_a_recipient_confirms_for_itself() -> None:
    found = at(SENT + timedelta(days=40), confirmed(ONE))
    assert states(found) == {"opvang-1": "confirmed", "opvang-2": "late"}
    assert (found.count("confirmed"), found.count("open"), found.count("late")) == (1, 0, 1)


def test_a_late_confirmation_confirms_and_says_when() -> None:
    [row] = [r for r in at(SENT + timedelta(days=90), confirmed(days=80)).awaited if r.state == "confirmed"]
    assert row.confirmed_at == SENT + timedelta(days=80)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (confirmed(name=None), "names-no-event-of-the-view"),
        (confirmed(change=3), "never-recalled"),
        (confirmed(name=OTHER), "never-recalled"),
        (confirmed(by=DESK), "not-the-recipient"),
        (confirmed(recipient="nobody"), "not-the-recipient"),
    ],
)
def test_what_was_never_sent_or_names_nothing_confirms_nothing(said: Confirmation, why: str) -> None:
    found = at(SENT, said)
    assert set(states(found).values()) == {"open"}
    assert [(one.confirmation, one.why) for one in found.ignored] == [(said, why)]


def test_the_confirmation_of_an_earlier_recall_confirms_no_later_one_and_is_no_stray() -> None:
    found = listing([recall(change=4)], [confirmed(change=2)], BEHIND, TERM, SENT, {(EVENT, "opvang", "PLAATSING", 2)})
    assert (set(states(found).values()), found.ignored) == ({"open"}, ())


def test_a_recall_of_unknown_age_is_late() -> None:
    [row, _] = at(SENT, recalls=[recall(sent=None)]).awaited
    assert (row.state, row.until) == ("late", None)


def test_the_oldest_recall_comes_first_and_one_of_unknown_age_before_it() -> None:
    later = recall(OTHER, sent=SENT + timedelta(hours=1))
    unknown = recall(OTHER, "comensha", sent=None)
    found = at(SENT, recalls=[later, recall(), unknown])
    assert [row.recall for row in found.awaited] == [unknown, recall(), recall(), later, later]


def test_the_list_is_printed_with_its_clock_and_holds_the_same_as_json() -> None:
    found = at(
        SENT + timedelta(days=40), confirmed(), confirmed(change=3), recalls=[recall(), recall(OTHER, sent=None)]
    )
    console = Console(width=200, record=True, file=StringIO())
    printing.print_list(console, found, found.awaited)
    text = console.export_text()
    assert text.startswith("4 to confirm: late 3, open 0, confirmed 1")
    assert "late  opvang-2  opvang/PLAATSING  placement-moved report, change 2" in text
    assert "sent 2026-01-31 09:00:00+00:00, in time until 2026-02-28, confirmed 2026-02-01 09:00:00+00:00" in text
    assert "sent unknown, late: nobody knows when it was sent" in text
    assert f"counts for nothing: opvang-1-report-3 by {ONE.oin}: that change was never a recall" in text
    said = json.loads(json.dumps(printing.as_dict(found, found.awaited)))
    assert (said["late"], said["open"], said["confirmed"], len(said["recalls"])) == (3, 0, 1, 4)
    assert {
        (r["organisation"], r["event"], r["confirmed_at"]) for r in said["recalls"] if r["state"] == "confirmed"
    } == {("opvang-1", "report", "2026-02-01T09:00:00+00:00")}
    assert [c["why"] for c in said["counts_for_nothing"]] == ["never-recalled"]


SAID = st.builds(
    confirmed,
    by=st.sampled_from((ONE, TWO, DESK)),
    name=st.sampled_from((EVENT, OTHER, None)),
    change=st.integers(1, 3),
    days=st.integers(0, 60),
)


@for_all(
    st.lists(SAID, max_size=6, unique_by=lambda c: c.id), SAID, st.randoms(use_true_random=False), st.integers(0, 60)
)
def test_any_order_of_confirmations_is_one_list_and_one_more_never_reopens(
    said: list[Confirmation], more: Confirmation, order: object, days: int
) -> None:
    now = SENT + timedelta(days=days)
    shuffled = list(said)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert at(now, *shuffled, *said).awaited == at(now, *said).awaited

    def done(found: Listing) -> set[tuple[object, ...]]:
        return {_place(row) for row in found.awaited if row.state == "confirmed"}

    assert done(at(now, *said)) <= done(at(now, *said, more))


def _place(row: Awaited) -> tuple[object, ...]:
    return row.recall.candidate, row.recall.change, row.organisation


@for_all(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_a_later_beginning_never_ends_earlier_and_a_month_has_28_to_31_days(one: date, other: date) -> None:
    first, last = sorted((one, other))
    assert TERM.last_day(first) <= TERM.last_day(last)
    assert timedelta(days=28) <= TERM.last_day(one) - one <= timedelta(days=31)


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ("months: 1", "months: 0", "terms.yaml:7: months"),
        ("avg-12-3]", "avg-99]", "terms.yaml:8: recall-confirmed: unknown article avg-99"),
        ("[recall-term]", "[nobody-asks]", "terms.yaml:9: recall-confirmed: unknown question nobody-asks"),
        ("[recall-term]", "[]", "terms.yaml:10: recall-confirmed: inferred, but names no question"),
        ("status: inferred", "status: inferred\n  weeks: 2", "terms.yaml:11: weeks"),
    ],
)
def test_a_broken_term_is_refused_with_file_line_and_reason(was: str, now: str, told: str) -> None:
    text = (REGISTER / "terms.yaml").read_text("utf-8")
    assert was in text
    with pytest.raises(ValueError, match="terms.yaml") as raised:
        read_terms(document("terms.yaml", text.replace(was, now)), {"avg-19", "avg-12-3"}, {"recall-term"})
    assert told in str(raised.value)
