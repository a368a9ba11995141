"""Every decision has an explanation in both languages, that says the ground and what it rests on, and nothing of a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from consent.explain import Explanation, explain
from consent.grounds import decided, rests_on
from consent.known import Fact, replay
from consent.masks import PARTS
from consent.policy import Case, Decision, decide
from consent.precedence import Consent, consent
from consent.supposed import SUPPOSED, supposed
from consent.wording import CLASSES, REASONS, STATUSES, TYPES, Words, inside, when
from ketenbus.contract import contract
from tests.consent_facts import (
    case,
    facts,
    given,
    quarantined,
    refused,
    reported,
    retracted,
    the_register,
    withdrawn,
)

DAY = date(2020, 6, 1)
#: Consent, but not for every class of fields.
NARROWED = (given("all"), refused("special", field_class="special"))


def explained(
    known: list[Fact], judged: Case, recipient: str = "comensha", purpose: str = "REGISTRATIE"
) -> Explanation:
    decision = decided(the_register(), judged, known, recipient, purpose)
    assert decision is not None
    return explain(the_register(), judged, known, decision)


def text(explanation: Explanation, language: str) -> str:
    return "\n".join(words.said(language) for words in (explanation.headline, *explanation.lines))


def every_decision() -> Iterator[tuple[Case, tuple[Fact, ...], Decision]]:
    """Every decision that the register can take in every state of consent, safety and chain."""
    corrected = reported(
        "later", corrects=SUPPOSED.id, oin=SUPPOSED.oin, time=datetime.max.replace(tzinfo=given().time.tzinfo)
    )
    first = reported(SUPPOSED.id, oin=SUPPOSED.oin)
    chains = ((), supposed(Consent.NONE, taken_back=True), (first, corrected))
    for declared in contract().types.values():
        for kind in declared.publishers:
            for state in (*map(supposed, Consent), NARROWED):
                for safety in (False, True):
                    for chain in chains:
                        known = (*state, *chain)
                        judged = Case(SUPPOSED, declared.name, kind, DAY, safety)
                        for decision in decide(the_register(), judged, replay(known)):
                            yield judged, known, decision


def test_every_reason_the_engine_gives_has_its_sentence_and_no_sentence_is_for_a_reason_it_never_gives() -> None:
    """The released register names each publisher of each type that it names: none of its decisions is `no-activity`."""
    given = {reason for _, _, decision in every_decision() for reason in decision.reasons}
    assert given | {"no-activity"} == REASONS.keys()


def test_every_reason_says_why_and_what_would_change_it_in_both_languages() -> None:
    for name, reason in REASONS.items():
        said = {*reason.why, *reason.change}
        assert len(said) == 4, name
        assert all(sentence.endswith(".") and len(sentence) > 15 for sentence in said), name


def test_everything_that_can_be_named_has_words_in_both_languages() -> None:
    assert TYPES.keys() == contract().types.keys()
    assert CLASSES.keys() == set(PARTS)
    assert STATUSES.keys() == {"confirmed", "inferred", "open"}
    for words in (*TYPES.values(), *CLASSES.values(), *STATUSES.values()):
        assert words.nl
        assert words.en


def test_every_decision_is_explained_with_its_outcome_ground_and_reason() -> None:
    seen = set()
    for judged, known, decision in every_decision():
        if (judged.type, decision) in seen:
            continue
        seen.add((judged.type, decision))
        said = explain(the_register(), judged, known, decision)
        activity = the_register().by_ref(decision.activity)
        for language in ("nl", "en"):
            told = text(said, language)
            assert all(REASONS[reason].why.said(language) in told for reason in decision.reasons)
            if activity is not None:
                assert activity.ref in told
                assert all(str(s.line) in told and s.says in told for s in activity.sources)
                assert all(question in told for question in activity.questions if not activity.sources)
                assert getattr(activity.ground, language) in told
            assert ("masker" in told or "(mask" in told) == (decision.outcome == "delivered")
            assert decision.mask_name in told
        ends = {"delivered": "", "withheld": " niet", "pending": " nog niet"}[decision.outcome]
        first = said.headline.nl.partition(". Doel: ")[0]
        assert first.endswith(f"{TYPES[judged.type].nl}{ends}")
    assert len(seen) > 80


def test_a_delivery_names_the_consent_it_rests_on_who_gave_it_when_and_for_what() -> None:
    said = explained([given("grant-7", purpose="REGISTRATIE", recipient="comensha")], case())
    assert said.facts == ("grant-7",)
    assert (
        "This rests on a consent (grant-7), on 4 May 2020, by the person, for national registration, to CoMensha."
        in text(said, "en")
    )
    assert "door de betrokkene, voor landelijke registratie, aan CoMensha." in text(said, "nl")


def test_what_was_left_out_is_named_by_class_and_field() -> None:
    said = explained([], case(kind="politie"))
    assert "Left out: how to reach someone; free text (phone, narrative)." in text(said, "en")
    assert "mask neutral+quasi+identity+special" in text(said, "en")


def test_a_withdrawal_is_named_with_the_consent_it_ends() -> None:
    said = explained([given("grant"), withdrawn("grant")], case())
    assert set(said.facts) == {"grant", "withdrawal"}
    assert "it ends grant" in text(said, "en")


def test_what_does_not_matter_to_the_answer_is_not_named() -> None:
    earlier, later = refused("earlier"), given("later", given().time.replace(year=2021))
    assert explained([earlier, later], case()).facts == ("later",)


def test_a_correction_and_a_retraction_are_named() -> None:
    first, later = reported("case"), reported("later", corrects="case", time=given().time.replace(year=2021))
    assert explained([first, later], case(kind="politie")).facts == ("case", "later")
    gone = explained([first, retracted("case")], case(kind="politie"))
    assert "it takes back case" in text(gone, "en")


def test_what_is_waited_for_is_named() -> None:
    said = explained([given(), quarantined("garbled")], case())
    assert "garbled is waited for" in text(said, "en")
    assert " nog niet" in said.headline.nl


def test_an_explanation_holds_nothing_that_an_event_says_of_a_person() -> None:
    known = [given("grant", given_by="GUARDIAN", giver="bureau-7", age_group="MINOR"), reported("case")]
    said = explained(known, case())
    for language in ("nl", "en"):
        assert not [word for word in ("client-1", "bureau-7", "MINOR", "PL", "VROUW") if word in text(said, language)]


@settings(max_examples=80, deadline=None)
@drawn(st.lists(facts(), max_size=7), st.booleans())
def test_a_decision_rests_on_the_fewest_facts_that_give_it_again(known: list[Fact], safety: bool) -> None:
    judged = case(safety=safety)
    decision = decided(the_register(), judged, known, "comensha", "REGISTRATIE")
    assert decision is not None
    used = rests_on(the_register(), judged, known, decision)
    assert decided(the_register(), judged, used, "comensha", "REGISTRATIE") == decision
    for fact in used:
        others = [one for one in used if one is not fact]
        assert decided(the_register(), judged, others, "comensha", "REGISTRATIE") != decision


def test_an_answer_rests_on_the_age_in_a_report_though_the_event_is_no_report() -> None:
    known, judged = [given(), reported(age_group="MINOR")], case("placement-moved", "opvang")
    said = explained(known, judged, "opvang", "PLAATSING")
    assert said.facts == ("grant", "report")


@pytest.mark.parametrize("state", Consent)
def test_consent_as_supposed_stands_as_it_is_called(state: Consent) -> None:
    assert consent(replay(supposed(state)), "comensha", "REGISTRATIE") is state


def test_what_is_supposed_to_be_refused_is_left_out() -> None:
    judged = Case(SUPPOSED, "victim-reported", "nidos", DAY, False)
    [decision] = decide(the_register(), judged, replay(supposed(Consent.GIVEN, refused=("special", "identity"))))
    assert (decision.mask_name, decision.reasons) == ("neutral+quasi", ("consent-narrowed",))


def test_what_is_supposed_to_be_taken_back_is() -> None:
    judged = Case(SUPPOSED, "victim-reported", "politie", DAY, False)
    [gone] = decide(the_register(), judged, replay(supposed(Consent.GIVEN, taken_back=True)))
    assert gone.reasons == ("retracted",)


@pytest.mark.parametrize(
    ("precision", "nl"),
    [("INSTANT", "op 4 mei 2020"), ("DAY", "op 4 mei 2020"), ("MONTH", "in mei 2020"), ("YEAR", "in 2020")],
)
def test_a_moment_is_told_as_precisely_as_it_is_known(precision: str, nl: str) -> None:
    assert when(datetime(2020, 5, 3, 22, 30, tzinfo=UTC), precision).nl == nl
    assert when(None, "UNKNOWN").en == "at an unknown moment"


def test_names_that_begin_with_capitals_keep_them_inside_a_sentence() -> None:
    assert inside(Words("IND", "Care")) == ("IND", "care")


def test_a_word_is_told_with_the_data_the_phase_and_the_organisation_it_is_about() -> None:
    narrow = refused(
        "special", field_class="special", case_phase="signal", recipient="comensha", recipient_organisation="1" * 20
    )
    said = text(explained([given("all"), narrow], case()), "en")
    assert (
        "to CoMensha, one organisation of it only, only special data (GDPR art. 9), only in the phase sign and report"
        in said
    )
    assert "Left out:" in said
    assert "not for every kind of data" in said
