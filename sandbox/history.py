"""The national history 2016-2020, told the hard way: the events partners publish, in the order in which they arrive.

Whoever counts them right finds the persons of the plan; every counting rule, left out, changes a cell.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence

from sandbox.chain import tell_chain
from sandbox.desk import tell_links
from sandbox.dossiers import known
from sandbox.mistakes import tell_mistakes
from sandbox.people import people
from sandbox.plan import Plan
from sandbox.reports import tell_standing
from sandbox.spoiling import tell_faults, tell_repeats
from sandbox.telling import Planned, Story, Teller


def tell(plan: Plan, seed: int, oins: Mapping[str, str]) -> Story:
    """Return the history of a plan's persons; the same plan, seed and OINs (by partner id) tell the same story.

    Arrival is not the order of time: links come before reports, withdrawals before grants, corrections before what they
    correct. Only an event that reuses an id always comes after the one it takes the id from.
    """
    teller = Teller(seed, people(plan, seed), oins)
    register = known(teller)
    tell_standing(teller, register)
    tell_links(teller, register)
    tell_mistakes(teller)
    tell_chain(teller, register)
    tell_repeats(teller)
    tell_faults(teller, register)
    return Story(tuple(teller.persons), tuple(event for _, event in teller.arrivals()), teller.outcomes)


def shuffle(events: Sequence[Planned], seed: int) -> tuple[Planned, ...]:
    """Return the events in another order, in which only two contents under one id keep theirs."""
    order = list(range(len(events)))
    random.Random(f"shuffle-{seed}").shuffle(order)
    places: dict[str, list[int]] = defaultdict(list)
    for place, at in enumerate(order):
        places[events[at].id].append(place)
    for same in places.values():
        for place, at in zip(same, sorted(order[place] for place in same), strict=True):
            order[place] = at
    return tuple(events[at] for at in order)


def times(events: Sequence[Planned], n: int) -> tuple[Planned, ...]:
    """Return the whole history `n` times, one after another: the same ids and contents."""
    return tuple(events) * n
