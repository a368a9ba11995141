"""The queue as text, in Dutch or English."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from consent.days import day_of
from consent.wording import Words, code, inside
from services.conflicts.queue import Conflict, Word


def lines(found: Sequence[Conflict], language: str) -> Iterator[str]:
    """Yield the queue: how long it is, then each disagreement."""
    yield Words(
        f"Tegenspraak over toestemming: {len(found)}. Zolang zij duurt wordt daarop niets gedeeld; een mens beslist.",
        f"Disagreements about consent: {len(found)}. While one lasts nothing is shared on it; a human decides.",
    ).said(language)
    for one in found:
        yield ""
        for words in _conflict(one):
            yield words.said(language)


def _conflict(one: Conflict) -> Iterator[Words]:
    who, what = code("recipient", one.recipient), inside(code("purpose", one.purpose))
    since, part = day_of(one.since).isoformat(), _part(one)
    yield Words(
        f"{one.subject}  {who.nl}, {what.nl}{part.nl}, sinds {since}; gebeurtenissen die niet worden gedeeld: {one.waiting}",
        f"{one.subject}  {who.en}, {what.en}{part.en}, since {since}; events that are not shared: {one.waiting}",
    )
    yield from (_word(word, Words("toestemming", "grant")) for word in one.grants)
    yield from (_word(word, Words("weigering", "refusal")) for word in one.refusals)
    yield from settling(one)


def _part(one: Conflict) -> Words:
    named = [("field-class", one.field_class), ("case-phase", one.phase)]
    said = [inside(code(codelist, name)) for codelist, name in named if name is not None]
    return (
        Words(*("".join(f", {words}" for words in several) for several in zip(*said, strict=True)))
        if said
        else Words("", "")
    )


def _word(word: Word, what: Words) -> Words:
    giver, day = inside(code("consent-giver", word.giver)), day_of(word.known_at).isoformat()
    return Words(
        f"  {what.nl} {word.event} van {word.publisher}, door {giver.nl}, bekend sinds {day}",
        f"  {what.en} {word.event} of {word.publisher}, by {giver.en}, known since {day}",
    )


def settling(one: Conflict) -> Iterator[Words]:
    """Yield what would settle a disagreement, by either side."""
    yield Words(
        f"  het is voorbij als wie instemde dat intrekt ({_ids(one.grants)}),",
        f"  it is over when who agreed withdraws that ({_ids(one.grants)}),",
    )
    overtaken = [word for word in one.refusals if word.overtaken]
    standing = [word for word in one.refusals if not word.overtaken]
    if overtaken:
        yield Words(
            f"  of als wie weigerde later, voor hetzelfde, alsnog toestemming geeft ({_ids(overtaken)})",
            f"  or when who refused gives consent after all, later and for the same ({_ids(overtaken)})",
        )
    if standing:
        nl, en = ("en", "and") if overtaken else ("of", "or")
        yield Words(
            f"  {nl} als de melder de weigering terugneemt of verbetert van wie geen nummer heeft ({_ids(standing)})",
            f"  {en} when its publisher takes back or corrects the refusal of whom no number tells from others ({_ids(standing)})",
        )


def _ids(words: Iterable[Word]) -> str:
    return ", ".join(word.event for word in words)
