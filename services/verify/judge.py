"""What every candidate of a subject stands at, judged again from the subject's events alone. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
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
    retracted = _retracted(entries) if law.withholds_retracted else set()
    superseded = _superseded(entries, retracted) if law.withholds_superseded else set()
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


def _judged(activity: Activity, entry: Entry, standing: Sequence[Entry], holds: bool) -> Outcome:
    reason = _ground(activity, entry, standing, holds)
    candidate, ref = activity.candidate, activity.ref
    if reason in {"legal-task", "consent", "safety"}:
        return Outcome(entry, candidate, "delivered", "+".join(activity.mask), ref, (reason,), activity.mask)
    outcome = "pending" if reason == "consent-quarantined" else "withheld"
    return Outcome(entry, candidate, outcome, "", ref, (reason,))


def _ground(activity: Activity, entry: Entry, standing: Sequence[Entry], holds: bool) -> str:
    if activity.consent == "none":
        return "legal-task"
    given = consent.ground(standing, activity.candidate)
    if given == "consent" and not holds:
        return given
    if activity.consent == "required-or-safety" and _is_unsafe(entry):
        return "safety"
    return "consent-quarantined" if holds else given


def _is_unsafe(entry: Entry) -> bool:
    """Return whether the event says that safety is at stake, on a ground one officer recorded (architecture, section 6)."""
    event = entry.event
    return isinstance(event, PlacementMoved) and event.safety_at_stake and event.safety_officer is not None


def _retracted(entries: Sequence[Entry]) -> set[str]:
    """Return what its own publisher took back, and did not take back that it took it back."""
    takers: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if isinstance(entry.event, EventRetracted):
            takers[entry.event.withdraws].append(entry)

    def is_taken(entry: Entry, asked: frozenset[str]) -> bool:
        """A retraction that leads back to itself takes nothing back."""
        return any(
            taker.oin == entry.oin and taker.key not in asked and not is_taken(taker, asked | {taker.key})
            for taker in takers[entry.id]
        )

    return {entry.key for entry in entries if is_taken(entry, frozenset({entry.key}))}


def _superseded(entries: Sequence[Entry], retracted: set[str]) -> set[str]:
    """Return what a later whole event of the same type and publisher replaces: of a chain the latest stands.

    The events of a chain need not all be here: two that correct the same missing one are of one chain. One that was
    taken back replaces nothing, so what it corrected stands again.
    """
    chain: dict[Name, Name] = {}

    def head(name: Name) -> Name:
        while (up := chain.get(name, name)) != name:
            name = up
        return name

    for entry in entries:
        corrects = getattr(entry.event, "corrects", None)
        if corrects is not None:
            chain[head(_name(entry, entry.id))] = head(_name(entry, corrects))
    held = [entry for entry in entries if entry.key not in retracted]
    latest: dict[Name, Entry] = {}
    for entry in held:
        chained = head(_name(entry, entry.id))
        other = latest.setdefault(chained, entry)
        if (other.time, other.id) < (entry.time, entry.id):
            latest[chained] = entry
    return {entry.key for entry in held} - {entry.key for entry in latest.values()}


#: publisher, type, id
Name = tuple[str, str, str]


def _name(entry: Entry, event_id: str) -> Name:
    return entry.oin, entry.event.TYPE, event_id


def _is_held(entries: Sequence[Entry]) -> bool:
    """Return whether a consent, guardian or retraction record of the subject is in quarantine and not yet repaired."""
    admitted = {(entry.source, entry.id) for entry in entries if not isinstance(entry.event, FactQuarantined)}
    quarantined = {
        (entry.event.quarantined_source, entry.event.quarantined_id)
        for entry in entries
        if isinstance(entry.event, FactQuarantined)
    }
    return bool(quarantined - admitted)
