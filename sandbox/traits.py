"""Who the persons of a plan are, as far as a figure of the text can tell: origin, age, sex, sectors, Dublin and month.

Regions of origin: slachtoffermonitor-part1, L1008-1028 (which nationality lies in which is geography).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sandbox.targets import TOTAL, Cell

UNKNOWN = "ONBEKEND"
NATIONALITIES = ("NL", "PL", "NG", "BG", "HU", "VN", "MX", "UG", "PH", "SL", "GM", "ANDERS", UNKNOWN)
REGIONS = {
    **dict.fromkeys(("PL", "BG", "HU"), "EUROPA"),
    **dict.fromkeys(("NG", "UG", "SL", "GM"), "AFRIKA"),
    **dict.fromkeys(("VN", "PH"), "AZIE"),
    "MX": "LATIJNS_AMERIKA",
}
SEXES = ("MAN", "VROUW", UNKNOWN)
BANDS = ("ONDER_18", "VAN_18_TOT_23", "VANAF_23", UNKNOWN)
LABOUR = ("HORECA", "HUISHOUDEN", "OVERIGE_DIENSTVERLENING", "OVERIGE_ARBEID")
DRUGS = "DRUGSDELICTEN"
CRIMES = (DRUGS, "OVERIG")
INDICATIONS = ("DUBLINCLAIM", "POTENTIELE_DUBLINCLAIM")
#: The years of which a Dublin indication is known (slachtoffermonitor-part1, L1475-1478).
DUBLIN_YEARS = ("2019", "2020")
#: From where somebody in this history may have asked for asylum, or had a visa, in another member state.
CLAIMING = ("AFRIKA", "AZIE")
OVERLAPS = ("CU+SU", "AU+SU", "AU+CU", "AU+CU+SU")
MONTHS = tuple(f"{month:02}" for month in range(1, 13))


class Traits(NamedTuple):
    """One person, but for name and numbers. `age` is that at the first report, in `month`; `labour` the sector.

    `crime` is the sector of criminal exploitation, `dublin` the Dublin indication.
    """

    nationality: str
    sex: str
    age: int | None
    labour: str | None
    month: int
    crime: str | None = None
    dublin: str | None = None


def band(age: int | None) -> str:
    """Return the band of an age.

    >>> [band(age) for age in (17, 18, 22, 23, None)]
    ['ONDER_18', 'VAN_18_TOT_23', 'VAN_18_TOT_23', 'VANAF_23', 'ONBEKEND']
    """
    if age is None:
        return UNKNOWN
    return BANDS[0] if age < 18 else BANDS[1] if age < 23 else BANDS[2]


def origin_cells(year: str, forms: Sequence[str], ranked: Sequence[str], nationality: str) -> Iterator[Cell]:
    """Yield what a person of this nationality adds one to; `ranked` are the forms that count in hierarchical tables."""
    region = (REGIONS[nationality],) if nationality in REGIONS else ()
    yield from _table("2.7", (nationality, TOTAL, *region), (year, *ranked, TOTAL))
    if "AU" in forms:
        yield from _table("2.7-labour", (nationality, TOTAL), (year, TOTAL))


def band_cells(year: str, ranked: Sequence[str], band: str, *, dutch: bool) -> Iterator[Cell]:
    """Yield what a person of this age band adds one to."""
    yield from _table("2.8", (band, TOTAL), (year, *ranked, TOTAL))
    if dutch:
        yield from _table("2.8-dutch", (band,), (year, *ranked, TOTAL))


def sex_cells(year: str, ranked: Sequence[str], sex: str) -> Iterator[Cell]:
    """Yield what a person of this sex adds one to."""
    yield from _table("2.6", (sex, TOTAL), (year, *ranked, TOTAL))


def labour_cells(year: str, sector: str, *, by_fairwork: bool) -> Iterator[Cell]:
    """Yield what a person exploited in this labour sector adds one to."""
    for table in ("2.4a", "2.4a-fairwork") if by_fairwork else ("2.4a",):
        yield from _table(table, (sector, TOTAL), (year, TOTAL))


def crime_cells(year: str, sector: str) -> Iterator[Cell]:
    """Yield what a person exploited in this sector of crime adds one to."""
    return _table("2.5", (sector, TOTAL), (year, TOTAL))


def dublin_cells(year: str, *rows: str) -> Iterator[Cell]:
    """Yield what a person of the drugs sector with a Dublin indication adds one to, in rows of origin and their total."""
    return _table("2.5-dublin", (*rows, TOTAL), (year, TOTAL) if year in DUBLIN_YEARS else ())


def together(forms: Sequence[str]) -> str:
    """Return which forms a person has, both forms of sexual exploitation as one.

    >>> together(("GO_SU", "CU"))
    'CU+SU'
    """
    return "+".join(sorted({"SU" if form.endswith("_SU") else form for form in forms}))


def cells_of(
    year: str, forms: Sequence[str], ranked: Sequence[str], kinds: Sequence[str], person: Traits, *, minor: bool
) -> Iterator[tuple[Cell, int]]:
    """Yield every cell of the tables behind the text that a person adds to, and how much; of an unknown age, if a minor."""
    of_age = BANDS[0] if minor and person.age is None else band(person.age)
    several = together(forms)
    one = [
        *origin_cells(year, forms, ranked, person.nationality),
        *band_cells(year, ranked, of_age, dutch=person.nationality == "NL"),
        *sex_cells(year, ranked, person.sex),
        *(_table("2.2-overlap", (several,), (year, TOTAL)) if several in OVERLAPS else ()),
    ]
    if "AU" in forms:
        one.append(Cell("2.4b", f"{person.month:02}", year))
        if person.labour is not None:
            one += labour_cells(year, person.labour, by_fairwork="FAIRWORK" in kinds)
    if "CU" in forms and person.crime is not None:
        one += crime_cells(year, person.crime)
        if person.crime == DRUGS and person.dublin is not None:
            region = REGIONS.get(person.nationality)
            one += dublin_cells(year, person.nationality, *((region,) if region == "AFRIKA" else ()))
    yield from ((cell, 1) for cell in one)
    if person.age is not None:
        for column in (year, *ranked, TOTAL):
            yield Cell("2.8-age", "persons", column), 1
            if person.age:
                yield Cell("2.8-age", "years", column), person.age


def _table(table: str, rows: Sequence[str], columns: Sequence[str]) -> Iterator[Cell]:
    return (Cell(table, row, column) for row in rows for column in columns)
