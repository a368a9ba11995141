"""What a field must hold that says who somebody is: checked before it is sealed, and again where it is opened. Pure.

What many records hold alike names nobody. An empty number, or a name of blanks with the first of January 1900, would make
one person of every client that a source system says it of.

A BSN has nine digits. The eleven test is not asked for: the made-up numbers of a trial fail it on purpose, so that they
are nobody's. No source says what a V-number looks like.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

NO_CONTROL = "holds no control character"
NOT_BLANK = "has a letter or a digit"
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
    elif not any(map(str.isalnum, text)):
        yield NOT_BLANK
