"""Work that is cheaper for many at once: what is asked while it is under way is done together next."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@dataclass(eq=False, slots=True)
class _Batch(Generic[Asked, Answer]):
    asked: Sequence[Asked]
    answers: asyncio.Future[list[Answer]]


class Lots(Generic[Asked, Answer]):
    """Does blocking work for batches, in a thread and one lot of batches at a time, in the order they came.

    `work` gives an answer for each thing asked, in their order, for at most `most` of them (or one batch, if that is larger).
    """

    def __init__(self, work: Callable[[Sequence[Asked]], Sequence[Answer]], most: int) -> None:
        self._work = work
        self._most = most
        self._waiting: list[_Batch[Asked, Answer]] = []
        self._working = asyncio.Lock()

    async def ask(self, batch: Sequence[Asked]) -> list[Answer]:
        """Return the answers to this batch; raises what the work raises when it is done for this batch alone.

        A lot that fails is done again, each batch by itself; one that is given up leaves the others their turn.
        """
        mine = _Batch[Asked, Answer](batch, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        try:
            async with self._working:  # whoever waits longest goes first: what still waits begins with ours
                if not mine.answers.done():
                    await self._do_first()
        finally:
            if not mine.answers.done():
                self._waiting.remove(mine)
        return mine.answers.result()

    async def _do_first(self) -> None:
        reach = itertools.accumulate(len(one.asked) for one in self._waiting)
        lot = [one for one, so_far in zip(self._waiting, reach, strict=True) if so_far <= self._most]
        try:
            await self._do(lot or self._waiting[:1])
        except Exception:
            if len(lot) <= 1:
                raise
            await self._do(lot[:1])

    async def _do(self, lot: Sequence[_Batch[Asked, Answer]]) -> None:
        answers = iter(await asyncio.to_thread(self._work, [one for batch in lot for one in batch.asked]))
        for batch in lot:
            batch.answers.set_result([next(answers) for _ in batch.asked])
        self._waiting = [batch for batch in self._waiting if not batch.answers.done()]
