"""What a measurement says: figures beside their limits, as a table to read and as JSON to compare."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psutil

HEADER = ("figure", "measured", "limit", "measured/limit")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number; `limit` is the most it may be, or with `at_least` the least; None where nothing sets one."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    at_least: bool = False

    @property
    def ratio(self) -> float | None:
        """The measured number as a share of the limit; None without a limit, and where the limit is nothing at all."""
        return self.value / self.limit if self.limit else None

    @property
    def kept(self) -> bool:
        """Whether the figure keeps its limit; one without a limit does."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest of the values that at least this share of them does not exceed (nearest rank).

    >>> quantile([4.0, 1.0, 3.0, 2.0], 0.5), quantile([4.0, 1.0, 3.0, 2.0], 0.99)
    (2.0, 4.0)
    """
    if not values:
        raise ValueError("no values: nothing was measured")
    return sorted(values)[max(math.ceil(share * len(values)), 1) - 1]


def machine() -> dict[str, str | int]:
    """Return what the figures were measured on."""
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "memory_mib": psutil.virtual_memory().total // 2**20,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a table that reads in a terminal and renders as Markdown."""
    return grid([HEADER, *map(_row, figures)])


def grid(rows: Sequence[Sequence[str]]) -> str:
    """Return rows, the first of them the header, as such a table: the first column to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["| " + " | ".join(_cell(row, column, widths) for column in range(len(widths))) + " |" for row in rows]
    rule = (
        "|" + "|".join("-" * (width + 2) if not n else "-" * (width + 1) + ":" for n, width in enumerate(widths)) + "|"
    )
    return "\n".join([lines[0], rule, *lines[1:]])


def as_json(figures: Sequence[Figure], details: Mapping[str, object]) -> dict[str, object]:
    """Return a run as plain data."""
    return {
        "machine": machine(),
        "figures": [
            {
                "name": f.name,
                "value": round(f.value, 4),
                "unit": f.unit,
                "limit": f.limit,
                "at_least": f.at_least,
                "ratio": f.ratio,
                "kept": f.kept,
            }
            for f in figures
        ],
        "details": dict(details),
    }


def _row(figure: Figure) -> tuple[str, str, str, str]:
    if figure.limit is None:
        return figure.name, said(figure.value, figure.unit), "", ""
    share = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    share += "" if figure.kept else " UNDER" if figure.at_least else " OVER"
    limit = ("at least " if figure.at_least else "") + said(figure.limit, figure.unit)
    return figure.name, said(figure.value, figure.unit), limit, share


def _cell(row: Sequence[str], column: int, widths: Sequence[int]) -> str:
    return row[column].rjust(widths[column]) if column else row[column].ljust(widths[column])


def said(value: float, unit: str = "") -> str:
    """Return a number as the tables say it: no more digits than it is worth.

    >>> said(0.469, "ms"), said(12.34, "s"), said(1234.5)
    ('0.47 ms', '12.3 s', '1,234')
    """
    digits = 0 if abs(value) >= 1000 or value == int(value) else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}".rstrip()
