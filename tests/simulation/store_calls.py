"""Made-up calls of the processors' stores, over few names so that they meet, and what to compare of their answers."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from consent.policy import Decision
from streams.admit import store as admit
from streams.disclose import releases
from streams.disclose import store as disclose
from streams.disclose.confirmations import Confirmation
from streams.disclose.judge import Change, Standing
from streams.disclose.releases import Law
from streams.disclose.store import Held, StoredFact
from streams.disclose.tokens import EventName
from streams.monitoring import store as monitoring
from streams.monitoring.store import Counted, Version
from streams.registration import store as registration
from streams.registration.fold import Link, Report
from streams.registration.store import RecordRow
from streams.runtime import transaction
from streams.runtime.records import Record, ToSend
from tests.consent_facts import given, the_register
from tests.log_events import logged

PLACES = [("t", 0), ("t", 1), ("u", 0)]
NAMES = ("a", "b", "c", "d")
SUBJECTS = (b"1" * 16, b"2" * 16)
AT = datetime(2020, 5, 4, tzinfo=UTC)


@dataclass(frozen=True)
class Call:
    """One call of a store."""

    name: str
    ask: Callable[[Any], Awaitable[Any]]


def sound(answer: Any) -> Any:
    """Return an answer with what has no order put in one; the numbers of rolled back rows are of no account."""
    if isinstance(answer, Mapping):
        return sorted(((key, sound(value)) for key, value in answer.items()), key=repr)
    if isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[0], list):
        return answer  # what is left over is in order
    return sorted(map(repr, answer)) if isinstance(answer, list | frozenset | set) else answer


def calls(draw: random.Random) -> Call:
    """Return a call of any store."""
    return draw.choice(
        (_positions, _positions, _outbox, _admit, _disclose, _releases, _registration, _registration, _monitoring)
    )(draw)


def _some(draw: random.Random, of: Any, most: int = 3) -> list[Any]:
    return draw.sample(list(of), draw.randint(0, min(most, len(list(of)))))


def _positions(draw: random.Random) -> Call:
    places = _some(draw, PLACES) or PLACES
    start = draw.randint(0, 4)
    batch = [Record(*place, start + n, 0, None, None, ()) for place in places for n in range(draw.randint(1, 3))]
    ends, rows = {place: draw.randint(0, 4) for place in places}, _some(draw, range(20), 9)
    earlier = transaction.Sent({place: draw.randint(0, 4) for place in _some(draw, PLACES)}, rows)
    return draw.choice(
        (
            Call("take_up", lambda c: transaction.take_up(c, places)),
            Call("advance", lambda c: transaction.advance(c, batch)),
            Call("advance", lambda c: transaction.advance(c, batch, earlier)),
            Call("decided", lambda c: transaction.decided(c, places)),
            Call("mark_sent", lambda c: transaction.mark_sent(c, ends, rows)),
            Call("mark_written", lambda c: transaction.mark_written(c, ends)),
            Call("written", transaction.written),
        )
    )


def _outbox(draw: random.Random) -> Call:
    places, forgotten = _some(draw, PLACES), [draw.randint(0, 20)]
    rows = [
        ToSend(
            Record(*draw.choice(PLACES), 0, 0, None, None, ()), "out", b"k", draw.choice((b"v", None)), (("h", b"1"),)
        )
        for _ in range(draw.randint(1, 4))
    ]
    return draw.choice(
        (
            Call("put", lambda c: transaction.put(c, rows)),
            Call("unsent", lambda c: transaction.unsent(c, ["out"])),
            Call("forget", lambda c: transaction.forget(c, forgotten)),
            Call("left_over", lambda c: transaction.left_over(c, places)),
        )
    )


def _admit(draw: random.Random) -> Call:
    seen = [
        admit.Seen("o", draw.choice(NAMES), f"t/0/{draw.randint(0, 9)}", draw.choice((b"1", b"2")))
        for _ in range(draw.randint(0, 4))
    ]
    by_origin = list({s.origin: s for s in seen}.values())
    day = date(2020, 5, draw.randint(1, 9))
    periods = [
        admit.Period(
            "o", draw.choice(NAMES), draw.choice(("begun", "expired")), date(2020, 5, n + 1), "s", "1", "t/0/1", AT
        )
        for n in range(draw.randint(0, 4))
    ]
    return draw.choice(
        (
            Call("take", lambda c: admit.take(c, by_origin)),
            Call("take", lambda c: admit.take(c, by_origin)),
            Call("take_back", lambda c: admit.take_back(c, by_origin)),
            Call("remember", lambda c: admit.remember(c, periods)),
            Call("due", lambda c: admit.due(c, day)),
        )
    )


def _disclose(draw: random.Random) -> Call:
    facts = [
        StoredFact(draw.choice(SUBJECTS), "o", draw.choice(NAMES), "consent-given", f"t/{n % 2}/{n}", "[]", b"v")
        for n in range(draw.randint(0, 4))
    ]
    subjects = _some(draw, SUBJECTS)
    confirmations = [_confirmation(draw) for _ in range(draw.randint(1, 3))]
    changes = {(c.logged.name.id, c.standing.decision.recipient): c for c in (_change(draw) for _ in range(3))}
    return draw.choice(
        (
            Call("learn", lambda c: disclose.learn(c, facts)),
            Call("facts_of", lambda c: disclose.facts_of(c, subjects)),
            Call("standings_of", lambda c: disclose.standings_of(c, subjects)),
            Call(
                "store",
                lambda c: disclose.store(c, [(change, "ketenlog/0/7", "law") for change in changes.values()]),
            ),
            Call("take_back", lambda c: disclose.take_back(c, [_held(change) for change in changes.values()])),
            Call("confirm", lambda c: disclose.confirm(c, confirmations)),
        )
    )


def _releases(draw: random.Random) -> Call:
    """A release in force in a partition has the next number there: a position lets no record be decided twice."""
    partition, number = draw.randint(0, 1), draw.randint(2, 9)
    law = Law(number, draw.choice("xy"), the_register(), "", "")
    control = Record("t", partition, number, 0, None, b"{}", ())
    partitions, digests = _some(draw, (0, 1)), _some(draw, "xyz")
    return draw.choice(
        (
            Call("store", lambda c: releases.store(c, control, law, f"content {law.digest}")),
            Call("newest", lambda c: releases.newest(c, partitions)),
            Call("contents", lambda c: releases.contents(c, digests)),
            Call("subjects_in", lambda c: disclose.subjects_in(c, partitions)),
        )
    )


def _confirmation(draw: random.Random) -> Confirmation:
    named = draw.choice((None, EventName(SUBJECTS[0], "o", draw.choice(NAMES))))
    return Confirmation("r", draw.choice(NAMES), "comensha", "REGISTRATIE", draw.randint(1, 3), named, AT)


def _change(draw: random.Random) -> Change:
    outcome = draw.choice(("delivered", "withheld", "pending"))
    mask = ("neutral", "quasi") if outcome == "delivered" else ()
    decision = Decision(draw.choice(("comensha", "ind")), "REGISTRATIE", outcome, mask, "a/1", ("no-consent",))
    standing = Standing(decision, draw.randint(0, 3), draw.random() < 0.5)
    told = draw.choice((None, "delivery", "recall"))
    return Change(logged(given(draw.choice(NAMES)), subject=SUBJECTS[0]), standing, told)


def _held(change: Change) -> Held:
    decision, standing = change.standing.decision, change.standing
    name, mask = change.logged.name, decision.mask_name
    return Held(name, decision.recipient, decision.purpose, mask, "a/1", standing.change, standing.in_view)


def _registration(draw: random.Random) -> Call:
    events, subjects = _some(draw, NAMES), _some(draw, "stuv")
    told = [(draw.choice(NAMES), draw.randint(1, 4)) for _ in range(3)]
    reports = [(_report(draw, event), draw.randint(0, 1)) for event in events]
    links = [Link(f"l{event}", draw.choice("stuv"), draw.choice("stuv")) for event in events]
    unlinks = [(f"u{event}", f"l{draw.choice(NAMES)}") for event in events]
    recalled = [*events, *(f"l{event}" for event in events), *(f"u{event}" for event in _some(draw, NAMES))]
    held = [(subject, draw.choice("12")) for subject in subjects]
    rows = [
        RecordRow(number, draw.randint(1, 3), draw.random() < 0.3, draw.choice(("x", "y", "")), AT) for number in "12"
    ]
    return draw.choice(
        (
            Call("news", lambda c: registration.news(c, told)),
            Call("put_reports", lambda c: registration.put_reports(c, reports)),
            Call("put_links", lambda c: registration.put_links(c, links)),
            Call("put_unlinks", lambda c: registration.put_unlinks(c, unlinks)),
            Call("recall", lambda c: registration.recall(c, recalled)),
            Call("neighbourhood", lambda c: registration.neighbourhood(c, subjects)),
            Call("reports_of", lambda c: registration.reports_of(c, subjects)),
            Call("links_of", lambda c: registration.links_of(c, subjects)),
            Call("records_of", lambda c: registration.records_of(c, subjects, ["1"])),
            Call("take_back", lambda c: registration.take_back(c, rows)),
            Call("held_by_nobody", registration.held_by_nobody),
            Call("held_unknown", registration.held_unknown),
            Call("put_records", lambda c: registration.put_records(c, subjects, held, rows[: len(subjects)])),
        )
    )


def _report(draw: random.Random, event: str) -> Report:
    identity = {kind: draw.choice("xy") for kind in _some(draw, ("bsn", "v_number"))}
    subject = {"a": "s", "b": "t", "c": "u", "d": "v"}[event]
    return Report(
        event, subject, "POLITIE", None, date(2018, 5, 4), "ADULT", None, None, None, ("AU",), (), (), identity
    )


def _monitoring(draw: random.Random) -> Call:
    content = '{"reports": [], "forms": ["AU"], "su_sector": [], "labour_sector": [], "sex": null, "nationality": null,'
    content += ' "age_group": "ADULT", "age_at_report": null}'
    versions = [
        Version(f"v{draw.choice(NAMES)}{n}", draw.randint(1, 3), draw.random() < 0.8, draw.choice("12"), n, content)
        for n in range(3)
    ]
    versions += [Version("end", draw.randint(1, 3), draw.random() < 0.5, "1", 9, None)]
    counted = [Counted(name, draw.randint(1, 3), draw.random() < 0.5, "t", "{}") for name in _some(draw, NAMES)]
    return draw.choice(
        (
            Call("put_versions", lambda c: monitoring.put_versions(c, versions)),
            Call("put_counted", lambda c: monitoring.put_counted(c, counted)),
            Call("registered", lambda c: monitoring.registered(c)),
        )
    )
