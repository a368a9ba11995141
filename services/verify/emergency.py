"""Emergency access as an auditor reads it from the design's text: a use opens a placement, two others can end it. Pure.

A use is one officer's, on a recorded ground, and opens what is recorded from its day on. Two reviewers other than the officer
who both found it unjustified end it; who reviews twice is one reviewer (architecture, section 6).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from ketenbus.events import EmergencyAccessReviewed, EmergencyAccessUsed
from services.verify.log import Entry

TWO = 2


def opens(standing: Iterable[Entry], on: date) -> bool:
    """Return whether emergency access opens what is recorded on a day, from a subject's events that stand."""
    officers: dict[tuple[str, str], str] = {}
    against: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for entry in standing:
        match entry.event:
            case EmergencyAccessUsed(officer=officer, used_on=since) if since <= on:
                officers[entry.oin, entry.id] = officer
            case EmergencyAccessReviewed(justified=False) as review:
                against[entry.oin, review.reviews].add(review.reviewer)
    return any(len(against[use] - {officer}) < TWO for use, officer in officers.items())
