"""The registered persons a plan stands for: all made up. Who counts in a figure has the traits of the plan.

Of others, who count in none, the traits are drawn here. Nationalities: L812-813, L1022-1026; domestic or cross-border
sexual exploitation follows from the nationality (slachtoffermonitor-part1:439, inferred).
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import cycle

from sandbox import invented
from sandbox.plan import SU, Plan
from sandbox.targets import TOTAL, figures
from sandbox.traits import CLAIMING, CRIMES, DUBLIN_YEARS, INDICATIONS, LABOUR, REGIONS, SEXES, Traits

_YOUNG = {2016: 0.55, 2017: 0.45, 2018: 0.42, 2019: 0.40, 2020: 0.36}
_FROM = {
    "GO_SU": ("NG", "NG", "NG", "NG", "BG", "HU", "PL", "UG", "SL", "GM", "ANDERS", "ANDERS"),
    "AU": ("PL", "PL", "PL", "HU", "BG", "PH", "VN", "ANDERS", "ANDERS", "NL", "ONBEKEND"),
    "CU": ("NG", "NG", "GM", "VN", "MX", "NL", "NL", "SL", "ANDERS", "ONBEKEND"),
    "ORGAAN": ("ANDERS", "NG", "ONBEKEND"),
    "ONBEKEND": ("NL", "NL", "NG", "VN", "ANDERS", "ONBEKEND", "ONBEKEND"),
}


@dataclass(frozen=True, slots=True)
class Person:
    """One person of the register, or one who should not get there.

    `human` says who it is in the sandbox's world: two persons with one human were never joined, so they count as two.
    `units` are the police units that reported; `sectors` those of sexual exploitation, `labour` that of labour and `crime`
    that of criminal exploitation; `dublin` is the Dublin indication; `first` is the day of the first report, and `age`,
    where anybody knows it, the age on that day.
    """

    number: int
    human: int
    year: int
    forms: tuple[str, ...]
    kinds: tuple[str, ...]
    units: tuple[str, ...]
    sectors: tuple[str, ...]
    sex: str
    nationality: str
    age: int | None
    minor: bool
    first: date
    labour: tuple[str, ...]
    crime: tuple[str, ...]
    dublin: tuple[str, ...]
    birth_date: date
    name: str
    v_number: str | None
    bsn: str | None


class Invention:
    """Invents persons, each with numbers of its own."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(f"people-{seed}")
        self._crimes = random.Random(f"crimes-{seed}")
        numbers = random.Random(f"numbers-{seed}")
        self._bsns = invented.bsns(numbers)
        self._v_numbers = invented.v_numbers(numbers)
        self._named: set[tuple[str, date]] = set()
        self._number = 0

    def person(
        self,
        year: int,
        forms: tuple[str, ...],
        kinds: tuple[str, ...],
        units: tuple[str, ...] = (),
        sector: str | None = None,
        traits: Traits | None = None,
    ) -> Person:
        """Invent a person to whom this happened; without traits, those are invented too."""
        draw = self.draw
        self._number += 1
        traits = traits or self._traits(year, forms, kinds)
        first = date(year, traits.month, draw.randint(2, 28))
        years = 23 + int(draw.expovariate(1 / 9)) if traits.age is None else traits.age
        name, birth_date = self._name_and_birth(first, years)
        foreign = traits.nationality != "NL"
        return Person(
            number=self._number,
            human=self._number,
            year=year,
            forms=forms,
            kinds=kinds,
            units=units,
            sectors=(sector,) if sector else (),
            sex=traits.sex,
            nationality=traits.nationality,
            age=traits.age,
            minor=years < 18,
            first=first,
            labour=(traits.labour,) if traits.labour else (),
            crime=(traits.crime,) if traits.crime else (),
            dublin=(traits.dublin,) if traits.dublin else (),
            birth_date=birth_date,
            name=name,
            v_number=next(self._v_numbers) if foreign and draw.random() < 0.8 else None,
            bsn=next(self._bsns) if not foreign or draw.random() < 0.25 else None,
        )

    def _traits(self, year: int, forms: tuple[str, ...], kinds: tuple[str, ...]) -> Traits:
        draw, form = self.draw, forms[0]
        made = Traits(
            nationality="NL" if form == "BL_SU" else draw.choice(_FROM[form]),
            sex=draw.choices(SEXES, (0.45, 0.52, 0.03))[0],
            age=None if draw.random() < (0.2 if "FAIRWORK" in kinds else 0.03) else _age(form, year, draw),
            labour=draw.choice(LABOUR) if "AU" in forms and draw.random() < 0.67 else None,
            month=draw.randint(1, 12),
            crime=self._crimes.choice(CRIMES) if "CU" in forms and self._crimes.random() < 0.8 else None,
        )
        may_claim = str(year) in DUBLIN_YEARS and REGIONS.get(made.nationality) in CLAIMING
        return made._replace(dublin=self._crimes.choice(INDICATIONS) if may_claim else None)

    def _name_and_birth(self, first: date, years: int) -> tuple[str, date]:
        """Return a name and a day of birth that nobody has yet, of somebody this old on the day of the first report."""
        while True:
            name = invented.name(self.draw)
            born = _born(first, years, self.draw)
            if (name, born) not in self._named:
                self._named.add((name, born))
                return name, born


