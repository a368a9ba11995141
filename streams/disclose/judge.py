"""The standing of one subject's events: every candidate judged on everything known, and what changed since. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from consent.activities import Register
from consent.days import day_of
from consent.known import Fact, Known, Ref, replay
from consent.policy import Case, Decision, Situation, decide, ruling
from consent.precedence import Consent
from streams.disclose.tokens import EventName
from streams.disclose.view import LogEvent

Candidate = tuple[EventName, str, str]
#: Without an activity a ruling looks at nothing.
NOTHING_KNOWN = Situation(Consent.NONE, safety_recorded=False, fate="stands")


@dataclass(frozen=True, slots=True)
class Standing:
    """The outcome in force of one candidate, the last number sent to its view, and whether the view holds it."""

    decision: Decision
    change: int
    in_view: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A standing that became another; `kind` is what to tell the view, or None when it has nothing to hear."""

    logged: LogEvent
    standing: Standing
    kind: str | None


def case_of(logged: LogEvent) -> Case:
    """Return what a decision may see of an event: nothing sealed."""
    event = logged.event
    safety = bool(getattr(event, "safety_at_stake", False)) and getattr(event, "safety_officer", None) is not None
    return Case(Ref(logged.name.oin, logged.name.id), event.TYPE, logged.publisher_kind, day_of(logged.time), safety)


def fact_of(logged: LogEvent) -> Fact:
    """Return what consent may learn from an event."""
    return Fact(Ref(logged.name.oin, logged.name.id), logged.time, logged.event)


def known_of(events: Iterable[LogEvent]) -> Known:
    """Return what a subject's events teach."""
    return replay(map(fact_of, events))


def judge(register: Register, events: Iterable[LogEvent], before: Mapping[Candidate, Standing]) -> list[Change]:
    """Judge all candidates of one subject's events again, and return those whose standing changed.

    Law: at rest the standings are the same for every arrival order of the same events.
    """
    events = tuple(events)
    known = known_of(events)
    changes = []
    judged: set[Candidate] = set()
    for logged in sorted(events, key=lambda e: (e.time, e.name.oin, e.name.id)):
        for decision in decide(register, case_of(logged), known):
            judged.add(candidate := (logged.name, decision.recipient, decision.purpose))
            old = before.get(candidate)
            if old is None or old.decision != decision:
                changes.append(_change(register, logged, decision, old))
    return [*changes, *_no_longer_named(register, events, before, judged)]


def _no_longer_named(
    register: Register, events: Iterable[LogEvent], before: Mapping[Candidate, Standing], judged: set[Candidate]
) -> Iterator[Change]:
    """Yield what becomes of candidates that an earlier register named and this one does not: the default is no."""
    left = before.keys() - judged
    by_name = {e.name: e for e in events} if left else {}
    for candidate in sorted(left, key=lambda c: (c[0].oin, c[0].id, *c[1:])):
        name, recipient, purpose = candidate
        decision, old = ruling(register.rules, None, recipient, purpose, NOTHING_KNOWN), before[candidate]
        if name in by_name and old.decision != decision:  # what was taken back after a restore may not be known yet
            yield _change(register, by_name[name], decision, old)


def _held(old: Standing, decision: Decision) -> bool:
    """Return whether what the view holds is what this decision lets through.

    A delivery that no recall took back (its activity recalls nothing) is held under its activity's mask.
    """
    if old.decision.outcome == "delivered":
        return old.decision.mask == decision.mask
    return old.decision.activity == decision.activity


def _change(register: Register, logged: LogEvent, decision: Decision, old: Standing | None) -> Change:
    in_view, change = (old.in_view, old.change) if old else (False, 0)
    if decision.outcome == "delivered":
        if in_view and old is not None and _held(old, decision):
            return Change(logged, Standing(decision, change, True), None)
        kind = "replacement" if in_view else "delivery" if old is None else "release"
        return Change(logged, Standing(decision, change + 1, True), kind)
    activity = register.by_ref(decision.activity)
    if in_view and (activity is None or activity.recalls_when(decision.reasons)):
        return Change(logged, Standing(decision, change + 1, False), "recall")
    return Change(logged, Standing(decision, change, in_view), None)
