"""The peers beside each other as charts: plain SVG, made from the JSON of a run, readable without colour.

Colours are Okabe and Ito's, which hold for the common kinds of colour blindness; every bar also carries its number, every
group its name, and series differ in pattern as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from bench.figures import said
from bench.peers.contestants import SAID

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7")
WIDTH, LEFT, RIGHT, BAR, GAP, TOP = 760, 170, 90, 20, 16, 66
FONT = 'font-family="system-ui, sans-serif"'


@dataclass(frozen=True, slots=True)
class Chart:
    """Groups of bars from left to right: a row a group, a bar a series; None is a value that was not reached."""

    title: str
    unit: str
    series: Sequence[str]
    groups: Sequence[tuple[str, Sequence[float | None]]]
    logarithmic: bool = False

    def svg(self) -> str:
        """Return the chart as one SVG document; the same chart gives the same bytes."""
        high = len(self.series) * BAR + GAP
        height = TOP + len(self.groups) * high + 16
        values = [value for _, row in self.groups for value in row if value]
        reach = self._reach(max(values, default=1.0))
        parts = [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
                f'role="img" aria-label="{escape(self.title)}" {FONT}>'
            ),
            f"<title>{escape(self.title)}</title>",
            _patterns(),
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            f'<text x="12" y="24" font-size="16" font-weight="600" fill="#222">{escape(self.title)}</text>',
            *self._legend(),
        ]
        for place, (name, row) in enumerate(self.groups):
            top = TOP + place * high
            middle = top + len(self.series) * BAR / 2 + 5
            parts.append(
                f'<text x="{LEFT - 10}" y="{middle:.0f}" font-size="13" text-anchor="end" fill="#222">{escape(name)}</text>'
            )
            for number, value in enumerate(row):
                parts += self._bar(top + number * BAR, number, value, reach)
        return "\n".join([*parts, "</svg>"]) + "\n"

    def _bar(self, top: float, number: int, value: float | None, reach: Callable[[float], float]) -> list[str]:
        long = 0.0 if value is None else reach(value)
        text = "not reached" if value is None else said(value, self.unit)
        fill = COLOURS[number] if number % 2 == 0 else f"url(#p{number})"
        return [
            (
                f'<rect x="{LEFT}" y="{top + 2:.0f}" width="{long:.1f}" height="{BAR - 4}" fill="{fill}" '
                f'stroke="{COLOURS[number]}"/>'
            ),
            f'<text x="{LEFT + long + 6:.1f}" y="{top + BAR - 5:.0f}" font-size="12" fill="#222">{escape(text)}</text>',
        ]

    def _reach(self, most: float) -> Callable[[float], float]:
        """Return how long the bar of a value is; on the logarithmic scale a bar begins at a tenth of a unit."""
        room = WIDTH - LEFT - RIGHT
        if self.logarithmic:
            most = math.log10(max(most, 1.0) * 10)
            return lambda value: room * max(0.0, math.log10(max(value, 0.1) * 10)) / most
        return lambda value: room * value / most

    def _legend(self) -> list[str]:
        scale = ", ".join(filter(None, (self.unit, "logarithmic scale" if self.logarithmic else "")))
        parts, x = [], 12.0
        if len(self.series) > 1:
            for number, name in enumerate(self.series):
                fill = COLOURS[number] if number % 2 == 0 else f"url(#p{number})"
                parts.append(
                    f'<rect x="{x:.0f}" y="37" width="14" height="14" fill="{fill}" stroke="{COLOURS[number]}"/>'
                    f'<text x="{x + 20:.0f}" y="49" font-size="12" fill="#222">{escape(name)}</text>'
                )
                x += 34 + 7 * len(name)
        parts.append(f'<text x="{x:.0f}" y="49" font-size="12" fill="#555">{escape(scale)}</text>')
        return parts


def _patterns() -> str:
    """Return the stripes of every second series."""
    stripes = "".join(
        f'<pattern id="p{number}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect width="6" height="6" fill="#fff"/><rect width="3" height="6" fill="{colour}"/></pattern>'
        for number, colour in enumerate(COLOURS)
        if number % 2
    )
    return f"<defs>{stripes}</defs>"


def of_peers(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Chart]:
    """Return the charts of a run with peers, by the name of their file."""

    def groups(
        values: Callable[[Mapping[str, Any]], Sequence[float | None]],
    ) -> list[tuple[str, Sequence[float | None]]]:
        return [(SAID[name], values(row)) for name, row in rows.items()]

    def killed(row: Mapping[str, Any]) -> Sequence[float | None]:
        names = ("lost", "receipts_lost", "doubled", "receipts_doubled")
        return [None if row["killed"] is None else row["killed"][name] for name in names]

    return {
        "throughput": Chart(
            "Events a second, a backlog through one worker",
            "events/s",
            ["events/s"],
            groups(lambda row: [row["events_per_second"]]),
        ),
        "latency": Chart(
            "From the log to the view, at 100 events a second",
            "ms",
            ["p50", "p99", "p99.9"],
            groups(lambda row: [row["p50_ms"], row["p99_ms"], row["p99.9_ms"]]),
            logarithmic=True,
        ),
        "cost": Chart(
            "Processor time of the worker", "ms/event", ["ms/event"], groups(lambda row: [row["cpu_ms_per_event"]])
        ),
        "memory": Chart("Memory of the worker at most (PSS)", "MiB", ["MiB"], groups(lambda row: [row["peak_mib"]])),
        "recovery": Chart(
            "From kill -9 to the first new output, the slowest",
            "s",
            ["s"],
            groups(lambda row: [row["recovery_seconds"]]),
        ),
        "killed": Chart(
            "Lost and doubled under kill -9",
            "",
            ["lost in views", "receipts lost", "doubled in views", "receipts doubled"],
            groups(killed),
            logarithmic=True,
        ),
    }
