"""What every candidate of a subject stands at, judged again from the subject's events alone. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from ketenbus.events import (
    ConsentGiven,
    ConsentRefused,
    ConsentUnobtainable,
    ConsentWithdrawn,
    EventRetracted,
    FactQuarantined,
    GuardianAppointed,
    GuardianEnded,
    PlacementMoved,
)
from services.verify import consent, emergency, scope
from services.verify.chains import Head, Name, heads, name_of
from services.verify.law import Activity, Candidate, Law
from services.verify.log import Entry

#: What admit waits for, and what can be the repair of it.
REPAIRS = (
    ConsentGiven,
    ConsentRefused,
    ConsentWithdrawn,
    ConsentUnobtainable,
    GuardianAppointed,
    GuardianEnded,
    EventRetracted,
)
#: for which classes an activity's consent is given of a type of event, as `scope.given` says
Given = Callable[[Activity, str], tuple[str, tuple[str, ...]]]
#: whether emergency access opens what is recorded on a day
Opens = Callable[[date], bool]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one recipient gets of one event for one purpose, and why."""

    entry: Entry
    candidate: Candidate
    outcome: str
    mask: str
    activity: str
    reasons: tuple[str, ...]
    classes: tuple[str, ...] = ()


def outcomes(law: Law, entries: Sequence[Entry]) -> Iterator[Outcome]:
    """Return the outcome of every candidate of every event of one subject."""
    head = heads(entries)
    retracted = _retracted(entries, head) if law.withholds_retracted else set()
    superseded = _superseded(entries, head, retracted) if law.withholds_superseded else set()
    gone = superseded | retracted
    standing = consent.Standing(tuple(entry for entry in entries if entry.key not in gone), head)
    holds = _is_held(entries)
    # Of a subject's thousands of events most ask the same.
    given = cache(lambda activity, type_name: scope.given(standing, activity, type_name))
    opens = cache(lambda on: emergency.opens(standing.entries, standing.head, on))
    for entry in entries:
        on = consent.dutch_day(entry.time)
        for candidate in law.candidates(entry.event.TYPE, on):
            activity = law.activity(entry.event.TYPE, entry.publisher_kind, candidate, on)
            if activity is None:
                yield Outcome(entry, candidate, "withheld", "", "", ("no-activity",))
            elif entry.key in retracted:
                yield Outcome(entry, candidate, "withheld", "", activity.ref, ("retracted",))
            elif entry.key in superseded:
                yield Outcome(entry, candidate, "withheld", "", activity.ref, ("superseded",))
            else:
                yield _judged(activity, entry, given, opens, holds)


def _judged(activity: Activity, entry: Entry, given: Given, opens: Opens, holds: bool) -> Outcome:
    reason, mask = _ground(activity, entry, given, opens, holds)
    candidate, ref = activity.candidate, activity.ref
    if reason in {"legal-task", "consent", "consent-narrowed", "safety"}:
        return Outcome(entry, candidate, "delivered", "+".join(mask), ref, (reason,), mask)
    outcome = "pending" if reason == "consent-quarantined" else "withheld"
    return Outcome(entry, candidate, outcome, "", ref, (reason,))


def _ground(activity: Activity, entry: Entry, given: Given, opens: Opens, holds: bool) -> tuple[str, tuple[str, ...]]:
    """Return on which ground an event is shared, and under which mask; or why it is not."""
    if activity.consent == "none":
        return "legal-task", activity.mask
    reason, mask = given(activity, entry.event.TYPE)
    if reason == "consent" and not holds:
        return reason, mask
    if activity.consent == "required-or-safety" and _is_unsafe(entry, opens):
        return "safety", activity.mask
    return ("consent-quarantined", ()) if holds else (reason, mask)


def _is_unsafe(entry: Entry, opens: Opens) -> bool:
    """Return whether one officer recorded that safety is at stake: in the event, or by emergency access (architecture, section 6)."""
    event = entry.event
    if isinstance(event, PlacementMoved) and event.safety_at_stake and event.safety_officer is not None:
        return True
    return opens(consent.dutch_day(entry.time))


def _retracted(entries: Sequence[Entry], head: Head) -> set[str]:
    """Return what its own publisher took back, and did not take back that it took it back.

    A retraction can be taken back or corrected only by a later one, so that none rests on itself.
    """
    told = [entry for entry in entries if isinstance(entry.event, EventRetracted)]
    names: set[tuple[str, str]] = set()
    replaced: set[Name] = set()
    for entry in sorted(told, key=_when, reverse=True):
        assert isinstance(entry.event, EventRetracted)
        if (entry.oin, entry.id) in names or head(name_of(entry)) in replaced:
            continue
        names.add((entry.oin, entry.event.withdraws))
        replaced.add(head(name_of(entry)))
    return {entry.key for entry in entries if (entry.oin, entry.id) in names}


def _superseded(entries: Iterable[Entry], head: Head, retracted: set[str]) -> set[str]:
    """Return what a later whole event replaces: of a chain the latest stands.

    One that was taken back replaces nothing, so what it corrected stands again.
    """
    latest: dict[Name, Entry] = {}
    held = [entry for entry in entries if entry.key not in retracted]
    for entry in held:
        chain = head(name_of(entry))
        latest[chain] = max(latest.get(chain, entry), entry, key=_when)
    return {entry.key for entry in held} - {entry.key for entry in latest.values()}


def _when(entry: Entry) -> tuple[datetime, str]:
    return entry.time, entry.id


def _is_held(entries: Sequence[Entry]) -> bool:
    """Return whether a consent, guardian or retraction record of the subject is in quarantine and not yet repaired.

    Only such a record is the repair of one: a report or a link under the same id repairs nothing. Any system of a publisher
    repairs what another of its systems sent: a record is named by its publisher and its id.
    """
    admitted = {(entry.oin, entry.id) for entry in entries if isinstance(entry.event, REPAIRS)}
    quarantined = {
        (entry.event.quarantined_source.split(":")[3], entry.event.quarantined_id)
        for entry in entries
        if isinstance(entry.event, FactQuarantined)
    }
    return bool(quarantined - admitted)
