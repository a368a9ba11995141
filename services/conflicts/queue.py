"""The queue for a human: where two who may decide disagree, since when, by whose words, and what would settle it. Pure.

Source: architecture, section 6, rule (7): two with authority who disagree are no, and a human decides. It names events, partners
and kinds of givers, never a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import product

from consent.known import Known, Ref, Said
from consent.precedence import Consent, consent, heard
from streams.disclose.judge import known_of
from streams.disclose.view import LogEvent

#: recipient and purpose
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Word:
    """A grant or a refusal that stands: its event, who published it, which kind of giver spoke, and since when it is known.

    `overtaken` is whether a later word of the same giver would take its place: not of one whom no number tells from others.
    """

    event: str
    publisher: str
    giver: str
    overtaken: bool
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Conflict:
    """One disagreement about one subject, about a class of fields or a phase where it is about no more; `waiting` events wait."""

    subject: str
    recipient: str
    purpose: str
    field_class: str | None
    phase: str | None
    since: datetime
    grants: tuple[Word, ...]
    refusals: tuple[Word, ...]
    waiting: int


def conflicts(
    events: Iterable[LogEvent],
    places: Iterable[Place],
    waiting: Mapping[Place, int],
    publisher: Callable[[str, str], str],
) -> Iterator[Conflict]:
    """Yield the disagreements about the one subject of these events; `publisher` names the partner of an OIN and a type.

    Law: a place is yielded exactly where consent stands as `consent-conflict`, about all or about a class or phase that is named.
    """
    told = {Ref(e.name.oin, e.name.id): e for e in events}
    known = known_of(told.values())

    def word(said: Said) -> Word:
        event, (kind, number) = told[said.ref], said.giver
        name = publisher(said.ref.oin, event.event.TYPE)
        return Word(said.ref.id, name, kind, number is not None or kind == "PERSON", event.admitted_at)

    for (recipient, purpose), (field_class, phase) in product(places, _parts(known)):
        scope = (recipient, purpose, field_class, phase)
        if consent(known, *scope) is not Consent.CONFLICT or _is_of_a_wider(known, *scope):
            continue
        spoken = heard(known, *scope)
        grants, refusals = (
            tuple(sorted(map(word, side), key=lambda w: (w.known_at, w.event)))
            for side in (spoken.grants(), spoken.refusals())
        )
        since = max(grants[0].known_at, refusals[0].known_at)  # when the second of the two sides was first heard
        subject = next(iter(told.values())).subject.hex()
        yield Conflict(subject, *scope, since, grants, refusals, waiting.get((recipient, purpose), 0))


def _parts(known: Known) -> list[tuple[str | None, str | None]]:
    """Return the whole, and each class and phase that some word names, alone and together."""
    classes = sorted({s.scope.field_class for s in known.said if s.scope.field_class})
    phases = sorted({s.scope.phase for s in known.said if s.scope.phase})
    return list(product((None, *classes), (None, *phases)))


def _is_of_a_wider(known: Known, recipient: str, purpose: str, field_class: str | None, phase: str | None) -> bool:
    """Return whether the disagreement is already there about every class or every phase."""
    wider = {(None, phase), (field_class, None), (None, None)} - {(field_class, phase)}
    return any(consent(known, recipient, purpose, *part) is Consent.CONFLICT for part in wider)


def oldest_first(found: Iterable[Conflict]) -> list[Conflict]:
    """Return the queue in its order."""
    return sorted(found, key=lambda c: (c.since, c.subject, c.recipient, c.purpose, c.field_class or "", c.phase or ""))
