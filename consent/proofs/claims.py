"""What each prohibition claims of the rows of the table: the rows it speaks of, and of those what may not be.

Whoever is not named as an authority here counts as care or shelter, so that a new kind of publisher is bound until
somebody has said what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import z3

from consent.masks import let_through
from consent.precedence import Consent
from consent.proofs.solver import Symbolic
from consent.proofs.words import Step
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


def care_to_authorities(known: Known, row: Symbolic, _: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    """Claim that nothing from care or shelter goes to OPSPORING, TOEZICHT or TERUGKEER."""
    care = z3.Not(row.publisher.among(AUTHORITIES))
    about_care = row.type.among(known.of(lambda t: t.group in {"shelter", "help"} or t.shelter))
    return z3.And(z3.Or(care, about_care), row.purpose.among({"OPSPORING", "TOEZICHT", "TERUGKEER"})), row.delivered


def no_identity_for_monitoring(_: Known, row: Symbolic, __: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    """Claim that the Rapporteur gets no identity, contact, place or story."""
    return _to_the_rapporteur(row), row.shows(IDENTIFYING)


def no_person_for_monitoring(known: Known, row: Symbolic, _: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    """Claim that the Rapporteur gets no partner's event about a person, and records from CoMensha only."""
    persons = row.type.among(known.of(lambda t: t.key == "person"))
    records = z3.And(row.type.among(known.of(lambda t: t.key == "record")), z3.Not(row.publisher.is_("comensha")))
    return _to_the_rapporteur(row), z3.And(z3.Or(persons, records), row.delivered)


def no_day_for_monitoring(known: Known, row: Symbolic, _: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    """Claim that of a record of the registration the Rapporteur gets no day, only the month."""
    records = row.type.among(known.of(lambda t: t.key == "record"))
    return z3.And(_to_the_rapporteur(row), records), row.shows({"neutral"})


def _to_the_rapporteur(row: Symbolic) -> z3.BoolRef:
    return z3.Or(row.recipient.is_("rapporteur"), row.purpose.is_("MONITORING"))


def serious_disadvantage(_: Known, row: Symbolic, __: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    """Claim that serious disadvantage never goes to REGISTRATIE."""
    return z3.And(row.type.among(SERIOUS_DISADVANTAGE), row.purpose.is_("REGISTRATIE")), row.delivered


def safety_elsewhere(_: Known, row: Symbolic, other: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    """Claim that a safety ground opens nothing but PLAATSING."""
    pair = z3.And(row.differs_only_in(other, "safety"), row.safety, z3.Not(other.safety))
    return z3.And(pair, z3.Not(row.purpose.is_("PLAATSING"))), _widens(other, row)


def safety_set(_: Known, row: Symbolic, __: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    """Claim that what a safety ground opens is the placement set."""
    beyond = z3.Or([flag for name, flag in row.mask.items() if name not in PLACEMENT_SET])
    return z3.And(row.reason.is_("safety"), row.delivered), z3.Or(z3.Not(row.purpose.is_("PLAATSING")), beyond)


def duty_bound_unasked(_: Known, row: Symbolic, other: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    """Claim that for REGISTRATIE consent is never asked of police, KMar and NLA-opsporing."""
    pair = row.differs_only_in(other, "consent")
    about = z3.And(pair, row.publisher.among(DUTY_BOUND), row.purpose.is_("REGISTRATIE"))
    return about, z3.Or(row.delivered != other.delivered, row.reason.term != other.reason.term)


def others_asked(known: Known, row: Symbolic, _: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    """Claim that for REGISTRATIE consent is always asked of every other reporter."""
    unbound = z3.Not(row.publisher.among(DUTY_BOUND | {"comensha"}))
    records = row.type.among(known.of(lambda t: t.key != "person"))
    about = z3.And(unbound, row.purpose.is_("REGISTRATIE"), z3.Not(records))
    return about, z3.And(row.consent.among(_OTHER_THAN_GIVEN), row.delivered)


def refusal_widens(known: Known, row: Symbolic, other: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    """Claim that one more refusal or withdrawal never widens anything."""
    return _after(known.refusing, row, other), _widens(row, other)


def linking_widens(known: Known, row: Symbolic, other: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    """Claim that linking two subjects never widens anything."""
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


def gone_delivered(_: Known, row: Symbolic, __: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    """Claim that what was taken back or replaced is never delivered."""
    return z3.Not(row.fate.is_("stands")), row.delivered


def shelters_place(known: Known, row: Symbolic, _: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    """Claim that no event of a shelter shows a place or a story."""
    return row.type.among(known.of(lambda t: t.shelter or t.group == "shelter")), row.shows({"location", "narrative"})


def story(_: Known, row: Symbolic, __: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    """Claim that a person's story goes to OPSPORING only."""
    return z3.Not(row.purpose.is_("OPSPORING")), row.shows({"narrative"})


def offences(_: Known, row: Symbolic, __: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    """Claim that data on offences go to official authority only."""
    return z3.Not(row.recipient.among(OFFICIAL_RECIPIENTS)), row.shows({"criminal"})


def dublin(known: Known, row: Symbolic, _: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    """Claim that a Dublin indication goes to the registration and the Rapporteur's monitoring only."""
    carries = row.type.among(known.of(lambda t: any(field.codelist == "dublin-indication" for field in t.fields)))
    registration = z3.And(row.recipient.is_("comensha"), row.purpose.is_("REGISTRATIE"))
    monitoring = z3.And(row.recipient.is_("rapporteur"), row.purpose.is_("MONITORING"))
    return z3.And(carries, z3.Not(registration), z3.Not(monitoring)), row.shows({"special"})


def waits(_: Known, row: Symbolic, __: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    """Claim that nothing rests on consent while a fact of it is in quarantine."""
    return row.consent.is_(Consent.QUARANTINED), z3.And(row.delivered, row.reason.is_(Consent.GIVEN.value))
