"""The laws of the registration, with the sandbox's own simple recount as the oracle."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from sandbox.recount import joined, links, recount
from sandbox.telling import Planned
from services.verify.persons import Person as Audited
from services.verify.persons import Report as Counted
from streams.registration.fold import Link, Person, Report, persons
from tests.registry import OINS, RULES, as_link, as_read, cells, histories, registered, report, subject_of


def folded(events: Sequence[Planned], rng: random.Random | None = None, times: int = 1) -> tuple[Person, ...]:
    """The persons of a history, told in any order, any number of times."""
    told = list(events) * times
    if rng is not None:
        rng.shuffle(told)
    reports: list[Report] = [as_read(e) for e in told if e.type == "victim-reported"]
    made: list[Link] = [as_link(e) for e in told if e.type == "identity-linked"]
    return persons(reports, made, RULES)


@given(histories(), st.randoms(use_true_random=False), st.integers(1, 2))
@settings(deadline=None)
def test_order_and_repetition_change_no_person(history: list[Planned], rng: random.Random, times: int) -> None:
    assert folded(history, rng, times) == folded(history)


@given(histories())
@settings(deadline=None, max_examples=100)
def test_the_same_subjects_are_one_person_as_in_the_sandboxs_own_reading(history: list[Planned]) -> None:
    said: dict[tuple[str, str], list[Planned]] = {}
    for event in history:
        if event.type == "victim-reported":
            said.setdefault((event.partner, str(event.fields["subject"])), []).append(event)
    theirs = {frozenset(map(subject_of, reports)) for reports in joined(said, links(history, OINS))}
    assert {person.subjects for person in folded(history)} == theirs


@given(histories())
@settings(deadline=None, max_examples=100)
def test_persons_and_tables_are_those_of_the_sandboxs_own_recount(history: list[Planned]) -> None:
    assert cells([registered(person) for person in folded(history)]) == recount(history, OINS)


@given(histories())
@settings(deadline=None)
def test_every_report_is_kept_on_exactly_one_person(history: list[Planned]) -> None:
    reports = [as_read(e) for e in history if e.type == "victim-reported"]
    found = folded(history)
    assert sum(len(p.state.reports) for p in found) == len(reports)
    assert sorted(s for p in found for s in p.subjects) == sorted({r.subject for r in reports})
    assert len({p.number for p in found}) == len(found)


@given(histories())
@settings(deadline=None)
def test_without_keys_and_links_every_subject_is_a_person(history: list[Planned]) -> None:
    bare = [Planned(e.partner, e.type, e.id, e.time, _anonymous(e)) for e in history if e.type == "victim-reported"]
    assert all(len(person.subjects) == 1 for person in folded(bare))


TRAITS = st.fixed_dictionaries(
    {
        "age_group": st.sampled_from(("MINOR", "ADULT", "UNKNOWN")),
        "sex": st.sampled_from(("MAN", "VROUW", None)),
        "nationality": st.sampled_from(("NL", "PL", None)),
        "age_at_report": st.sampled_from((None, 0, 9, 17, 100)),
    }
)


@given(st.lists(TRAITS, min_size=1, max_size=6), st.randoms(use_true_random=False))
@example(
    [{"age_group": "MINOR", "sex": None, "nationality": None, "age_at_report": age} for age in (0, None)],
    random.Random(1),
)
@settings(deadline=None)
def test_of_the_reports_of_one_day_the_same_one_says_who_a_person_is_in_any_order_and_in_the_recount(
    said: list[dict[str, Any]], rng: random.Random
) -> None:
    told = [report(f"e{n}", "s", **traits) for n, traits in enumerate(said)]
    [person], [shuffled] = (persons(some, [], RULES) for some in (told, rng.sample(told, k=len(told))))
    state = person.state
    assert state == shuffled.state
    traits = [(r.sex, r.nationality, r.age_at_report, r.age_group) for r in told]
    first = Audited(
        tuple(
            Counted("POLITIE", "LIMBURG", r.reported_on, ("AU",), (), (), *t) for r, t in zip(told, traits, strict=True)
        )
    ).first
    assert (first.sex, first.nationality, first.age, first.age_group) == (
        state.sex, state.nationality, state.age_at_report, state.age_group
    )  # fmt: skip


def _anonymous(event: Planned) -> dict[str, object]:
    return {k: v for k, v in event.fields.items() if k not in {"v_number", "bsn", "name", "birth_date"}}