def _born(first: date, years: int, draw: random.Random) -> date:
    """Return a day of birth; nobody comes of age in the year of the report: it would change who may consent."""
    if years == 18:
        return date(first.year - 18, 1, 1)
    latest = date(first.year - years, first.month, first.day)
    earliest = latest.replace(month=1, day=1)
    if years != 17 and draw.random() < 0.5:  # the birthday is still to come
        latest, earliest = earliest - timedelta(days=1), date(first.year - years - 1, first.month, first.day)
        earliest += timedelta(days=1)
    return earliest + timedelta(days=draw.randrange((latest - earliest).days + 1))


def _age(form: str, year: int, draw: random.Random) -> int:
    if draw.random() < (0.08 if form == "AU" else _YOUNG[year]):
        return draw.choices((draw.randint(11, 17), draw.randint(18, 22)), (0.35, 0.65))[0]
    return min(70, 23 + int(draw.expovariate(1 / 13 if form == "AU" else 1 / 7)))


def people(plan: Plan, seed: int) -> tuple[Person, ...]:
    """Return the persons of a plan: as many of each sort as it says, with units and sectors spread over them."""
    invention = Invention(seed)
    units = _units(plan, invention.draw)
    sectors = _sectors(plan, invention.draw)
    persons = []
    for sort, number in plan.persons.items():
        for at in range(number):
            traits = None if sort.kmar_only else plan.traits[sort][at]
            reported = next(units[sort.year, sort.ranked]) if "POLITIE" in sort.kinds else ()
            sector = next(sectors[sort.year, sort.kmar_only]) if sort.ranked in SU else None
            persons.append(invention.person(int(sort.year), sort.forms, sort.kinds, reported, sector, traits))
    invention.draw.shuffle(persons)
    return _never_joined(persons, invention.draw)


def _units(plan: Plan, draw: random.Random) -> dict[tuple[str, str], Iterator[tuple[str, ...]]]:
    """Deal each unit's count over different persons: no count exceeds the persons there are."""
    reported: dict[tuple[str, str], int] = defaultdict(int)
    for sort, number in plan.persons.items():
        if "POLITIE" in sort.kinds:
            reported[sort.year, sort.ranked] += number
    dealt = {}
    for key, number in reported.items():
        hands: list[tuple[str, ...]] = [()] * number
        places = cycle(range(number))
        for (unit, *where), count in plan.units.items():
            if tuple(where) == key:
                for _ in range(count):
                    at = next(places)
                    hands[at] = (*hands[at], unit)
        draw.shuffle(hands)
        dealt[key] = iter(hands)
    return dealt


def _sectors(plan: Plan, draw: random.Random) -> dict[tuple[str, bool], Iterator[str | None]]:
    """Deal each year's sectors over its persons; those the KMar rule leaves out have sectors that do not count."""
    dealt: dict[tuple[str, bool], Iterator[str | None]] = {}
    for year in sorted({sort.year for sort in plan.persons}):
        for kmar_only in (False, True):
            these = (s for s in plan.persons if (s.year, s.kmar_only) == (year, kmar_only) and s.ranked in SU)
            number = sum(plan.persons[sort] for sort in these)
            if kmar_only:
                names = [row for row in figures()[2].rows if row != TOTAL]
                hands: list[str | None] = [draw.choice(names) if draw.random() < 0.5 else None for _ in range(number)]
            else:
                hands = [sector for (sector, then), count in plan.sectors.items() if then == year for _ in range(count)]
                hands += [None] * (number - len(hands))
            draw.shuffle(hands)
            dealt[year, kmar_only] = iter(hands)
    return dealt


def _never_joined(persons: list[Person], draw: random.Random) -> tuple[Person, ...]:
    """Let some pairs be one human nobody recognised: one nationality and sex, another spelling, no number alike."""
    alike: dict[tuple[str, str, bool], Person] = {}
    left = max(2, len(persons) // 60)
    for at, person in enumerate(persons):
        first = alike.pop((person.nationality, person.sex, person.minor), None)
        if first is None or left == 0:
            alike[person.nationality, person.sex, person.minor] = person
        elif first.forms != person.forms:
            persons[at] = replace(person, human=first.human, name=invented.misspelled(first.name, draw))
            left -= 1
    return tuple(persons)
