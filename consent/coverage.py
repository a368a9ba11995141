"""Rule by rule: the article, the line it comes from, and what holds it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from consent.activities import Activity, Register
from consent.rulebook import Question, Rulebook, Safeguard, Statement
from ketenbus.contract import contract


@dataclass(frozen=True, slots=True)
class Covered:
    """One statement with what it rests on and what holds it."""

    statement: Statement
    articles: tuple[str, ...]
    activities: tuple[Activity, ...]
    safeguards: tuple[Safeguard, ...]
    questions: tuple[Question, ...]

    @property
    def tests(self) -> tuple[str, ...]:
        """The tests that go red when it is not held."""
        return tuple(dict.fromkeys(test for safeguard in self.safeguards for test in safeguard.tests))

    @property
    def held(self) -> str:
        """How it is held: `law`, `safeguard`, `question` (not settled), or `nothing-asked`."""
        if self.activities:
            return "law"
        if self.safeguards:
            return "safeguard"
        return "question" if self.questions else "nothing-asked"


@dataclass(frozen=True, slots=True)
class Coverage:
    """Everything the handbooks say, with what holds it; and the types that go to nobody."""

    rows: tuple[Covered, ...]
    questions: tuple[Question, ...]
    types: Mapping[str, tuple[str, ...]]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many statements are held in which way."""
        return Counter(row.held for row in self.rows)

    @property
    def tests(self) -> tuple[str, ...]:
        """Every test that is cited, once."""
        return tuple(sorted({test for row in self.rows for test in row.tests}))


def coverage(register: Register, rulebook: Rulebook) -> Coverage:
    """Return the coverage; of an activity every version is named."""
    by_id: dict[str, tuple[Activity, ...]] = {}
    for a in register.activities:
        by_id[a.id] = (*by_id.get(a.id, ()), a)
    rows = tuple(
        Covered(
            s,
            s.articles,
            tuple(a for one in s.activities for a in by_id[one]),
            tuple(rulebook.safeguards[one] for one in s.safeguards),
            tuple(rulebook.questions[one] for one in s.questions),
        )
        for s in rulebook.statements
    )
    return Coverage(rows, tuple(rulebook.questions.values()), _types(register, rulebook))


def _types(register: Register, rulebook: Rulebook) -> Mapping[str, tuple[str, ...]]:
    """Return by event type what rules it: its activities, or the questions that keep it from everybody; empty where neither does."""
    asked = {name: (q.id,) for q in rulebook.questions.values() for name in q.types}
    return {
        name: tuple(a.ref for a in register.by_type.get(name, ())) or asked.get(name, ())
        for name in sorted(contract().types)
    }
