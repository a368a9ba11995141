"""What the law forbids, as statements about every row: each with its source, each shown able to fail by a test.

Whoever is not named as an authority here counts as care or shelter, so that a new kind of publisher is bound until
somebody has said what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import z3

from consent.masks import let_through
from consent.precedence import Consent
from consent.proofs import emergency_claims
from consent.proofs.solver import Rows, Symbolic, found
from consent.proofs.words import Step
from consent.table import Row, Table
from ketenbus.contract import EventType

AUTHORITIES = frozenset(
    {"politie", "kmar", "nla-opsporing", "nla-pau", "om", "rechtspraak", "lcc", "ind", "dtv", "comensha", "rapporteur"}
)
DUTY_BOUND = frozenset({"politie", "kmar", "nla-opsporing"})
SERIOUS_DISADVANTAGE = frozenset(
    {
        "serious-disadvantage-reported",
        "administrative-investigation-started",
        "administrative-investigation-ended",
        "case-transferred",
    }
)
#: Whoever may process data on offences (AVG art. 10): official authority.
OFFICIAL_RECIPIENTS = frozenset({"politie", "kmar", "nla", "om", "rechtspraak", "ind", "dtv"})
PLACEMENT_SET = let_through({"neutral", "quasi"})
IDENTIFYING = frozenset({"identity", "contact", "location", "narrative"})
_OTHER_THAN_GIVEN = frozenset(Consent) - {Consent.GIVEN}


@dataclass(frozen=True, slots=True)
class Known:
    """What the statements rest on beside the table: the contract's types, and what consent and links can change."""

    types: Mapping[str, EventType]
    refusing: Collection[Step]
    linking: Collection[Step]

    def of(self, rule: Callable[[EventType], bool]) -> frozenset[str]:
        """Return the types of the contract that a rule picks."""
        return frozenset(name for name, declared in self.types.items() if rule(declared))


#: Of one row, and of a second one where two are compared: the rows it speaks of, and of those what may not be.
Claim = Callable[[Known, Symbolic, Symbolic], tuple[z3.BoolRef, z3.BoolRef]]


