"""Consent enumerated: every set of up to so many words, up to what nobody can tell apart, and how consent then stands.

A word is a grant or a refusal by one of two speakers, with or without authority, at one of the four levels of scope, at
one of as many moments as there are words or at an unknown one; a grant can also be flawed or withdrawn. Sets that
differ only in which speaker is called the first, or in how far apart the moments are, are one. Beside them stand the sets
of up to two words in which a parent without a number speaks, of whom nobody knows whether it is the same one, or in which
a grant is past its period or before it, and those in which a word is about one class of fields.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, reduce
from itertools import combinations, product
from typing import Any, Literal, NamedTuple, get_args

from consent.known import Fact, Known, learn
from consent.narrowing import Stands, stands
from consent.proofs.examples import AT, grant, period, refusal, withdrawal
from ketenbus.events import ConsentExpired

RECIPIENT, PURPOSE = "comensha", "REGISTRATIE"
MASK = ("neutral", "quasi", "identity", "special")
PHASE, CLASS = "signal", "special"
#: Later than any word is said.
BEGINS_ON = date(2021, 1, 1)
#: How many words of a set are enumerated in full.
MOST_WORDS = 3
Kind = Literal[
    "grant",
    "grant without authority",
    "flawed grant",
    "withdrawn grant",
    "expired grant",
    "grant to begin",
    "refusal",
    "refusal without authority",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: What the engine hears as it hears a withdrawn or a flawed grant.
_OF_PERIODS: tuple[Kind, ...] = ("expired grant", "grant to begin")
_REFUSALS: tuple[Kind, ...] = ("refusal", "refusal without authority")
#: What can become of a grant when one more fact is known.
_ENDED: tuple[Kind, ...] = ("withdrawn grant", "expired grant")
#: Each speaker, with the number, the age at which they have authority and the one at which they have none.
_SPEAKERS = (
    ("PERSON", None, "ADULT", "MINOR"),
    ("PARENT", "one", "MINOR", "ADULT"),
    ("PARENT", None, "MINOR", "ADULT"),
)
#: The parent without a number: never called another.
UNKNOWN_PARENT = 2
#: From this level of scope on a word is about one class of fields; and the kinds of words that are enumerated with one.
ABOUT_A_CLASS = 4
_OF_CLASSES: tuple[Kind, ...] = ("grant", "grant without authority", "withdrawn grant", "refusal")
#: How many words of a set are enumerated where one of them is by the parent without a number, of a period or about a class.
_MOST_OF_OTHERS = 2
_OTHER_NAME = (1, 0, UNKNOWN_PARENT)
#: A change of how consent stands: before, after.
Step = tuple[Stands, Stands]


class Word(NamedTuple):
    """One thing said: by which speaker (0 and 1 are known, 2 is `UNKNOWN_PARENT`), what, at which level of scope (1: purpose, 2: recipient, 4: class), and when (-1: unknown)."""

    speaker: int
    kind: Kind
    level: int
    moment: int


Words = tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Enumerated:
    """How consent stands after every set of words, and every step that one more refusal, withdrawal or expiry makes."""

    stands: Mapping[Words, Stands]
    steps: Mapping[Step, tuple[Words, Words]]

    @property
    def states(self) -> Counter[Stands]:
        """How many sets stand how."""
        return Counter(self.stands.values())


def enumerated(most: int = MOST_WORDS) -> Enumerated:
    """Return every set of up to `most` words, and what one more refusal, withdrawal or expiry changes, with an example each."""
    stands = {words: stands_after(words) for words in every_set(most)}
    steps: dict[Step, tuple[Words, Words]] = {}
    for words, after in stands.items():
        for before in _without_one(words):
            steps.setdefault((stands[before], after), (before, words))
    return Enumerated(stands, steps)


def every_set(most: int) -> Iterator[Words]:
    """Yield every set of up to `most` words once."""
    yield from _sets(most, (0, 1), tuple(kind for kind in KINDS if kind not in _OF_PERIODS))
    for words in _sets(min(most, _MOST_OF_OTHERS), (0, 1, UNKNOWN_PARENT), KINDS):
        if any(word.speaker == UNKNOWN_PARENT or word.kind in _OF_PERIODS for word in words):
            yield words
    for words in _sets(min(most, _MOST_OF_OTHERS), (0, 1), _OF_CLASSES, levels=2 * ABOUT_A_CLASS):
        if any(word.level >= ABOUT_A_CLASS for word in words):
            yield words


def _sets(
    most: int, speakers: tuple[int, ...], kinds: tuple[Kind, ...], levels: int = ABOUT_A_CLASS
) -> Iterator[Words]:
    every = [Word(*told) for told in product(speakers, kinds, range(levels), range(-1, most))]
    for size in range(most + 1):
        for words in combinations(sorted(every), size):
            if _is_canonical(words):
                yield words


def canonical(words: Iterable[Word]) -> Words:
    """Return the one set that stands for all that differ in no more than names and distances."""
    told = tuple(words)
    moments = {moment: n for n, moment in enumerate(sorted({w.moment for w in told} - {-1}))} | {-1: -1}
    placed = tuple(sorted(Word(w.speaker, w.kind, w.level, moments[w.moment]) for w in told))
    return min(placed, _renamed(placed))


def facts_of(words: Iterable[Word]) -> tuple[Fact, ...]:
    """Return the events that say these words."""
    return tuple(fact for n, word in enumerate(words) for fact in _told(n, word))


def known_of(words: Iterable[Word]) -> Known:
    """Return what these words teach."""
    return reduce(Known.__or__, (_learned(n, word) for n, word in enumerate(words)), Known())


def stands_after(words: Iterable[Word]) -> Stands:
    """Return how consent stands after these words."""
    return standing(known_of(words))


def standing(known: Known) -> Stands:
    """Return how consent stands for what the registration may have of a report."""
    return stands(known, RECIPIENT, PURPOSE, MASK, PHASE)


def _is_canonical(words: Words) -> bool:
    """Return whether sorted words are their own canonical set."""
    if words and words[0].speaker == 1:
        return False
    moments = {w.moment for w in words} - {-1}
    if moments and max(moments) != len(moments) - 1:
        return False
    return not words or words[-1].speaker == 0 or words <= _renamed(words)


def _renamed(words: Words) -> Words:
    return tuple(sorted(Word(_OTHER_NAME[w.speaker], w.kind, w.level, w.moment) for w in words))


def _without_one(words: Words) -> Iterator[Words]:
    """Yield what was said before one of the refusals, or before one of the withdrawals or expiries."""
    for n, word in enumerate(words):
        rest = words[:n] + words[n + 1 :]
        if word.kind in _REFUSALS:
            yield canonical(rest)
        elif word.kind in _ENDED and (given := word._replace(kind="grant")) not in rest:
            yield canonical((*rest, given))


@cache
def _learned(number: int, word: Word) -> Known:
    return reduce(Known.__or__, map(learn, _told(number, word)))


def _told(number: int, word: Word) -> tuple[Fact, ...]:
    """Return the events that say one word, under an id of its own."""
    kind, number_of, with_authority, without = _SPEAKERS[word.speaker]
    held: dict[str, Any] = {
        "given_by": kind,
        "giver": number_of,
        "age_group": without if word.kind.endswith("without authority") else with_authority,
        "recipient": RECIPIENT if word.level & 2 else None,
        "purpose": PURPOSE if word.level & 1 else None,
        "field_class": CLASS if word.level >= ABOUT_A_CLASS else None,
        "occurred_at": None if word.moment < 0 else AT + timedelta(days=word.moment),
        "occurred_precision": "UNKNOWN" if word.moment < 0 else "INSTANT",
    }
    id = f"word-{number}"
    if word.kind in _REFUSALS:
        return (refusal(id, **held),)
    held["valid_from"] = BEGINS_ON if word.kind == "grant to begin" else None
    given = grant(id, explicit=word.kind != "flawed grant", **held)
    match word.kind:
        case "withdrawn grant":
            return given, withdrawal(id, f"withdrawal-{number}")
        case "expired grant":
            return given, period(ConsentExpired, id, f"expiry-{number}")
        case _:
            return (given,)
