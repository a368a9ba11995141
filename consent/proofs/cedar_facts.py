"""Raw facts of one person as Cedar is asked about them: plain fields in, sets and numbers out.

Said as sets, not as a walk: an event is of the chains that its name and what it corrects join; what names one event of a
chain to end or review it names them all; a retraction holds when no later one that holds takes it back or replaces it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from consent.proofs.cedar_emergency import Opening, openings

Raw = Mapping[str, Any]
#: For the type and name of an event, those of all that corrections join with it.
Chains = Mapping[tuple[str, str], frozenset[tuple[str, str]]]
CONSENT_FACTS = frozenset(
    {
        "consent-given",
        "consent-refused",
        "consent-withdrawn",
        "consent-unobtainable",
        "guardian-appointed",
        "guardian-ended",
        "event-retracted",
    }
)
#: What a scope names, from what counts least to what counts most (3).
_FROM_THE_LEAST = ("case_phase", "field_class", "purpose", "recipient_organisation", "recipient")
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)
_DUTCH = ZoneInfo("Europe/Amsterdam")


@dataclass(frozen=True, slots=True)
class Word:
    """One grant or refusal: what Cedar is asked of it, alone and against another."""

    name: str
    speaker: str
    grants: bool
    level: int
    field_class: str
    earliest: int | None
    latest: int | None
    one_person: bool
    told: tuple[tuple[str, Any], ...]

    @property
    def asked(self) -> dict[str, Any]:
        """The context of `heard`."""
        return dict(self.told)

    def against(self, grant: Word) -> dict[str, Any]:
        """Return the context of `beats`: whether this word beats that grant."""
        return {
            "speaker": self.speaker,
            "of_speaker": grant.speaker,
            "level": self.level,
            "of_level": grant.level,
            "grants": self.grants,
            "one_person": self.one_person,
            "dated": self.latest is not None and grant.earliest is not None,
            "latest": self.latest or 0,
            "of_earliest": grant.earliest or 0,
        }


@dataclass(frozen=True, slots=True)
class Taught:
    """What the facts of one person come to, before anything is judged."""

    words: tuple[Word, ...]
    withdrawals: frozenset[str]
    begun: frozenset[str]
    expired: frozenset[str]
    waiting: frozenset[str]
    admitted: frozenset[str]
    retracted: frozenset[str]
    superseded: frozenset[str]
    uses: tuple[Opening, ...] = ()

    @property
    def of_grants(self) -> dict[str, list[str]]:
        """The grants of which something else is said, by what that is."""
        return {name: sorted(getattr(self, name)) for name in ("withdrawals", "begun", "expired")}


def taught(facts: Iterable[Raw]) -> Taught:
    """Return what these facts come to; each is the fields of an event with its `type`, `oin`, `id` and `time`."""
    told = sorted(facts, key=_when)
    chains = _chains(told)
    retracted = _retracted(told, chains)
    standing = [f for f in told if _name(f) not in retracted]
    superseded = {
        _name(f)
        for f in standing
        if any(_when(g) > _when(f) and chains[_node(g)] == chains[_node(f)] for g in standing)
    }
    heard = [f for f in standing if _name(f) not in superseded]
    return Taught(
        words=tuple(_word(f, heard, chains) for f in heard if f["type"] in {"consent-given", "consent-refused"}),
        withdrawals=frozenset(
            name
            for f in heard
            if f["type"] == "consent-withdrawn"
            for name in _all_of("consent-given", _named(f, f["withdraws"]), chains)
        ),
        begun=frozenset(_of_period(f) for f in told if f["type"] == "consent-begun"),
        expired=frozenset(_of_period(f) for f in told if f["type"] == "consent-expired"),
        waiting=frozenset(
            f"{f['quarantined_source'].split(':')[3]}/{f['quarantined_id']}"
            for f in told
            if f["type"] == "fact-quarantined"
        ),
        admitted=frozenset(_name(f) for f in told if f["type"] in CONSENT_FACTS),
        retracted=frozenset(retracted),
        superseded=frozenset(superseded),
        uses=openings(heard, lambda name: _all_of("emergency-access-used", name, chains)),
    )


def _chains(told: Sequence[Raw]) -> dict[tuple[str, str], frozenset[tuple[str, str]]]:
    """Return, for each event, every event its corrections join it with: the closure of naming one another."""
    chain = {node: frozenset({node}) for f in told for node in (_node(f), _corrected(f))}
    for f in told:
        joined = chain[_node(f)] | chain[_corrected(f)]
        chain |= dict.fromkeys(joined, joined)
    return chain


def _all_of(event_type: str, name: str, chains: Chains) -> frozenset[str]:
    """Return the names of every event of the chain of this one, with its own: it need not be here."""
    return frozenset(joined for _, joined in chains.get((event_type, name), ())) | {name}


def _retracted(told: Sequence[Raw], chains: Chains) -> set[str]:
    holding: list[Raw] = []
    for f in reversed([f for f in told if f["type"] == "event-retracted"]):
        taken_back = any(_named(later, later["withdraws"]) == _name(f) for later in holding)
        replaced = any(chains[_node(later)] == chains[_node(f)] for later in holding)
        if not taken_back and not replaced:
            holding.append(f)
    return {_named(f, f["withdraws"]) for f in holding}


def _word(f: Raw, heard: Sequence[Raw], chains: Chains) -> Word:
    first, last = _span(f)
    grants = f["type"] == "consent-given"
    told = {
        "name": _name(f),
        "grants": grants,
        "recipient": f["recipient"] or "",
        "purpose": f["purpose"] or "",
        "field_class": f["field_class"] or "",
        "phase": f["case_phase"] or "",
        "one_organisation": bool(f["recipient_organisation"]),
        "given_by": f["given_by"],
        "age_group": f["age_group"],
        "explicit": grants and f["explicit"],
        "unbundled": grants and f["unbundled"],
        "begins_later": grants and _begins_later(f, first),
        "in_office": _in_office(f, heard, chains, first, last),
        "still_minor": any(first is None or first < after for _, after in _days_of("MINOR", heard)),
        "adult_already": any(last is None or last >= start for start, _ in _days_of("ADULT", heard)),
    }
    return Word(
        name=_name(f),
        speaker=f"{f['given_by']} {f['giver'] or ''}",
        grants=grants,
        level=sum(2**n for n, name in enumerate(_FROM_THE_LEAST) if f[name]),
        field_class=f["field_class"] or "",
        earliest=None if first is None else (first - _EPOCH) // _MICROSECOND,
        latest=None if last is None else (last - _EPOCH) // _MICROSECOND,
        one_person=bool(f["giver"]) or f["given_by"] == "PERSON",
        told=tuple(told.items()),
    )


def _days_of(age: str, heard: Iterable[Raw]) -> Iterable[tuple[datetime, datetime]]:
    """Yield, of each day on which an event says that the person was of that age, when it began and when it was over."""
    for f in heard:
        said_on: date | None = f.get("reported_on") or f.get("moved_on")
        if f["type"] in {"victim-reported", "placement-moved"} and f.get("age_group") == age and said_on:
            start, after = (
                _midnight_in_utc(day) - _ahead_of_utc(day) for day in (said_on, said_on + timedelta(days=1))
            )
            yield start, after


def _begins_later(f: Raw, first: datetime | None) -> bool:
    """Return whether a grant's period may begin after it was said."""
    day: date | None = f.get("valid_from")
    return day is not None and (first is None or first + _ahead_of_utc(day) < _midnight_in_utc(day))


