"""Unique persons of the national registration: subjects joined, reports kept, one record a person. Pure.

Source: slachtoffermonitor-part1, L1075-1078 (several reports may concern one victim; CoMensha merges them).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

UNKNOWN_FORM = "ONBEKEND"


@dataclass(frozen=True, slots=True)
class JoinRules:
    """What makes two subjects one person."""

    join_by: frozenset[str]
    desk_links: bool


@dataclass(frozen=True, slots=True)
class Report:
    """One report that stands, as CoMensha may read it; identity only as digests by kind of key.

    What came with a later version of the contract has a default: a report that was stored before says that.
    """

    event: str
    subject: str
    reporter_kind: str
    police_unit: str | None
    reported_on: date
    age_group: str
    sex: str | None
    nationality: str | None
    age_at_report: int | None
    forms: tuple[str, ...]
    su_sector: tuple[str, ...]
    labour_sector: tuple[str, ...]
    identity: Mapping[str, str]
    cu_sector: tuple[str, ...] = ()
    dublin_indication: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """The desk's finding that two subjects are one person."""

    event: str
    a: str
    b: str


@dataclass(frozen=True, slots=True)
class RecordState:
    """The whole state of a person's record, stripped of identity; what came with a later version has a default."""

    reports: tuple[tuple[str, str | None, date], ...]
    age_group: str
    sex: str | None
    nationality: str | None
    age_at_report: int | None
    forms: tuple[str, ...]
    su_sector: tuple[str, ...]
    labour_sector: tuple[str, ...]
    cu_sector: tuple[str, ...] = ()
    dublin_indication: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """One human being as far as the registration knows: its subjects and its record."""

    number: str
    subjects: frozenset[str]
    state: RecordState


def persons(reports: Iterable[Report], links: Iterable[Link], rules: JoinRules) -> tuple[Person, ...]:
    """Return one person per group of joined subjects that has a report in force, sorted by record number.

    The number follows from the smallest reporting subject, so it does not depend on the order of arrival.
    Law: permuting or repeating reports and links changes nothing.
    """
    reports = tuple({r.event: r for r in reports}.values())
    above: dict[str, str] = {}

    def root(subject: str) -> str:
        while subject in above:
            subject = above[subject]
        return subject

    def join(a: str, b: str) -> None:
        low, high = sorted((root(a), root(b)))
        if low != high:
            above[high] = low

    holder: dict[tuple[str, str], str] = {}
    for report in reports:
        for kind, digest in report.identity.items():
            if kind in rules.join_by:
                join(report.subject, holder.setdefault((kind, digest), report.subject))
    if rules.desk_links:
        for link in links:
            join(link.a, link.b)
    groups: dict[str, list[Report]] = {}
    for report in reports:
        groups.setdefault(root(report.subject), []).append(report)
    found = (_person(group) for group in groups.values())
    return tuple(sorted(found, key=lambda p: p.number))


def record_number(subject: str) -> str:
    """Return the number of the record whose smallest subject this is; it tells nothing of the subject."""
    return hashlib.sha256(f"record\0{subject}".encode()).hexdigest()[:24]


def _order(report: Report) -> tuple[str, ...]:
    """Return what puts reports in order by what they say; event names differ per platform and decide nothing."""
    said = (report.reporter_kind, report.police_unit, report.age_group, report.sex, report.nationality)
    return (report.reported_on.isoformat(), *(text or "" for text in said), f"{report.age_at_report or -1:03}")


def _person(group: list[Report]) -> Person:
    ordered = sorted(group, key=_order)
    first = ordered[0]
    subjects = frozenset(r.subject for r in ordered)
    forms = {form for r in ordered for form in r.forms}
    known = forms - {UNKNOWN_FORM}
    state = RecordState(
        reports=tuple(
            sorted(
                ((r.reporter_kind, r.police_unit, r.reported_on.replace(day=1)) for r in ordered),
                key=lambda row: (row[2], row[0], row[1] or ""),
            )
        ),
        age_group=first.age_group,
        sex=first.sex,
        nationality=first.nationality,
        age_at_report=first.age_at_report,
        forms=tuple(sorted(known)) or (UNKNOWN_FORM,),
        su_sector=tuple(sorted({s for r in ordered for s in r.su_sector})),
        labour_sector=tuple(sorted({s for r in ordered for s in r.labour_sector})),
        cu_sector=tuple(sorted({s for r in ordered for s in r.cu_sector})),
        dublin_indication=tuple(sorted({d for r in ordered for d in r.dublin_indication})),
    )
    return Person(record_number(min(subjects)), subjects, state)
