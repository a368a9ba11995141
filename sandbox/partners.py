"""The made-up partners of the sandbox: who exists, what kind of publisher each is, and as what it reports.

Kinds of reporter: slachtoffermonitor-part1, L1076-1082; police units: L1240-1256.
"""

from __future__ import annotations

import random
from functools import cache

from sandbox.targets import TOTAL, figures

DESK = "comensha"


@cache
def police_units() -> dict[str, str]:
    """Return the partner of each police unit: its code in lower kebab-case."""
    units = (row for row in figures()[-1].rows if row != TOTAL)
    return {"politie-" + unit.lower().replace("_", "-"): unit for unit in units}


@cache
def publishers() -> dict[str, str]:
    """Return the kind of publisher of every partner, by partner id."""
    return {
        **dict.fromkeys(police_units(), "politie"),
        "kmar": "kmar",
        "nla-opsporing": "nla-opsporing",
        "nla-pau": "nla-pau",
        **{f"zorgcoordinatie-{n}": "zorgcoordinator" for n in range(1, 7)},
        "fairwork": "fairwork",
        **{f"overige-{n}": "overige-melder" for n in range(1, 6)},
        **{f"opvang-{n}": "opvang" for n in (1, 2)},
        "nidos": "nidos",
        "gemeente-1": "gemeente",
        DESK: "comensha",
        "ind": "ind",
        "om": "om",
    }


@cache
def reporter_kinds() -> dict[str, str]:
    """Return the kind of reporter each kind of publisher counts as."""
    return {
        "politie": "POLITIE",
        "kmar": "KMAR",
        "nla-opsporing": "INSPECTIE_SZW",
        "zorgcoordinator": "ZORGCOORDINATOR",
        "fairwork": "FAIRWORK",
        **dict.fromkeys(("overige-melder", "opvang", "nidos", "gemeente", "nla-pau", "ind"), "OVERIG"),
    }


def as_reporter(partner: str) -> dict[str, object]:
    """Return the fields by which a partner names itself in an event: kind of reporter and, for the police, the unit.

    >>> as_reporter("politie-den-haag")
    {'reporter_kind': 'POLITIE', 'police_unit': 'DEN_HAAG'}
    """
    named: dict[str, object] = {"reporter_kind": reporter_kinds()[publishers()[partner]]}
    if partner in police_units():
        named["police_unit"] = police_units()[partner]
    return named


def needs_consent(partner: str) -> bool:
    """Return whether this reporter may report with consent only (slachtoffermonitor-part1, L1099-1102)."""
    return publishers()[partner] not in {"politie", "kmar", "nla-opsporing"}


def one_of(kind: str, minor: bool, draw: random.Random) -> str:
    """Return a partner that reports as `kind`; Nidos looks after minors only. For the police, name the unit instead."""
    if kind == "OVERIG":
        return draw.choice(
            [f"overige-{n}" for n in range(1, 6)] * 3 + ["opvang-1", "opvang-2", "gemeente-1"] + ["nidos"] * 9 * minor
        )
    if kind == "ZORGCOORDINATOR":
        return f"zorgcoordinatie-{draw.randint(1, 6)}"
    return {"KMAR": "kmar", "INSPECTIE_SZW": "nla-opsporing", "FAIRWORK": "fairwork"}[kind]
