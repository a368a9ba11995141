"""The queue of disagreements: who is in it, since when, and what would take them out."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from hypothesis import given as drawn

from consent.known import Fact, replay
from consent.precedence import Consent, consent
from services.conflicts import printing
from services.conflicts.queue import Conflict, conflicts, oldest_first
from streams.disclose.view import LogEvent
from tests.consent_facts import at, given, histories, over, quarantined, refused, retracted, withdrawn
from tests.log_events import SUBJECT, logged

PLACES = (("comensha", "REGISTRATIE"), ("comensha", "PLAATSING"))
MOTHER = {"given_by": "PARENT", "giver": "mother", "age_group": "MINOR"}
FATHER = {"given_by": "PARENT", "giver": "father", "age_group": "MINOR"}
PARENT = {"given_by": "PARENT", "age_group": "MINOR"}
HERS, HIS = given("yes", **MOTHER), refused("no", **FATHER)


def known(fact: Fact, days: float) -> LogEvent:
    return logged(fact, admitted_at=at(days))


def queue(*facts: Fact | LogEvent) -> list[Conflict]:
    events = [fact if isinstance(fact, LogEvent) else logged(fact) for fact in facts]
    return list(conflicts(events, PLACES, {PLACES[0]: 3}, lambda oin, type: f"partner of {type}"))


def test_two_parents_who_disagree_are_in_the_queue_for_every_purpose_it_concerns() -> None:
    first, second = queue(known(HERS, 1), known(HIS, 4))
    assert [(c.recipient, c.purpose, c.waiting) for c in (first, second)] == [(*PLACES[0], 3), (*PLACES[1], 0)]
    assert (first.since, first.subject) == (at(4), SUBJECT.hex())
    [yes], [no] = first.grants, first.refusals
    assert (yes.event, yes.publisher, yes.giver, yes.known_at) == ("yes", "partner of consent-given", "PARENT", at(1))
    assert (no.event, no.publisher, no.giver, no.known_at) == ("no", "partner of consent-refused", "PARENT", at(4))


def test_it_lasts_since_the_second_side_was_first_heard() -> None:
    [found, _] = queue(known(HIS, 1), known(HERS, 2), known(given("again", at(1), **MOTHER), 5))
    assert found.since == at(2)
    assert [w.event for w in found.grants] == ["yes", "again"]


def test_a_disagreement_for_one_purpose_is_one() -> None:
    [found] = queue(HERS, refused("no", purpose="PLAATSING", **FATHER))
    assert (found.recipient, found.purpose) == PLACES[1]


def test_a_disagreement_about_a_class_or_a_phase_is_told_with_it_and_once() -> None:
    [special, _] = queue(HERS, refused("no", field_class="special", **FATHER))
    assert (special.field_class, special.phase) == ("special", None)
    [shelter, _] = queue(HERS, refused("no", case_phase="shelter", **FATHER))
    assert (shelter.field_class, shelter.phase) == (None, "shelter")
    assert "Bijzondere gegevens" not in "".join(printing.lines([shelter], "nl"))
    assert ", bijzondere gegevens (AVG art. 9)" in "".join(printing.lines([special], "nl"))
    both = queue(HERS, HIS, refused("other", field_class="special", **FATHER))
    assert {(c.field_class, c.phase) for c in both} == {(None, None)}


def test_what_settles_it_takes_it_out() -> None:
    assert queue(HERS, HIS, withdrawn("yes")) == []
    assert queue(HERS, HIS, over("yes")) == []
    assert queue(HERS, HIS, given("after all", at(1), **FATHER)) == []
    assert queue(HERS, HIS, retracted("no")) == []
    assert len(queue(HERS, HIS)) == 2


def test_a_refusal_without_authority_is_no_disagreement_and_what_waits_for_a_repair_is_none_yet() -> None:
    assert queue(HERS, refused("no", given_by="PERSON", age_group="MINOR")) == []
    assert queue(HERS, HIS, quarantined("q")) == []


def test_of_each_side_only_the_words_that_count_are_told() -> None:
    before, flawed = refused("before", at(-1), **MOTHER), given("flawed", at(-1), explicit=False, **MOTHER)
    [found, _] = queue(before, flawed, HERS, HIS)
    assert ([w.event for w in found.grants], [w.event for w in found.refusals]) == (["yes"], ["no"])


def test_it_is_said_what_would_settle_it_and_nothing_of_a_person() -> None:
    [found, _] = queue(HERS, HIS, refused("nobody", **PARENT))
    for language, over_when in (("nl", "het is voorbij als"), ("en", "it is over when")):
        text = "\n".join(printing.lines([found], language))
        assert over_when in text
        assert all(name in text for name in ("yes", "no", "nobody", SUBJECT.hex(), "partner of consent-given"))
        assert not any(name in text for name in ("client-1", "mother", "father"))
    settled = [words.en for words in printing.settling(found)]
    assert settled == [
        "  it is over when who agreed withdraws that (yes),",
        "  or when who refused gives consent after all, later and for the same (no)",
        "  and when its publisher takes back or corrects the refusal of whom no number tells from others (nobody)",
    ]


def test_the_oldest_comes_first() -> None:
    [one, other] = queue(HERS, HIS)
    late = replace(one, since=at(1))
    assert oldest_first([late, other]) == [other, late]


@drawn(histories())
def test_the_queue_holds_exactly_where_consent_stands_as_a_disagreement(history: list[Fact]) -> None:
    found = {(c.recipient, c.purpose) for c in queue(*history)}
    parts = list(product((None, "special", "quasi"), (None, "signal")))
    known = replay(history)
    assert found == {
        place for place in PLACES if any(consent(known, *place, *part) is Consent.CONFLICT for part in parts)
    }
    assert all(c.grants and c.refusals for c in queue(*history))
