"""The lines of a case's telling, the same for the terminal and the page: one a recipient and step. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from ketenbus import events
from services.cases.casefile import Case, Figure, Text, Told
from services.cases.heard import Happened, Heard, Telling
from services.cases.words import GETS, TOLD, article, fields, reason, recipient
from services.monitoring.tables import declared
from streams.monitoring.fold import TOTAL

_DAYS_NL = ("ma", "di", "wo", "do", "vr", "za", "zo")
_DAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec")
#: Types nobody receives, that change what a decision knows of a subject (`consent.known.learn`).
TAUGHT = frozenset(
    event.TYPE
    for event in (
        events.ConsentGiven,
        events.ConsentRefused,
        events.ConsentWithdrawn,
        events.ConsentUnobtainable,
        events.GuardianAppointed,
        events.GuardianEnded,
        events.EventRetracted,
    )
)


@dataclass(frozen=True, slots=True)
class Line:
    """What one recipient heard of one event: `about` names the event where it is not the step's own."""

    told: Told
    about: Text | None
    who: Text
    what: Text
    why: Text
    law: str
    because: Text | None
    fields: Text | None
    heard: Heard

    @property
    def gets(self) -> bool:
        """Whether the recipient has the event after this."""
        return self.told in GETS


def moment(at: datetime) -> Text:
    """Return a moment in words, in UTC.

    >>> from datetime import UTC
    >>> moment(datetime(2019, 3, 9, 2, 10, tzinfo=UTC)).en
    'Sat 9 Mar 2019, 02:10 UTC'
    """
    clock = at.strftime("%H:%M")
    return Text(
        nl=f"{_DAYS_NL[at.weekday()]} {at.day} {_MONTHS[at.month - 1]} {at.year}, {clock} UTC",
        en=f"{_DAYS_EN[at.weekday()]} {at.day} {at.strftime('%b')} {at.year}, {clock} UTC",
    )


def published(one: Happened) -> Text:
    """Return who published what, in one sentence."""
    return Text(nl=f"{one.publisher} publiceert {one.step.type}", en=f"{one.publisher} publishes {one.step.type}")


def lines(telling: Telling, one: Happened) -> list[Line]:
    """Return who heard what in a step, versions of the registration's records that passed on the way taken together."""
    number = {happened.step.id: n for n, happened in enumerate(telling.steps, start=1)}
    times = Counter(_alike(h) for h in one.heard)
    once = {_alike(heard): heard for heard in one.heard}.values()
    own_first = sorted(once, key=lambda heard: (heard.event.step is None, heard.event.step != one.step.id))
    return [_line(one, heard, times[_alike(heard)], number) for heard in own_first]


def nobody(one: Happened) -> Text:
    """Return who else could have got it: nobody, and why."""
    named = any(h.event.step == one.step.id for h in one.heard)
    if named:
        return Text(
            nl=f"Verder niemand: het register noemt voor {one.step.type} geen andere ontvanger.",
            en=f"Nobody else: the register names no other recipient for {one.step.type}.",
        )
    nl = f"Niemand: het register noemt geen ontvanger voor {one.step.type}"
    en = f"Nobody: the register names no recipient for {one.step.type}"
    if one.step.type in TAUGHT:
        nl += "; het telt voor wat de bus mag doorlaten"
        en += "; it counts for what the bus may let through"
    return Text(nl=f"{nl}.", en=f"{en}.")


def figure_name(figure: Figure) -> Text:
    """Return a followed cell in words."""
    title = next(t.title for t in declared() if t.table == figure.table)
    place = " ".join(part for part in (figure.row, figure.column) if part != TOTAL)
    return Text(nl=f"{title['nl']}: {place}", en=f"{title['en']}: {place}")


def figures(case: Case, before: Happened | None, one: Happened) -> list[tuple[Figure, int, int]]:
    """Return every followed cell with its value before this step (an empty bus counts nothing) and after it."""
    return [(f, before.cells[f.cell] if before else 0, one.cells[f.cell]) for f in case.figures]


def registration(one: Happened) -> Text:
    """Return how CoMensha's registration stands, in words."""
    r = one.registered
    return Text(
        nl=f"{_many(r.persons, 'persoon', 'personen')}, {_many(r.reports, 'melding', 'meldingen')} in stand; "
        f"{_many(r.messages, 'bericht', 'berichten')} in de view; sha256 {r.sha256[:16]}",
        en=f"{_many(r.persons, 'person', 'persons')}, {_many(r.reports, 'report', 'reports')} in force; "
        f"{_many(r.messages, 'message', 'messages')} in its view; sha256 {r.sha256[:16]}",
    )


def verdict(telling: Telling) -> Iterator[Text]:
    """Yield what the case shows, from what was read back."""
    same = telling.unchanged()
    unchanged = telling.case.registration_unchanged
    if same is not None and unchanged is not None:
        equal = same[0] == same[1]
        nl, en = ("gelijk", "the same") if equal else ("NIET gelijk", "NOT the same")
        number = {one.step.id: n for n, one in enumerate(telling.steps, start=1)}
        for when, what in ((unchanged.after, same[0]), (unchanged.until, same[1])):
            n = number[when]
            yield Text(
                nl=f"registratie na stap {n}: personen {what.persons}, meldingen {what.reports}, berichten {what.messages}, "
                f"sha256 {what.sha256}",
                en=f"registration after step {n}: persons {what.persons}, reports {what.reports}, messages {what.messages}, "
                f"sha256 {what.sha256}",
            )
        yield Text(nl=f"de registratie is voor en na {nl}", en=f"registration before and after: {en}")


def counts(telling: Telling) -> Mapping[str, int]:
    """Return how many outcomes there were of each kind, versions of a record that passed on the way as one."""
    return Counter(said.told for one in telling.steps for said in {heard.as_expected() for heard in one.heard})


def laws(telling: Telling) -> Mapping[tuple[str, tuple[str, ...]], str]:
    """Return article and source by activity and reasons, for everything that was heard."""
    told = (heard for one in telling.steps for heard in one.heard)
    return {(h.activity.ref if h.activity else "", h.reasons): article(h) for h in told}


def _alike(heard: Heard) -> tuple[object, ...]:
    event = heard.event.step or heard.event.type
    return (event, heard.recipient, heard.purpose, heard.told, heard.reasons)


def _line(one: Happened, heard: Heard, times: int, number: Mapping[str, int]) -> Line:
    about: Text | None = None
    if heard.event.step is None:
        again = f" ({times}x)" if times > 1 else ""
        about = Text(
            nl=f"CoMensha's registratie publiceert {heard.event.type}{again}",
            en=f"CoMensha's registration publishes {heard.event.type}{again}",
        )
    elif heard.event.step != one.step.id:
        n = number[heard.event.step]
        about = Text(
            nl=f"het bericht van stap {n}, {heard.event.type}", en=f"the event of step {n}, {heard.event.type}"
        )
    activity = heard.activity
    because = None
    if activity is not None and not heard.rule:
        because = Text(nl=activity.why.nl, en=activity.why.en)
    return Line(
        told=heard.told,
        about=about,
        who=recipient(heard),
        what=TOLD[heard.told],
        why=reason(heard.reasons),
        law=article(heard),
        because=because,
        fields=fields(heard),
        heard=heard,
    )


def _many(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"
