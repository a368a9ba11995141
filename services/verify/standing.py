"""The standing of a run as one hash: what everyone may know of what partners said, and the registration's content.

No derived id, time, offset or receipt is in it, so that any order of arrival, any repetition and any crash on the way
give the same hash. The form, one line of JSON each, without spaces, not ASCII-escaped, sorted, joined by newlines:

    [source, id, recipient, purpose, outcome, mask, activity, [reasons]]      each different one once
    ["registration-recorded", [[kind, unit, month], ...], [forms], [su], [labour], [cu], [dublin], sex, nationality, age_group, age]
                                                      once per record in force; the lists sorted
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice, zip_longest

from ketenbus.contract import contract
from ketenbus.events import RegistrationEnded, RegistrationRecorded
from ketenbus.sealing import Keys, open_event
from services.verify.judge import Outcome
from services.verify.log import Entry
from services.verify.persons import Person, Report, codes


def digest(lines: Iterable[str]) -> str:
    """Return the SHA-256 of the lines, sorted."""
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def of_events(outcomes: Iterable[Outcome]) -> set[str]:
    """Return the lines of the partners' own events; a link stands under two subjects but is one event."""
    return {
        _line(e.source, e.id, *o.candidate, o.outcome, o.mask, o.activity, list(o.reasons))
        for o in outcomes
        if not (e := o.entry).is_registration
    }


def in_force(entries: Iterable[Entry]) -> list[RegistrationRecorded]:
    """Return the highest version of every record whose highest version is no end, still sealed."""
    latest: dict[str, RegistrationRecorded | RegistrationEnded] = {}
    for entry in entries:
        event = entry.event
        if not isinstance(event, RegistrationRecorded | RegistrationEnded):
            continue
        if entry.subject not in latest or latest[entry.subject].version < event.version:
            latest[entry.subject] = event
    return [event for event in latest.values() if isinstance(event, RegistrationRecorded)]


def of_records(records: Iterable[RegistrationRecorded], keys: Keys) -> list[str]:
    """Return the line of each record, the same as `of_persons` gives for its person; two persons may have the same."""
    return [_of_record(record, keys) for record in records]


def of_persons(persons: Iterable[Person]) -> Iterator[str]:
    """Return, for each person, the line that its record should have."""
    for person in persons:
        reports = [[r.kind, r.unit, r.on.replace(day=1).isoformat()] for r in _told(person.reports)]
        held = (person.forms, person.su_sectors, person.labour_sectors, person.cu_sectors, person.dublin)
        first = person.first
        who = (first.sex, first.nationality, first.age_group, first.age)
        yield _line("registration-recorded", sorted(reports, key=str), *map(sorted, held), *who)


def _told(reports: Iterable[Report]) -> Iterator[Report]:
    """Return the reports that a record has room for: by turns the earliest left of each kind and unit, until it is full."""
    room = next(f.maximum_items for f in contract().types["registration-recorded"].fields if f.name == "reports")
    queues: defaultdict[tuple[str, str], list[Report]] = defaultdict(list)
    for report in sorted(reports, key=_month):
        queues[report.kind, report.unit or ""].append(report)
    turns = zip_longest(*queues.values())
    in_turn = (report for turn in turns for report in sorted(filter(None, turn), key=_month))
    return islice(in_turn, room)


def _month(report: Report) -> tuple[date, str, str]:
    return report.on.replace(day=1), report.kind, report.unit or ""


def _of_record(record: RegistrationRecorded, keys: Keys) -> str:
    event = open_event(record, keys).event
    reports = [[r.reporter_kind, r.police_unit, r.reported_in.isoformat()] for r in record.reports]
    held = [codes(event, name) for name in ("forms", "su_sector", "labour_sector", "cu_sector", "dublin_indication")]
    who = (record.sex, record.nationality, record.age_group, record.age_at_report)
    return _line("registration-recorded", sorted(reports, key=str), *held, *who)


def _line(*parts: object) -> str:
    return json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
