"""For which classes of a mask a subject's consent is given, class by class. Pure, and written from the design's text alone."""

from __future__ import annotations

from ketenbus.contract import contract
from ketenbus.events import ConsentGiven, ConsentRefused
from services.verify import consent
from services.verify.law import Activity
from services.verify.masks import IN_GENERAL

#: Why there is no consent, what says most first: of several classes, the reason that is told.
REASONS = (
    "consent-conflict", "consent-refused", "consent-withdrawn", "consent-expired", "consent-not-begun", "not-explicit",
    "no-authority", "consent-unobtainable", "no-consent",
)  # fmt: skip


def given(standing: consent.Standing, activity: Activity, event_type: str) -> tuple[str, tuple[str, ...]]:
    """Return `consent`, `consent-narrowed` or why there is none, and the classes of the mask for which there is.

    A mask loses every class that consent is not given for; `neutral` goes with whatever else goes, or alone where consent to
    all that is named by no class is given (architecture, section 6: scope purpose x recipient x class).
    """
    phase = contract().types[event_type].group
    general = consent.ground(standing, activity.candidate, (phase, None))
    if not any(isinstance(e.event, ConsentGiven | ConsentRefused) and e.event.field_class for e in standing.entries):
        return general, activity.mask if general == "consent" else ()
    classes = {_class(part) for part in activity.mask} - {"neutral"}
    grounds = {name: consent.ground(standing, activity.candidate, (phase, name)) for name in classes}
    through = {name for name, ground in grounds.items() if ground == "consent"}
    if not through and general != "consent":
        return min((general, *grounds.values()), key=REASONS.index), ()
    kept = tuple(part for part in activity.mask if _class(part) in {"neutral", *through})
    return ("consent" if kept == activity.mask else "consent-narrowed"), kept


def _class(part: str) -> str:
    """Return the class that a part of a mask is about, whole or in general only."""
    return part.removesuffix(IN_GENERAL)
