"""How consent stands for one recipient and purpose: the seven rules of precedence.

Source: architecture, section 6, numbered (1) to (7) there and here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from consent.chains import chain_of, retracted, superseded
from consent.days import day_of
from consent.known import Known, Ref, Said, Unobtainable
from consent.remembering import SUBJECTS, remembered
from ketenbus.events import ConsentGiven, GuardianAppointed


class Consent(StrEnum):
    """How consent stands for one recipient and purpose; the values are the reasons that receipts carry."""

    GIVEN = "consent"
    QUARANTINED = "consent-quarantined"
    CONFLICT = "consent-conflict"
    REFUSED = "consent-refused"
    WITHDRAWN = "consent-withdrawn"
    EXPIRED = "consent-expired"
    NOT_BEGUN = "consent-not-begun"
    NOT_EXPLICIT = "not-explicit"
    NO_AUTHORITY = "no-authority"
    UNOBTAINABLE = "consent-unobtainable"
    NONE = "no-consent"


#: Why a grant does not count though it was well given, what says most first.
_ENDED = (Consent.WITHDRAWN, Consent.EXPIRED, Consent.NOT_BEGUN)


@dataclass(frozen=True, slots=True)
class Heard:
    """Everyone who spoke for one recipient and purpose: their words, how each stands, and which grants do not count."""

    givers: Mapping[tuple[object, ...], list[Said]]
    stands: Mapping[tuple[object, ...], Consent]
    without_authority: frozenset[Ref]
    ended: Mapping[Ref, Consent]

    def grants(self) -> list[Said]:
        """Return the grants that count of those who stand as granting."""
        said = [s for giver, words in self.givers.items() if self.stands[giver] is Consent.GIVEN for s in words]
        return [s for s in said if s.grants and _counts(s, self.ended, self.without_authority)]

    def refusals(self) -> list[Said]:
        """Return the refusals, by who had authority, that stand: the most specific of those who stand as refusing (3)."""
        refusing = [words for giver, words in self.givers.items() if self.stands[giver] is Consent.REFUSED]
        said = [s for words in refusing for s in _most_specific(words, self.ended, self.without_authority)]
        return [s for s in said if not s.grants and has_authority(s) and s.ref not in self.without_authority]


def heard(
    known: Known, recipient: str, purpose: str, field_class: str | None = None, phase: str | None = None
) -> Heard:
    """Return who spoke for `recipient` and `purpose`, of what was not taken back or corrected.

    Of a class of fields the words about it and about every class are heard, of none the words about every class; so too of
    a phase of the case.
    """
    words = spoken(known)
    givers = _by_giver(s for s in words.said if _is_about(s, recipient, purpose, field_class, phase))
    stands = {giver: _speaker(words.ended, words.without_authority, said) for giver, said in givers.items()}
    return Heard(givers, stands, words.without_authority, words.ended)


def consent(
    known: Known, recipient: str, purpose: str, field_class: str | None = None, phase: str | None = None
) -> Consent:
    """Return how consent stands for `recipient` and `purpose`, as far as a class of fields and a phase go; unknown is no (1).

    Law: one more refusal or withdrawal never turns a no into `GIVEN`.
    """
    if known.quarantined - known.admitted:
        return Consent.QUARANTINED
    said = heard(known, recipient, purpose, field_class, phase)
    stands = said.stands.values()
    if Consent.GIVEN in stands:
        if said.refusals():
            return Consent.CONFLICT  # (7)
        return Consent.REFUSED if Consent.REFUSED in stands else Consent.GIVEN  # (6)
    for state in (Consent.REFUSED, *_ENDED, Consent.NOT_EXPLICIT, Consent.NO_AUTHORITY):
        if state in stands:
            return state
    unasked = any(u.purpose in (None, purpose) and u.recipient in (None, recipient) for u in spoken(known).unobtainable)
    return Consent.UNOBTAINABLE if unasked else Consent.NONE


@dataclass(frozen=True, slots=True)
class Spoken:
    """What was said and not taken back or corrected, for whatever it is asked."""

    said: tuple[Said, ...]
    unobtainable: tuple[Unobtainable, ...]
    without_authority: frozenset[Ref]
    ended: Mapping[Ref, Consent]


@remembered(SUBJECTS)
def spoken(known: Known) -> Spoken:
    """Return what was said: every class, purpose and event of a subject asks it again."""
    gone = _gone(known)
    said = tuple(s for s in known.said if s.ref not in gone)
    unobtainable = tuple(u for u in known.unobtainable if u.ref not in gone)
    without_authority = _out_of_office(known, gone) | _of_another_age(known, gone)
    return Spoken(said, unobtainable, without_authority, _ended(known, gone, said))


def _gone(known: Known) -> frozenset[Ref]:
    return superseded(known) | retracted(known)


def _is_about(said: Said, recipient: str, purpose: str, field_class: str | None, phase: str | None) -> bool:
    """Return whether a word is about this.

    A view is read by every organisation of its recipient: who refuses one of them refuses the view, and who grants to one of
    them has not granted to all.
    """
    scope = said.scope
    return (
        scope.recipient in (None, recipient)
        and scope.purpose in (None, purpose)
        and scope.field_class in (None, field_class)
        and scope.phase in (None, phase)
        and not (said.grants and scope.organisation is not None)
    )


def _by_giver(said: Iterable[Said]) -> dict[tuple[object, ...], list[Said]]:
    """Return the words of each speaker.

    Two parents, guardians or representatives without a number cannot be known to be one: each word is of a speaker of its own.
    """
    givers: dict[tuple[object, ...], list[Said]] = {}
    for s in said:
        kind, number = s.giver
        is_known = number is not None or kind == "PERSON"
        givers.setdefault(s.giver if is_known else (kind, s.ref), []).append(s)
    return givers


def _ended(known: Known, gone: frozenset[Ref], said: Iterable[Said]) -> Mapping[Ref, Consent]:
    """Return the grants that count no more, or not yet, and why: withdrawn (4), past their period or before it (5).

    A withdrawal that names any event of a chain of corrections ends every grant of it, so that a correction never gives again
    what was withdrawn: who grants anew says a new grant (`correction-after-withdrawal`). The bus's own words about periods
    are about one grant, for a corrected one has a period of its own, and are never taken back: no partner has its OIN.
    """
    chain = chain_of(known)
    begun = {e.target for e in known.begun}
    ended = {s.ref: Consent.NOT_BEGUN for s in said if s.waits and s.ref not in begun}
    ended.update((e.target, Consent.EXPIRED) for e in known.expired)
    withdrawn = {chain((ConsentGiven.TYPE, e.target)) for e in known.withdrawals if e.ref not in gone}
    ended.update(
        (s.ref, Consent.WITHDRAWN) for s in said if s.grants and chain((ConsentGiven.TYPE, s.ref)) in withdrawn
    )
    return ended


def _speaker(ended: Mapping[Ref, Consent], without_authority: frozenset[Ref], said: list[Said]) -> Consent:
    """Return how one speaker's words stand: the most specific level that still says something (3), the latest of it (2)."""
    heard = _most_specific(said, ended, without_authority)
    if not heard:
        reasons = {ended[s.ref] for s in said if s.ref in ended}
        for state in _ENDED:
            if state in reasons:
                return state
        return Consent.NOT_EXPLICIT if any(not s.counts for s in said) else Consent.NO_AUTHORITY
    grant = max((s for s in heard if s.grants), key=_latest_last, default=None)
    if grant is not None and all(_is_later(grant, refusal) for refusal in heard if not refusal.grants):
        return Consent.GIVEN
    return Consent.REFUSED


