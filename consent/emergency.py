"""Emergency access: one officer opens the placement data, at any hour; two others review it afterwards.

Source: `programma-en-opvang`, P-07 (L303-308) and P-67 (L681-685). A use opens what is recorded of its subject from its day
on, reviewed or not, for no review may stop the next placement. What no source says is decided here and asked in
`questions.yaml`: two reviewers who both found a use unjustified end it (`emergency-found-unjustified`), and nothing else but
its publisher's own word does (`emergency-ends`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from consent.chains import Node, chain_of, retracted, superseded
from consent.known import Known, Ref, Review, Use
from consent.remembering import SUBJECTS, remembered
from ketenbus.events import EmergencyAccessUsed

Finding = Literal["justified", "unjustified", "not-agreed"]
#: How many others must have looked at a use.
REVIEWERS = 2


@dataclass(frozen=True, slots=True)
class Looked:
    """A use that stands, and who looked at it: by their numbers, never its officer."""

    use: Use
    reviewers: frozenset[str]
    against: frozenset[str]

    @property
    def is_reviewed(self) -> bool:
        """Whether two others looked at it, whatever they found."""
        return len(self.reviewers) >= REVIEWERS

    @property
    def finding(self) -> Finding | None:
        """What the reviewers came to; None while they are fewer than two."""
        if not self.is_reviewed:
            return None
        if self.is_overturned:
            return "unjustified"
        return "not-agreed" if self.against else "justified"

    @property
    def is_overturned(self) -> bool:
        """Whether two others found it unjustified: then it opens nothing any more."""
        return len(self.against) >= REVIEWERS


def standing(known: Known) -> Iterator[Looked]:
    """Yield every use that was neither taken back nor replaced.

    A review that names any event of a chain of corrections is of the use that stands of it: who corrects a use mends what was
    recorded, and uses nothing anew. It counts as long as it stands itself; whoever found a use unjustified counts as against
    it until that review is corrected or taken back. Law: the same person twice counts once.
    """
    gone, chain = superseded(known) | retracted(known), chain_of(known)

    def used(ref: Ref) -> Node:
        return chain((EmergencyAccessUsed.TYPE, ref))

    reviews: defaultdict[Node, list[Review]] = defaultdict(list)
    for review in known.reviews:
        if review.ref not in gone:
            reviews[used(review.target)].append(review)
    for use in known.uses:
        if use.ref not in gone:
            of = [r for r in reviews[used(use.ref)] if r.reviewer != use.officer]
            against = frozenset(r.reviewer for r in of if not r.justified)
            yield Looked(use, frozenset(r.reviewer for r in of), against)


def opens(known: Known, day: date) -> bool:
    """Return whether a use opens what is recorded on that day: one of that day or before, not overturned.

    Law: one more review never opens anything.
    """
    if not known.uses:
        return False
    first = first_opened(known)
    return first is not None and first <= day


@remembered(SUBJECTS)
def first_opened(known: Known) -> date | None:
    """Return the first day on which a use opens what is recorded, or None: every event of a subject asks it again."""
    return min((looked.use.used_on for looked in standing(known) if not looked.is_overturned), default=None)