@dataclass(frozen=True, slots=True)
class Prohibition:
    """One statement: `claim` gives the rows it speaks of and the breach; no row may be both."""

    name: str
    says: str
    source: str
    rows: int
    claim: Claim


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a prohibition: the rows that break it, and whether there is any row it speaks of."""

    prohibition: Prohibition
    counterexample: tuple[Row, ...] | None
    speaks: bool


def judged(table: Table, known: Known, prohibitions: Collection[Prohibition] | None = None) -> tuple[Verdict, ...]:
    """Prove each prohibition over all rows of the table, or find rows that break it."""
    rows, wanted = Rows(table), PROHIBITIONS if prohibitions is None else tuple(prohibitions)
    one = rows.symbolic("one")
    other = rows.symbolic("other") if any(p.rows == 2 for p in wanted) else one
    verdicts = []
    for prohibition in wanted:
        symbolic = (one, other)[: prohibition.rows]
        about, breach = prohibition.claim(known, one, other)
        broken = found(rows, symbolic, z3.And(about, breach))
        speaks = broken is not None or found(rows, symbolic, about) is not None
        verdicts.append(Verdict(prohibition, broken, speaks))
    return tuple(verdicts)


def broken(table: Table, known: Known) -> tuple[str, ...]:
    """Return the names of the prohibitions that some row breaks: all asked at once, and one by one only if any is."""
    rows = Rows(table)
    one, other = rows.symbolic("one"), rows.symbolic("other")
    names: list[str] = []
    for count in (1, 2):
        symbolic = (one, other)[:count]
        breaches = {p.name: z3.And(p.claim(known, one, other)) for p in PROHIBITIONS if p.rows == count}
        if found(rows, symbolic, z3.Or(list(breaches.values()))) is not None:
            names += [name for name, breach in breaches.items() if found(rows, symbolic, breach) is not None]
    return tuple(names)


def _care_to_authorities(known: Known, row: Symbolic, _: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    care = z3.Not(row.publisher.among(AUTHORITIES))
    about_care = row.type.among(known.of(lambda t: t.group in {"shelter", "help"} or t.shelter))
    return z3.And(z3.Or(care, about_care), row.purpose.among({"OPSPORING", "TOEZICHT", "TERUGKEER"})), row.delivered


def _no_identity_for_monitoring(_: Known, row: Symbolic, __: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    return _to_the_rapporteur(row), row.shows(IDENTIFYING)


def _no_person_for_monitoring(known: Known, row: Symbolic, _: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    persons = row.type.among(known.of(lambda t: t.key == "person"))
    records = z3.And(row.type.among(known.of(lambda t: t.key == "record")), z3.Not(row.publisher.is_("comensha")))
    return _to_the_rapporteur(row), z3.And(z3.Or(persons, records), row.delivered)


def _no_day_for_monitoring(known: Known, row: Symbolic, _: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    records = row.type.among(known.of(lambda t: t.key == "record"))
    return z3.And(_to_the_rapporteur(row), records), row.shows({"neutral"})


def _to_the_rapporteur(row: Symbolic) -> z3.BoolRef:
    return z3.Or(row.recipient.is_("rapporteur"), row.purpose.is_("MONITORING"))


def _serious_disadvantage(_: Known, row: Symbolic, __: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    return z3.And(row.type.among(SERIOUS_DISADVANTAGE), row.purpose.is_("REGISTRATIE")), row.delivered


def _safety_elsewhere(_: Known, row: Symbolic, other: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    pair = z3.And(row.differs_only_in(other, "safety"), row.safety, z3.Not(other.safety))
    return z3.And(pair, z3.Not(row.purpose.is_("PLAATSING"))), _widens(other, row)


def _safety_set(_: Known, row: Symbolic, __: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    beyond = z3.Or([flag for name, flag in row.mask.items() if name not in PLACEMENT_SET])
    return z3.And(row.reason.is_("safety"), row.delivered), z3.Or(z3.Not(row.purpose.is_("PLAATSING")), beyond)


def _duty_bound_unasked(_: Known, row: Symbolic, other: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    pair = row.differs_only_in(other, "consent")
    about = z3.And(pair, row.publisher.among(DUTY_BOUND), row.purpose.is_("REGISTRATIE"))
    return about, z3.Or(row.delivered != other.delivered, row.reason.term != other.reason.term)


def _others_asked(known: Known, row: Symbolic, _: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    unbound = z3.Not(row.publisher.among(DUTY_BOUND | {"comensha"}))
    records = row.type.among(known.of(lambda t: t.key != "person"))
    about = z3.And(unbound, row.purpose.is_("REGISTRATIE"), z3.Not(records))
    return about, z3.And(row.consent.among(_OTHER_THAN_GIVEN), row.delivered)


def _refusal_widens(known: Known, row: Symbolic, other: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    return _after(known.refusing, row, other), _widens(row, other)


def _linking_widens(known: Known, row: Symbolic, other: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    return _after(known.linking, row, other), _widens(row, other)


def _after(steps: Collection[Step], row: Symbolic, other: Symbolic) -> z3.BoolRef:
    """Return the constraint that `other` is the same input after one of these changes of how consent stands."""
    changed = z3.Or(
        [z3.And(row.consent.is_(before), other.consent.is_(after)) for before, after in sorted(steps, key=repr)]
    )
    return z3.And(row.differs_only_in(other, "consent"), changed)


def _widens(before: Symbolic, after: Symbolic) -> z3.BoolRef:
    more = [z3.And(flag, z3.Not(before.mask[name])) for name, flag in after.mask.items()]
    return z3.And(after.delivered, z3.Or(z3.Not(before.delivered), *more))


def _gone_delivered(_: Known, row: Symbolic, __: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    return z3.Not(row.fate.is_("stands")), row.delivered


def _shelters_place(known: Known, row: Symbolic, _: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    return row.type.among(known.of(lambda t: t.shelter or t.group == "shelter")), row.shows({"location", "narrative"})


def _story(_: Known, row: Symbolic, __: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    return z3.Not(row.purpose.is_("OPSPORING")), row.shows({"narrative"})


def _offences(_: Known, row: Symbolic, __: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    return z3.Not(row.recipient.among(OFFICIAL_RECIPIENTS)), row.shows({"criminal"})


def _dublin(known: Known, row: Symbolic, _: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    carries = row.type.among(known.of(lambda t: any(field.codelist == "dublin-indication" for field in t.fields)))
    registration = z3.And(row.recipient.is_("comensha"), row.purpose.is_("REGISTRATIE"))
    monitoring = z3.And(row.recipient.is_("rapporteur"), row.purpose.is_("MONITORING"))
    return z3.And(carries, z3.Not(registration), z3.Not(monitoring)), row.shows({"special"})


def _waits(_: Known, row: Symbolic, __: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    return row.consent.is_(Consent.QUARANTINED), z3.And(row.delivered, row.reason.is_(Consent.GIVEN.value))


PROHIBITIONS: tuple[Prohibition, ...] = (
    Prohibition(
        "care-to-authorities",
        "nothing from care or shelter goes to OPSPORING, TOEZICHT or TERUGKEER",
        "programma-en-opvang, section 3.5, L698-699 (P-26, P-29, P-53)",
        1,
        _care_to_authorities,
    ),
    Prohibition(
        "monitoring-identity",
        "the Rapporteur gets no identity, contact, place or story",
        "slachtoffermonitor-part1, L414-418 (P3); programma-en-opvang, section 3.5, L697",
        1,
        _no_identity_for_monitoring,
    ),
    Prohibition(
        "monitoring-persons",
        "the Rapporteur gets no partner's event about a person, and records from CoMensha only",
        "slachtoffermonitor-part1, L414-418 (P3); programma-en-opvang, section 3.5, L697 (P-05, P-06, P-08)",
        1,
        _no_person_for_monitoring,
    ),
    Prohibition(
        "monitoring-days",
        "of a record of the registration the Rapporteur gets no day, only the month",
        "programma-en-opvang, L354-358 (P-15)",
        1,
        _no_day_for_monitoring,
    ),
    Prohibition(
        "serious-disadvantage",
        "serious disadvantage never goes to REGISTRATIE",
        "slachtoffermonitor-part1, L1165-1166, L1173-1176 (P16)",
        1,
        _serious_disadvantage,
    ),
    Prohibition(
        "safety-placement-only",
        "a safety ground opens nothing but PLAATSING",
        "programma-en-opvang, L303-308 (P-07)",
        2,
        _safety_elsewhere,
    ),
    Prohibition(
        "safety-placement-set",
        "what a safety ground opens is the placement set",
        "programma-en-opvang, L303-308 (P-07) and section 3.5, L694",
        1,
        _safety_set,
    ),
    Prohibition(
        "emergency-no-path",
        "no path leads from emergency access to REGISTRATIE, OPSPORING, TOEZICHT or TERUGKEER",
        "programma-en-opvang, L303-308 (P-07), L681-685 (P-67) and section 3.5, L692, L698-699",
        2,
        emergency_claims.path,
    ),
    Prohibition(
        "emergency-told",
        "of emergency access the data protection officer is told, without content, and nobody else; nothing else goes there",
        "AVG art. 39(1)(b); programma-en-opvang, L681-685 (P-67)",
        1,
        emergency_claims.told,
    ),
    Prohibition(
        "registration-duty-bound",
        "for REGISTRATIE consent is never asked of police, KMar and NLA-opsporing",
        "slachtoffermonitor-part1, L411-414 (P1), L452-454 (P2)",
        2,
        _duty_bound_unasked,
    ),
    Prohibition(
        "registration-others",
        "for REGISTRATIE consent is always asked of every other reporter",
        "slachtoffermonitor-part1, L1099-1102 (P7); programma-en-opvang, L267-301 (P-01, P-06)",
        1,
        _others_asked,
    ),
    Prohibition(
        "refusal-never-widens",
        "one more refusal or withdrawal never widens anything",
        "programma-en-opvang, L267-271 (P-01), L297-301 (P-06); architecture, section 6",
        2,
        _refusal_widens,
    ),
    Prohibition(
        "linking-never-widens",
        "linking two subjects never widens anything",
        "architecture, section 5: consent never crosses a link",
        2,
        _linking_widens,
    ),
    Prohibition(
        "gone-never-delivered",
        "what was taken back or replaced is never delivered",
        "architecture, section 4; programma-en-opvang, L297-301 (P-06: no replay discloses again)",
        1,
        _gone_delivered,
    ),
    Prohibition(
        "quarantined-consent-waits",
        "nothing rests on consent while a fact of it is in quarantine",
        "architecture, section 5; programma-en-opvang, L267-271 (P-01: late or unknown is no)",
        1,
        _waits,
    ),
    Prohibition(
        "shelter-place",
        "no event of a shelter shows a place or a story",
        "programma-en-opvang, L609-613 (P-55); architecture, section 2, principle 9",
        1,
        _shelters_place,
    ),
    Prohibition(
        "story-stays",
        "a person's story goes to OPSPORING only",
        "programma-en-opvang, L279-283 (P-03), L621-625 (P-57)",
        1,
        _story,
    ),
    Prohibition(
        "offences-official",
        "data on offences go to official authority only",
        "AVG art. 10; architecture, section 4",
        1,
        _offences,
    ),
    Prohibition(
        "dublin-registration",
        "a Dublin indication goes to the registration and the Rapporteur's monitoring only",
        "slachtoffermonitor-part1, L919-920 (the figure shows that these know it); no source names another",
        1,
        _dublin,
    ),
)
