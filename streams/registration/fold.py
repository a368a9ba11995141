"""Unique persons of the national registration: subjects joined, reports kept, one record a person. Pure.

Source: slachtoffermonitor-part1, L1075-1078 (several reports may concern one victim; CoMensha merges them).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

UNKNOWN_FORM = "ONBEKEND"
#: How many reports a record tells of at most: no message has room for more (the contract, `maximum_items`).
MOST_REPORTS = 1000
#: What a record tells of a report: the kind of reporter, the police unit, and the first day of the month.
Told = tuple[str, str | None, date]


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

    reports: tuple[Told, ...]
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
    """One human being as far as the registration knows: its subjects, its record, and how many reports it leaves out."""

    number: str
    subjects: frozenset[str]
    state: RecordState
    left_out: int = 0


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
    age = -1 if report.age_at_report is None else report.age_at_report
    return (report.reported_on.isoformat(), *(text or "" for text in said), f"{age:03}")


def _person(group: list[Report]) -> Person:
    ordered = sorted(group, key=_order)
    first = ordered[0]
    subjects = frozenset(r.subject for r in ordered)
    forms = {form for r in ordered for form in r.forms}
    known = forms - {UNKNOWN_FORM}
    state = RecordState(
        reports=told([(r.reporter_kind, r.police_unit, r.reported_on.replace(day=1)) for r in ordered]),
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
    return Person(record_number(min(subjects)), subjects, state, len(ordered) - len(state.reports))


def told(reports: Iterable[Told]) -> tuple[Told, ...]:
    """Return the reports that a record tells of, in order of month: all of them, or `MOST_REPORTS` of more.

    Of more, the first of every kind and unit go before any second, the second before any third, each time by month.
    Law: the first month, the kinds and the units, which are all that a released table counts, are those of all reports.
    """
    ordered = sorted(reports, key=_by_month)
    if len(ordered) <= MOST_REPORTS:
        return tuple(ordered)
    before: Counter[tuple[str, str | None]] = Counter()
    turns: list[tuple[int, Told]] = []
    for report in ordered:
        turns.append((before[report[:2]], report))
        before[report[:2]] += 1
    kept = sorted(turns, key=lambda turn: turn[0])[:MOST_REPORTS]
    return tuple(sorted((report for _, report in kept), key=_by_month))


def _by_month(report: Told) -> tuple[date, str, str]:
    kind, unit, month = report
    return month, kind, unit or ""
