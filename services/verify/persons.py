"""Who is who, recounted: the reports CoMensha may hold, joined into persons where identity may be read.

Subjects are one person by an equal V-number, an equal BSN, or an equal name with an equal birth date, and by the desk's
links that no unlink ended: a link and its end are each logged under both subjects, and a link joins for as long as it
stands under one of them. A BSN is nine digits, not all the same; a V-number has a digit, a name a letter or a digit, and
neither a control character: what is anything else joins nobody. Capitals, blanks and the way accents are stored tell no name
apart, and blanks no number. Whoever nobody joined counts apart (architecture, section 5).
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from ketenbus.contract import contract
from ketenbus.events import IdentityLinked, IdentityUnlinked, VictimReported
from ketenbus.sealing import Keys, open_event
from ketenbus.values import Event
from services.verify.judge import Outcome
from services.verify.log import Entry
from services.verify.masks import made_general, masked

REGISTRATION = ("comensha", "REGISTRATIE")
UNKNOWN_FORM = "ONBEKEND"
BSN_DIGITS = 9
#: Sectors of labour, the rarer first; "other labour" is last (slachtoffermonitor-part1, L775-780, L818-820).
LABOUR = ("OVERIGE_DIENSTVERLENING", "HUISHOUDEN", "HORECA", "OVERIGE_ARBEID")


@dataclass(frozen=True, slots=True)
class Report:
    """One report that counts, as far as the tables go."""

    kind: str
    unit: str | None
    on: date
    forms: tuple[str, ...]
    su_sectors: tuple[str, ...]
    labour_sectors: tuple[str, ...]
    sex: str | None = None
    nationality: str | None = None
    age: int | None = None
    age_group: str = "ADULT"
    cu_sectors: tuple[str, ...] = ()
    dublin: tuple[str, ...] = ()

    @property
    def minor(self) -> bool:
        """Whether the person was reported as a minor."""
        return self.age_group == "MINOR"


@dataclass(frozen=True, slots=True)
class Person:
    """One human being of the registration, by all reports on the subjects that are this person."""

    reports: tuple[Report, ...]

    @property
    def year(self) -> str:
        """The one year the person counts in: that of the first report."""
        return str(self.first.on.year)

    @property
    def first(self) -> Report:
        """The first report, which says who the person is: of one day, the first by what it says, never by when it came."""
        return min(self.reports, key=_order)

    @property
    def kinds(self) -> frozenset[str]:
        """Which kinds of reporter reported the person."""
        return frozenset(report.kind for report in self.reports)

    @property
    def units(self) -> frozenset[str]:
        """Which police units did."""
        return frozenset(report.unit for report in self.reports if report.unit is not None)

    @property
    def forms(self) -> frozenset[str]:
        """Every form of exploitation reported; unknown only where no report knows one."""
        reported = {form for report in self.reports for form in report.forms}
        return frozenset(reported - {UNKNOWN_FORM} or {UNKNOWN_FORM})

    @property
    def su_sectors(self) -> frozenset[str]:
        """Every sector of sexual exploitation reported."""
        return frozenset(sector for report in self.reports for sector in report.su_sectors)

    @property
    def labour_sectors(self) -> frozenset[str]:
        """Every sector of labour exploitation reported."""
        return frozenset(sector for report in self.reports for sector in report.labour_sectors)

    @property
    def labour_sector(self) -> str | None:
        """The one sector of labour that counts, the rarer first (slachtoffermonitor-part1, L775-780); None where none is known."""
        return min(self.labour_sectors, key=LABOUR.index, default=None)

    @property
    def cu_sectors(self) -> frozenset[str]:
        """Every sector of criminal exploitation reported."""
        return frozenset(sector for report in self.reports for sector in report.cu_sectors)

    @property
    def dublin(self) -> frozenset[str]:
        """Every Dublin indication reported."""
        return frozenset(indication for report in self.reports for indication in report.dublin)

    @property
    def form(self) -> str:
        """The one form of a hierarchical count: the highest rank; what has no place in it counts as its list says."""
        codes = contract().codelists["exploitation-form"].codes
        code = min(self.forms, key=lambda form: (codes[form].more["rank"], form))
        counts_as: str = codes[code].more.get("counts_as", code)
        return counts_as

    @property
    def is_kmar_only_sexual(self) -> bool:
        """Whether this is sexual exploitation that the KMar alone reported (slachtoffermonitor-part1, L479-492)."""
        return self.kinds == {"KMAR"} and self.form in {"BL_SU", "GO_SU"}


def _order(report: Report) -> tuple[date, list[str], int]:
    said = (report.kind, report.unit, report.age_group, report.sex, report.nationality)
    return report.on, [text or "" for text in said], -1 if report.age is None else report.age


def persons(outcomes: Iterable[Outcome], keys: Keys) -> tuple[Person, ...]:
    """Return every person of the registration, from the outcomes of the whole log; what a mask leaves out joins nobody.

    What it lets through in general only counts as unknown: a table reads every value as exact.
    """
    delivered = [_masked(o) for o in outcomes if o.candidate == REGISTRATION and o.outcome == "delivered"]
    reports: defaultdict[str, list[Report]] = defaultdict(list)
    same = _Sets()
    for entry in delivered:
        if isinstance(entry.event, VictimReported):
            opened = open_event(entry.event, keys).event
            reports[entry.subject].append(_report(entry.event, opened))
            for name in _names(opened):
                same.join(("subject", entry.subject), name)
    for one, other in _links(delivered):
        same.join(("subject", one), ("subject", other))
    together: defaultdict[Node, list[Report]] = defaultdict(list)
    for subject, held in reports.items():
        together[same.head(("subject", subject))] += held
    return tuple(Person(tuple(held)) for held in together.values())


def _masked(outcome: Outcome) -> Entry:
    event = masked(outcome.entry.event, outcome.classes)
    unknown = made_general(event.TYPE, outcome.classes) & {"nationality", "age_at_report"}
    return replace(outcome.entry, event=event.model_copy(update=dict.fromkeys(unknown)))


def _report(event: VictimReported, opened: Event) -> Report:
    return Report(
        kind=event.reporter_kind,
        unit=event.police_unit,
        on=event.reported_on,
        forms=_listed(opened, "forms"),
        su_sectors=_listed(opened, "su_sector"),
        labour_sectors=_listed(opened, "labour_sector"),
        sex=event.sex,
        nationality=event.nationality,
        age=event.age_at_report,
        age_group=event.age_group,
        cu_sectors=_listed(opened, "cu_sector"),
        dublin=_listed(opened, "dublin_indication"),
    )


def codes(opened: Event, name: str) -> tuple[str, ...]:
    """Return what a field that seals codes holds, sorted; nothing where it is empty or its key was destroyed."""
    held = getattr(opened, name)
    return tuple(sorted(held)) if isinstance(held, tuple) else ()


def _listed(opened: Event, name: str) -> tuple[str, ...]:
    """Return the codes of a field that are on its list: whoever passes by the SDK's rules may seal any other, and none counts."""
    codelist = next(f.codelist for f in contract().types[opened.TYPE].fields if f.name == name)
    return tuple(code for code in codes(opened, name) if code in contract().codelists[codelist or ""].codes)


