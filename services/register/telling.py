"""The coverage as text: statement by statement, then what is open and who could answer it, then the sum."""

from __future__ import annotations

from collections.abc import Iterator

from consent.coverage import Coverage, Covered
from consent.wording import Words

HELD = {
    "law": Words("door het register", "by the register"),
    "safeguard": Words("door een waarborg", "by a safeguard"),
    "question": Words("open vraag", "open question"),
    "nothing-asked": Words("vraagt niets", "asks nothing"),
}


def lines(coverage: Coverage, language: str, *, only_open: bool = False) -> Iterator[str]:
    """Yield the report; `only_open` leaves out what is settled."""
    for row in coverage.rows:
        if not only_open or row.questions:
            yield from _row(row, language)
    yield ""
    yield Words("Open vragen", "Open questions").said(language)
    for question in coverage.questions:
        asked, who, now = Words(question.nl, question.en), question.who, question.meanwhile
        yield f"  {question.id}: {asked.said(language)}"
        yield Words(
            f"    te beantwoorden door: {who.nl}; tot dan: {now.nl}", f"    could answer: {who.en}; meanwhile: {now.en}"
        ).said(language)
        if question.types:
            types = ", ".join(question.types)
            yield Words(f"    gaat naar niemand: {types}", f"    goes to nobody: {types}").said(language)
    yield ""
    yield summary(coverage)


def _row(row: Covered, language: str) -> Iterator[str]:
    s = row.statement
    yield f"{s.key}  [{s.status}]  {Words(s.nl, s.en).said(language)}"
    yield f"    {s.source}"
    if row.articles:
        yield Words(f"    artikel: {', '.join(row.articles)}", f"    article: {', '.join(row.articles)}").said(language)
    held = (*(a.ref for a in row.activities), *(one.id for one in row.safeguards))
    if held:
        yield f"    {HELD[row.held].said(language)}: {', '.join(held)}"
    for test in row.tests:
        yield f"    test: {test}"
    for question in row.questions:
        yield f"    {HELD['question'].said(language)}: {question.id}"
    if s.outside is not None:
        yield f"    {HELD['nothing-asked'].said(language)} ({s.outside})"


def summary(coverage: Coverage) -> str:
    """Return the sum in one line."""
    counts = coverage.counts
    nobody = sum(1 for ruled in coverage.types.values() if ruled and "/" not in ruled[0])
    return (
        f"statements {len(coverage.rows)} = by the register {counts['law']} + by a safeguard {counts['safeguard']} + open "
        f"question {counts['question']} + asks nothing {counts['nothing-asked']}; tests cited {len(coverage.tests)}; open "
        f"questions {len(coverage.questions)}; types {len(coverage.types)}, of which to nobody {nobody}"
    )
