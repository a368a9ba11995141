"""How consent stands for the classes of a mask: given, given for some of them, or not.

Source: architecture, section 6, rule (3): a word may name a class of fields. A mask is only ever narrowed: what a class is not
given for is left out of it, whole or made general, and nothing is put in. `neutral` is no class to be asked for: it says not who it is, and without it
nothing can be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

from consent.known import Known
from consent.masks import NEUTRAL, class_of, classes_of
from consent.precedence import Consent, consent
from consent.remembering import remembered


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Consent is given, but not for these classes of the mask."""

    refused: frozenset[str]

    #: The reason that receipts carry.
    value: ClassVar[str] = "consent-narrowed"

    def of(self, mask: Iterable[str]) -> tuple[str, ...]:
        """Return what is left of a mask."""
        return tuple(part for part in mask if class_of(part) not in self.refused)


#: More than any register asks of one subject: each activity and phase of the case is one question.
QUESTIONS = 256
#: How consent may stand for a mask.
Stands = Consent | Narrowed


def every(mask: Iterable[str]) -> Iterator[Stands]:
    """Yield every way in which consent may stand for a mask."""
    yield from Consent
    asked = _asked(mask)
    for size in range(1, len(asked) + 1):
        yield from (Narrowed(frozenset(some)) for some in combinations(asked, size))


@remembered(QUESTIONS)
def stands(known: Known, recipient: str, purpose: str, mask: tuple[str, ...], phase: str | None) -> Stands:
    """Return how consent stands for `recipient` and `purpose`, class by class of the mask, in a phase of the case.

    Where it is given for every class, or for none and not by a word about every class, that is all there is to say; of several
    reasons not to give it, the one that says most.
    """
    general = consent(known, recipient, purpose, None, phase)
    if general is Consent.QUARANTINED or not any(said.scope.field_class for said in known.said):
        return general
    by_class = {name: consent(known, recipient, purpose, name, phase) for name in _asked(mask)}
    refused = frozenset(name for name, state in by_class.items() if state is not Consent.GIVEN)
    if general is Consent.GIVEN or len(refused) < len(by_class):
        return Narrowed(refused) if refused else Consent.GIVEN
    return min((general, *by_class.values()), key=list(Consent).index)


def given(state: Stands, mask: Iterable[str]) -> frozenset[str]:
    """Return the parts of a mask that consent is given for."""
    if isinstance(state, Narrowed):
        return frozenset(state.of(mask))
    return frozenset(mask if state is Consent.GIVEN else ())


def _asked(mask: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(classes_of(mask) - {NEUTRAL}))
