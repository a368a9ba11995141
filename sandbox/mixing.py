"""Varies who reported whom together, which the tables leave free (reproducible-figures, "Free").

The fit finds few sorts with many persons each; here pairs of persons trade reporters, which no cell notices.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping

from sandbox.plan import KINDS, Sort

TRADES_EACH = 4
MOST_KINDS = 3


def mixed(persons: Mapping[Sort, int], seed: int) -> dict[Sort, int]:
    """Return as many persons with the same cells; within a year and ranked form, reporters are dealt anew pair by pair.

    Law: each year, ranked form and reporter kind keeps its number, and no fewer persons have several kinds.
    """
    draw = random.Random(f"mixing-{seed}")
    alike: dict[tuple[str, str], list[Sort]] = defaultdict(list)
    count: Counter[Sort] = Counter()
    for sort, number in persons.items():
        if sort.kmar_only:
            count[sort] = number
        else:
            alike[sort.year, sort.ranked] += [sort] * number
    for group in alike.values():
        for _ in range(TRADES_EACH * len(group) * (len(group) > 1)):
            one, other = draw.sample(range(len(group)), 2)
            group[one], group[other] = _traded(group[one], group[other], draw)
        count.update(group)
    return dict(sorted(count.items()))


def _traded(one: Sort, other: Sort, draw: random.Random) -> tuple[Sort, Sort]:
    """Deal the kinds that only one of the two has anew; where that does not do, leave both as they are."""
    dealt = [set(one.kinds) & set(other.kinds), set(one.kinds) & set(other.kinds)]
    for kind in sorted(set(one.kinds) ^ set(other.kinds)):
        draw.choice(dealt).add(kind)
    first, second = (
        sort._replace(kinds=tuple(kind for kind in KINDS if kind in kinds))
        for sort, kinds in zip((one, other), dealt, strict=True)
    )
    several = (len(first.kinds) > 1) + (len(second.kinds) > 1) >= (len(one.kinds) > 1) + (len(other.kinds) > 1)
    fit = all(0 < len(sort.kinds) <= MOST_KINDS and not sort.kmar_only for sort in (first, second))
    return (first, second) if several and fit else (one, other)
