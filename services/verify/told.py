"""The figures of the source's text, counted from persons: each is what its line says in words, and no cell is looked up.

Source: slachtoffermonitor-part1, section 5.7 (H2-H36); whole percentages, rounded half up (section 6, 18). Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import pairwise

from services.verify.figures import YEARS, Cell
from services.verify.persons import Person

Which = Callable[[Person], bool]

SEXUAL = {"BL_SU", "GO_SU"}
EUROPE, AFRICA, ASIA, LATIN = {"PL", "BG", "HU"}, {"NG", "UG", "SL", "GM"}, {"VN", "PH"}, {"MX"}
NAMED = ("NL", "PL", "NG", "BG", "HU", "VN", "MX", "UG", "PH", "SL", "GM")
DUBLIN = {"DUBLINCLAIM", "POTENTIELE_DUBLINCLAIM"}
WITHOUT_DUTY = {"ZORGCOORDINATOR", "FAIRWORK", "OVERIG"}
SECTORS = ("HORECA", "HUISHOUDEN", "OVERIGE_DIENSTVERLENING", "OVERIGE_ARBEID")


def values(everyone: Iterable[Person]) -> dict[Cell, float]:
    """Return every figure of the text by its name. Persons whom the KMar alone reported are in none of them."""
    persons = [p for p in everyone if p.year in YEARS and not p.is_kmar_only_sexual]
    of = {year: [p for p in persons if p.year == year] for year in YEARS}
    found = {**_years(of), **_forms(persons, of), **_labour(persons, of), **_who(persons, of), **_ages(persons, of)}
    found |= _reporters(persons, of) | _criminal(of["2020"])
    return {("text", name, "value"): value for name, value in found.items()}


def _years(of: dict[str, list[Person]]) -> dict[str, float]:
    before, after = len(of["2019"]), len(of["2020"])
    return {"H2.2019": before, "H2.2020": after, "H2.fewer": _more(after, before, 1)}


def _forms(persons: list[Person], of: dict[str, list[Person]]) -> dict[str, float]:
    def number(form: str, year: str) -> int:
        return sum(form in p.forms for p in of[year])

    def share(form: str, year: str) -> tuple[int, int]:
        return number(form, year), sum(len(p.forms) for p in of[year])

    shares = [share("BL_SU", year) for year in YEARS]
    falls = 0
    for (a, b), (c, d) in pairwise(shares):
        falls = falls + 1 if _of(c, d) < _of(a, b) else 0
    mixed = [frozenset("SU" if form in SEXUAL else form for form in p.forms) for p in of["2020"]]
    sexual = [p for p in persons if p.forms & SEXUAL]
    known = sum(len(p.su_sectors) for p in sexual)
    labour = {year: number("AU", year) for year in YEARS}
    return {
        "H3.au-2020": _percent(*share("AU", "2020")),
        "H3.au-2019": _percent(*share("AU", "2019")),
        "H4.bl-su-2020": _percent(*share("BL_SU", "2020")),
        "H4.falls": falls,
        **{
            f"{name}.{year}": number(form, year) for name, form in (("H5", "GO_SU"), ("H6", "CU")) for year in YEARS[3:]
        },
        "H7.su-cu": mixed.count(frozenset({"SU", "CU"})),
        "H7.au-su": mixed.count(frozenset({"SU", "AU"})),
        "H7.au-cu": mixed.count(frozenset({"AU", "CU"})),
        "H7.su-au-cu": mixed.count(frozenset({"SU", "AU", "CU"})),
        "H9.period": sum(labour.values()),
        "H9.2020": labour["2020"],
        "H9.change": _more(labour["2020"], labour["2019"]),
        "H9.heading": _more(labour["2020"], labour["2019"], 1),
        "H14.period": _percent(known, sum(len(p.forms & SEXUAL) for p in sexual)),
        "H15.period": sum(number("CU", year) for year in YEARS),
        "H15.2020": number("CU", "2020"),
    }


def _labour(persons: list[Person], of: dict[str, list[Person]]) -> dict[str, float]:
    labour, last = ([p for p in some if "AU" in p.forms] for some in (persons, of["2020"]))
    fairwork = [p for p in of["2020"] if "FAIRWORK" in p.kinds]
    known = sum(p.labour_sector is not None for p in fairwork if "AU" in p.forms)
    sectors = [p.labour_sector for p in last if p.labour_sector is not None]
    months = [p.first.on.month for p in last]
    east = sum(p.first.nationality in EUROPE for p in last)
    return {
        "H10.period": _percent(sum(p.labour_sector is not None for p in labour), len(labour)),
        "H10.2020": _percent(len(sectors), len(last)),
        "H10.fairwork-2020": _percent(len(fairwork) - known, len(fairwork)),
        "H11.2020": _percent(east, len(last), 1),
        "H12.catering": _place("HORECA", SECTORS, sectors),
        "H12.household": _place("HUISHOUDEN", SECTORS, sectors),
        "H12.services": _place("OVERIGE_DIENSTVERLENING", SECTORS, sectors),
        **{f"H13.{name}": _place(at, range(1, 13), months) for at, name in ((3, "march"), (4, "april"), (5, "may"))},
    }


def _criminal(last: list[Person]) -> dict[str, float]:
    exploited = [p for p in last if "CU" in p.forms]
    drugs = [p for p in exploited if "DRUGSDELICTEN" in p.cu_sectors]
    african = sum(p.first.nationality in AFRICA and bool(p.dublin & DUBLIN) for p in drugs)
    return {"H16.2020": _percent(len(drugs), len(exploited)), "H17.2020": _percent(african, len(drugs))}


def _who(persons: list[Person], of: dict[str, list[Person]]) -> dict[str, float]:
    def from_(where: set[str], some: Iterable[Person]) -> int:
        return sum(p.first.nationality in where for p in some)

    nationalities = [p.first.nationality for p in of["2020"]]
    places = zip(("polish", "nigerian", "dutch", "bulgarian", "hungarian"), ("PL", "NG", "NL", "BG", "HU"), strict=True)
    latin = [from_(LATIN, of[year]) for year in YEARS[3:]]
    return {
        "H18.men": _percent(sum(p.first.sex == "MAN" for p in persons), len(persons)),
        **{f"H19.{y}": _percent(sum(p.first.sex == "VROUW" for p in of[y]), len(of[y])) for y in YEARS[3:]},
        "H20.europe": _percent(from_(EUROPE | {"NL"}, persons), len(persons), 1),
        "H20.africa": _percent(from_(AFRICA, persons), len(persons)),
        "H20.asia": _percent(from_(ASIA, persons), len(persons)),
        "H21.change": _more(from_(EUROPE, of["2020"]), from_(EUROPE, of["2019"])),
        "H22.times": _round(_of(latin[1], latin[0]), 1),
        **{f"H23.{name}": _place(code, NAMED, nationalities) for name, code in places},
    }


def _ages(persons: list[Person], of: dict[str, list[Person]]) -> dict[str, float]:
    def younger(than: int, some: Iterable[Person]) -> int:
        return sum(p.first.minor if p.first.age is None else p.first.age < than for p in some)

    def mean(some: Iterable[Person]) -> float:
        ages = [p.first.age for p in some if p.first.age is not None]
        return _round(_of(sum(ages), len(ages)))

    labour = [p for p in persons if p.form == "AU"]
    dutch = [p for p in persons if p.first.nationality == "NL"]
    groups = {"H24.period": persons, **{f"H24.{year}": of[year] for year in ("2016", "2019", "2020")}}
    return {
        **{name: _percent(younger(23, some), len(some)) for name, some in groups.items()},
        "H25.under-23": _percent(younger(23, labour), len(labour)),
        "H25.mean-age": mean(labour),
        "H26.2019": mean(of["2019"]),
        "H26.2020": mean(of["2020"]),
        "H27.2020": younger(18, of["2020"]),
        "H29.unknown-form": _percent(younger(18, [p for p in dutch if p.form == "ONBEKEND"]), younger(18, dutch), 1),
    }


def _reporters(persons: list[Person], of: dict[str, list[Person]]) -> dict[str, float]:
    def share(kinds: set[str], which: Which = lambda _: True) -> tuple[int, int]:
        some = [p for p in persons if which(p)]
        return sum(len(p.kinds & kinds) for p in some), sum(len(p.kinds) for p in some)

    def by(kind: str, year: str) -> int:
        return sum(kind in p.kinds for p in of[year])

    named = {"bl-su": "BL_SU", "go-su": "GO_SU", "au": "AU", "cu": "CU"}
    labour = sum("AU" in p.forms for p in of["2020"])
    pairs = share(set())[1]
    return {
        "H30.reports": pairs,
        "H30.victims": len(persons),
        "H31.all": _percent(*share(WITHOUT_DUTY)),
        **{f"H31.{part}": _percent(*share(WITHOUT_DUTY, _ranked(form))) for part, form in named.items()},
        "H32.2020": _percent(by("FAIRWORK", "2020"), labour),
        "H33.period": _percent(*share({"INSPECTIE_SZW"}, _ranked("AU"))),
        "H33.share-2020": _percent(by("INSPECTIE_SZW", "2020"), labour),
        **{f"H33.{year}": by("INSPECTIE_SZW", year) for year in YEARS[3:]},
        "H34.all": _percent(*share({"POLITIE"}), 1),
        **{f"H34.{part}": _percent(*share({"POLITIE"}, _ranked(form))) for part, form in named.items()},
        **{f"H35.{year}": by("POLITIE", year) for year in YEARS[3:]},
        **{f"H36.{year}": sum("NOORD_NEDERLAND" in p.units for p in of[year]) for year in YEARS[3:]},
    }


def _ranked(form: str) -> Which:
    return lambda person: person.form == form


def _place(one: object, of: Sequence[object], said: Sequence[object]) -> int:
    """Return the place of one among others by how often each was said; of equals, the last."""
    return sum(said.count(other) >= said.count(one) for other in of)


def _more(after: int, before: int, decimals: int = 0) -> float:
    """Return by how many percent after is more than before."""
    return _round(100 * _of(after, before) - 100 if before else Fraction(0), decimals)


def _percent(some: int, of: int, decimals: int = 0) -> float:
    return _round(100 * _of(some, of), decimals)


def _of(some: int, of: int) -> Fraction:
    return Fraction(some, of) if of else Fraction(0)


def _round(exact: Fraction, decimals: int = 0) -> float:
    tens: int = 10**decimals
    whole, rest = divmod(exact * tens, 1)
    whole += rest >= Fraction(1, 2)
    return int(whole) / tens if decimals else int(whole)