def _most_specific(said: list[Said], ended: Mapping[Ref, Consent], without_authority: frozenset[Ref]) -> list[Said]:
    """Return, of one speaker's words that say something, those at the most specific level (3)."""
    live = [s for s in said if not s.grants or _counts(s, ended, without_authority)]
    level = max(map(_specificity, live), default=None)
    return [s for s in live if _specificity(s) == level]


def _counts(grant: Said, ended: Mapping[Ref, Consent], without_authority: frozenset[Ref]) -> bool:
    return grant.counts and has_authority(grant) and grant.ref not in without_authority and grant.ref not in ended


def _latest_last(grant: Said) -> tuple[bool, datetime | None]:
    """Return what puts grants in order: if one is later than a refusal, so is every grant after it."""
    return grant.earliest is not None, grant.earliest


def _is_later(grant: Said, refusal: Said) -> bool:
    """Return whether the grant was surely said after the refusal: equal and unknown times are not (2)."""
    return refusal.latest is not None and grant.earliest is not None and refusal.latest < grant.earliest


def _specificity(said: Said) -> tuple[bool, ...]:
    """Return what a word names: recipient before purpose before class (3), and of a recipient its organisation; a phase last."""
    scope = said.scope
    named = (scope.recipient, scope.organisation, scope.purpose, scope.field_class, scope.phase)
    return tuple(one is not None for one in named)


