"""The simplest reading of a history: the cells its events add up to, with any one rule left out.

In memory, with every field open, it shows that the story can be counted and that each rule matters in it. The bus has
its own code for all of this; neither knows the other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.partners import needs_consent
from sandbox.plan import SU
from sandbox.targets import SUM_ROW, TOTAL, Cell
from sandbox.telling import Planned
from sandbox.traits import Traits, cells_of
from sandbox.truth import hierarchical

RULES = ("linking", "deduplication", "kmar-exclusion", "hierarchy", "consent", "correction", "recall")
Subject = tuple[str, str]


@dataclass(slots=True)
class File:
    """What is known of one client number: admitted events by type, and whether a consent of it is quarantined."""

    events: dict[str, dict[str, Planned]] = field(default_factory=lambda: defaultdict(dict))
    consent_quarantined: bool = False

    def standing(self, without: str | None) -> set[str]:
        """Return the ids of the reports that may be in the registration now."""
        reports = self.events["victim-reported"]
        if without != "consent" and any(needs_consent(r.partner) for r in reports.values()) and not self._permits():
            return set()
        if without == "correction":
            return set(reports)
        replaced = {report.fields.get("corrects") for report in reports.values()}
        taken_back = {event.fields["withdraws"] for event in self.events["event-retracted"].values()}
        return set(reports) - replaced - taken_back

    def _permits(self) -> bool:
        """Return whether the registration may have the reports, by what the story uses of architecture section 6."""
        withdrawn = {event.fields["withdraws"] for event in self.events["consent-withdrawn"].values()}
        given = [e for e in self.events["consent-given"].values() if e.id not in withdrawn and _counts(e)]
        words = [(e, True) for e in given] + [(e, False) for e in self.events["consent-refused"].values()]
        words = [(e, yes) for e, yes in words if e.fields.get("purpose", "REGISTRATIE") == "REGISTRATIE"]
        for_it, against = (
            {(e.fields["given_by"], e.fields.get("giver")) for e, yes in words if yes is said} for said in (True, False)
        )
        disagree = any(one != other for one in for_it for other in against)
        if self.consent_quarantined or disagree or not words:
            return False
        return max(words, key=lambda word: (_specific(word[0]), word[0].fields["occurred_at"], not word[1]))[1]


def _specific(event: Planned) -> tuple[bool, bool]:
    return "recipient" in event.fields, "purpose" in event.fields


def _counts(grant: Planned) -> bool:
    by_right = {"MINOR": {"PARENT", "GUARDIAN"}, "ADULT": {"PERSON"}}[str(grant.fields["age_group"])]
    return bool(grant.fields["explicit"] and grant.fields["unbundled"] and grant.fields["given_by"] in by_right)


def recount(events: Sequence[Planned], oins: Mapping[str, str], without: str | None = None) -> dict[Cell, int]:
    """Return the cells that the events, in any order, add up to; `without` names a rule of `RULES` to leave out."""
    files: dict[Subject, File] = defaultdict(File)
    delivered: dict[Subject, set[str]] = defaultdict(set)
    for event in events:
        if "subject" not in event.fields:
            continue
        subject = (event.partner, str(event.fields["subject"]))
        if event.fault is None:
            files[subject].events[event.type].setdefault(event.id, event)
        elif event.type == "consent-given":
            files[subject].consent_quarantined = True
        if without == "recall":
            delivered[subject] |= files[subject].standing(without)
    if without != "recall":
        delivered |= {subject: file.standing(without) for subject, file in files.items()}
    reports = {
        s: [files[s].events["victim-reported"][each] for each in sorted(ids)] for s, ids in delivered.items() if ids
    }
    linked = () if without == "linking" else links(events, oins)
    return _cells(joined(reports, linked), without)


def links(events: Iterable[Planned], oins: Mapping[str, str]) -> Iterable[tuple[Subject, Subject]]:
    """Yield the pairs of client numbers that the desk's links join, those undone left out."""
    partner = {oin: name for name, oin in oins.items()}
    sound = {event.id: event for event in events if event.fault is None}.values()
    undone = {event.fields["withdraws"] for event in sound if event.type == "identity-unlinked"}
    for event in sound:
        if event.type == "identity-linked" and event.id not in undone:
            f = event.fields
            yield (
                (partner[str(f["subject_oin"])], str(f["subject"])),
                (partner[str(f["other_oin"])], str(f["other_subject"])),
            )