def _of_period(f: Raw) -> str:
    return f"{f['grant_source'].split(':')[3]}/{f['grant_id']}"


def _in_office(f: Raw, heard: Sequence[Raw], chains: Chains, first: datetime | None, last: datetime | None) -> bool:
    terms = [g for g in heard if g["type"] == "guardian-appointed" and f["giver"] and g["guardian"] == f["giver"]]
    if f["given_by"] != "GUARDIAN":
        return True
    if first is None or last is None:
        return False
    since, until = (at.astimezone(_DUTCH).date() for at in (first, last))
    ended = {
        name
        for g in heard
        if g["type"] == "guardian-ended" and g["ended_on"] <= until
        for name in _all_of("guardian-appointed", _named(g, g["withdraws"]), chains)
    }
    return any(g["appointed_on"] <= since and _name(g) not in ended for g in terms)


def _span(f: Raw) -> tuple[datetime | None, datetime | None]:
    at: datetime | None = f["occurred_at"]
    if at is None or f["occurred_precision"] == "INSTANT":
        return at, at
    day: date = at.astimezone(_DUTCH).date()
    if f["occurred_precision"] == "DAY":
        start, end = day, day + timedelta(days=1)
    elif f["occurred_precision"] == "MONTH":
        start, end = day.replace(day=1), date(day.year + day.month // 12, day.month % 12 + 1, 1)
    else:
        start, end = date(day.year, 1, 1), date(day.year + 1, 1, 1)
    first, after = (_midnight_in_utc(d) - _ahead_of_utc(d) for d in (start, end))
    return first, after - _MICROSECOND


def _midnight_in_utc(day: date) -> datetime:
    return _EPOCH + timedelta(days=day.toordinal() - 1)


def _ahead_of_utc(day: date) -> timedelta:
    """Return how far Dutch clocks were ahead at the start of a day."""
    ahead = datetime(day.year, day.month, day.day, tzinfo=_DUTCH).utcoffset()
    assert ahead is not None
    return ahead


def _when(f: Raw) -> tuple[datetime, str]:
    return f["time"], f["id"]


def _name(f: Raw) -> str:
    return f"{f['oin']}/{f['id']}"


def _named(f: Raw, id: str) -> str:
    return f"{f['oin']}/{id}"


def _node(f: Raw) -> tuple[str, str]:
    return f["type"], _name(f)


def _corrected(f: Raw) -> tuple[str, str]:
    return f["type"], _named(f, f.get("corrects") or f["id"])
