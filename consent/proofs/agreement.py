"""Our engine beside Cedar: every class of the table for every type and publisher in it, and random histories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Any

from consent.activities import Register
from consent.classes import Class
from consent.emergency import opens
from consent.known import Corrected, Fact, Known, Ref, replay
from consent.narrowing import given
from consent.policy import Case, Decision, decide
from consent.proofs import emergency
from consent.proofs.cedar import Answer, Asked, Cedar, Place, raw_facts
from consent.proofs.cedar_facts import Raw, Taught
from consent.proofs.enumeration import STRANGER
from consent.proofs.examples import AT, CASE, LATER, OIN, example
from consent.proofs.histories import histories
from consent.proofs.words import (
    ABOUT_A_CLASS,
    MASK,
    PHASE,
    PURPOSE,
    RECIPIENT,
    Words,
    every_set,
    facts_of,
    stands_after,
)
from consent.table import OTHER, Table

HISTORIES = 3000
SEED = 20180524
_BATCH = 500
#: What is asked of Cedar, and what our engine says: None where it sees no such candidate.
Question = tuple[Asked, Taught, Place, Decision | None]


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the two engines part."""

    asked: Asked
    place: Place
    ours: Decision | None
    cedars: Answer

    def __str__(self) -> str:
        recipient, purpose = self.place
        ours = (
            f"{self.ours.outcome} {self.ours.activity} ({' '.join(self.ours.reasons)})" if self.ours else "no candidate"
        )
        cedars = f"{self.cedars.outcome} {self.cedars.activity} ({self.cedars.reason})"
        return f"{self.asked.publisher}'s {self.asked.type} of {self.asked.day} to {recipient} for {purpose}: {ours}, Cedar {cedars}"


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many answers were compared, and those that differ."""

    classes: int
    words: int
    histories: int
    differences: tuple[Difference | str, ...]


def compared(
    register: Register,
    table: Table,
    classes: Iterable[Class],
    cedar: Cedar,
    count: int = HISTORIES,
    seed: int = SEED,
    most_words: int = 2,
) -> Agreement:
    """Ask Cedar what ours say: of every class, every set of up to `most_words` words, and `count` random histories."""
    of_classes = list(_differing(cedar, _class_questions(table, classes, seed)))
    of_histories = list(_differing(cedar, _history_questions(register, cedar.places, count, seed)))
    sets = tuple(every_set(most_words))
    differing = _differing_words(cedar, sets)
    differences = [d for _, found in (*of_classes, *of_histories) for d in found]
    counts = (sum(n for n, _ in of_classes), len(sets), sum(n for n, _ in of_histories))
    return Agreement(*counts, (*differences, *differing))


def part_somewhere(register: Register, cedar: Cedar, count: int, seed: int = SEED, most_words: int = 2) -> bool:
    """Return whether the two part on any set of words or random history: the first one found is enough."""
    asked = _history_questions(register, cedar.places, count, seed)
    return any(True for _ in _differing_words(cedar, tuple(every_set(most_words)))) or any(
        found for _, found in _differing(cedar, asked)
    )


def openings(cedar: Cedar) -> Iterator[str]:
    """Yield, for each history of emergency access and day, how the two differ on what is opened; empty where they agree."""
    for history in emergency.every_history():
        facts = tuple(history.facts())
        known, first = replay(facts), cedar.opened_from(raw_facts(map(raw, facts)))
        for day in emergency.DAYS:
            if (ours := opens(known, day)) == (first <= day.toordinal()):
                yield ""
            else:
                yield f"{history} on {day}: ours {'opens' if ours else 'opens nothing'}, Cedar otherwise"


def _differing_words(cedar: Cedar, sets: Sequence[Words]) -> Iterator[str]:
    """Yield each set of words after which the two do not agree on whether consent stands."""
    for start in range(0, len(sets), _BATCH):
        yield from _differing_some(cedar, sets[start : start + _BATCH])


def _differing_some(cedar: Cedar, sets: Sequence[Words]) -> Iterator[str]:
    place = (RECIPIENT, PURPOSE)
    asked = [(raw_facts(map(raw, facts_of(words))), _parts(words)) for words in sets]
    answers = iter(cedar.gives([(known, place, (PHASE, name)) for known, names in asked for name in names]))
    for words, (_, names) in zip(sets, asked, strict=True):
        ours = stands_after(words)
        given_for = {name for name in names if next(answers)}
        theirs = set(MASK) if names == ("",) and given_for else given_for - {""}
        theirs |= {"neutral"} if given_for else set()
        if given(ours, MASK) != theirs:
            yield f"{', '.join(map(str, words))}: ours {ours.value}, Cedar gives {'+'.join(sorted(theirs)) or 'nothing'}"


def _parts(words: Words) -> tuple[str, ...]:
    """Return the classes to ask for: each of the mask where a word is about one, else none in particular."""
    named = tuple(name for name in MASK if name != "neutral")
    return ("", *named) if any(word.level >= ABOUT_A_CLASS for word in words) else ("",)


def _differing(cedar: Cedar, questions: Iterator[Question]) -> Iterator[tuple[int, list[Difference]]]:
    """Yield, batch by batch, how many were asked and where the answers part."""
    while batch := list(islice(questions, _BATCH)):
        answers = cedar.answers([(asked, known, place) for asked, known, place, _ in batch])
        yield (
            len(batch),
            [
                Difference(asked, place, ours, said)
                for (asked, _, place, ours), said in zip(batch, answers, strict=True)
                if not _agree(ours, said)
            ],
        )


def _agree(ours: Decision | None, cedars: Answer) -> bool:
    if ours is None or ours.outcome == "withheld":
        return cedars.outcome == "withheld"
    if (ours.outcome, ours.activity, ours.mask) != (cedars.outcome, cedars.activity, cedars.mask):
        return False
    return ours.outcome == "pending" or ours.reasons == (cedars.reason,)


def _class_questions(table: Table, classes: Iterable[Class], seed: int) -> Iterator[Question]:
    """Yield, for each class and each type and publisher in it, one of its situations on its first day."""
    rng = Random(seed)
    memory: dict[tuple[Any, ...], Taught] = {}
    for one in classes:
        s, place = one.situations, (one.recipient, one.purpose)
        for event_type in one.types:
            for publisher in one.publishers:
                state, fate, safety = rng.choice(s.consents), rng.choice(s.fates), rng.choice(s.safety)
                if (state, fate, event_type) not in memory:
                    memory[state, fate, event_type] = raw_facts([*map(raw, example(state)), *_fate(fate, event_type)])
                kind = STRANGER if publisher == OTHER else publisher
                asked = Asked(f"{OIN}/{CASE.id}", event_type, kind, one.start, safety)
                ours = table.look_up(event_type, kind, one.start, *place, state, safety, fate)  # type: ignore[arg-type]
                yield asked, memory[state, fate, event_type], place, ours


def _history_questions(register: Register, places: Sequence[Place], count: int, seed: int) -> Iterator[Question]:
    """Yield, for each history, an event of one of the register's activities, asked for every recipient and purpose."""
    rng = Random(seed)
    kinds = sorted({kind for a in register.activities for kind in a.publishers})
    asking = [a for a in register.activities if a.consent != "none"] or list(register.activities)
    for facts in histories(count, seed):
        activity = rng.choice(asking if rng.random() < 0.8 else register.activities)
        publisher = rng.choice(activity.publishers if rng.random() < 0.9 else kinds)
        on = activity.valid_from if rng.random() < 0.2 else AT.date()
        case = Case(Ref(OIN, rng.choice(("case", "a"))), rng.choice(activity.types), publisher, on, rng.random() < 0.3)
        event = {"type": case.type, "oin": OIN, "id": case.ref.id, "time": AT, "corrects": None}
        heard = replay(facts)
        told = [*map(raw, facts)]
        if not any(f.ref == case.ref for f in facts):
            # An event is one of the facts it is judged on: another may correct it.
            heard |= Known(chain=frozenset({Corrected(case.type, case.ref, AT, None)}))
            told.append(event)
        known = raw_facts(told)
        ours = {(d.recipient, d.purpose): d for d in decide(register, case, heard)}
        asked = Asked(f"{OIN}/{case.ref.id}", case.type, publisher, on, case.safety_recorded)
        for place in places:
            if place in ours or rng.random() < 0.1:
                yield asked, known, place, ours.get(place)


def raw(fact: Fact) -> Raw:
    """Return a fact as plain fields."""
    return {
        "type": fact.event.TYPE,
        "oin": fact.ref.oin,
        "id": fact.ref.id,
        "time": fact.time,
        **{name: getattr(fact.event, name) for name in type(fact.event).model_fields},
    }


def _fate(fate: str, event_type: str) -> Sequence[Raw]:
    case: dict[str, Any] = {"type": event_type, "oin": OIN, "id": CASE.id, "time": AT, "corrects": None}
    newer = case | {"id": "newer", "time": LATER, "corrects": CASE.id}
    taken_back = case | {"type": "event-retracted", "id": "retraction", "withdraws": CASE.id}
    return {"stands": [case], "superseded": [case, newer], "retracted": [case, taken_back]}[fate]
