"""What a subject's consent comes to for one recipient and purpose: the precedence of architecture section 6, read anew.

Pure, and written from the design's text alone: `consent/` is what it is compared with.
"""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ketenbus.events import (
    ConsentBegun,
    ConsentExpired,
    ConsentGiven,
    ConsentRefused,
    ConsentUnobtainable,
    ConsentWithdrawn,
    GuardianAppointed,
    GuardianEnded,
    PlacementMoved,
    VictimReported,
)
from ketenbus.values import Event
from services.verify.chains import Head, Name, name_of
from services.verify.law import Candidate
from services.verify.log import Entry

#: Who may speak for a subject of that age (slachtoffermonitor-part1, L1099-1102); for an unknown age, or for an adult beside the person, nobody may.
AUTHORITY = {"ADULT": {"PERSON"}, "MINOR": {"PARENT", "GUARDIAN"}}


#: a phase of the case and a class of fields
Part = tuple[str | None, str | None]
WHOLE: Part = (None, None)
#: the first moment something can have happened, and the first moment by which it had
Span = tuple[datetime, datetime]
#: The law counts days as the Netherlands does.
DUTCH = ZoneInfo("Europe/Amsterdam")
EVER: Span = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Standing:
    """A subject's events that are neither retracted nor superseded, and which chain of corrections of all its events each name is of."""

    entries: Sequence[Entry]
    head: Head


@dataclass(frozen=True, slots=True)
class Word:
    """What one speaker said at one moment: yes or no."""

    speaker: tuple[str, str | None]
    specificity: tuple[bool, ...]
    span: Span
    yes: bool
    has_authority: bool


@dataclass(frozen=True, slots=True)
class _Known:
    """What else is known of a subject: the chains of grants withdrawn, the grants begun and over, when each guardian was in office, until when it was surely a minor, since when surely an adult."""

    head: Head
    withdrawn: frozenset[Name]
    begun: frozenset[tuple[str, str]]
    expired: frozenset[tuple[str, str]]
    offices: Mapping[str | None, Sequence[Span]]
    minor_until: datetime
    adult_since: datetime

    @classmethod
    def of(cls, standing: Standing) -> _Known:
        entries, head = standing.entries, standing.head
        ends: dict[Name, datetime] = {}
        for entry in entries:
            if isinstance(event := entry.event, GuardianEnded):
                name = head((entry.oin, GuardianAppointed.TYPE, event.withdraws))
                ends[name] = min(midnight(event.ended_on), ends.get(name, EVER[1]))
        offices: defaultdict[str | None, list[Span]] = defaultdict(list)
        for entry in entries:
            if isinstance(event := entry.event, GuardianAppointed):
                office = (midnight(event.appointed_on), ends.get(head(name_of(entry)), EVER[1]))
                offices[event.guardian].append(office)
        withdrawn = {
            head((e.oin, ConsentGiven.TYPE, e.event.withdraws))
            for e in entries
            if isinstance(e.event, ConsentWithdrawn)
        }
        ages = [told for entry in entries if (told := _age_on(entry.event)) is not None]
        until = max((_midnight_after(day) for age, day in ages if age == "MINOR"), default=EVER[0])
        since = min((midnight(day) for age, day in ages if age == "ADULT"), default=EVER[1])
        begun = {_grant(e.event) for e in entries if isinstance(e.event, ConsentBegun)}
        expired = {_grant(e.event) for e in entries if isinstance(e.event, ConsentExpired)}
        return cls(head, frozenset(withdrawn), frozenset(begun), frozenset(expired), offices, until, since)

    def is_withdrawn(self, entry: Entry) -> bool:
        """Return whether a withdrawal names the grant, or any other event of its chain of corrections (4)."""
        return self.head(name_of(entry)) in self.withdrawn

    def is_over(self, entry: Entry) -> bool:
        """Return whether the bus has said that the grant's period ended (5)."""
        return (entry.oin, entry.id) in self.expired

    def is_to_begin(self, entry: Entry) -> bool:
        """Return whether a grant was, or may have been, given before its period, and the bus has not said that this began (5)."""
        event = entry.event
        return (
            isinstance(event, ConsentGiven) and is_before_its_period(event) and (entry.oin, entry.id) not in self.begun
        )

    def has_authority(self, event: ConsentGiven | ConsentRefused) -> bool:
        """Return whether who spoke could speak for the subject then.

        A guardian could while a recorded guardianship lasted, and one of whom nothing is recorded could not. An
        adult could not who, by a report or placement of that day or later, was a minor then; nor could anyone for a minor
        who, by one of that day or earlier, was an adult then.
        """
        if event.given_by not in AUTHORITY.get(event.age_group, set()):
            return False
        first, last = span(event.occurred_at, event.occurred_precision)
        if event.age_group == "ADULT" and first < self.minor_until:
            return False
        if event.age_group == "MINOR" and last > self.adult_since:
            return False
        if event.given_by != "GUARDIAN":
            return True
        return any(start <= first and last <= end for start, end in self.offices.get(event.giver, ()))


def is_before_its_period(grant: ConsentGiven) -> bool:
    """Return whether a grant was, or may have been, given before its period begins."""
    if grant.valid_from is None:
        return False
    return span(grant.occurred_at, grant.occurred_precision)[0] < midnight(grant.valid_from)


def _grant(period: ConsentBegun | ConsentExpired) -> tuple[str, str]:
    return period.grant_source.split(":")[3], period.grant_id


def _age_on(event: Event) -> tuple[str, date] | None:
    """Return the age an event says that the subject was of, and on which day."""
    if not isinstance(event, VictimReported | PlacementMoved):
        return None
    return event.age_group, event.reported_on if isinstance(event, VictimReported) else event.moved_on


