"""What is asked while work is under way is done together next; whoever fails or gives up holds nobody up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketenbus.lots import Lots


class Work:
    """Doubles numbers, and remembers the lots it was given; a number in `bad` fails its lot."""

    def __init__(self, bad: Sequence[int] = ()) -> None:
        self.bad = frozenset(bad)
        self.lots: list[list[int]] = []

    def __call__(self, asked: Sequence[int]) -> list[int]:
        self.lots.append(list(asked))
        if spoiled := self.bad.intersection(asked):
            raise ValueError(f"cannot do {min(spoiled)}")
        return [2 * number for number in asked]


async def answers(
    work: Work, batches: Sequence[Sequence[int]], *, most: int = 100, given_up: Sequence[int] = ()
) -> Any:
    """What each batch gets when all are asked at once and some are given up before the first lot is done."""
    lots = Lots(work, most)
    asking = [asyncio.ensure_future(lots.ask(batch)) for batch in batches]
    await asyncio.sleep(0)
    for number in given_up:
        asking[number].cancel()
    return await asyncio.gather(*asking, return_exceptions=True)


async def test_what_comes_while_a_lot_is_done_goes_together_next() -> None:
    work = Work()
    assert await answers(work, [[1], [2, 3], [], [4]]) == [[2], [4, 6], [], [8]]
    assert work.lots == [[1], [2, 3, 4]]


async def test_a_lot_is_no_larger_than_asked_for_unless_one_batch_is() -> None:
    work = Work()
    assert await answers(work, [[0], [1, 1], [2], [3, 3, 3, 3], [4]], most=3) == [[0], [2, 2], [4], [6] * 4, [8]]
    assert work.lots == [[0], [1, 1, 2], [3, 3, 3, 3], [4]]


async def test_a_failure_is_that_of_its_own_batch() -> None:
    found = await answers(Work(bad=[3]), [[1], [2], [3], [4]])
    assert [found[0], found[1], found[3]] == [[2], [4], [8]]
    assert str(found[2]) == "cannot do 3"


async def test_one_that_is_given_up_leaves_the_others_their_turn() -> None:
    found = await answers(Work(), [[1], [2], [3]], given_up=[0, 1])
    assert [type(one) for one in found] == [asyncio.CancelledError, asyncio.CancelledError, list]
    assert found[2] == [6]


@given(
    batches=st.lists(st.lists(st.integers(0, 20), max_size=4), max_size=12),
    bad=st.sets(st.integers(0, 20), max_size=3),
    most=st.integers(1, 6),
    data=st.data(),
)
def test_everyone_gets_their_own_answers(
    batches: list[list[int]], bad: set[int], most: int, data: st.DataObject
) -> None:
    given_up = data.draw(st.sets(st.integers(0, len(batches) - 1))) if batches else set()
    work = Work(bad=tuple(bad))
    found = asyncio.run(answers(work, batches, most=most, given_up=tuple(given_up)))
    for number, (batch, answer) in enumerate(zip(batches, found, strict=True)):
        if number in given_up:
            assert isinstance(answer, asyncio.CancelledError)
        elif bad.intersection(batch):
            assert isinstance(answer, ValueError)
        else:
            assert answer == [2 * n for n in batch]


def test_raises_what_the_work_raises() -> None:
    with pytest.raises(ValueError, match="cannot do 7"):
        asyncio.run(Lots(Work(bad=[7]), 5).ask([7]))
