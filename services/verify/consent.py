"""What a subject's consent comes to for one recipient and purpose: the precedence of architecture section 6, read anew.

Pure, and written from the design's text alone: `consent/` is what it is compared with.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ketenbus.events import ConsentGiven, ConsentRefused, ConsentUnobtainable, ConsentWithdrawn
from services.verify.law import Candidate
from services.verify.log import Entry

#: Who may speak for a subject of that age (slachtoffermonitor-part1, L1099-1102); for an unknown age nobody may.
AUTHORITY = {"ADULT": {"PERSON", "REPRESENTATIVE"}, "MINOR": {"PARENT", "GUARDIAN"}}


@dataclass(frozen=True, slots=True)
class Word:
    """What one speaker said at one moment: yes or no."""

    speaker: tuple[str, str | None]
    specificity: tuple[bool, bool]
    at: datetime | None
    yes: bool
    has_authority: bool


def ground(entries: Sequence[Entry], candidate: Candidate) -> str:
    """Return `consent`, or why there is none, from a subject's events that are neither retracted nor superseded.

    Reading of the precedence: (1) silence is no; (4) a grant withdrawn was never said; (6) a grant without authority
    is not heard, a refusal always is. Of what one speaker said, (3) the most specific words count, recipient before
    purpose, and (2) of those the latest, at an equal or unknown time the refusal. (7) Speakers with authority whose
    words then differ are a conflict, however specific each was.
    """
    facts = [entry for entry in entries if _concerns(entry, candidate)]
    withdrawn = {entry.event.withdraws for entry in entries if isinstance(entry.event, ConsentWithdrawn)}
    words = [word for entry in facts if (word := _heard(entry, withdrawn)) is not None]
    return _verdict(words) if words else _why_silent(facts, withdrawn)


def _concerns(entry: Entry, candidate: Candidate) -> bool:
    event = entry.event
    if not isinstance(event, ConsentGiven | ConsentRefused | ConsentUnobtainable):
        return False
    recipient, purpose = candidate
    return event.recipient in {None, recipient} and event.purpose in {None, purpose}


def _heard(entry: Entry, withdrawn: set[str]) -> Word | None:
    event = entry.event
    match event:
        case ConsentGiven():
            counts = event.explicit and event.unbundled and _has_authority(event) and entry.id not in withdrawn
        case ConsentRefused():
            counts = True
        case _:
            return None
    if not counts:
        return None
    return Word(
        speaker=(event.given_by, event.giver),
        specificity=(event.recipient is not None, event.purpose is not None),
        at=event.occurred_at,
        yes=isinstance(event, ConsentGiven),
        has_authority=_has_authority(event),
    )


def _has_authority(event: ConsentGiven | ConsentRefused) -> bool:
    return event.given_by in AUTHORITY.get(event.age_group, set())


def _verdict(words: Sequence[Word]) -> str:
    said: defaultdict[tuple[str, str | None], list[Word]] = defaultdict(list)
    for word in words:
        said[word.speaker].append(word)
    stands = [_last(spoken) for spoken in said.values()]
    if not any(word.yes for word in stands):
        return "consent-refused"
    if all(word.yes for word in stands):
        return "consent"
    return "consent-conflict" if any(word.has_authority for word in stands if not word.yes) else "consent-refused"


def _last(words: Sequence[Word]) -> Word:
    """Return the word of one speaker that stands."""
    narrowest = max(word.specificity for word in words)
    words = [word for word in words if word.specificity == narrowest]
    refusals = [word for word in words if not word.yes]
    grants = [word for word in words if word.yes]
    if not refusals:
        return grants[0]
    times = [word.at for word in refusals if word.at is not None]
    if len(times) == len(refusals):
        for grant in grants:
            if grant.at is not None and grant.at > max(times):
                return grant
    return refusals[0]


def _why_silent(facts: Sequence[Entry], withdrawn: set[str]) -> str:
    grants = [(entry.id, entry.event) for entry in facts if isinstance(entry.event, ConsentGiven)]
    if any(id_ in withdrawn for id_, _ in grants):
        return "consent-withdrawn"
    if any(not (grant.explicit and grant.unbundled) for _, grant in grants):
        return "not-explicit"
    if grants:
        return "no-authority"
    return "consent-unobtainable" if facts else "no-consent"
