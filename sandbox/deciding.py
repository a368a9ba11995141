"""Decides one kind of trait for all persons at once: near what chance would give, and so that the text's figures hold.

Each kind is an integer program of its own; a wish is wanted where all that is not yet known of it is decided together.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import ceil, inf

from sandbox.program import Program
from sandbox.targets import Cell, Targets, published
from sandbox.text import Over, Wish, wishes

WISH_WEIGHT = 1000.0
#: What a share of what is itself decided weighs at the published size: it is missed by parts of a person, and those must cost
#: more than the search may leave (its gap). At another size no number may lie between, and looking for one takes seconds.
PART_WEIGHT = 10 * WISH_WEIGHT
SIZE = Cell("2.1", "excluding-kmar-only", "total")
#: By whom cards are for, the cards that are still to be dealt.
Hands = dict[tuple[object, ...], list[str]]


class Deciding:
    """Cards of one kind under decision: how many of each name go to whom."""

    def __init__(self, kind: str, seed: int) -> None:
        self._program = Program(seed, abs_gap=WISH_WEIGHT / 2)
        self._draw = random.Random(f"{kind}-{seed}")
        self._cards: dict[tuple[object, ...], dict[str, int]] = {}
        self._terms: dict[Cell, dict[int, float]] = defaultdict(dict)

    def share_out(self, key: tuple[object, ...], number: int, taste: Mapping[str, float]) -> None:
        """Want the cards of `key` near what drawing `number` of them by these weights gives.

        Drawn, and so whole: the program is left with hardly a fraction to decide.
        """
        at = self._cards[key] = {name: self._program.whole() for name in taste}
        drawn = Counter(self._draw.choices(list(taste), list(taste.values()), k=number))
        for name in taste:
            self._program.bound({at[name]: 1.0}, drawn[name], drawn[name], 1.0)

    def deal_all(self, key: tuple[object, ...], number: int) -> None:
        """Let the cards of `key` be `number` together."""
        self._program.bound(dict.fromkeys(self._cards[key].values(), 1.0), number, number)

    def deal_with(self, key: tuple[object, ...], other: tuple[object, ...], names: Iterable[str]) -> None:
        """Let the cards of `key` be as many as those of `other` with one of these names."""
        those = {self._cards[other][name]: -1.0 for name in names if name in self._cards[other]}
        self._program.bound(dict.fromkeys(self._cards[key].values(), 1.0) | those, 0, 0)

    def counts_in(self, key: tuple[object, ...], name: str, cells: Iterable[Cell]) -> None:
        """Let every card of `key` with this name add one to these cells."""
        for cell in cells:
            self._terms[cell][self._cards[key][name]] = 1.0

    def decided(self, targets: Targets) -> Hands:
        """Return the cards to deal, shuffled; what is wanted of the text is scaled to the size of the targets."""
        known = {**targets.cells, **targets.sums}
        ratio = Fraction(known[SIZE], published().cells[SIZE])
        for wish in wishes():
            self._want(wish, known, ratio)
        solution = self._program.solve()
        hands: Hands = {}
        for key, each in self._cards.items():
            hands[key] = [name for name, variable in each.items() for _ in range(solution[variable])]
            self._draw.shuffle(hands[key])
        return hands

    def _want(self, wish: Wish, known: Mapping[Cell, int], ratio: Fraction) -> None:
        half = 0.5 / 10**wish.decimals
        if wish.way == "count" and any(cell in self._terms for cell in wish.count):
            number = round(wish.low * ratio)
            self._program.bound(self._added(wish.count), number, number, WISH_WEIGHT)
        elif wish.way == "rank" and wish.rank[0] in self._terms:
            self._want_rank(wish)
        elif wish.way in {"share", "change", "times"}:
            [quotient] = wish.quotients
            if any(cell in self._terms for cell in quotient.of + quotient.less):
                part, shift = (1, 0) if wish.way == "times" else (100, int(wish.way == "change"))
                low, high = ((bound / part) + shift for bound in (wish.low - half, wish.high + half))
                self._want_between(quotient, known, low, high, PART_WEIGHT if ratio == 1 else WISH_WEIGHT)

    def _want_between(
        self, quotient: Over, known: Mapping[Cell, int], low: float, high: float, part_weight: float
    ) -> None:
        above = self._added(quotient.of)
        for at, factor in self._added(quotient.less).items():
            above[at] = above.get(at, 0.0) - factor
        given = [sum(known[c] for c in cells if c not in self._terms) for cells in (quotient.of, quotient.less)]
        below = self._added(quotient.over)
        if not below:
            base = sum(known[cell] for cell in quotient.over)
            least = ceil(low * base - 1e-9)
            most = max(least, ceil(high * base - 1e-9) - 1)  # of few persons no number may lie between
            constant = given[0] - given[1]
            self._program.bound(above, least - constant, most - constant, WISH_WEIGHT)
            return
        self._program.bound(below, 1, inf, WISH_WEIGHT)
        margin = (high - low) / 20  # keeps the solver's tolerance away from where rounding turns
        for bound, least_gap, most_gap in ((low + margin, 0.0, inf), (high - margin, -inf, 0.0)):
            row = dict(above)
            for at, factor in below.items():
                row[at] = row.get(at, 0.0) - bound * factor
            self._program.bound(row, least_gap, most_gap, part_weight)

    def _want_rank(self, wish: Wish) -> None:
        """Want the cell above each other that is to stand lower: beyond the last place that this one may have."""
        last = {other.rank[0]: other.high for other in wishes() if other.way == "rank"}
        for other in wish.rank[1:]:
            if last.get(other, inf) > wish.high:
                lower = {at: -factor for at, factor in self._terms[other].items()}
                self._program.bound({**self._terms[wish.rank[0]], **lower}, 1, inf, WISH_WEIGHT)

    def _added(self, cells: Sequence[Cell]) -> dict[int, float]:
        row: dict[int, float] = {}
        for cell in cells:
            for at, factor in self._terms.get(cell, {}).items():
                row[at] = row.get(at, 0.0) + factor
        return row
