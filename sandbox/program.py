"""An integer program under construction, solved by HiGHS on one thread with a fixed seed: the same program, the same answer."""

from __future__ import annotations

from collections.abc import Mapping

import highspy


class Program:
    """An integer program under construction: whole variables, and sums that are bounded or wanted.

    The search is limited by nodes and by `abs_gap`, never by time.
    """

    def __init__(self, seed: int, abs_gap: float) -> None:
        self._solver = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in {
            "output_flag": False,
            "threads": 1,
            "random_seed": seed,
            "mip_abs_gap": abs_gap,
            "mip_rel_gap": 0.0,
            "mip_max_nodes": 400,
        }.items():
            self._solver.setOptionValue(option, value)

    def whole(self, cost: float = 0.0, most: float = highspy.kHighsInf) -> int:
        """Add a variable that takes whole numbers from zero, and return its number."""
        self._solver.addCol(cost, 0.0, most, 0, [], [])
        index = int(self._solver.getNumCol()) - 1
        self._solver.changeColIntegrality(index, highspy.HighsVarType.kInteger)
        return index

    def _loose(self, cost: float) -> int:
        self._solver.addCol(cost, 0.0, highspy.kHighsInf, 0, [], [])
        return int(self._solver.getNumCol()) - 1

    def bound(self, terms: Mapping[int, float], low: float, high: float, weight: float | None = None) -> None:
        """Keep the sum of `terms` between `low` and `high`; with a weight, leaving them costs that much a unit."""
        row = dict(terms)
        if weight is not None:
            row |= {self._loose(weight): 1.0, self._loose(weight): -1.0}
        self._solver.addRow(low, high, len(row), list(row), list(row.values()))

    def solve(self) -> list[int]:
        """Return the value of each variable, in the order they were added."""
        self._solver.run()
        return [round(value) for value in self._solver.getSolution().col_value]
