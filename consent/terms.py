"""The terms that run on what the bus does itself: how long, on which article, and whether that is settled. Pure."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Set
from datetime import date
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from consent.activities import Slug, Status
from consent.documents import Document, Fault, invalid
from consent.rulebook import Entry


class Term(Entry):
    """A term of whole months."""

    id: Slug
    months: Annotated[int, Field(ge=1, le=120, strict=True)]
    articles: Annotated[tuple[str, ...], Field(min_length=1)]
    questions: tuple[str, ...] = ()
    status: Status

    def last_day(self, began: date) -> date:
        """Return the last day of the term that began on a day: the same date, or a shorter month's last day.

        Source: Verordening (EEG, Euratom) nr. 1182/71, art. 3 lid 2 onder c. Reading: a term is not made longer by a weekend
        or a holiday (lid 4), so that nothing is late later than it may be. Law: a later beginning never ends earlier.
        """
        month = began.month - 1 + self.months
        year, month = began.year + month // 12, month % 12 + 1
        return date(year, month, min(began.day, monthrange(year, month)[1]))


def read_terms(document: Document, articles: Set[str], questions: Set[str]) -> dict[str, Term]:
    """Return the terms a document describes, by id.

    Raises ValueError naming file, line and reason of every fault: what the model refuses, an article or question that is
    not in its list, an id twice, a term that is not confirmed and asks nothing.
    """
    try:
        rows = TypeAdapter(list[Term]).validate_python(document.value)
    except ValidationError as error:
        raise ValueError("\n".join(document.told(invalid(error)))) from error
    faults = []
    for number, row in enumerate(rows):
        faults += [
            Fault((number, "articles"), f"{row.id}: unknown article {a}") for a in row.articles if a not in articles
        ]
        faults += [
            Fault((number, "questions"), f"{row.id}: unknown question {q}") for q in row.questions if q not in questions
        ]
        if row.id in [other.id for other in rows[:number]]:
            faults.append(Fault((number, "id"), f"{row.id} is there twice"))
        if row.status != "confirmed" and not row.questions:
            faults.append(
                Fault((number, "status"), f"{row.id}: {row.status}, but names no question that would settle it")
            )
    if faults:
        raise ValueError("\n".join(document.told(faults)))
    return {row.id: row for row in rows}
