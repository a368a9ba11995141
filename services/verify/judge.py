"""What every candidate of a subject stands at, judged again from the subject's events alone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

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
#: publisher, type, id
Name = tuple[str, str, str]


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
    heads = _chains(entries)
    retracted = _retracted(entries, heads) if law.withholds_retracted else set()
    superseded = _superseded(entries, heads, retracted) if law.withholds_superseded else set()
    gone = superseded | retracted
    standing = [entry for entry in entries if entry.key not in gone]
    holds = _is_held(entries)
    for entry in entries:
        on = entry.time.astimezone(consent.DUTCH).date()
        for candidate in law.candidates(entry.event.TYPE, on):
            activity = law.activity(entry.event.TYPE, entry.publisher_kind, candidate, on)
            if activity is None:
                yield Outcome(entry, candidate, "withheld", "", "", ("no-activity",))
            elif entry.key in retracted:
                yield Outcome(entry, candidate, "withheld", "", activity.ref, ("retracted",))
            elif entry.key in superseded:
                yield Outcome(entry, candidate, "withheld", "", activity.ref, ("superseded",))
            else:
                yield _judged(activity, entry, standing, holds)


def _judged(activity: Activity, entry: Entry, standing: Sequence[Entry], holds: bool) -> Outcome:
    reason, mask = _ground(activity, entry, standing, holds)
    candidate, ref = activity.candidate, activity.ref
    if reason in {"legal-task", "consent", "consent-narrowed", "safety"}:
        return Outcome(entry, candidate, "delivered", "+".join(mask), ref, (reason,), mask)
    outcome = "pending" if reason == "consent-quarantined" else "withheld"
    return Outcome(entry, candidate, outcome, "", ref, (reason,))


def _ground(activity: Activity, entry: Entry, standing: Sequence[Entry], holds: bool) -> tuple[str, tuple[str, ...]]:
    """Return on which ground an event is shared, and under which mask; or why it is not."""
    if activity.consent == "none":
        return "legal-task", activity.mask
    given, mask = scope.given(standing, activity, entry.event.TYPE)
    if given == "consent" and not holds:
        return given, mask
    if activity.consent == "required-or-safety" and _is_unsafe(entry, standing):
        return "safety", activity.mask
    return ("consent-quarantined", ()) if holds else (given, mask)


def _is_unsafe(entry: Entry, standing: Sequence[Entry]) -> bool:
    """Return whether one officer recorded that safety is at stake: in the event, or by emergency access (architecture, section 6)."""
    event = entry.event
    if isinstance(event, PlacementMoved) and event.safety_at_stake and event.safety_officer is not None:
        return True
    return emergency.opens(standing, entry.time.astimezone(consent.DUTCH).date())


def _retracted(entries: Sequence[Entry], heads: Mapping[str, Name]) -> set[str]:
    """Return what its own publisher took back, and did not take back that it took it back.

    A retraction can be taken back or corrected only by a later one, so that none rests on itself.
    """
    told = [entry for entry in entries if isinstance(entry.event, EventRetracted)]
    names: set[tuple[str, str]] = set()
    replaced: set[Name] = set()
    for entry in sorted(told, key=_when, reverse=True):
        assert isinstance(entry.event, EventRetracted)
        if (entry.oin, entry.id) in names or heads[entry.key] in replaced:
            continue
        names.add((entry.oin, entry.event.withdraws))
        replaced.add(heads[entry.key])
    return {entry.key for entry in entries if (entry.oin, entry.id) in names}


def _superseded(entries: Iterable[Entry], heads: Mapping[str, Name], retracted: set[str]) -> set[str]:
    """Return what a later whole event replaces: of a chain the latest stands.

    One that was taken back replaces nothing, so what it corrected stands again.
    """
    latest: dict[Name, Entry] = {}
    held = [entry for entry in entries if entry.key not in retracted]
    for entry in held:
        latest[heads[entry.key]] = max(latest.get(heads[entry.key], entry), entry, key=_when)
    return {entry.key for entry in held} - {entry.key for entry in latest.values()}


def _chains(entries: Iterable[Entry]) -> dict[str, Name]:
    """Return which chain of corrections each event is of: events of one type and publisher that name one another.

    Not all of a chain need be here: two that correct the same missing event are of one chain.
    """
    chain: dict[Name, Name] = {}

    def head(name: Name) -> Name:
        while (up := chain.get(name, name)) != name:
            name = up
        return name

    held = list(entries)
    for entry in held:
        corrects = getattr(entry.event, "corrects", None)
        if corrects is not None:
            chain[head(_name(entry, entry.id))] = head(_name(entry, corrects))
    return {entry.key: head(_name(entry, entry.id)) for entry in held}


def _when(entry: Entry) -> tuple[datetime, str]:
    return entry.time, entry.id


def _name(entry: Entry, event_id: str) -> Name:
    return entry.oin, entry.event.TYPE, event_id


def _is_held(entries: Sequence[Entry]) -> bool:
    """Return whether a consent, guardian or retraction record of the subject is in quarantine and not yet repaired.

    Only such a record is the repair of one: a report or a link under the same id repairs nothing.
    """
    admitted = {(entry.source, entry.id) for entry in entries if isinstance(entry.event, REPAIRS)}
    quarantined = {
        (entry.event.quarantined_source, entry.event.quarantined_id)
        for entry in entries
        if isinstance(entry.event, FactQuarantined)
    }
    return bool(quarantined - admitted)