def _out_of_office(known: Known, gone: frozenset[Ref]) -> frozenset[Ref]:
    """Return the words of guardians who were not in office on the day they spoke, by what was recorded of appointments (6).

    One of whom no appointment is recorded is in no office (1). An office begins and ends on days in the Netherlands, and ends
    whichever event of its chain of corrections the end names.
    """
    chain = chain_of(known)
    by_end = sorted(known.guardians_ended, key=lambda e: e.ended_on, reverse=True)  # the earliest of several counts
    ends = {chain((GuardianAppointed.TYPE, e.target)): e.ended_on for e in by_end if e.ref not in gone}
    terms: dict[str, list[tuple[date, date | None]]] = {}
    for g in known.guardians:
        if g.ref not in gone:
            ended_on = ends.get(chain((GuardianAppointed.TYPE, g.ref)))
            terms.setdefault(g.guardian, []).append((g.appointed_on, ended_on))
    out = set()
    for said in known.said:
        if said.giver[0] != "GUARDIAN":
            continue
        office = terms.get(said.giver[1] or "", [])
        if said.earliest is None or said.latest is None:
            out.add(said.ref)  # unknown is no (1)
            continue
        first, last = day_of(said.earliest), day_of(said.latest)
        if not any(start <= first and (end is None or last < end) for start, end in office):
            out.add(said.ref)
    return frozenset(out)


def _of_another_age(known: Known, gone: frozenset[Ref]) -> frozenset[Ref]:
    """Return the words that claim an age at which the person cannot have been, for nobody becomes a minor again (6).

    They claim an adult of whom an event says a minor, on the day of the word or later; or a minor of whom an event says an
    adult, on the day of the word or before. Who was a minor before the word may have come of age since. Unknown is no (1).
    """
    last_minor = max((m.day for m in known.minors if m.ref not in gone), default=None)
    first_adult = min((a.day for a in known.adults if a.ref not in gone), default=None)
    if last_minor is None and first_adult is None:
        return frozenset()

    def is_contradicted(said: Said) -> bool:
        match said.age_group:
            case "ADULT":
                return last_minor is not None and (said.earliest is None or day_of(said.earliest) <= last_minor)
            case "MINOR":
                return first_adult is not None and (said.latest is None or first_adult <= day_of(said.latest))
            case _:
                return False

    return frozenset(said.ref for said in known.said if is_contradicted(said))


def has_authority(said: Said) -> bool:
    """Return whether the speaker could grant: the person when adult, parent or guardian when minor (6).

    Source: slachtoffermonitor-part1, L1099-1102. It names no other representative of an adult, and an unknown age gives nobody
    authority: default no (`adult-represented`).
    """
    match said.age_group:
        case "ADULT":
            return said.giver[0] == "PERSON"
        case "MINOR":
            return said.giver[0] in ("PARENT", "GUARDIAN")
        case _:
            return False