def midnight(day: date) -> datetime:
    """Return the first moment of a Dutch day; in UTC, for Python compares two times of one zone by their clocks."""
    try:
        return datetime.combine(day, time(), DUTCH).astimezone(UTC)
    except OverflowError:  # the year 1 began in the Netherlands when Python knows no UTC yet
        return EVER[0]


def _midnight_after(day: date) -> datetime:
    """Return the first moment after a Dutch day; after the last day there is none that Python knows."""
    return EVER[1] if day == date.max else midnight(day + timedelta(days=1))


def dutch_day(at: datetime) -> date:
    """Return the day in the Netherlands; of a moment that has no Dutch time Python knows, the first day or the last."""
    try:
        return at.astimezone(DUTCH).date()
    except OverflowError:
        return date.min if at.year == 1 else date.max


def span(at: datetime | None, precision: str) -> Span:
    """Return when something can have happened, as exactly as its precision says: on which day, in which month or year in the Netherlands."""
    if at is None:
        return EVER
    day = dutch_day(at)
    match precision:
        case "DAY":
            return midnight(day), _midnight_after(day)
        case "MONTH":
            last = day.replace(day=monthrange(day.year, day.month)[1])
            return midnight(day.replace(day=1)), _midnight_after(last)
        case "YEAR":
            return midnight(date(day.year, 1, 1)), _midnight_after(date(day.year, 12, 31))
        case _:
            return at, at + timedelta(microseconds=1)


def ground(standing: Standing, candidate: Candidate, part: Part = WHOLE) -> str:
    """Return `consent`, or why there is none.

    Reading of the precedence: (1) silence is no; (4) a grant withdrawn was never said, whichever event of its chain of
    corrections was named; (5) nor one whose period is over or has not begun; (6) a grant without authority is not heard, a
    refusal always is. Of what one speaker said, (3) the most specific words count, recipient before purpose, and (2) of
    those the latest, at an equal or unknown time the refusal. (7) Speakers with authority whose words then differ are a
    conflict, however specific each was. A word about one class of fields or one phase is heard of that alone, and most
    specific is who names recipient, then organisation, purpose, class and phase.
    """
    facts = [entry for entry in standing.entries if _concerns(entry, candidate, part)]
    known = _Known.of(standing)
    words = [word for entry in facts if (word := _heard(entry, known)) is not None]
    return _verdict(words) if words else _why_silent(facts, known)


def _concerns(entry: Entry, candidate: Candidate, part: Part) -> bool:
    event = entry.event
    if not isinstance(event, ConsentGiven | ConsentRefused | ConsentUnobtainable):
        return False
    recipient, purpose = candidate
    if event.recipient not in {None, recipient} or event.purpose not in {None, purpose}:
        return False
    if isinstance(event, ConsentUnobtainable):
        return True
    if isinstance(event, ConsentGiven) and event.recipient_organisation is not None:
        return False  # others read the same view, and to them nobody granted
    phase, field_class = part
    return event.case_phase in {None, phase} and event.field_class in {None, field_class}


def _heard(entry: Entry, known: _Known) -> Word | None:
    event = entry.event
    match event:
        case ConsentGiven():
            flawless = event.explicit and event.unbundled and known.has_authority(event)
            counts = flawless and not (known.is_withdrawn(entry) or known.is_over(entry) or known.is_to_begin(entry))
        case ConsentRefused():
            counts = True
        case _:
            return None
    if not counts:
        return None
    return Word(
        speaker=(event.given_by, _number(entry, event)),
        specificity=tuple(
            said is not None
            for said in (
                event.recipient,
                event.recipient_organisation,
                event.purpose,
                event.field_class,
                event.case_phase,
            )
        ),
        span=span(event.occurred_at, event.occurred_precision),
        yes=isinstance(event, ConsentGiven),
        has_authority=known.has_authority(event),
    )


def _number(entry: Entry, event: ConsentGiven | ConsentRefused) -> str | None:
    """Return what tells a speaker from others of the kind: nobody knows that two without a number are the same parent."""
    return entry.key if event.giver is None and event.given_by != "PERSON" else event.giver


def _verdict(words: Sequence[Word]) -> str:
    said: defaultdict[tuple[str, str | None], list[Word]] = defaultdict(list)
    for word in words:
        said[word.speaker].append(word)
    stands = [_last(spoken) for spoken in said.values()]
    if not any(word.yes for word in stands):
        return "consent-refused"
    if all(word.yes for word in stands):
        return "consent"
    return "consent-conflict" if any(word.has_authority for word in stands if not word.yes) else "consent-refused"


def _last(words: Sequence[Word]) -> Word:
    """Return the word of one speaker that stands."""
    narrowest = max(word.specificity for word in words)
    words = [word for word in words if word.specificity == narrowest]
    refusals = [word for word in words if not word.yes]
    grants = [word for word in words if word.yes]
    if not refusals:
        return grants[0]
    last = max(word.span[1] for word in refusals)
    with_authority = next((word for word in refusals if word.has_authority), refusals[0])
    return next((grant for grant in grants if last <= grant.span[0]), with_authority)


def _why_silent(facts: Sequence[Entry], known: _Known) -> str:
    grants = [entry for entry in facts if isinstance(entry.event, ConsentGiven)]
    if any(known.is_withdrawn(entry) for entry in grants):
        return "consent-withdrawn"
    if any(known.is_over(entry) for entry in grants):
        return "consent-expired"
    if any(known.is_to_begin(entry) for entry in grants):
        return "consent-not-begun"
    events = [entry.event for entry in grants if isinstance(entry.event, ConsentGiven)]
    if not all(grant.explicit and grant.unbundled for grant in events):
        return "not-explicit"
    if grants:
        return "no-authority"
    return "consent-unobtainable" if facts else "no-consent"
