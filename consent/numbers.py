"""The numbers the bus counts with where no source gives one: each our own choice, marked so, with the question that would settle it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from consent.activities import Slug, Status, Text
from consent.documents import Document, Fault, invalid

Name = Literal["emergency-review-days", "smallest-count"]


class Number(BaseModel):
    """One number: its value, whether a source gives it, and what it means in plain words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Name
    value: Annotated[int, Field(ge=1, strict=True)]
    status: Status
    question: Slug | None = None
    nl: Text
    en: Text


def read_numbers(document: Document, questions: frozenset[str]) -> Mapping[str, Number]:
    """Return the numbers a document gives.

    Raises ValueError naming file, line and reason of every fault: a number that is not known, missing, there twice, below
    one, open without a question, or of a question that nobody asks.
    """
    try:
        rows = TypeAdapter(list[Number]).validate_python(document.value)
    except ValidationError as error:
        raise ValueError("\n".join(document.told(invalid(error)))) from error
    if told := document.told(_faults(rows, questions)):
        raise ValueError("\n".join(told))
    return {row.id: row for row in rows}


def _faults(rows: Sequence[Number], questions: frozenset[str]) -> Iterator[Fault]:
    ids = [row.id for row in rows]
    for place, row in enumerate(rows):
        if row.id in ids[:place]:
            yield Fault((place, "id"), f"{row.id} is there twice")
        if row.question is None and row.status == "open":
            yield Fault((place, "status"), f"{row.id}: open, but names no question that would settle it")
        if row.question is not None and row.question not in questions:
            yield Fault((place, "question"), f"{row.id}: unknown question {row.question}")
    for missing in sorted(set(get_args(Name)) - set(ids)):
        yield Fault((), f"{missing} is missing")
