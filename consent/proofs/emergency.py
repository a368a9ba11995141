"""By which facts a safety ground may hold: every small set of uses and reviews, and what then opens.

One use by one officer, a later correction of it and a day on which it was taken back or not; up to three reviews, each by the
officer or one of two others, justified or not, standing or taken back. Asked is what is recorded the day before, on the day
of the use and long after.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache, reduce
from itertools import combinations_with_replacement, product

from consent.emergency import opens
from consent.known import Fact, Known, learn
from consent.proofs.examples import AT, LATER, OFFICER, REVIEWERS, retraction, review, use

DAY = AT.date()
#: The day before a use, its own, and so long after that every term of review is over.
DAYS = (DAY - timedelta(days=1), DAY, DAY + timedelta(days=400))
#: A review of the use: by whom, what was found, and whether it was taken back.
Look = tuple[str, bool, bool]
LOOKS: tuple[Look, ...] = tuple(product((OFFICER, *REVIEWERS), (False, True), (False, True)))
MOST_LOOKS = 3


@dataclass(frozen=True, slots=True)
class History:
    """One use as it went: used or not, taken back, replaced by a correction of a later day; and who looked at it."""

    is_used: bool
    taken_back: bool
    corrected: bool
    looks: tuple[Look, ...]

    def facts(self) -> Iterator[Fact]:
        """Yield the events that tell it."""
        if self.is_used:
            yield use()
        if self.taken_back:
            yield retraction("use", "taken-back")
        if self.corrected:
            yield replace(use("newer", corrects="use", used_on=DAYS[2]), time=LATER)
        for number, (by, justified, withdrawn) in enumerate(self.looks):
            yield review(f"look-{number}", reviewer=by, justified=justified)
            if withdrawn:
                yield retraction(f"look-{number}", f"withdrawn-{number}")

    def may_open(self, on: date) -> bool:
        """Return whether the rule lets what is recorded on this day be opened, said without the engine.

        While fewer than two others say no, of the use or of what it corrects: the correction from its own day on, else the use
        that was not taken back.
        """
        against = {by for by, justified, withdrawn in self.looks if not justified and not withdrawn} - {OFFICER}
        if len(against) >= 2:
            return False
        return on >= DAYS[2] if self.corrected else self.is_used and not self.taken_back and on >= DAY


def every_history() -> Iterator[History]:
    """Yield every history of one use with up to three looks at it."""
    for size in range(MOST_LOOKS + 1):
        for looks in combinations_with_replacement(LOOKS, size):
            for is_used, taken_back, corrected in product((True, False), repeat=3):
                yield History(is_used, taken_back, corrected, looks)


def findings() -> Iterator[str]:
    """Yield each history after which a safety ground holds otherwise than by a use that stands, not overturned."""
    for history in every_history():
        known = reduce(Known.__or__, map(_learned, history.facts()), Known())
        for day in DAYS:
            if (is_open := opens(known, day)) != history.may_open(day):
                yield f"{history} on {day}: {'opens' if is_open else 'opens nothing'}"


@cache
def _learned(fact: Fact) -> Known:
    return learn(fact)
