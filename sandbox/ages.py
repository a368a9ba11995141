"""Ages in years for persons of whom the band is known, with the means that the text gives (L1048-1051, L1058-1059)."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from math import floor

from sandbox.plan import Sort
from sandbox.text import Wish, wishes
from sandbox.traits import Traits, band

OLDEST = 75
#: A mean this near to the printed one is left as it is.
NEAR_YEARS = 0.35
_MEAN_PAST_23 = {"AU": 13.0, "CU": 6.0}


def years_of(found: Mapping[Sort, Sequence[Traits]], draw: random.Random) -> dict[Sort, tuple[Traits, ...]]:
    """Return the same persons with an age within their band, steered to the wanted means where there are adults to do so."""
    flat = [
        (sort, person._replace(age=_years(sort.ranked, person.age, draw)))
        for sort, people in found.items()
        for person in people
    ]
    for wish in wishes():
        if wish.way == "mean":
            _steer(flat, wish)
    aged: dict[Sort, list[Traits]] = {sort: [] for sort in found}
    for sort, person in flat:
        aged[sort].append(person)
    return {sort: tuple(people) for sort, people in aged.items()}


def _years(form: str, youngest: int | None, draw: random.Random) -> int | None:
    match band(youngest):
        case "ONDER_18":
            return draw.choices(range(11, 18), (1, 1, 2, 3, 5, 7, 8))[0]
        case "VAN_18_TOT_23":
            return draw.randint(18, 22)
        case "VANAF_23":
            return min(70, 23 + int(draw.expovariate(1 / _MEAN_PAST_23.get(form, 8.0))))
    return None


def _steer(flat: list[tuple[Sort, Traits]], wish: Wish) -> None:
    """Make adults of a column older or younger until its mean is the wanted one; a form's mean before a year's.

    A year's mean leaves persons alone whose form has a mean of its own.
    """
    column = wish.quotients[0].of[0].column
    within: Callable[[Sort], bool] = lambda sort: column in (sort.year, sort.ranked)  # noqa: E731
    ages = [person.age for sort, person in flat if within(sort) and person.age is not None]
    if not ages or abs(sum(ages) / len(ages) - wish.low) <= NEAR_YEARS:
        return
    adults = [
        at for at, (sort, person) in enumerate(flat)
        if within(sort) and band(person.age) == "VANAF_23" and (sort.ranked != "AU" or column == "AU")
    ]  # fmt: skip
    left = floor(wish.low * len(ages)) - sum(ages)
    while left and adults:
        step = 1 if left > 0 else -1
        moved = 0
        for at in adults:
            sort, person = flat[at]
            age = (person.age or 0) + step
            if left and 23 <= age <= OLDEST:
                flat[at] = sort, person._replace(age=age)
                left -= step
                moved += 1
        if not moved:
            return
