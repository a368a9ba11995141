"""Made-up facts about one person's consent, and the real register, for tests of what may be disclosed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from hypothesis import strategies as st

from consent.activities import Activity, Register
from consent.known import Fact, Known, Ref, replay
from consent.policy import Case, Decision, decide
from ketenbus import events as types
from ketenbus.contract import contract
from ketenbus.values import Event
from streams.runtime.settings import load_register

OIN = "00000009900000000001"
DESK_OIN = "00000009900000000029"
NOON = datetime(2020, 5, 4, 12, tzinfo=UTC)
DAY = date(2020, 6, 1)
CARE = frozenset({"zorgcoordinator", "fairwork", "overige-melder", "opvang", "nidos", "gemeente"})
LEGAL = frozenset({"politie", "kmar", "nla-opsporing"})


@cache
def the_register() -> Register:
    """The register as it is released."""
    return load_register()


def at(days: float) -> datetime:
    """A moment so many days from noon."""
    return NOON + timedelta(days=days)


def fact(event: Event, id: str, *, time: datetime = NOON, oin: str = OIN) -> Fact:
    """An admitted event of the subject."""
    return Fact(Ref(oin, id), time, event)


def _spoken(when: datetime | None, changed: dict[str, Any]) -> dict[str, Any]:
    held = {
        "subject": "client-1",
        "occurred_at": when,
        "occurred_precision": "UNKNOWN" if when is None else "INSTANT",
        "given_by": "PERSON",
        "age_group": "ADULT",
        "channel": "IN_PERSON",
        "language": "en",
        "text_version": "2018-05.1",
    }
    return held | changed


def given(id: str = "grant", when: datetime | None = NOON, *, time: datetime = NOON, **changed: Any) -> Fact:
    """An explicit, unbundled grant by an adult, for every purpose and recipient unless `changed` narrows it."""
    return fact(types.ConsentGiven(**_spoken(when, {"explicit": True, "unbundled": True} | changed)), id, time=time)


def refused(id: str = "refusal", when: datetime | None = NOON, *, time: datetime = NOON, **changed: Any) -> Fact:
    """A refusal by an adult."""
    return fact(types.ConsentRefused(**_spoken(when, changed)), id, time=time)


def withdrawn(of: str, id: str = "withdrawal", *, oin: str = OIN, time: datetime = NOON, **changed: Any) -> Fact:
    """The withdrawal of one grant."""
    held = {k: v for k, v in _spoken(NOON, changed).items() if k not in {"channel", "language", "text_version"}}
    return fact(types.ConsentWithdrawn(withdraws=of, **held), id, oin=oin, time=time)


def unobtainable(id: str = "unobtainable", **changed: Any) -> Fact:
    """Consent could not be asked."""
    held = {"subject": "client-1", "occurred_at": NOON, "occurred_precision": "INSTANT", "reason": "NO_CONTACT"}
    return fact(types.ConsentUnobtainable(**(held | changed)), id)


def retracted(what: str, id: str = "retraction", *, oin: str = OIN, time: datetime = NOON, **changed: Any) -> Fact:
    """The publisher takes back an event."""
    held = {"subject": "client-1", "occurred_at": NOON, "occurred_precision": "INSTANT", "reason": "ENTERED_IN_ERROR"}
    return fact(types.EventRetracted(withdraws=what, **(held | changed)), id, oin=oin, time=time)


def appointed(id: str, guardian: str, days: float, *, time: datetime = NOON) -> Fact:
    """A guardian was appointed that many days from noon."""
    event = types.GuardianAppointed(
        subject="client-1",
        occurred_at=at(days),
        occurred_precision="INSTANT",
        guardian_kind="NIDOS",
        guardian=guardian,
        appointed_on=at(days).date(),
    )
    return fact(event, id, time=time)


def ended(appointment: str, days: float, *, id: str = "ended", time: datetime = NOON) -> Fact:
    """A guardianship ended that many days from noon."""
    event = types.GuardianEnded(
        subject="client-1",
        occurred_at=at(days),
        occurred_precision="INSTANT",
        withdraws=appointment,
        ended_on=at(days).date(),
    )
    return fact(event, id, time=time)


def quarantined(id: str, *, type: str = "consent-given", oin: str = OIN) -> Fact:
    """Admit's word that a consent, guardian or retraction record of the subject is quarantined."""
    event = types.FactQuarantined(
        subject="client-1",
        occurred_at=NOON,
        occurred_precision="INSTANT",
        quarantined_type=type,
        quarantined_id=id,
        quarantined_source=f"urn:nld:oin:{oin}:systeem:test",
    )
    return fact(event, f"quarantined.{id}", oin=oin)


def over(grant: str, id: str = "period", *, oin: str = OIN) -> Fact:
    """The bus's word that the period of a grant ended."""
    return _period(types.ConsentExpired, grant, id, oin)


def begun(grant: str, id: str = "period", *, oin: str = OIN) -> Fact:
    """The bus's word that the period of a grant began."""
    return _period(types.ConsentBegun, grant, id, oin)


