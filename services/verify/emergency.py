"""Emergency access as an auditor reads it from the design's text: a use opens a placement, two others can end it. Pure.

A use is one officer's, on a recorded ground, and opens what is recorded from its day on. Two reviewers other than the officer
who both found it unjustified end it; who reviews twice is one reviewer (architecture, section 6). Who corrects a use corrects
what was recorded of it, so a review of any event of its chain is a review of the use that stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from ketenbus.events import EmergencyAccessReviewed, EmergencyAccessUsed
from services.verify.chains import Head, Name, name_of
from services.verify.log import Entry

TWO = 2


def opens(standing: Iterable[Entry], head: Head, on: date) -> bool:
    """Return whether emergency access opens what is recorded on a day, from a subject's events that stand and their chains."""
    officers: dict[Name, str] = {}
    against: defaultdict[Name, set[str]] = defaultdict(set)
    for entry in standing:
        match entry.event:
            case EmergencyAccessUsed(officer=officer, used_on=since) if since <= on:
                officers[name_of(entry)] = officer
            case EmergencyAccessReviewed(justified=False) as review:
                against[head((entry.oin, EmergencyAccessUsed.TYPE, review.reviews))].add(review.reviewer)
    return any(len(against[head(use)] - {officer}) < TWO for use, officer in officers.items())
