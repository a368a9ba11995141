"""Reports that must not count: consent keeps them out, or their publisher takes them back.

Some are on people who are in no register, some on registered persons, the KMar-only ones first: with one such report
more the KMar rule would no longer leave them out (reproducible-figures, "Order matters when generating").
"""

from __future__ import annotations

from collections.abc import Iterator

from sandbox import consents
from sandbox.dossiers import Dossier, keys_shared
from sandbox.partners import one_of, police_units
from sandbox.people import Person
from sandbox.reports import tell_retracted, tell_withheld
from sandbox.targets import YEARS
from sandbox.telling import Teller

WITHHELD_SHARE = 0.006
PENDING_SHARE = 0.002
RETRACTED_SHARE = 0.008
_VOLUNTARY = ("ZORGCOORDINATOR", "FAIRWORK", "OVERIG")
_FORMS = (("GO_SU",), ("BL_SU",), ("AU",), ("CU",), ("ONBEKEND",), ("GO_SU", "CU"))
_SECTORS = ("THUIS", "ESCORT_HOTEL", "STRAAT")


def tell_mistakes(teller: Teller) -> None:
    """Tell, for every reason there is, reports that do not reach the registration."""
    register = _kmar_only_first(teller)
    for reason in consents.REASONS:
        share = PENDING_SHARE if reason == "consent-quarantined" else WITHHELD_SHARE
        for _ in range(teller.share(share, at_least=2)):
            person = stranger(teller, teller.draw.choice(_VOLUNTARY), minor=reason == "consent-conflict")
            tell_withheld(teller, _dossier(teller, person, person.kinds[0]), reason, person.forms, person.sectors)
        for _ in range(teller.share(share * 0.6)):
            known = next(p for p in register if p.minor or reason != "consent-conflict")
            kind = teller.draw.choice([kind for kind in _VOLUNTARY if kind not in known.kinds])
            tell_withheld(teller, _dossier(teller, known, kind), reason, known.forms, known.sectors)
    for _ in range(teller.share(RETRACTED_SHARE, at_least=2)):
        person = stranger(teller, teller.draw.choice(("POLITIE", "POLITIE", *_VOLUNTARY)))
        tell_retracted(teller, _dossier(teller, person, person.kinds[0]), person.forms, person.sectors)
    for _ in range(teller.share(RETRACTED_SHARE / 2)):
        known = next(p for p in register if "POLITIE" not in p.kinds)
        tell_retracted(teller, _dossier(teller, known, "POLITIE"), known.forms, known.sectors)


def _kmar_only_first(teller: Teller) -> Iterator[Person]:
    """Yield registered persons, each once, alternately one whom only the KMar reported and one of the others."""
    kmar = [p for p in teller.persons if p.kinds == ("KMAR",)]
    others = [p for p in teller.persons if len(p.kinds) == 1 and p.kinds != ("KMAR",)]
    teller.draw.shuffle(kmar)
    teller.draw.shuffle(others)
    for at, person in enumerate(others):
        yield from kmar[at : at + 1]
        yield person


def stranger(teller: Teller, kind: str, *, minor: bool = False) -> Person:
    """Invent somebody who is in no register, reported by this kind of reporter."""
    draw = teller.draw
    while True:
        forms = ("AU",) if kind == "FAIRWORK" and not minor else draw.choice(_FORMS)
        sector = draw.choice(_SECTORS) if forms[0] in {"BL_SU", "GO_SU"} else None
        units = (draw.choice(sorted(police_units().values())),) if kind == "POLITIE" else ()
        person = teller.extra.person(int(draw.choice(YEARS)), forms, (kind,), units, sector)
        if person.minor or not minor:
            return person


def dossier_of(teller: Teller, person: Person, partner: str) -> Dossier:
    """Return a new dossier at that partner, with the person's own identity keys."""
    return Dossier(person, partner, teller.client_number(person.year), keys_shared(person, 1, teller.draw)[0])


def _dossier(teller: Teller, person: Person, kind: str) -> Dossier:
    if kind == "POLITIE":
        return dossier_of(teller, person, teller.draw.choice(sorted(police_units())))
    return dossier_of(teller, person, one_of(kind, person.minor, teller.draw))