def _period(type: type[types.ConsentBegun | types.ConsentExpired], grant: str, id: str, oin: str) -> Fact:
    source = f"urn:nld:oin:{oin}:systeem:test"
    event = type(subject="client-1", occurred_at=NOON, occurred_precision="DAY", grant_id=grant, grant_source=source)
    return fact(event, id, oin="0" * 20)


def linked(id: str = "link", *, undone: str | None = None, time: datetime = NOON, **changed: Any) -> Fact:
    """The desk's word that the subject and another are, or with `undone` are not, one person."""
    held = {
        "subject": "client-1",
        "occurred_at": NOON,
        "occurred_precision": "INSTANT",
        "subject_oin": OIN,
        "other_subject": "client-2",
        "other_oin": OIN,
        "ground": "DESK_REVIEW",
    } | changed
    event = types.IdentityLinked(**held) if undone is None else types.IdentityUnlinked(withdraws=undone, **held)
    return fact(event, id, oin=DESK_OIN, time=time)


def reported(id: str = "report", *, time: datetime = NOON, oin: str = OIN, **changed: Any) -> Fact:
    """A report on the subject."""
    held = {
        "subject": "client-1",
        "occurred_precision": "UNKNOWN",
        "reporter_kind": "OVERIG",
        "reported_on": DAY,
        "age_group": "ADULT",
        "sex": "VROUW",
        "nationality": "PL",
    }
    return fact(types.VictimReported(**(held | changed)), id, time=time, oin=oin)


def case(
    type: str = "victim-reported", kind: str = "zorgcoordinator", *, safety: bool = False, id: str = "case"
) -> Case:
    """An event to judge."""
    return Case(Ref(OIN, id), type, kind, DAY, safety)


def decisions(register: Register, case: Case, known: Known) -> dict[tuple[str, str], Decision]:
    """Every candidate of the event with its decision."""
    return {(d.recipient, d.purpose): d for d in decide(register, case, known)}


def decision_on(
    facts: Iterable[Fact],
    recipient: str = "comensha",
    purpose: str = "REGISTRATIE",
    *,
    type: str = "victim-reported",
    kind: str = "zorgcoordinator",
    safety: bool = False,
    id: str = "case",
) -> Decision:
    """What the real register decides on one candidate when these facts are known."""
    return decisions(the_register(), case(type, kind, safety=safety, id=id), replay(facts))[recipient, purpose]


def every_case(activity: Activity, *, safety: bool = False) -> Iterable[Case]:
    """Every (type, publisher) that an activity rules and the contract lets happen."""
    for name in activity.types:
        for kind in activity.publishers:
            if kind in contract().types[name].publishers:
                yield case(name, kind, safety=safety)


IDS = st.sampled_from("abcdef")
TIMES = st.integers(0, 3).map(at)
MOMENTS = st.none() | TIMES
LINKS = st.none() | IDS
SCOPES = st.fixed_dictionaries(
    {
        "purpose": st.sampled_from([None, "REGISTRATIE", "PLAATSING", "HULP"]),
        "recipient": st.sampled_from([None, "comensha", "opvang", "zorgcoordinatie"]),
        "field_class": st.sampled_from([None, None, None, "special", "quasi"]),
        "case_phase": st.sampled_from([None, None, None, "signal"]),
    }
)
SPEAKERS = st.fixed_dictionaries(
    {
        "given_by": st.sampled_from(["PERSON", "PARENT", "GUARDIAN", "REPRESENTATIVE"]),
        "giver": st.sampled_from([None, "one"]),
        "age_group": st.sampled_from(["ADULT", "ADULT", "MINOR", "UNKNOWN"]),
    }
)


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    """A fact from a small world, so that facts name, correct, withdraw and retract each other."""
    id, time = draw(IDS), draw(TIMES)
    match draw(st.sampled_from(["given", "given", "refused", "withdrawn", "retracted", "guardian", "rest"])):
        case "given":
            held = draw(SCOPES) | draw(SPEAKERS)
            held |= {"explicit": draw(st.booleans()) or draw(st.booleans()), "corrects": draw(LINKS)}
            held |= {"valid_from": draw(st.sampled_from([None, None, None, DAY]))}
            return given(id, draw(MOMENTS), time=time, **held)
        case "refused":
            return refused(id, draw(MOMENTS), time=time, corrects=draw(LINKS), **draw(SCOPES), **draw(SPEAKERS))
        case "withdrawn":
            return withdrawn(draw(IDS), id, time=time, corrects=draw(LINKS))
        case "retracted":
            return retracted(draw(IDS), id, time=time)
        case "guardian":
            days = draw(st.integers(0, 3))
            terms = st.sampled_from([appointed(id, "one", days, time=time), ended(draw(IDS), days, id=id, time=time)])
            return draw(terms)
        case _:
            young = reported(id, time=time, age_group="MINOR", reported_on=draw(TIMES).date())
            periods = [over(draw(IDS), id), begun(draw(IDS), id)]
            rest = [reported(id, time=time), young, unobtainable(id), quarantined(id), linked(id), *periods]
            return draw(st.sampled_from(rest))


def histories(size: int = 8) -> st.SearchStrategy[list[Fact]]:
    """What the log holds of one subject: an id names one event."""
    return st.lists(facts(), max_size=size, unique_by=lambda f: f.ref)
