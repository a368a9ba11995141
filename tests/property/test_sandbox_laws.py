"""Laws of the sandbox: order and repetition change nothing, and any wish can be told."""

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.__main__ import made_up_oins
from sandbox.fit import fit
from sandbox.history import shuffle, tell, times
from sandbox.recount import recount
from sandbox.targets import published, random_targets, scaled
from sandbox.telling import Story
from sandbox.truth import cells, expected

OINS = made_up_oins()


@cache
def small() -> Story:
    return tell(fit(scaled(published(), 0.02), seed=7), 7, OINS)


@given(seed=st.integers(0, 10_000), n=st.integers(1, 3))
@settings(deadline=None, max_examples=25)
def test_any_order_any_number_of_times_counts_the_same(seed: int, n: int) -> None:
    told = times(shuffle(small().events, seed), n)
    assert recount(told, OINS) == cells(small().persons)
    assert expected(small(), told).outcomes == expected(small()).outcomes


@given(seed=st.integers(0, 10_000), scale=st.sampled_from((0.01, 0.02)))
@settings(deadline=None, max_examples=2)
def test_any_random_wish_can_be_told_and_counted(seed: int, scale: float) -> None:
    plan = fit(random_targets(seed, scale), seed)
    story = tell(plan, seed, OINS)
    counted = recount(story.events, OINS)
    wanted = {**plan.targets.cells, **plan.targets.sums}
    assert {cell: counted.get(cell, 0) for cell in wanted} == wanted
