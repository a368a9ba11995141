"""Who knows whom: one dossier per person, publisher and client number, with the identity keys written down there.

The registration joins numbers by an equal V-number, BSN, or name with birth date, or because its desk says so
(architecture, section 5). Which of these joins a person is decided here, so that some need the desk.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox import invented
from sandbox.partners import one_of
from sandbox.people import Person
from sandbox.telling import Teller

LINKED_SHARE = 0.125
SECOND_NUMBER_SHARE = 0.05
SECOND_REPORT_SHARE = 0.06


@dataclass(frozen=True, slots=True)
class Dossier:
    """What one publisher keeps on one person under one client number; `reports` is how often it reports that person."""

    person: Person
    partner: str
    number: str
    keys: Mapping[str, object]
    reports: int = 1


@dataclass(frozen=True, slots=True)
class Known:
    """One registered person's dossiers; `by_desk` says that only the desk's links join them."""

    person: Person
    dossiers: tuple[Dossier, ...]
    by_desk: bool


def known(teller: Teller) -> tuple[Known, ...]:
    """Return the dossiers of every registered person: those the tables need, and more that change no cell."""
    draw = teller.draw
    by_desk = {p.number for p in draw.sample(teller.persons, teller.share(LINKED_SHARE, at_least=4))}
    twice = {p.number for p in draw.sample(teller.persons, teller.share(SECOND_REPORT_SHARE, at_least=4))}
    return tuple(_known(person, person.number in by_desk, person.number in twice, teller) for person in teller.persons)


def _known(person: Person, by_desk: bool, twice: bool, teller: Teller) -> Known:
    draw = teller.draw
    partners = reporting(person, draw)
    if (by_desk and len(partners) == 1) or draw.random() < SECOND_NUMBER_SHARE:
        again = draw.choice(partners)
        partners.append(again if again.startswith("politie") or draw.random() < 0.5 else _another(again, person, draw))
    keys = keys_apart(person, len(partners), draw) if by_desk else keys_shared(person, len(partners), draw)
    dossiers = tuple(
        Dossier(person, partner, teller.client_number(person.year), each, 1 + (twice and at == 0))
        for at, (partner, each) in enumerate(zip(partners, keys, strict=True))
    )
    return Known(person, dossiers, by_desk)


def reporting(person: Person, draw: random.Random) -> list[str]:
    """Return a partner for each kind of reporter of a person, for the police one per unit."""
    units = [f"politie-{unit.lower().replace('_', '-')}" for unit in person.units]
    return units + [one_of(kind, person.minor, draw) for kind in person.kinds if kind != "POLITIE"]


def _another(partner: str, person: Person, draw: random.Random) -> str:
    """Return a partner of the same kind of reporter, where there are several of that kind another one."""
    if partner.startswith("zorgcoordinatie"):
        return one_of("ZORGCOORDINATOR", person.minor, draw)
    if partner in {"kmar", "nla-opsporing", "fairwork"}:
        return partner
    return one_of("OVERIG", person.minor, draw)


def keys_shared(person: Person, many: int, draw: random.Random) -> list[dict[str, object]]:
    """Return the identity keys in each of `many` dossiers, so that equal keys join them all; one alone may hold few."""
    named: dict[str, object] = {"name": person.name, "birth_date": person.birth_date}
    numbers: dict[str, object] = {
        kind: value for kind, value in (("v_number", person.v_number), ("bsn", person.bsn)) if value is not None
    }
    if many == 1:
        everything = named | numbers
        return [
            dict(everything) if draw.random() < 0.7 else {k: v for k, v in everything.items() if draw.random() < 0.5}
        ]
    if not numbers or draw.random() < 0.35:
        return [named | (numbers if at == 0 else {}) for at in range(many)]
    one = draw.choice(sorted(numbers))
    joint = {one: numbers[one]}
    if draw.random() < 0.3:  # a chain: the first and the last share nothing, the second shares a key with each
        return [joint, joint | named, *[dict(named) for _ in range(many - 2)]]
    return [joint | {"name": draw.choice((person.name, invented.misspelled(person.name, draw)))} for _ in range(many)]


def keys_apart(person: Person, many: int, draw: random.Random) -> list[dict[str, object]]:
    """Return the identity keys in each of `many` dossiers, no two with a key in common, however alike they look."""
    apart: list[dict[str, object]] = [{"name": person.name, "birth_date": person.birth_date}]
    if person.v_number:
        apart.append({"v_number": person.v_number, "name": person.name})
    if person.bsn:
        apart.append({"bsn": person.bsn, "name": invented.misspelled(person.name, draw)})
    alike: Sequence[dict[str, object]] = (
        {},
        {"name": person.name},
        {"birth_date": person.birth_date},
        {"name": "Onbekend " + person.name, "birth_date": person.birth_date},
    )
    if len(apart) < many:
        apart += draw.sample(alike, many - len(apart))
    draw.shuffle(apart)
    return apart[:many]
