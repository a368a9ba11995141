"""A subject with many events: what is done for it grows as they do, and no faster. Counted, not timed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from types import FrameType
from typing import Any

import pytest

from consent import known as knowing
from consent.known import Fact, Known, replay
from consent.proofs.examples import review, use
from consent.remembering import Remembering, remembered
from services.verify import judge as verify
from streams.disclose.binding import _receipt, by_event
from streams.disclose.judge import Candidate, Standing, judge
from tests.consent_facts import DAY, at, given, quarantined, refused, reported, retracted, the_register, unobtainable
from tests.log_events import logged
from tests.unit.test_verify_consent import LAW
from tests.unit.test_verify_consent import logged as entry

FEW, MANY = 16, 64
TIMES = MANY / FEW
#: Beside what grows there is what is done once, and a sort.
ROOM = 1.1


#: Of every kind so many that to look at all of them for each would be seen.
SUBJECTS: dict[str, Callable[[int], list[Fact]]] = {
    "reports on different days": lambda n: [given(), *(reported(f"r{i}", time=at(i)) for i in range(n))],
    "grants and reports": lambda n: [f for i in range(n) for f in (given(f"g{i}"), reported(f"r{i}"))],
    "words of one class": lambda n: [
        f for i in range(n) for f in (given(f"g{i}", field_class="special"), reported(f"r{i}"))
    ],
    "grants and refusals": lambda n: [
        f
        for i in range(n)
        for f in (given(f"g{i}", at(i)), refused(f"f{i}", at(n if i == 0 else -1)), reported(f"r{i}"))
    ],
    "not asked": lambda n: [f for i in range(n) for f in (unobtainable(f"u{i}"), reported(f"r{i}"))],
    "in quarantine": lambda n: [f for i in range(n) for f in (quarantined(f"q{i}"), reported(f"r{i}"))],
    "a chain of corrections": lambda n: [
        reported(f"r{i}", time=at(i), corrects=f"r{i - 1}" if i else None) for i in range(n)
    ],
    "taken back": lambda n: [f for i in range(n) for f in (reported(f"r{i}"), retracted(f"r{i}", f"t{i}", time=at(1)))],
    "emergency access": lambda n: [f for i in range(n) for f in (use(f"u{i}", used_on=DAY), review(f"v{i}", f"u{i}"))],
}


def calls(step: Callable[[], object]) -> int:
    """How many functions a step calls."""
    count = 0

    def called(_: FrameType, event: str, __: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        step()
    finally:
        sys.setprofile(before)
    return count


def growth(step: Callable[[int], Callable[[], object]]) -> float:
    """How many times the calls become when the events become TIMES as many; the first time fills what is kept anyway."""
    step(FEW)()
    return calls(step(MANY)) / calls(step(FEW))


@pytest.mark.parametrize("kind", SUBJECTS)
def test_disclose_judges_many_events_in_steps_that_grow_with_them(kind: str) -> None:
    def step(number: int) -> Callable[[], object]:
        events = [logged(fact) for fact in SUBJECTS[kind](number)]
        return lambda: judge(the_register(), events, {})

    assert growth(step) < TIMES * ROOM


@pytest.mark.parametrize("kind", SUBJECTS)
def test_verify_judges_many_events_in_steps_that_grow_with_them(kind: str) -> None:
    def step(number: int) -> Callable[[], object]:
        entries = [replace(entry(fact.event, fact.ref.id), time=fact.time) for fact in SUBJECTS[kind](number)]
        return lambda: list(verify.outcomes(LAW, entries))

    assert growth(step) < TIMES * ROOM


def test_the_receipts_of_many_events_look_at_each_standing_once() -> None:
    def step(number: int) -> Callable[[], object]:
        events = [logged(fact) for fact in SUBJECTS["reports on different days"](number)]
        stands: dict[Candidate, Standing] = {}
        for c in judge(the_register(), events, {}):
            stands[c.logged.name, c.standing.decision.recipient, c.standing.decision.purpose] = c.standing

        def receipts() -> None:
            of = by_event(stands)
            told = [_receipt(event, of[event.name])["outcomes"] for event in events]
            assert sum(len(outcomes) for outcomes in told if isinstance(outcomes, list)) == len(stands)

        return receipts

    assert growth(step) < TIMES * ROOM


def copied(facts: Sequence[Fact], monkeypatch: pytest.MonkeyPatch) -> int:
    """How many facts are put into what is known, on the way to what all of them teach."""
    count = 0

    def made(*held: Any, **named: Any) -> Known:
        nonlocal count
        known = Known(*held, **named)
        count += sum(len(getattr(known, kind.name)) for kind in fields(known))
        return known

    with monkeypatch.context() as spied:
        spied.setattr(knowing, "Known", made)
        replay(facts)
    return count


@pytest.mark.parametrize("kind", SUBJECTS)
def test_a_fact_is_not_copied_for_every_other(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    many, few = (copied(SUBJECTS[kind](number), monkeypatch) for number in (MANY, FEW))
    assert many <= TIMES * few


def asking(most: int) -> tuple[Remembering[str, tuple[Known, str]], list[str]]:
    """A question that remembers so many answers, and what it was asked in earnest."""
    asked: list[str] = []

    @remembered(most)
    def ask(known: Known, word: str) -> tuple[Known, str]:
        asked.append(word)
        return known, word

    return ask, asked


def test_an_answer_is_remembered_of_the_same_object_and_never_of_an_equal_one() -> None:
    ask, asked = asking(8)
    one, equal = replay([given()]), replay([given()])
    assert one == equal
    assert [ask(one, "a"), ask(one, "b"), ask(one, "a"), ask(equal, "a")] == [(one, w) for w in "abaa"]
    assert asked == ["a", "b", "a"]
    assert ask(equal, "a")[0] is equal


def test_no_more_answers_are_remembered_than_so_many() -> None:
    ask, asked = asking(2)
    known = Known()
    for word in "abab":
        ask(known, word)
    assert asked == ["a", "b"]
    for word in "cb":
        ask(known, word)
    assert asked == ["a", "b", "c", "b"]


def test_what_is_forgotten_is_asked_again() -> None:
    ask, asked = asking(2)
    known = Known()
    ask(known, "a")
    ask.forget()
    ask(known, "a")
    assert asked == ["a", "a"]