def _names(opened: Event) -> Iterator[Node]:
    """Return what only one person has; a field that did not open is still sealed and names nobody."""
    number, bsn = getattr(opened, "v_number", None), getattr(opened, "bsn", None)
    if isinstance(number, str) and "Nd" in (kinds := _kinds(number)) and "Cc" not in kinds:
        yield "v_number", re.sub(r"\s", "", number)
    if isinstance(bsn, str) and bsn.isascii() and bsn.isdigit() and len(bsn) == BSN_DIGITS and bsn != bsn[0] * len(bsn):
        yield "bsn", bsn
    name, born = getattr(opened, "name", None), getattr(opened, "birth_date", None)
    if isinstance(name, str) and _is_said(name) and isinstance(born, date):
        plain = unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())
        yield "name", re.sub(r"\s+", " ", plain).strip(), born.isoformat()


def _is_said(text: str) -> bool:
    """Return whether a text can name one person: blanks and signs are what any client may be called."""
    kinds = _kinds(text)
    return "Cc" not in kinds and any(kind.startswith(("L", "N")) for kind in kinds)


def _kinds(text: str) -> set[str]:
    return {unicodedata.category(character) for character in text}


def _links(delivered: Iterable[Entry]) -> Iterator[tuple[str, str]]:
    held = list(delivered)
    ended = {(e.subject, e.oin, e.event.withdraws) for e in held if isinstance(e.event, IdentityUnlinked)}
    for e in held:
        if isinstance(e.event, IdentityLinked) and e.joins and (e.subject, e.oin, e.id) not in ended:
            yield e.joins


#: a subject, or something that only one person has
Node = tuple[str, ...]


class _Sets:
    """Disjoint sets: what was joined has one head."""

    def __init__(self) -> None:
        self._up: dict[Node, Node] = {}

    def head(self, node: Node) -> Node:
        while (up := self._up.get(node, node)) != node:
            self._up[node] = self._up.get(up, up)
            node = up
        return node

    def join(self, one: Node, other: Node) -> None:
        self._up.setdefault(self.head(one), self.head(one))
        self._up[self.head(one)] = self.head(other)
