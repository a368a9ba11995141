"""Random histories of one person from a small world, so that facts name, correct, withdraw and retract each other. Seeded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

from consent.known import Fact, Ref
from consent.proofs.examples import (
    AT,
    OFFICER,
    OIN,
    REVIEWERS,
    grant,
    held,
    period,
    refusal,
    report,
    retraction,
    review,
    unobtainable,
    use,
    withdrawal,
)
from ketenbus.events import (
    ConsentBegun,
    ConsentExpired,
    ConsentGiven,
    EmergencyAccessUsed,
    GuardianAppointed,
    GuardianEnded,
)
from ketenbus.values import Event

Speaker = tuple[str, str | None, str]
IDS = "abcdef"
OTHER_OIN = "00000009900000000002"
RECIPIENTS = (None, None, "comensha", "opvang", "zorgcoordinatie")
CLASSES = ("quasi", "identity", "special")
PHASES = ("signal", "shelter", "residence")
PURPOSES = (None, None, "REGISTRATIE", "PLAATSING", "HULP")
#: Who speaks, under which number, and the age they say the person has.
SPEAKERS: tuple[Speaker, ...] = (
    ("PERSON", None, "ADULT"),
    ("REPRESENTATIVE", "one", "ADULT"),
    ("PARENT", "one", "MINOR"),
    ("PARENT", "two", "MINOR"),
    ("PARENT", None, "MINOR"),
    ("GUARDIAN", "one", "MINOR"),
    ("GUARDIAN", "two", "MINOR"),
)
PRECISIONS = ("INSTANT", "INSTANT", "INSTANT", "DAY", "MONTH", "YEAR", "UNKNOWN")
MOST_FACTS = 9


def histories(count: int, seed: int) -> Iterator[tuple[Fact, ...]]:
    """Yield so many histories; an id names one event of a publisher."""
    rng = Random(seed)
    for _ in range(count):
        speakers = rng.sample(SPEAKERS, rng.choice((1, 1, 2, 3)))
        facts = {fact.ref: fact for fact in (_fact(rng, speakers) for _ in range(rng.randint(0, MOST_FACTS)))}
        facts |= {fact.ref: fact for fact in _in_office(rng, speakers)}
        if facts and rng.random() < 0.5:
            facts |= {fact.ref: fact for fact in _in_a_chain(rng, rng.choice(list(facts.values())))}
        yield tuple(facts.values())


def _in_office(rng: Random, speakers: Sequence[Speaker]) -> Iterator[Fact]:
    """Yield appointments of most guardians who speak: without one they grant nothing."""
    for number in (number for kind, number, _ in speakers if kind == "GUARDIAN" and number is not None):
        if rng.random() < 0.7:
            yield _appointed(AT, number, f"office-{number}")


def _in_a_chain(rng: Random, first: Fact) -> Iterator[Fact]:
    """Yield corrections of an event, which change nothing else, and what ends or reviews some event of their chain."""
    names = [first.ref.id, *rng.sample(("first", "second", "third"), rng.randint(1, 3))]
    if "corrects" not in type(first.event).model_fields:
        return
    for corrected, name in pairwise(names):
        yield Fact(Ref(first.ref.oin, name), _moment(rng), first.event.model_copy(update={"corrects": corrected}))
    ending = _ends(rng, first.event, names)
    if rng.random() < 0.8:
        yield from (Fact(Ref(first.ref.oin, said.ref.id), _moment(rng), said.event) for said in ending)
    if rng.random() < 0.3:
        taken_back = retraction(rng.choice([*names, *(said.ref.id for said in ending)]), "taken-back")
        yield Fact(Ref(first.ref.oin, taken_back.ref.id), _moment(rng), taken_back.event)


def _ends(rng: Random, first: Event, names: Sequence[str]) -> list[Fact]:
    match first:
        case ConsentGiven():
            return [withdrawal(rng.choice(names), "end")]
        case GuardianAppointed():
            return [_ended(rng, rng.choice(names), f"end-{n}") for n in range(rng.randint(1, 2))]
        case EmergencyAccessUsed():
            return [review(f"end-{n}", rng.choice(names), reviewer=by) for n, by in enumerate(REVIEWERS)]
        case _:
            return []


def _ended(rng: Random, appointment: str, id: str) -> Fact:
    day = _moment(rng)
    event = GuardianEnded(
        subject="1", occurred_at=day, occurred_precision="INSTANT", withdraws=appointment, ended_on=day.date()
    )
    return Fact(Ref(OIN, id), AT, event)


def _fact(rng: Random, speakers: Sequence[Speaker]) -> Fact:
    name = rng.choice(_MADE)
    made = _spoken(rng, name, rng.choice(speakers)) if name in {"grant", "refusal"} else _MAKERS[name](rng)
    held: dict[str, Any] = (
        {"corrects": rng.choice(IDS)} if "corrects" in type(made.event).model_fields and rng.random() < 0.2 else {}
    )
    oin = OTHER_OIN if rng.random() < 0.1 else OIN
    return Fact(Ref(oin, made.ref.id), _moment(rng), made.event.model_copy(update=held))


def _moment(rng: Random) -> datetime:
    return AT + timedelta(days=rng.randint(0, 3), hours=rng.choice((0, 0, 6, 11)))


def _spoken(rng: Random, name: str, speaker: Speaker) -> Fact:
    given_by, giver, age = speaker
    precision = rng.choice(PRECISIONS)
    held: dict[str, Any] = {
        "occurred_at": None if precision == "UNKNOWN" else _moment(rng),
        "occurred_precision": precision,
        "given_by": given_by,
        "giver": giver,
        "age_group": age if rng.random() < 0.8 else rng.choice(("ADULT", "MINOR", "UNKNOWN")),
        "recipient": rng.choice(RECIPIENTS),
        "purpose": rng.choice(PURPOSES),
        "field_class": rng.choice(CLASSES) if rng.random() < 0.2 else None,
        "case_phase": rng.choice(PHASES) if rng.random() < 0.1 else None,
    }
    if held["recipient"] is not None and rng.random() < 0.1:
        held["recipient_organisation"] = OTHER_OIN
    if name == "refusal":
        return refusal(rng.choice(IDS), **held)
    held["valid_from"] = None if rng.random() < 0.7 else _day(rng)
    return grant(rng.choice(IDS), explicit=rng.random() < 0.9, unbundled=rng.random() < 0.9, **held)


def _day(rng: Random) -> date:
    return _moment(rng).date()


def _period(rng: Random) -> Fact:
    return period(rng.choice((ConsentBegun, ConsentExpired)), rng.choice(IDS), rng.choice("pq"))


def _retraction(rng: Random) -> Fact:
    return retraction(rng.choice((*IDS, "case")), rng.choice((*IDS, "r", "s")))


def _guardian(rng: Random) -> Fact:
    if rng.random() < 0.5:
        return _ended(rng, rng.choice((*IDS, "g")), rng.choice((*IDS, "h")))
    return _appointed(_moment(rng), rng.choice(("one", "two")), rng.choice((*IDS, "g")))


def _appointed(day: datetime, number: str, id: str) -> Fact:
    event = GuardianAppointed(
        subject="1", occurred_at=day, occurred_precision="INSTANT", guardian_kind="NIDOS",
        guardian=number, appointed_on=day.date(),
    )  # fmt: skip
    return Fact(Ref(OIN, id), AT, event)


def _report(rng: Random) -> Fact:
    age = rng.choice(("MINOR", "MINOR", "ADULT", "UNKNOWN"))
    return report(rng.choice(IDS), reported_on=_moment(rng).date(), age_group=age)


def _use(rng: Random) -> Fact:
    return use(rng.choice("au"), used_on=_moment(rng).date() - timedelta(days=rng.choice((0, 2))))


def _review(rng: Random) -> Fact:
    number = rng.choice((OFFICER, *REVIEWERS, *REVIEWERS))
    return review(rng.choice((*IDS, "v", "x")), rng.choice("auu"), reviewer=number, justified=rng.random() < 0.2)


_MAKERS: Mapping[str, Callable[[Random], Fact]] = {
    "withdrawal": lambda rng: withdrawal(rng.choice(IDS), rng.choice((*IDS, "w"))),
    "retraction": _retraction,
    "period": _period,
    "guardian": _guardian,
    "report": _report,
    "held": lambda rng: held(rng.choice(IDS)),
    "use": _use,
    "review": _review,
    "unobtainable": lambda rng: unobtainable(rng.choice(IDS)),
}
_MADE = (
    *["grant"] * 6,
    *["refusal"] * 4,
    *["withdrawal"] * 2,
    "retraction",
    *["period"] * 2,
    "guardian",
    "guardian",
    "report",
    "held",
    "unobtainable",
    "use",
    "use",
    *["review"] * 3,
)
