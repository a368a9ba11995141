"""What every candidate of a subject stands at, judged again from the subject's events alone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ketenbus.events import EventRetracted, FactQuarantined, PlacementMoved
from services.verify import consent
from services.verify.law import Activity, Candidate, Law
from services.verify.log import Entry


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
    superseded = _superseded(entries) if law.withholds_superseded else set()
    retracted = _retracted(entries) if law.withholds_retracted else set()
    gone = superseded | retracted
    standing = [entry for entry in entries if entry.key not in gone]
    holds = _is_held(entries)
    for entry in entries:
        on = entry.time.date()
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


def _judged(activity: Activity, entry: Entry, standing: Iterable[Entry], holds: bool) -> Outcome:
    reason = _ground(activity, entry, standing, holds)
    candidate, ref = activity.candidate, activity.ref
    if reason in {"legal-task", "consent", "safety"}:
        return Outcome(entry, candidate, "delivered", "+".join(activity.mask), ref, (reason,), activity.mask)
    outcome = "pending" if reason == "consent-quarantined" else "withheld"
    return Outcome(entry, candidate, outcome, "", ref, (reason,))


def _ground(activity: Activity, entry: Entry, standing: Iterable[Entry], holds: bool) -> str:
    if activity.consent == "none":
        return "legal-task"
    event = entry.event
    if activity.consent == "required-or-safety" and isinstance(event, PlacementMoved):
        # A safety ground counts only where one officer recorded it (architecture, section 6).
        if event.safety_at_stake and event.safety_officer is not None:
            return "safety"
    if holds:
        return "consent-quarantined"
    return consent.ground(standing, activity.candidate)


def _retracted(entries: Sequence[Entry]) -> set[str]:
    """Return what its own publisher took back."""
    taken = {(entry.oin, entry.event.withdraws) for entry in entries if isinstance(entry.event, EventRetracted)}
    return {entry.key for entry in entries if (entry.oin, entry.id) in taken}


def _superseded(entries: Sequence[Entry]) -> set[str]:
    """Return what a later whole event of the same type and publisher replaces: of a chain the latest stands."""
    by_name = {(entry.oin, entry.event.TYPE, entry.id): entry for entry in entries}
    chain = {entry.key: entry.key for entry in entries}

    def head(key: str) -> str:
        while chain[key] != key:
            key = chain[key]
        return key

    for entry in entries:
        corrected = by_name.get((entry.oin, entry.event.TYPE, getattr(entry.event, "corrects", None) or ""))
        if corrected is not None:
            chain[head(entry.key)] = head(corrected.key)
    latest: dict[str, Entry] = {}
    for entry in entries:
        other = latest.setdefault(head(entry.key), entry)
        if (other.time, other.id) < (entry.time, entry.id):
            latest[head(entry.key)] = entry
    return {entry.key for entry in entries} - {entry.key for entry in latest.values()}


def _is_held(entries: Sequence[Entry]) -> bool:
    """Return whether a consent, guardian or retraction record of the subject is in quarantine and not yet repaired."""
    admitted = {(entry.source, entry.id) for entry in entries if not isinstance(entry.event, FactQuarantined)}
    quarantined = {
        (entry.event.quarantined_source, entry.event.quarantined_id)
        for entry in entries
        if isinstance(entry.event, FactQuarantined)
    }
    return bool(quarantined - admitted)
