"""What was found of one subject, kept while its events are judged: each of them asks the same again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar, TypeVarTuple

from consent.known import Known

Asked = TypeVarTuple("Asked")
Found = TypeVar("Found")
#: Subjects are judged one after another: so many at a time are asked about.
SUBJECTS = 8


class Remembering(Generic[*Asked, Found]):
    """A pure question about what is known, which remembers its answers: so many at most, then it begins anew.

    They are found by which object it is, and never compared. A batch that is tried again has equal ones: to compare
    thousands of facts for each of thousands of events takes minutes, to find an answer once more does not.
    """

    def __init__(self, ask: Callable[[Known, *Asked], Found], most: int) -> None:
        self._ask = ask
        self._most = most
        self._answers: dict[object, tuple[Known, Found]] = {}

    def __call__(self, known: Known, *asked: *Asked) -> Found:
        """Return the answer; what is asked is hashable."""
        question = (id(known), *asked)
        held = self._answers.get(question)
        if held is None:
            if len(self._answers) >= self._most:
                self.forget()
            # With the answer is kept what it is about: else its id could become another's.
            held = self._answers[question] = known, self._ask(known, *asked)
        return held[1]

    def forget(self) -> None:
        """Forget every answer."""
        self._answers.clear()


def remembered(most: int) -> Callable[[Callable[[Known, *Asked], Found]], Remembering[*Asked, Found]]:
    """Return what makes a pure function of `Known` remember so many answers."""
    return lambda ask: Remembering(ask, most)
