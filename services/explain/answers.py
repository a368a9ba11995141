"""What an explanation of one event answers: for each recipient the answer in force, and every earlier one as evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from consent.explain import Explanation


@dataclass(frozen=True, slots=True)
class Evidence:
    """One decision as it was taken, explained by what was known then.

    It knew the first `known` of the subject's `of` facts in the log, up to the record at `known_to`, and was taken under the
    register of that fingerprint: `replays` is whether these give it again. `explanation` is None where they do not.
    """

    number: int
    decided_at: datetime
    outcome: str
    reasons: tuple[str, ...]
    mask: str
    activity: str
    kind: str | None
    change: int
    known_to: str
    register: str
    replays: bool
    known: int
    of: int
    explanation: Explanation | None


@dataclass(frozen=True, slots=True)
class Answer:
    """How one event stands for one recipient and purpose. `history` ends with the decision in force.

    `in_force` is whether what is known now, decided again, is what stands.
    """

    recipient: str
    purpose: str
    in_view: bool
    in_force: bool
    history: tuple[Evidence, ...]

    @property
    def replays(self) -> bool:
        """Whether every decision gives the same answer again, and the last is what stands."""
        return self.in_force and all(one.replays for one in self.history)


@dataclass(frozen=True, slots=True)
class Explained:
    """One event, explained. `not_named` are the recipients for whom the register names no activity of this type."""

    id: str
    type: str
    publisher_kind: str
    answers: tuple[Answer, ...]
    not_named: tuple[tuple[str, str], ...]

    @property
    def decisions(self) -> int:
        """How many decisions were taken on the event."""
        return sum(len(answer.history) for answer in self.answers)

    @property
    def holds(self) -> bool:
        """Whether everything gives the same answer again."""
        return all(answer.replays for answer in self.answers)

    def to(self, recipient: str) -> Explained:
        """Return what it says of one recipient."""
        return replace(
            self,
            answers=tuple(answer for answer in self.answers if answer.recipient == recipient),
            not_named=tuple(view for view in self.not_named if view[0] == recipient),
        )
