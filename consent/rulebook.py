"""What the handbooks say, and what holds each of it: articles, statements, safeguards with their tests, open questions.

A statement is held by activities of the register, by safeguards, or by an open question; what asks nothing of the bus says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from consent.activities import Register, Slug, Status, Text, Why
from consent.citations import Citation, Cited
from consent.documents import Document, Fault, invalid

Law = Literal["AVG", "UAVG", "Wpg", "Bpg", "Vw", "Vc", "Jeugdwet", "Wmo", "Sr", "EVRM", "EU", "verdrag", "wet"]
#: Why a statement asks nothing: it tells a fact or an intention, a decision of an authority, or how the source's figures are.
Outside = Literal["fact", "decision", "figures"]
TestName = Annotated[str, Field(pattern=r"^tests/[a-z_/]+\.py::test_[a-z0-9_]+$")]


class Entry(BaseModel):
    """What every entry of a list has: an id, and itself in plain words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Text
    nl: Text
    en: Text


T = TypeVar("T", bound=Entry)


class Article(Entry):
    """A provision of law that activities and statements rest on: named by a handbook line, or by the published law itself."""

    id: Slug
    law: Law
    status: Literal["confirmed", "inferred"]
    sources: tuple[Cited, ...] = ()
    published: Text | None = None


class Question(Entry):
    """What no source settles, who could answer it, and what the bus does meanwhile; `types` go to nobody because of it."""

    id: Slug
    who: Why
    meanwhile: Why
    types: tuple[str, ...] = ()
    sources: Annotated[tuple[Cited, ...], Field(min_length=1)]


class Safeguard(Entry):
    """What the bus does to hold a rule, and the tests that go red when it does not."""

    id: Slug
    kind: Literal["prohibition", "condition", "form"]
    tests: Annotated[tuple[TestName, ...], Field(min_length=1)]


class Statement(Entry):
    """One thing a handbook says, in our own words, and what holds it."""

    id: Annotated[str, Field(pattern=r"^[A-Z]+[0-9]*-?[0-9]+[a-z]?(\.[0-9]+)?$")]
    source: Cited
    status: Status
    articles: tuple[str, ...] = ()
    activities: tuple[str, ...] = ()
    safeguards: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    outside: Outside | None = None

    @property
    def key(self) -> str:
        """Its name among all handbooks: `programma-en-opvang P-01`."""
        return f"{self.source.file} {self.id}"


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Everything the handbooks say and what holds it."""

    articles: Mapping[str, Article]
    questions: Mapping[str, Question]
    safeguards: Mapping[str, Safeguard]
    statements: tuple[Statement, ...]

    def citations(self) -> frozenset[Citation]:
        """Return every line of a handbook that is cited here."""
        found = {s.source for s in self.statements}
        found |= {s for article in self.articles.values() for s in article.sources}
        return frozenset(found | {s for question in self.questions.values() for s in question.sources})


def read_rulebook(
    articles: Document, questions: Document, safeguards: Document, statements: Iterable[Document], register: Register
) -> Rulebook:
    """Return the rulebook these documents describe.

    Raises ValueError naming file, line and reason of every fault: a key, kind or law that is not known, a statement that is held by
    nothing or by what does not exist, an id twice, an activity, article, question or safeguard that no statement rests on, a type
    that neither an activity nor a question names.
    """
    told: list[str] = []
    law, asked, kept = (
        _rows(articles, Article, told),
        _rows(questions, Question, told),
        _rows(safeguards, Safeguard, told),
    )
    named = {"articles": {a.id for a in law}, "questions": {q.id for q in asked}, "safeguards": {s.id for s in kept}}
    named["activities"] = {a.id for a in register.activities}
    said: list[Statement] = []
    for one in statements:
        rows = _rows(one, Statement, told)
        told += one.told(_statement_faults(rows, named, {s.key for s in said}))
        said += rows
    told += articles.told(_article_faults(law))
    told += _unused(said, register, ((articles, law), (questions, asked), (safeguards, kept)), named["activities"])
    told += questions.told(_types_named_twice(asked, register))
    if told:
        raise ValueError("\n".join(told))
    return Rulebook({a.id: a for a in law}, {q.id: q for q in asked}, {s.id: s for s in kept}, tuple(said))


def _rows(document: Document, model: type[T], told: list[str]) -> list[T]:
    """Return the rows of a document, noting what the model refuses and each id that is there twice."""
    try:
        rows: list[T] = TypeAdapter(list[model]).validate_python(document.value)  # type: ignore[valid-type]
    except ValidationError as error:
        told += document.told(invalid(error))
        return []
    ids = [row.id for row in rows]
    told += document.told(
        Fault((n, "id"), f"{one} is there twice") for n, one in enumerate(ids) if one in ids[:n]
    )  # fmt: skip
    return rows


def _statement_faults(rows: Sequence[Statement], named: Mapping[str, set[str]], earlier: set[str]) -> Iterator[Fault]:
    for number, row in enumerate(rows):
        for key, known in named.items():
            for place, one in enumerate(getattr(row, key)):
                if one not in known:
                    yield Fault((number, key, place), f"{row.key}: {key} has no {one}")
        held = bool(row.activities or row.safeguards or row.questions)
        if not held and row.outside is None:
            yield Fault((number,), f"{row.key} is held by nothing")
        if held and row.outside is not None:
            yield Fault((number, "outside"), f"{row.key} asks nothing, and yet something holds it")
        if row.status == "open" and not row.questions:
            yield Fault((number, "status"), f"{row.key}: open, but names no question that would settle it")
        if row.key in earlier:
            yield Fault((number, "id"), f"{row.key} is there twice")


def _article_faults(rows: Sequence[Article]) -> Iterator[Fault]:
    for number, row in enumerate(rows):
        if not row.sources and row.published is None:
            yield Fault((number,), f"{row.id}: neither a source with a line nor a published law names it")


def _unused(
    said: Sequence[Statement],
    register: Register,
    lists: Sequence[tuple[Document, Sequence[Entry]]],
    activities: set[str],
) -> Iterator[str]:
    """Yield what no statement and no activity rests on: it stands for nothing."""
    rows = (*said, *register.activities)
    used = {one for row in rows for key in ("articles", "questions") for one in getattr(row, key)}
    used |= {one for row in said for one in row.safeguards}
    for document, listed in lists:
        faults = (
            Fault((n, "id"), f"{row.id}: nothing rests on it") for n, row in enumerate(listed) if row.id not in used | _types(row)
        )  # fmt: skip
        yield from document.told(faults)
    for activity in sorted(activities - {one for row in said for one in row.activities}):
        if not any(a.questions for a in register.activities if a.id == activity):
            yield f"activity {activity}: no statement of a handbook asks for it"


def _types(row: Entry) -> set[str]:
    """A question that keeps types from everybody is used by that."""
    return {row.id} if isinstance(row, Question) and row.types else set()


def _types_named_twice(questions: Sequence[Question], register: Register) -> Iterator[Fault]:
    for number, row in enumerate(questions):
        for place, name in enumerate(row.types):
            if name in register.by_type:
                yield Fault(
                    (number, "types", place),
                    f"{row.id}: {name} goes to nobody, says the question; an activity names it",
                )
