"""The recount held against what the demo reported: agree `n` of `of`, and every difference by name. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.verify.figures import Cell
from services.verify.recount import OutcomeRow, Recount

TERMS = (
    "published", "admitted", "quarantined", "repeated", "difference", "candidates", "delivered", "withheld", "pending",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many comparisons there were, how many agree, and what each of the others differs in."""

    n: int
    of: int
    differences: tuple[str, ...]

    def __str__(self) -> str:
        """Return the line an auditor reads."""
        return f"agree {self.n} of {self.of}"


def compare(recount: Recount, report: Mapping[str, Any]) -> Agreement:
    """Return how far a report (the demo's `report.json`) agrees with the recount.

    One comparison per cell, per row of outcomes, per term of the balance, for the standing, and per check of the raw
    records. What only one side has is compared with nought, so nothing can be left out unseen.
    """
    results = [
        *_table_cells(recount, report),
        *_outcome_rows(recount, report),
        *_terms(recount, report),
        _difference("standing", recount.standing, report.get("standing")),
        *(None if not check.wrong else str(check) for check in recount.checks),
    ]
    differences = tuple(result for result in results if result is not None)
    return Agreement(len(results) - len(differences), len(results), differences)


def _table_cells(recount: Recount, report: Mapping[str, Any]) -> Iterator[str | None]:
    reported: dict[Cell, float] = {
        (table, row, column): count
        for table, rows in report.get("tables", {}).items()
        for row, columns in rows.items()
        for column, count in columns.items()
    }
    for cell in sorted(reported.keys() | recount.tables.keys()):
        yield _difference(f"cell {' '.join(cell)}", recount.tables.get(cell, 0), reported.get(cell, 0))


def _outcome_rows(recount: Recount, report: Mapping[str, Any]) -> Iterator[str | None]:
    reported: dict[OutcomeRow, int] = {
        (row["recipient"], row["purpose"], row["outcome"], row["reason"]): row["count"]
        for row in report.get("outcomes", ())
    }
    for key in sorted(reported.keys() | recount.outcomes.keys()):
        yield _difference(f"outcome {' '.join(key)}", recount.outcomes.get(key, 0), reported.get(key, 0))


def _terms(recount: Recount, report: Mapping[str, Any]) -> Iterator[str | None]:
    reported = report.get("balance", {})
    for term in TERMS:
        yield _difference(f"balance {term}", recount.balance[term], reported.get(term))
    balanced = recount.balance["candidates"] - sum(recount.balance[o] for o in ("delivered", "withheld", "pending"))
    yield _difference("candidates less delivered, withheld and pending", balanced, 0)


def _difference(name: str, ours: object, theirs: object) -> str | None:
    return None if ours == theirs else f"{name}: recounted {ours}, reported {theirs}"
