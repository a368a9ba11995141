"""Invented identities: names from made-up syllables, numbers that no administration can have given out."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import chain

_FIRST = (
    "Zar",
    "Mel",
    "Qui",
    "Ost",
    "Ven",
    "Tir",
    "Bol",
    "Kes",
    "Lum",
    "Pra",
    "Dor",
    "Fen",
    "Hax",
    "Wim",
    "Jor",
    "Nal",
)
_SECOND = ("o", "ia", "een", "ux", "ira", "am", "elle", "ok", "ys", "une")
_LAST = (
    "Dremp",
    "Vloet",
    "Karst",
    "Tolm",
    "Zwenk",
    "Brilt",
    "Oker",
    "Muls",
    "Fjord",
    "Glep",
    "Spint",
    "Wrak",
    "Halm",
    "Norg",
    "Tjap",
)
_END = ("mans", "sel", "ova", "inga", "ski", "ez", "adi", "stra", "uk", "ande", "oro", "heim")


def fails_eleven_test(bsn: str) -> bool:
    """Return whether nine digits fail the test that every issued BSN passes.

    >>> fails_eleven_test("111222333"), fails_eleven_test("999912346")
    (False, True)
    """
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return sum(weight * int(digit) for weight, digit in zip(weights, bsn, strict=True)) % 11 != 0


def bsns(draw: random.Random) -> Iterator[str]:
    """Yield numbers shaped like a BSN that all fail the eleven-test, so that none can be a person's; each once."""
    yield from (
        number for number in _from_anywhere(range(999_900_000, 1_000_000_000), draw) if fails_eleven_test(number)
    )


def v_numbers(draw: random.Random) -> Iterator[str]:
    """Yield numbers shaped like a V-number, each once; ten digits that begin with 9999 mark them as made up."""
    yield from _from_anywhere(range(9_999_000_000, 10_000_000_000), draw)


def _from_anywhere(numbers: range, draw: random.Random) -> Iterator[str]:
    """Yield all of them in turn from a drawn one on: the persons of two histories on one bus are not the same."""
    first = draw.randrange(len(numbers))
    yield from map(str, chain(numbers[first:], numbers[:first]))


def name(draw: random.Random) -> str:
    """Return a name that is nobody's."""
    return f"{draw.choice(_FIRST)}{draw.choice(_SECOND)} {draw.choice(_LAST)}{draw.choice(_END)}"


def misspelled(known: str, draw: random.Random) -> str:
    """Return the name as somebody else wrote it down: never the same."""
    at = draw.randrange(1, len(known) - 1)
    return draw.choice(
        [known[:at] + "'" + known[at:], known[:at] + known[at] * 2 + known[at:], known.replace(" ", " van ")]
    )
