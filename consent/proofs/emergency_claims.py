"""What the law forbids of emergency access, as claims about the rows of the table."""

from __future__ import annotations

import z3

from consent.masks import NEUTRAL, class_of
from consent.proofs.claims import Known
from consent.proofs.solver import Symbolic

#: What one officer did, and what others found of it.
EMERGENCY = frozenset({"emergency-access-used", "emergency-access-reviewed"})
#: Where no path from emergency access may lead.
NEVER = frozenset({"REGISTRATIE", "OPSPORING", "TOEZICHT", "TERUGKEER"})


def path(_: Known, row: Symbolic, other: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    """Claim that neither the events of emergency access nor what they open reach a purpose they may not lead to."""
    of_it = row.type.among(EMERGENCY)
    opened = z3.And(row.differs_only_in(other, "safety"), row.safety, z3.Not(other.safety))
    differs = [row.delivered != other.delivered, row.reason.term != other.reason.term]
    differs += [flag != other.mask[name] for name, flag in row.mask.items()]
    about = z3.And(row.purpose.among(NEVER), z3.Or(of_it, opened))
    return about, z3.Or(z3.And(of_it, row.delivered), z3.And(opened, z3.Or(differs)))


def told(_: Known, row: Symbolic, __: Symbolic) -> tuple[z3.BoolRef, z3.BoolRef]:
    """Claim that the data protection officer gets the events of emergency access, without content, and nobody else does."""
    to_fg, of_it = z3.And(row.recipient.is_("fg"), row.purpose.is_("GEGEVENSBESCHERMING")), row.type.among(EMERGENCY)
    either = z3.Or(row.recipient.is_("fg"), row.purpose.is_("GEGEVENSBESCHERMING"), of_it)
    content = z3.Or([flag for name, flag in row.mask.items() if class_of(name) != NEUTRAL])
    return z3.And(either, row.delivered), z3.Or(z3.Not(to_fg), z3.Not(of_it), content)