def joined(reports: Mapping[Subject, list[Planned]], linked: Iterable[tuple[Subject, Subject]]) -> list[list[Planned]]:
    """Return the reports per person: numbers joined by links and by equal V-number, BSN, or name with birth date."""
    above: dict[object, object] = {}

    def top(node: object) -> object:
        while (up := above.setdefault(node, node)) != node:
            node = up
        return node

    for one, other in linked:
        above[top(one)] = top(other)
    for subject, theirs in reports.items():
        for f in (report.fields for report in theirs):
            keys = [(kind, f[kind]) for kind in ("v_number", "bsn") if kind in f]
            if "name" in f and "birth_date" in f:
                keys.append(("name", (f["name"], f["birth_date"])))
            for key in keys:
                above[top(subject)] = top(key)
    persons: dict[object, list[Planned]] = defaultdict(list)
    for subject, theirs in reports.items():
        persons[top(subject)] += theirs
    return list(persons.values())


def _cells(persons: Iterable[Sequence[Planned]], without: str | None) -> dict[Cell, int]:
    count: Counter[Cell] = Counter()
    for reports in persons:
        said = [report.fields for report in reports]
        year = str(min(f["reported_on"] for f in said).year)  # type: ignore[type-var, attr-defined]
        forms = {form for f in said for form in f["forms"]}  # type: ignore[attr-defined]
        sectors = {sector for f in said for sector in f.get("su_sector", ())}  # type: ignore[attr-defined]
        kinds = [str(f["reporter_kind"]) for f in said]
        units = [str(f["police_unit"]) for f in said if "police_unit" in f]
        _add(count, "2.1", "all", (year,))
        if without != "kmar-exclusion" and set(kinds) == {"KMAR"} and forms & set(SU):
            continue
        ranked = sorted(forms) if without == "hierarchy" else [hierarchical(sorted(forms))]
        _add(count, "2.1", "excluding-kmar-only", (year,))
        for form in forms:
            _add(count, "2.2", form, (year,), TOTAL)
        for sector in sectors:
            _add(count, "2.3", sector, (year,), TOTAL)
        for kind in kinds if without == "deduplication" else sorted(set(kinds)):
            both = (TOTAL, SUM_ROW) if kind in {"POLITIE", "INSPECTIE_SZW"} else (TOTAL,)
            _add(count, "2.9", kind, (year, *ranked), *both)
        for unit in units if without == "deduplication" else sorted(set(units)):
            _add(count, "2.10", unit, (year, *ranked), TOTAL)
        first = min(said, key=_order)
        for cell, number in cells_of(
            year, sorted(forms), ranked, kinds, _traits(first, said), minor=first["age_group"] == "MINOR"
        ):
            count[cell] += number
    return dict(count)


def _order(said: Mapping[str, Any]) -> tuple[object, ...]:
    """Return what makes a report the first of a person: its day, and of one day what it says."""
    named = (said.get(name) or "" for name in ("reporter_kind", "police_unit", "age_group", "sex", "nationality"))
    age = said.get("age_at_report")
    return (said["reported_on"], *named, -1 if age is None else age)


def _traits(first: Mapping[str, Any], said: Iterable[Mapping[str, Any]]) -> Traits:
    """Return who a person is by the first report, and sectors and Dublin indication by any."""
    told = list(said)
    labour, crime, dublin = (
        next((f[name][0] for f in told if f.get(name)), None)
        for name in ("labour_sector", "cu_sector", "dublin_indication")
    )
    month = first["reported_on"].month
    return Traits(first["nationality"], first["sex"], first.get("age_at_report"), labour, month, crime, dublin)


def _add(count: Counter[Cell], table: str, row: str, columns: Sequence[str], *more_rows: str) -> None:
    for each in (row, *more_rows):
        for column in (*columns, TOTAL):
            count[Cell(table, each, column)] += 1
