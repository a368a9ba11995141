"""What the law forbids, as statements about every row: each with its source, each shown able to fail by a test."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import z3

from consent.proofs import claims, emergency_claims
from consent.proofs.claims import Claim, Known
from consent.proofs.solver import Rows, found
from consent.table import Row, Table


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


PROHIBITIONS: tuple[Prohibition, ...] = (
    Prohibition(
        "care-to-authorities",
        "nothing from care or shelter goes to OPSPORING, TOEZICHT or TERUGKEER",
        "programma-en-opvang, section 3.5, L698-699 (P-26, P-29, P-53)",
        1,
        claims.care_to_authorities,
    ),
    Prohibition(
        "monitoring-identity",
        "the Rapporteur gets no identity, contact, place or story",
        "slachtoffermonitor-part1, L414-418 (P3); programma-en-opvang, section 3.5, L697",
        1,
        claims.no_identity_for_monitoring,
    ),
    Prohibition(
        "monitoring-persons",
        "the Rapporteur gets no partner's event about a person, and records from CoMensha only",
        "slachtoffermonitor-part1, L414-418 (P3); programma-en-opvang, section 3.5, L697 (P-05, P-06, P-08)",
        1,
        claims.no_person_for_monitoring,
    ),
    Prohibition(
        "monitoring-days",
        "of a record of the registration the Rapporteur gets no day, only the month",
        "programma-en-opvang, L354-358 (P-15)",
        1,
        claims.no_day_for_monitoring,
    ),
    Prohibition(
        "serious-disadvantage",
        "serious disadvantage never goes to REGISTRATIE",
        "slachtoffermonitor-part1, L1165-1166, L1173-1176 (P16)",
        1,
        claims.serious_disadvantage,
    ),
    Prohibition(
        "safety-placement-only",
        "a safety ground opens nothing but PLAATSING",
        "programma-en-opvang, L303-308 (P-07)",
        2,
        claims.safety_elsewhere,
    ),
    Prohibition(
        "safety-placement-set",
        "what a safety ground opens is the placement set",
        "programma-en-opvang, L303-308 (P-07) and section 3.5, L694",
        1,
        claims.safety_set,
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
        claims.duty_bound_unasked,
    ),
    Prohibition(
        "registration-others",
        "for REGISTRATIE consent is always asked of every other reporter",
        "slachtoffermonitor-part1, L1099-1102 (P7); programma-en-opvang, L267-301 (P-01, P-06)",
        1,
        claims.others_asked,
    ),
    Prohibition(
        "refusal-never-widens",
        "one more refusal or withdrawal never widens anything",
        "programma-en-opvang, L267-271 (P-01), L297-301 (P-06); architecture, section 6",
        2,
        claims.refusal_widens,
    ),
    Prohibition(
        "linking-never-widens",
        "linking two subjects never widens anything",
        "architecture, section 5: consent never crosses a link",
        2,
        claims.linking_widens,
    ),
    Prohibition(
        "gone-never-delivered",
        "what was taken back or replaced is never delivered",
        "architecture, section 4; programma-en-opvang, L297-301 (P-06: no replay discloses again)",
        1,
        claims.gone_delivered,
    ),
    Prohibition(
        "quarantined-consent-waits",
        "nothing rests on consent while a fact of it is in quarantine",
        "architecture, section 5; programma-en-opvang, L267-271 (P-01: late or unknown is no)",
        1,
        claims.waits,
    ),
    Prohibition(
        "shelter-place",
        "no event of a shelter shows a place or a story",
        "programma-en-opvang, L609-613 (P-55); architecture, section 2, principle 9",
        1,
        claims.shelters_place,
    ),
    Prohibition(
        "story-stays",
        "a person's story goes to OPSPORING only",
        "programma-en-opvang, L279-283 (P-03), L621-625 (P-57)",
        1,
        claims.story,
    ),
    Prohibition(
        "offences-official",
        "data on offences go to official authority only",
        "AVG art. 10; architecture, section 4",
        1,
        claims.offences,
    ),
    Prohibition(
        "dublin-registration",
        "a Dublin indication goes to the registration and the Rapporteur's monitoring only",
        "slachtoffermonitor-part1, L919-920 (the figure shows that these know it); no source names another",
        1,
        claims.dublin,
    ),
)
