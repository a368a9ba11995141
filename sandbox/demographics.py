"""Deals traits to the persons of a plan so that they count to the figures of the text, or to the nearest that can be.

After the program that decides how many persons of each sort there are. What the text does not determine is invented
here and nowhere else: origins per form, ages, sexes, sectors, Dublin indications and months (reproducible-figures, "Free").
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence

from sandbox import traits
from sandbox.ages import years_of
from sandbox.deciding import Deciding, Hands
from sandbox.plan import Sort
from sandbox.targets import Cell, Targets
from sandbox.text import wishes
from sandbox.traits import (
    BANDS,
    CLAIMING,
    DRUGS,
    DUBLIN_YEARS,
    INDICATIONS,
    LABOUR,
    MONTHS,
    NATIONALITIES,
    REGIONS,
    SEXES,
    UNKNOWN,
    Traits,
)

#: Persons that only year and forms tell apart.
Group = tuple[str, tuple[str, ...]]

_ORIGIN = {
    "BL_SU": {"NL": 1.0},
    "GO_SU": {"NG": .36, "UG": .06, "SL": .05, "GM": .05, "BG": .09, "HU": .10, "PL": .09, "VN": .06, "PH": .02, "MX": .02, "ANDERS": .10},
    "AU": {"PL": .28, "HU": .14, "BG": .14, "PH": .14, "VN": .10, "NG": .04, "MX": .02, "NL": .03, "ANDERS": .07, UNKNOWN: .04},
    "CU": {"NG": .34, "GM": .14, "SL": .10, "UG": .08, "NL": .16, "VN": .08, "MX": .02, "ANDERS": .05, UNKNOWN: .03},
    "ORGAAN": {"NG": .4, "VN": .2, "ANDERS": .4},
    "ONBEKEND": {"NL": .36, "NG": .24, "UG": .05, "GM": .04, "PL": .08, "BG": .06, "VN": .06, "ANDERS": .05, UNKNOWN: .06},
}  # fmt: skip
_WOMEN = {"BL_SU": 0.93, "GO_SU": 0.85, "AU": 0.32, "CU": 0.22, "ORGAAN": 0.4, "ONBEKEND": 0.5}
_YOUNG = {"2016": 0.55, "2017": 0.45, "2018": 0.42, "2019": 0.40, "2020": 0.36}
_SEX_UNKNOWN = 0.03
_SPRING = ("03", "04", "05")
#: Sector of crime, and with what Dublin indication; where that is recorded, of who comes from Africa, from Asia and from elsewhere.
_CRIME = {DRUGS: 0.5, "OVERIG": 0.3, UNKNOWN: 0.2}
_AFRICAN = {
    f"{DRUGS}+{INDICATIONS[0]}": 0.5,
    f"{DRUGS}+{INDICATIONS[1]}": 0.3,
    DRUGS: 0.05,
    "OVERIG": 0.1,
    UNKNOWN: 0.05,
}
_ASIAN = {f"{DRUGS}+{INDICATIONS[0]}": 0.1, DRUGS: 0.2, "OVERIG": 0.5, UNKNOWN: 0.2}
_ELSEWHERE = {DRUGS: 0.2, "OVERIG": 0.5, UNKNOWN: 0.3}
_SECTORS = dict(zip(LABOUR, (0.34, 0.26, 0.24, 0.16), strict=True))


def dealt(persons: Mapping[Sort, int], targets: Targets, seed: int) -> dict[Sort, tuple[Traits, ...]]:
    """Return the traits of every person that the tables count, by sort; those the KMar rule leaves out have none here."""
    draw = random.Random(f"traits-{seed}")
    counted = {sort: number for sort, number in persons.items() if not sort.kmar_only}
    hands = _origins_and_ages(counted, targets, seed) | _sexes(counted, targets, seed)
    hands |= _labour(counted, targets, seed) | _months(counted, targets, seed)
    found: dict[Sort, tuple[Traits, ...]] = {}
    for group in _groups(counted):
        sorts = [sort for sort in counted if (sort.year, sort.forms) == group]
        people = _people(group, hands)
        # FairWork reports many anonymously, and of those the age is not known (slachtoffermonitor-part1, L1051-1056).
        people.sort(key=lambda one: draw.random() - (one[1] == UNKNOWN))
        sorts.sort(key=lambda sort: "FAIRWORK" not in sort.kinds)
        for sort in sorts:
            found[sort] = tuple(_one(sort, *people.pop(0), hands, draw) for _ in range(counted[sort]))
    return years_of(found, draw)


def _people(group: Group, hands: Hands) -> list[tuple[str, str, str, str]]:
    """Return nationality, age band, sex and sector of crime of each person of a group."""
    sexes = hands["sex", *group]
    return [
        (
            nationality,
            hands["band", *group, nationality == "NL"].pop(),
            sexes.pop(),
            hands["crime", *group, _claiming(nationality)].pop() if "CU" in group[1] else UNKNOWN,
        )
        for nationality in hands["origin", *group]
    ]


def _claiming(nationality: str) -> str | None:
    """Return the region of a nationality where a Dublin indication may go with it."""
    region = REGIONS.get(nationality)
    return region if region in CLAIMING else None


def _one(sort: Sort, nationality: str, band: str, sex: str, crime: str, hands: Hands, draw: random.Random) -> Traits:
    labour, month = UNKNOWN, str(draw.randint(1, 12))
    if "AU" in sort.forms:
        labour = hands["labour", sort.year, "FAIRWORK" in sort.kinds].pop()
        month = hands["month", sort.year].pop()
    youngest = {BANDS[0]: 17, BANDS[1]: 18, BANDS[2]: 23, UNKNOWN: None}[band]
    sector, _, indication = crime.partition("+")
    known = (None if held == UNKNOWN else held for held in (labour, sector))
    return Traits(nationality, sex, youngest, next(known), int(month), next(known), indication or None)


def _groups(persons: Mapping[Sort, int]) -> dict[Group, int]:
    groups: Counter[Group] = Counter()
    for sort, number in persons.items():
        groups[sort.year, sort.forms] += number
    return dict(sorted(groups.items()))


def _ranked(forms: Sequence[str]) -> tuple[str]:
    return ("ONBEKEND" if forms[0] == "ORGAAN" else forms[0],)


def _origins_and_ages(persons: Mapping[Sort, int], targets: Targets, seed: int) -> Hands:
    """Decide nationalities, age bands of the Dutch and of the others apart (H29 asks for Dutch minors), and crimes."""
    deciding = Deciding("origins", seed)
    for group, number in _groups(persons).items():
        year, forms = group
        origin, first, ranked = ("origin", *group), forms[0], _ranked(forms)
        weights = {name: _ORIGIN[first].get(name, 0.0) for name in NATIONALITIES if _can_be(name, first)}
        deciding.share_out(origin, number, weights)
        deciding.deal_all(origin, number)
        for name in weights:
            deciding.counts_in(origin, name, traits.origin_cells(year, forms, ranked, name))
        young = 0.08 if first == "AU" else _YOUNG[year]
        unknown = 0.25 if first == "AU" else 0.03
        taste = dict(zip(BANDS, (0.35 * young, 0.65 * young, 1 - young - unknown, unknown), strict=True))
        dutch = weights.get("NL", 0.0)
        for of_dutch, part in ((True, dutch), (False, 1 - dutch)):
            bands = ("band", *group, of_dutch)
            deciding.share_out(bands, round(part * number), taste)
            deciding.deal_with(bands, origin, [name for name in NATIONALITIES if (name == "NL") is of_dutch])
            for name in taste:
                deciding.counts_in(bands, name, traits.band_cells(year, ranked, name, dutch=of_dutch))
        if "CU" in forms:
            _crimes(deciding, group, number, weights)
    return deciding.decided(targets)


def _crimes(deciding: Deciding, group: Group, number: int, weights: Mapping[str, float]) -> None:
    """Decide the sectors of crime, with Dublin indications, by where who was exploited comes from (H17)."""
    year, origin = group[0], ("origin", *group)
    for region, tasted in (("AFRIKA", _AFRICAN), ("AZIE", _ASIAN), (None, _ELSEWHERE)):
        crimes = ("crime", *group, region)
        from_there = [name for name in NATIONALITIES if _claiming(name) == region]
        part = sum(weights.get(name, 0.0) for name in from_there) / sum(weights.values())
        taste = tasted if year in DUBLIN_YEARS else _CRIME
        deciding.share_out(crimes, round(part * number), taste)
        deciding.deal_with(crimes, origin, from_there)
        for name in taste:
            sector, _, indication = name.partition("+")
            if sector != UNKNOWN:
                deciding.counts_in(crimes, name, traits.crime_cells(year, sector))
            if indication:
                deciding.counts_in(
                    crimes, name, traits.dublin_cells(year, *(("AFRIKA",) if region == "AFRIKA" else ()))
                )


def _can_be(nationality: str, form: str) -> bool:
    """Whether the nationality leaves the form what it is: domestic is Dutch, cross-border is not (slachtoffermonitor-part1:439, inferred)."""
    if form == "BL_SU":
        return nationality == "NL"
    return form != "GO_SU" or nationality not in {"NL", UNKNOWN}


def _sexes(persons: Mapping[Sort, int], targets: Targets, seed: int) -> Hands:
    deciding = Deciding("sexes", seed)
    for group, number in _groups(persons).items():
        women = _WOMEN[group[1][0]] * (1 - _SEX_UNKNOWN)
        key = ("sex", *group)
        taste = dict(zip(SEXES, (1 - women - _SEX_UNKNOWN, women, _SEX_UNKNOWN), strict=True))
        deciding.share_out(key, number, taste)
        deciding.deal_all(key, number)
        for name in SEXES:
            deciding.counts_in(key, name, traits.sex_cells(group[0], _ranked(group[1]), name))
    return deciding.decided(targets)


def _labour(persons: Mapping[Sort, int], targets: Targets, seed: int) -> Hands:
    """Decide the labour sectors, of whom FairWork reported apart (H10)."""
    deciding = Deciding("labour", seed)
    for (year, fairwork), number in sorted(_exploited(persons).items()):
        known = 0.6 if fairwork else 0.72
        key = ("labour", year, fairwork)
        deciding.share_out(key, number, {s: known * part for s, part in _SECTORS.items()} | {UNKNOWN: 1 - known})
        deciding.deal_all(key, number)
        for sector in LABOUR:
            deciding.counts_in(key, sector, traits.labour_cells(year, sector, by_fairwork=fairwork))
    return deciding.decided(targets)


def _months(persons: Mapping[Sort, int], targets: Targets, seed: int) -> Hands:
    deciding = Deciding("months", seed)
    exploited = _exploited(persons)
    for year in sorted({year for year, _ in exploited}):
        key, number = ("month", year), exploited[year, True] + exploited[year, False]
        taste = {month: 0.17 if year == "2020" and month in _SPRING else 0.08 for month in MONTHS}
        deciding.share_out(key, number, taste)
        deciding.deal_all(key, number)
        for month in MONTHS:
            deciding.counts_in(key, month, [Cell("2.4b", month, year)])
    return deciding.decided(targets)


def _exploited(persons: Mapping[Sort, int]) -> Counter[tuple[str, bool]]:
    """Return how many persons with labour exploitation there are, by year and whether FairWork reported them."""
    labour: Counter[tuple[str, bool]] = Counter()
    for sort, number in persons.items():
        if "AU" in sort.forms:
            labour[sort.year, "FAIRWORK" in sort.kinds] += number
    return labour


def told(
    persons: Mapping[Sort, Sequence[Traits]], targets: Targets, *, printed: bool
) -> dict[Cell, tuple[float, float]]:
    """Return between which bounds each figure of the text must come: as printed, or else what these persons make of it."""
    if printed:
        return {wish.cell: (wish.low, wish.high) for wish in wishes()}
    ranges = {cell: low for cell, (low, _) in targets.ranges.items()}
    cells: Counter[Cell] = Counter({**targets.cells, **targets.sums, **ranges})
    for sort, people in persons.items():
        for person in people:
            told = traits.cells_of(sort.year, sort.forms, (sort.ranked,), sort.kinds, person, minor=False)
            for cell, number in told:
                cells[cell] += number
    values = ((wish.cell, wish.value(cells)) for wish in wishes())
    return {cell: (value, value) for cell, value in values}
