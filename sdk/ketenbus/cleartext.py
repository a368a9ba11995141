"""Numbers that name a person and may not stand in clear: a BSN and a Dutch phone number. Pure.

A guard against mistakes, not against those who want to pass it: it knows a number by its form. A BSN passes the
eleven test (elfproef); of other nine-digit numbers one in eleven does too. A publisher whose own numbers have nine
digits puts a letter directly before them: digits that touch a letter or another digit are part of a longer name.
"""

from __future__ import annotations

import re
import unicodedata

_BSN = re.compile(
    r"(?:(?<![0-9a-z])|(?<=bsn))"  # "bsn" is the one word before a number that says what it is
    r"(?:[0-9]{9}|[0-9]{3}([ .-])[0-9]{3}\1[0-9]{3}|[0-9]{4}([ .-])[0-9]{2}\2[0-9]{3})"
    r"(?![0-9a-z])",
    re.IGNORECASE,
)
_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)
_PHONE = re.compile(r"(?<![0-9a-z+])0[1-9][0-9]{0,2}[-.]? ?(?:[0-9] ?){6,8}(?<! )(?![0-9a-z])", re.IGNORECASE)
_PHONE_DIGITS = 10
#: What stands for characters of a category: dashes, spaces, and what has no shape.
_AS_ASCII = {"Pd": "-", "Zs": " ", "Cf": ""}
_PHONE_ABROAD = re.compile(
    r"(?:\+|(?<![0-9a-z])00)31(?:[ .()-]{0,3}0[)])?(?:[ .()-]{0,2}[0-9]){9}(?![0-9])", re.IGNORECASE
)


def holds_bsn(text: str) -> bool:
    """Return whether a BSN stands in the text: nine digits, bare or in groups, that pass the eleven test.

    >>> holds_bsn("111222333"), holds_bsn("zaak 1112.22.333"), holds_bsn("111222334"), holds_bsn("c111222333")
    (True, True, False, False)
    """
    return any(_passes_eleven_test(re.sub("[^0-9]", "", found[0])) for found in _BSN.finditer(_plain(text)))


def holds_phone(text: str) -> bool:
    """Return whether a Dutch phone number stands in the text, as written in the Netherlands or abroad.

    >>> holds_phone("06-12345678"), holds_phone("+31 6 1234 5678"), holds_phone("2016-000123")
    (True, True, False)
    """
    text = _plain(text)
    here = (re.sub("[^0-9]", "", found[0]) for found in _PHONE.finditer(text))
    return any(len(digits) == _PHONE_DIGITS for digits in here) or _PHONE_ABROAD.search(text) is not None


def _passes_eleven_test(digits: str) -> bool:
    return digits != "000000000" and sum(w * int(d) for w, d in zip(_WEIGHTS, digits, strict=True)) % 11 == 0


def _plain(text: str) -> str:
    """Return the text with every way to write a digit, a dash or a space as that of ASCII, and without what no reader sees.

    Character by character: to normalise a text whole takes time with the square of its accents.
    """
    return text if text.isascii() else "".join(map(_plain_character, text))


def _plain_character(character: str) -> str:
    return "".join(map(_as_ascii, unicodedata.normalize("NFKC", character)))


def _as_ascii(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    return _AS_ASCII.get(unicodedata.category(character), character)
