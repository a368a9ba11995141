"""Explanations as text: for the terminal, and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from consent.explain import Explanation
from consent.wording import TYPES, Words, code, inside
from services.explain.answers import Answer, Evidence, Explained

#: Between these a page keeps its examples.
BEGIN, END = "<!-- examples: begin -->", "<!-- examples: end -->"

_OUTCOMES = {
    "delivered": Words("gedeeld", "shared"),
    "withheld": Words("niet gedeeld", "not shared"),
    "pending": Words("wacht", "waiting"),
}
_KINDS = {
    None: Words("de ontvanger hoorde niets nieuws", "the recipient heard nothing new"),
    "delivery": Words("de ontvanger kreeg het", "the recipient got it"),
    "release": Words("de ontvanger kreeg het alsnog", "the recipient got it after all"),
    "replacement": Words("de ontvanger kreeg een andere versie", "the recipient got another version"),
    "recall": Words("de ontvanger moest het gebruik staken", "the recipient was told to stop using it"),
}


def said(explanation: Explanation, language: str) -> Iterator[str]:
    """Yield an explanation line by line: its headline first."""
    yield explanation.headline.said(language)
    for line in explanation.lines:
        yield f"  {line.said(language)}"


def lines(explained: Explained, language: str, *, timed: bool = True) -> Iterator[str]:
    """Yield everything about an event: how it stands for each recipient and why, then every decision as evidence.

    `timed` names each decision by number, time, the last log record it knew and its register; without, by its place among
    those on the same recipient and purpose.
    """
    thing, by = TYPES[explained.type], code("publisher-kind", explained.publisher_kind)
    yield Words(
        f"Gebeurtenis {explained.id}: {thing.nl}, gepubliceerd door {by.nl}.",
        f"Event {explained.id}: {thing.en}, published by {by.en}.",
    ).said(language)
    for answer in explained.answers:
        yield ""
        yield from _answer(answer, language, timed)
    if explained.not_named:
        yield ""
        yield _others(explained.not_named).said(language)
    taken = [one.replays for answer in explained.answers for one in answer.history]
    yield ""
    yield Words(
        f"Beslissingen genomen: {len(taken)}; opnieuw genomen met dezelfde uitkomst: {sum(taken)}.",
        f"Decisions taken: {len(taken)}; taken again with the same answer: {sum(taken)}.",
    ).said(language)


def _answer(answer: Answer, language: str, timed: bool) -> Iterator[str]:
    last = answer.history[-1] if answer.history else None
    if last is None or last.explanation is None:
        who = code("recipient", answer.recipient)
        yield Words(f"{who.nl}: geen verklaring.", f"{who.en}: no explanation.").said(language)
    else:
        yield from said(last.explanation, language)
    if not answer.in_force:
        yield Words(
            "  LET OP: wat nu geldt is niet wat de regels nu zouden beslissen.",
            "  NOTE: what stands is not what the rules would decide now.",
        ).said(language)
    for number, one in enumerate(answer.history, start=1):
        at = one.decided_at.isoformat(sep=" ", timespec="seconds")
        name = f"{one.number}, {at}, {one.known_to}, register {one.register[:12]}" if timed else str(number)
        yield f"  - {_evidence(one, name).said(language)}"


def _evidence(one: Evidence, name: str) -> Words:
    outcome, kind, why = _OUTCOMES[one.outcome], _KINDS[one.kind], ", ".join(one.reasons)
    again = (
        Words(f"opnieuw beslist met {one.known} van {one.of} feiten: hetzelfde", f"decided again on {one.known} of {one.of} facts: the same")
        if one.replays
        else Words("GEEFT OPNIEUW EEN ANDERE UITKOMST", "GIVES ANOTHER ANSWER NOW")
    )  # fmt: skip
    rests = ", ".join(one.explanation.facts) if one.explanation else ""
    on = Words(f"; rust op {rests}", f"; rests on {rests}") if rests else Words("", "")
    return Words(
        f"Beslissing {name}: {outcome.nl} ({why}); {kind.nl}{on.nl}; {again.nl}.",
        f"Decision {name}: {outcome.en} ({why}); {kind.en}{on.en}; {again.en}.",
    )


def _others(views: Sequence[tuple[str, str]]) -> Words:
    named = [(code("recipient", who), inside(code("purpose", what))) for who, what in views]
    return Words(
        "Niemand anders: het register noemt deze soort gebeurtenis niet voor "
        f"{', '.join(f'{who.nl} ({what.nl})' for who, what in named)}. De standaard is nee.",
        "Nobody else: the register does not name this type of event for "
        f"{', '.join(f'{who.en} ({what.en})' for who, what in named)}. The default is no.",
    )


def markdown(found: Sequence[Explained], language: str) -> str:
    """Return explanations as Markdown, each under its own heading; no time of a run is in it."""
    parts = []
    for number, explained in enumerate(found, start=1):
        thing = TYPES[explained.type].said(language)
        said = "\n".join(lines(explained, language, timed=False))
        parts.append(f"### {number}. {thing[0].upper()}{thing[1:]}\n\n```text\n{said}\n```\n")
    return "\n".join(parts)


def placed(page: str, examples: str) -> str:
    """Return the page with the examples between its marks.

    Raises ValueError where the page has not both marks, in order.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no {BEGIN} with {END} after it")
    return f"{before}{BEGIN}\n\n{examples}\n{END}{after}"
