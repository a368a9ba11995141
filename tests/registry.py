"""Made-up reports and links of the registration, for tests of the persons and tables that follow from them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import yaml
from hypothesis import strategies as st

from ketenbus.contract import contract
from sandbox.partners import as_reporter, police_units
from sandbox.plan import SU
from sandbox.targets import YEARS, Cell
from sandbox.telling import Planned
from sandbox.traits import SEXES
from streams.monitoring.fold import Registered, Table, count, tables
from streams.registration.fold import JoinRules, Link, Person, Report
from streams.runtime.settings import LAW

RULES = JoinRules(frozenset({"v_number", "bsn", "name_and_birth_date"}), True)
#: Partners that report without consent, so that what they say is in the registration.
LEGAL = ("kmar", "nla-opsporing", *sorted(police_units())[:3])
OINS: Mapping[str, str] = {partner: f"9999999{n:013d}" for n, partner in enumerate((*LEGAL, "comensha"))}
FORMS = sorted(contract().codelists["exploitation-form"].codes)
SECTORS = sorted(contract().codelists["su-sector"].codes)


@cache
def the_tables() -> tuple[Table, ...]:
    """The tables as they are released."""
    return tables(yaml.safe_load(file.read_text("utf-8")) for file in sorted(LAW["tables"].glob("*.yaml")))


def report(event: str, subject: str = "", **changed: Any) -> Report:
    """One report of the police that stands."""
    held: dict[str, Any] = {
        "event": event,
        "subject": subject or f"subject-{event}",
        "reporter_kind": "POLITIE",
        "police_unit": "LIMBURG",
        "reported_on": date(2018, 5, 4),
        "age_group": "ADULT",
        "sex": "VROUW",
        "nationality": "PL",
        "age_at_report": 30,
        "forms": ("AU",),
        "su_sector": (),
        "labour_sector": (),
        "identity": {},
    }
    return Report(**(held | changed))


def registered(person: Person) -> Registered:
    """A person's record as the Rapporteur gets it."""
    state = person.state
    return Registered(
        number=person.number,
        reports=state.reports,
        forms=state.forms,
        su_sector=state.su_sector,
        labour_sector=state.labour_sector,
        sex=state.sex or "ONBEKEND",
        nationality=state.nationality or "ONBEKEND",
        age=state.age_at_report,
        minor=state.age_group == "MINOR",
        cu_sector=state.cu_sector,
        dublin_indication=state.dublin_indication,
    )


def cells(records: Sequence[Registered]) -> dict[Cell, int]:
    """Every cell that is not zero, of every released table."""
    return {
        Cell(*cell): number
        for table in the_tables()
        for cell, number in count(table, records, contract().codelists).items()
        if number
    }


def as_read(planned: Planned) -> Report:
    """A planned report as the registration may read it."""
    said = planned.fields
    keys = {kind: str(said[kind]) for kind in ("v_number", "bsn") if kind in said}
    if "name" in said and "birth_date" in said:
        keys["name_and_birth_date"] = f"{said['name']}\0{said['birth_date']}"
    return report(
        planned.id,
        subject_of(planned),
        reporter_kind=said["reporter_kind"],
        police_unit=said.get("police_unit"),
        reported_on=said["reported_on"],
        forms=said["forms"],
        **{name: said.get(name, ()) for name in ("su_sector", "cu_sector", "dublin_indication")},
        **{name: said[name] for name in ("labour_sector", "sex", "nationality", "age_group", "age_at_report")},
        identity={kind: hashlib.sha256(text.encode()).hexdigest() for kind, text in keys.items()},
    )


def subject_of(planned: Planned) -> str:
    """The bus's name of the client number of a planned report."""
    return hashlib.sha256(f"{planned.partner}/{planned.fields['subject']}".encode()).hexdigest()


def as_link(planned: Planned) -> Link:
    """A planned link of the desk."""
    said = planned.fields
    partner = {oin: name for name, oin in OINS.items()}
    a, b = (
        hashlib.sha256(f"{partner[str(said[oin])]}/{said[number]}".encode()).hexdigest()
        for oin, number in (("subject_oin", "subject"), ("other_oin", "other_subject"))
    )
    return Link(planned.id, a, b)


@st.composite
def histories(draw: st.DrawFn) -> list[Planned]:
    """Reports and links over few client numbers, keys and partners, so that they join in every way."""
    known_forms = [form for form in FORMS if form != "ONBEKEND"]
    forms = draw(
        st.sampled_from([known_forms, ["ONBEKEND"]])
    )  # both together are the fold's own rule, tested by example
    events = [draw(reports(f"r{n}", forms)) for n in range(draw(st.integers(1, 8)))]
    known = sorted({(e.partner, str(e.fields["subject"])) for e in events} | {("kmar", "9")})
    pairs = st.tuples(st.sampled_from(known), st.sampled_from(known))
    return events + [_link(f"l{n}", *pair) for n, pair in enumerate(draw(st.lists(pairs, max_size=3)))]


@st.composite
def reports(draw: st.DrawFn, id: str, known_forms: Sequence[str]) -> Planned:
    """A report by somebody who needs no consent."""
    partner = draw(st.sampled_from(LEGAL))
    forms = draw(st.lists(st.sampled_from(known_forms), min_size=1, max_size=3, unique=True))
    fields: dict[str, object] = {
        "subject": draw(st.sampled_from("123")),
        **as_reporter(partner),
        "reported_on": date(int(draw(st.sampled_from(YEARS))), draw(st.integers(1, 12)), draw(st.integers(1, 28))),
        "forms": tuple(forms),
        "sex": draw(st.sampled_from(SEXES)),
        "nationality": draw(st.sampled_from(("NL", "PL", "MX", "NG"))),
        "age_group": draw(st.sampled_from(("MINOR", "ADULT", "UNKNOWN"))),
        "age_at_report": draw(st.none() | st.integers(15, 25)),
        "labour_sector": draw(st.sampled_from(((), ("HORECA",)))),
        "cu_sector": draw(st.sampled_from(((), ("DRUGSDELICTEN",)))),
        "dublin_indication": draw(st.sampled_from(((), ("DUBLINCLAIM",)))),
    }
    if set(forms) & set(SU):
        fields["su_sector"] = tuple(draw(st.lists(st.sampled_from(SECTORS), max_size=2, unique=True)))
    for kind, values in (("v_number", "VWX"), ("bsn", "123"), ("name", "AB"), ("birth_date", (1990, 1991))):
        if draw(st.booleans()):
            value = draw(st.sampled_from(values))
            fields[kind] = date(value, 1, 31) if kind == "birth_date" else value
    return Planned(partner, "victim-reported", id, datetime(2020, 1, 1, tzinfo=UTC), fields)


def _link(id: str, one: tuple[str, str], other: tuple[str, str]) -> Planned:
    fields = {
        "subject": one[1],
        "subject_oin": OINS[one[0]],
        "other_subject": other[1],
        "other_oin": OINS[other[0]],
        "ground": "DESK_REVIEW",
    }
    return Planned("comensha", "identity-linked", id, datetime(2020, 1, 1, tzinfo=UTC), fields)
