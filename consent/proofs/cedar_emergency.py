"""Emergency access in Cedar: from what day on it opens, from the raw uses and reviews of one person.

Cedar judges each pair of reviews against a use; that no pair overturns it is said here as a set, for Cedar has no quantifiers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any

import cedarpy

#: What two reviews are asked of one use: whether two others found it unjustified.
REVIEWS = """
permit(principal, action == Action::"overturn", resource) when {
  context.one.of.contains(context.name) && !context.one.justified && context.one.by != context.officer &&
  context.other.of.contains(context.name) && !context.other.justified && context.other.by != context.officer &&
  context.one.by != context.other.by
};
"""
#: A day after every day there is.
NEVER = date.max.toordinal() + 1


@dataclass(frozen=True, slots=True)
class Opening:
    """A use and the reviews that may be of it, each of any of several names, as Cedar is asked about them."""

    day: int
    name: str
    officer: str
    reviews: tuple[tuple[frozenset[str], str, bool], ...]

    @property
    def pairs(self) -> list[dict[str, Any]]:
        """The context of `overturn`, for each two reviews."""
        told = [{"of": sorted(of), "by": by, "justified": justified} for of, by, justified in self.reviews]
        use = {"name": self.name, "officer": self.officer}
        return [use | {"one": one, "other": other} for one, other in combinations(told, 2)]


def openings(heard: Iterable[Mapping[str, Any]], chain_of: Callable[[str], frozenset[str]]) -> tuple[Opening, ...]:
    """Return the uses among the facts that stand, each with every review that stands, of all that `chain_of` says of its use."""
    facts = [
        f for f in heard if "occurred_at" in f
    ]  # of an event that is only asked about, no more than its name is told
    reviews = tuple(
        (chain_of(f"{f['oin']}/{f['reviews']}"), f["reviewer"], f["justified"])
        for f in facts
        if f["type"] == "emergency-access-reviewed"
    )
    return tuple(
        Opening(f["used_on"].toordinal(), f"{f['oin']}/{f['id']}", f["officer"], reviews)
        for f in facts
        if f["type"] == "emergency-access-used"
    )


def opened_from(uses: Sequence[Opening]) -> int:
    """Return the first day on which some use opens what is recorded, `NEVER` where none does."""
    policies = cedarpy.PolicySet.from_str(REVIEWS)
    nobody = cedarpy.Entities.from_json_str("[]")
    days = [NEVER]
    for use in uses:
        asked = [
            {"principal": 'Bus::"bus"', "action": 'Action::"overturn"', "resource": 'Event::"this"', "context": context}
            for context in use.pairs
        ]
        results = cedarpy.is_authorized_batch(asked, policies, nobody) if asked else []
        if errors := [e for r in results for e in r.diagnostics.errors]:
            raise ValueError(f"Cedar could not judge: {errors}")
        if not any(result.allowed for result in results):
            days.append(use.day)
    return min(days)
