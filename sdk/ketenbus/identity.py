"""What a field must hold that says who somebody is: checked before it is sealed, and again where it is opened. Pure.

What many records hold alike names nobody. An empty number, or a name of blanks with the first of January 1900, would make
one person of every client that a source system says it of.

A BSN has nine digits. The eleven test is not asked for: the made-up numbers of a trial fail it on purpose, so that they
are nobody's. No source says what a V-number looks like; a number has a digit, and "onbekend" has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import normalize

NO_CONTROL = "holds no control character"
NOT_BLANK = "has a letter or a digit"
NO_NUMBER = "has a digit"
IS_BSN = "has nine digits and nothing else, not all the same"

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_BSN = re.compile(r"[0-9]{9}")


def broken(field: str, text: str) -> Iterator[str]:
    """Yield the rules that the text of a field of class `identity` breaks; a rule never holds the text.

    >>> [list(broken(*said)) for said in (("name", "Ada Voorbeeld"), ("name", " "), ("bsn", "999912346"), ("bsn", ""))]
    [[], ['has a letter or a digit'], [], ['has nine digits and nothing else, not all the same']]
    """
    if _CONTROL.search(text):
        yield NO_CONTROL
    if field == "bsn":
        if not _BSN.fullmatch(text) or len(set(text)) == 1:
            yield IS_BSN
    elif field == "v_number":
        if not any(map(str.isdecimal, text)):
            yield NO_NUMBER
    elif not any(map(str.isalnum, text)):
        yield NOT_BLANK


def same_name(text: str) -> str:
    """Return a name as it is compared: whatever its capitals and blanks, and however its accents are stored.

    >>> same_name("Zoe\u0308  VOORBEELD") == same_name("zo\u00eb voorbeeld")
    True
    """
    return " ".join(normalize("NFC", normalize("NFD", text).casefold()).split())


def same_number(text: str) -> str:
    """Return a number as it is compared: without the blanks that it is written with."""
    return "".join(text.split())
