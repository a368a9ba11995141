"""Emergency access in plain sentences: by which use a placement went, who looked at it, and what that came to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from consent.emergency import REVIEWERS, Finding, Looked, standing
from consent.known import Fact, replay
from consent.policy import Case, Decision
from consent.wording import Words

FINDINGS: Mapping[Finding, Words] = {
    "justified": Words("beoordeeld: terecht", "reviewed: justified"),
    "unjustified": Words("beoordeeld: onterecht", "reviewed: unjustified"),
    "not-agreed": Words("beoordeeld: de beoordelaars zijn het niet eens", "reviewed: the reviewers do not agree"),
}


def told(case: Case, facts: Iterable[Fact], used: Iterable[Fact], decision: Decision) -> list[Words]:
    """Return, of a decision that emergency access bears on, by which use it went, or which use opens nothing any more.

    `facts` are all facts of the subject then, `used` those the decision rests on.
    """
    uses = [looked for looked in standing(replay(facts)) if looked.use.used_on <= case.day]
    rests_on = {fact.ref for fact in used}
    if decision.outcome == "delivered":
        return [_opened(looked) for looked in uses if looked.use.ref in rests_on]
    return [_overturned(looked) for looked in uses if looked.is_overturned]


def _opened(looked: Looked) -> Words:
    named, found = looked.use.ref.id, reviewed(looked)
    return Words(
        f"Deze plaatsing ging op noodtoegang: gebruik {named}, door een functionaris op een vastgelegde grond; {found.nl}.",
        f"This placement went on emergency access: use {named}, by one officer on a recorded ground; {found.en}.",
    )


def _overturned(looked: Looked) -> Words:
    named = looked.use.ref.id
    return Words(
        f"Gebruik {named} van noodtoegang opent niets meer: twee anderen vonden het onterecht.",
        f"Use {named} of emergency access opens nothing any more: two others found it unjustified.",
    )


def reviewed(looked: Looked) -> Words:
    """Return how far the review of a use is, and what was found."""
    if looked.finding is not None:
        return FINDINGS[looked.finding]
    count = len(looked.reviewers)
    return Words(
        f"nog niet beoordeeld door twee anderen ({count} van {REVIEWERS})",
        f"not yet reviewed by two others ({count} of {REVIEWERS})",
    )
