"""The second reading of the precedence of consent, rule by rule, and of what a subject's candidates stand at."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ketenbus.events import (
    ConsentGiven,
    ConsentRefused,
    ConsentUnobtainable,
    ConsentWithdrawn,
    EmergencyAccessReviewed,
    EmergencyAccessUsed,
    EventRetracted,
    FactQuarantined,
    GuardianAppointed,
    GuardianEnded,
    IdentityLinked,
    PlacementMoved,
)
from ketenbus.values import Event
from services.verify import consent, judge, law
from services.verify.chains import heads
from services.verify.log import Entry
from tests.made_up import NOW, report

CANDIDATE = ("comensha", "REGISTRATIE")
OIN = "00000099000000015000"
SOURCE = f"urn:nld:oin:{OIN}:systeem:x"
LAW = law.load(Path(__file__).parents[2] / "consent" / "register")
PERSON = {"given_by": "PERSON", "age_group": "ADULT"}
REPRESENTATIVE = {"given_by": "REPRESENTATIVE", "age_group": "ADULT"}
MOTHER = {"given_by": "PARENT", "giver": "mother", "age_group": "MINOR"}
FATHER = {"given_by": "PARENT", "giver": "father", "age_group": "MINOR"}
PARENT = {"given_by": "PARENT", "age_group": "MINOR"}
CHILD = {"given_by": "PERSON", "age_group": "MINOR"}
HOW = {"channel": "IN_PERSON", "language": "nl", "text_version": "1"}
ALL = {"recipient": None, "purpose": None}
NARROW = {"recipient": "comensha", "purpose": "REGISTRATIE"}


def day(number: int | None) -> dict[str, Any]:
    at = None if number is None else datetime(2018, 1, 1, tzinfo=UTC) + timedelta(days=number)
    return {"subject": "s", "occurred_at": at, "occurred_precision": "UNKNOWN" if at is None else "INSTANT"}


def logged(event: Event, id_: str, at: int = 0, kind: str = "zorgcoordinator") -> Entry:
    time = datetime(2018, 1, 1, tzinfo=UTC) + timedelta(days=at)
    return Entry("aa", OIN, id_, SOURCE, time, kind, "topic/0/0", event, None)


def yes(
    id_: str, on: int | None = 1, who: dict[str, str] = PERSON, scope: dict[str, Any] = NARROW, **how: Any
) -> Entry:
    said = {"explicit": True, "unbundled": True, **how}
    return logged(ConsentGiven(**day(on), **scope, **who, **HOW, **said), id_)


def no(id_: str, on: int | None = 1, who: dict[str, str] = PERSON, scope: dict[str, Any] = NARROW) -> Entry:
    return logged(ConsentRefused(**day(on), **scope, **who, **HOW), id_)


def back(id_: str, grant: str) -> Entry:
    return logged(ConsentWithdrawn(**day(9), withdraws=grant, **PERSON), id_)


def ground(said: list[Entry]) -> str:
    """What consent comes to for the registration of events that all stand."""
    return consent.ground(consent.Standing(said, heads(said)), CANDIDATE)


def lost(id_: str, **scope: Any) -> Entry:
    return logged(ConsentUnobtainable(**day(1), **{**ALL, **scope}, reason="NO_CONTACT"), id_)


@pytest.mark.parametrize(
    ("name", "said", "expected"),
    [
        ("silence is no", [], "no-consent"),
        ("a grant is yes", [yes("a")], "consent"),
        (
            "a grant for another purpose is silence",
            [yes("a", scope={"recipient": None, "purpose": "HULP"})],
            "no-consent",
        ),
        ("the later yes stands", [no("a", 1), yes("b", 2)], "consent"),
        ("the later no stands", [yes("a", 1), no("b", 2)], "consent-refused"),
        ("at the same time the refusal stands", [yes("a", 1), no("b", 1)], "consent-refused"),
        ("a refusal at an unknown time stands", [yes("a", 5), no("b", None)], "consent-refused"),
        ("a grant at an unknown time is not later", [yes("a", None), no("b", 1)], "consent-refused"),
        ("a specific yes beats a later general no", [yes("a", 1), no("b", 2, scope=ALL)], "consent"),
        (
            "recipient comes before purpose",
            [yes("a", 1, scope={**ALL, "recipient": "comensha"}), no("b", 2, scope={**ALL, "purpose": "REGISTRATIE"})],
            "consent",
        ),
        ("a withdrawal ends its grant", [yes("a"), back("w", "a")], "consent-withdrawn"),
        ("a withdrawal ends that grant only", [yes("a"), yes("b", 2), back("w", "a")], "consent"),
        ("a withdrawn grant leaves the refusal", [no("a", 1), yes("b", 2), back("w", "b")], "consent-refused"),
        ("a child cannot grant", [yes("a", who=CHILD)], "no-authority"),
        ("who calls oneself a representative grants nothing", [yes("a", who=REPRESENTATIVE)], "no-authority"),
        ("who calls oneself a representative refuses", [yes("a"), no("b", who=REPRESENTATIVE)], "consent-refused"),
        ("nobody grants for an unknown age", [yes("a", who={**PERSON, "age_group": "UNKNOWN"})], "no-authority"),
        ("a child refuses validly", [yes("a", 2, who=MOTHER), no("b", 1, who=CHILD)], "consent-refused"),
        ("parents who disagree are a conflict", [yes("a", 2, who=MOTHER), no("b", 1, who=FATHER)], "consent-conflict"),
        (
            "parents who disagree are one however general",
            [yes("a", 2, who=MOTHER), no("b", 1, who=FATHER, scope=ALL)],
            "consent-conflict",
        ),
        ("a parent may change its mind", [no("a", 1, who=MOTHER), yes("b", 2, who=MOTHER)], "consent"),
        ("two parents nobody can tell apart", [no("a", 1, who=PARENT), yes("b", 2, who=PARENT)], "consent-conflict"),
        (
            "a parent nobody can tell from a general refusal",
            [no("a", 1, who=PARENT, scope=ALL), yes("b", 2, who=PARENT)],
            "consent-conflict",
        ),
        ("two parents who agree", [yes("a", 1, who=PARENT), yes("b", 2, who=PARENT)], "consent"),
        ("a silent nod is none", [yes("a", explicit=False)], "not-explicit"),
        ("a bundled yes is none", [yes("a", unbundled=False)], "not-explicit"),
        (
            "a word about a class is no word about all",
            [yes("a", scope={**ALL, "field_class": "special"})],
            "no-consent",
        ),
        ("a word for a phase is no word for all", [yes("a", scope={**ALL, "case_phase": "signal"})], "no-consent"),
        (
            "one organisation is not all",
            [yes("a", scope={**NARROW, "recipient_organisation": "1" * 20})],
            "no-consent",
        ),
        (
            "one organisation refused is the view refused",
            [yes("a", 9), no("b", 1, scope={**NARROW, "recipient_organisation": "1" * 20})],
            "consent-refused",
        ),
        ("contact was lost", [lost("a")], "consent-unobtainable"),
        ("contact was lost over something else", [lost("a", purpose="HULP")], "no-consent"),
        ("contact was lost after the grant", [yes("a"), lost("b")], "consent"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_precedence(name: str, said: list[Entry], expected: str) -> None:
    assert ground(said) == expected
    assert ground(said[::-1]) == expected


@pytest.mark.parametrize("precision", ["DAY", "MONTH", "YEAR"])
def test_a_refusal_that_may_have_been_later_than_the_grant_stands(precision: str) -> None:
    refusal = no("b", 0)
    vague = replace(refusal, event=refusal.event.model_copy(update={"occurred_precision": precision}))
    after = {"DAY": 1, "MONTH": 31, "YEAR": 365}[precision]
    assert ground([vague, yes("a", after)]) == "consent"
    assert ground([vague, yes("a", after - 1)]) == "consent-refused"


GUARDIAN = {"given_by": "GUARDIAN", "giver": "g1", "age_group": "MINOR"}


def office(start: int, end: int | None = None) -> list[Entry]:
    first = datetime(2018, 1, 1, tzinfo=UTC).date()
    start_on, end_on = (first + timedelta(days=n or 0) for n in (start, end))
    appointed = GuardianAppointed(**day(start), guardian_kind="NIDOS", guardian="g1", appointed_on=start_on)
    ended = GuardianEnded(**day(end), withdraws="office", ended_on=end_on)
    return [logged(appointed, "office"), *([logged(ended, "end")] if end is not None else [])]


@pytest.mark.parametrize(
    ("offices", "on", "expected"),
    [
        ([], 5, "no-authority"),
        (office(0), 5, "consent"),
        (office(0, 9), 5, "consent"),
        (office(0, 4), 5, "no-authority"),
        (office(6), 5, "no-authority"),
        (office(0), None, "no-authority"),
    ],
    ids=["nothing is recorded", "in office", "ended later", "ended before", "not yet", "who knows when"],
)
def test_a_guardian_speaks_while_the_guardianship_lasts(offices: list[Entry], on: int | None, expected: str) -> None:
    assert ground([*offices, yes("a", on, who=GUARDIAN)]) == expected


def reported(id_: str = "r", at: int = 0, kind: str = "zorgcoordinator", **changed: Any) -> Entry:
    return logged(report(forms=None, name=None, birth_date=None, **changed), id_, at, kind)


def retracted(id_: str, what: str, at: int = 0, **changed: Any) -> Entry:
    return logged(EventRetracted(**day(1), withdraws=what, reason="WRONG_PERSON", **changed), id_, at)


def moved(**changed: Any) -> Entry:
    held = {
        "moved_on": date(2018, 1, 1), "shelter_type": "COSM", "provider_id": "0" * 16, "age_group": "ADULT",
        "safety_at_stake": True, "safety_officer": "1" * 16,
    }  # fmt: skip
    return logged(PlacementMoved(**day(1), **{**held, **changed}), "p")


def quarantined(what: str) -> Entry:
    fact = FactQuarantined(**day(1), quarantined_type="consent-refused", quarantined_id=what, quarantined_source=SOURCE)
    return logged(fact, f"quarantined.{what}", kind="bus")


def stands(entries: list[Entry], id_: str = "r", candidate: law.Candidate = CANDIDATE) -> tuple[str, str]:
    both = []
    for order in (entries, entries[::-1]):
        both += [
            (o.outcome, o.reasons[0])
            for o in judge.outcomes(LAW, order)
            if o.entry.id == id_ and o.candidate == candidate
        ]
    assert len(both) == 2, "one candidate, in either order"
    assert both[0] == both[1]
    return both[0]


def test_a_duty_to_report_needs_no_consent() -> None:
    assert stands([reported(kind="politie"), no("a")]) == ("delivered", "legal-task")


def test_a_kind_of_partner_the_register_does_not_name_is_withheld() -> None:
    assert stands([reported(kind="nla-pau")]) == ("withheld", "no-activity")


def test_of_a_chain_of_corrections_the_latest_stands() -> None:
    chain = [reported("r", 1), reported("s", 2, corrects="r"), reported("t", 3, corrects="s"), yes("a")]
    assert [stands(chain, id_) for id_ in "rst"] == [
        ("withheld", "superseded"), ("withheld", "superseded"), ("delivered", "consent"),
    ]  # fmt: skip


def test_two_corrections_of_an_event_that_is_not_here_are_one_chain() -> None:
    chain = [reported("r", 1, corrects="missing"), reported("s", 2, corrects="missing"), yes("a")]
    assert stands(chain, "r") == ("withheld", "superseded")


def test_an_event_of_another_type_corrects_nothing() -> None:
    assert stands([reported("r", 1, corrects="a"), yes("a")]) == ("delivered", "consent")


def test_what_was_taken_back_replaces_nothing() -> None:
    history = [reported("r", 1), reported("s", 2, corrects="r"), retracted("x", "s"), yes("a")]
    assert stands(history, "s") == ("withheld", "retracted")
    assert stands(history, "r") == ("delivered", "consent")


def test_a_retraction_counts_unless_a_later_one_takes_it_back_or_corrects_it() -> None:
    history = [reported(), yes("a"), retracted("x", "r", 1)]
    assert stands(history) == ("withheld", "retracted")
    assert stands([*history, retracted("y", "x", 2)]) == ("delivered", "consent")
    assert stands([*history, retracted("y", "x", 2), retracted("z", "y", 3)]) == ("withheld", "retracted")
    assert stands([*history, retracted("y", "x", 0)]) == ("withheld", "retracted"), "it came before what it takes back"
    assert stands([*history, retracted("y", "else", 2, corrects="x")]) == ("delivered", "consent")


def test_a_withdrawal_that_was_taken_back_ends_nothing() -> None:
    assert stands([reported(), yes("a"), back("w", "a"), retracted("x", "w")]) == ("delivered", "consent")


def test_corrections_of_two_types_are_two_chains() -> None:
    grant = yes("a")
    other = replace(grant, time=NOW, event=grant.event.model_copy(update={"corrects": "missing"}))
    assert stands([reported(corrects="missing"), other]) == ("delivered", "consent")


def test_consent_that_was_taken_back_or_corrected_counts_for_nothing() -> None:
    assert stands([reported(), yes("a"), retracted("x", "a")]) == ("withheld", "no-consent")
    correction = yes("b", explicit=False)
    later = replace(correction, time=NOW, event=correction.event.model_copy(update={"corrects": "a"}))
    assert stands([reported(), yes("a"), later]) == ("withheld", "not-explicit")


def test_what_rests_on_consent_is_pending_until_the_repair_is_admitted() -> None:
    held = [reported(), yes("a"), quarantined("n")]
    assert stands(held) == ("pending", "consent-quarantined")
    assert stands([*held, no("n", 5)]) == ("withheld", "consent-refused")


@pytest.mark.parametrize("other", ["report", "link"])
def test_only_a_record_of_consent_guardianship_or_retraction_ends_the_wait_for_one(other: str) -> None:
    link = IdentityLinked(**day(1), subject_oin=OIN, other_subject="t", other_oin=OIN, ground="DESK_REVIEW")
    same_id = {"report": reported("n"), "link": logged(link, "n")}[other]
    held = [reported(), yes("a"), quarantined("n")]
    assert stands([*held, same_id]) == ("pending", "consent-quarantined")
    assert stands([*held, same_id, retracted("n", "nothing")]) == ("delivered", "consent")


@pytest.mark.parametrize(
    ("said", "expected"), [(0, "no-authority"), (1, "no-authority"), (2, "consent"), (None, "no-authority")]
)
def test_an_adult_who_is_a_minor_that_day_or_later_grants_nothing(said: int | None, expected: str) -> None:
    minor = {"age_group": "MINOR", "reported_on": date(2018, 1, 2)}
    assert stands([reported(**minor), yes("a", said)])[1] == expected
    assert stands([reported(**minor | {"age_group": "ADULT"}), yes("a", said)])[1] == "consent"
    assert stands([reported(), moved(age_group="MINOR", moved_on=date(2018, 1, 2)), yes("a", said)])[1] == expected


@pytest.mark.parametrize(
    ("said", "expected"), [(0, "consent"), (1, "no-authority"), (2, "no-authority"), (None, "no-authority")]
)
def test_nobody_grants_for_a_minor_who_was_an_adult_that_day_or_before(said: int | None, expected: str) -> None:
    adult = {"age_group": "ADULT", "reported_on": date(2018, 1, 2)}
    assert stands([reported(**adult), yes("a", said, who=MOTHER)])[1] == expected
    young = reported(age_group="MINOR")
    assert stands([young, moved(moved_on=date(2018, 1, 2)), yes("a", said, who=MOTHER)])[1] == expected


@pytest.mark.parametrize(
    ("said", "reason", "mask"),
    [
        ([yes("a"), no("b", scope={**NARROW, "field_class": "special"})], "consent-narrowed", "neutral+quasi+identity"),
        ([yes("a", scope={**NARROW, "field_class": "special"})], "consent-narrowed", "neutral+special"),
        ([yes("a"), no("b", scope={**NARROW, "field_class": "location"})], "consent", "neutral+quasi+identity+special"),
        ([no("a", scope={**NARROW, "field_class": "special"})], "consent-refused", ""),
        ([yes("a"), no("b", scope={**NARROW, "case_phase": "shelter"})], "consent", "neutral+quasi+identity+special"),
        ([yes("a"), no("b", scope={**NARROW, "case_phase": "signal"})], "consent-refused", ""),
    ],
)
def test_a_mask_is_narrowed_to_the_classes_that_consent_is_given_for(said: list[Entry], reason: str, mask: str) -> None:
    [found] = [o for o in judge.outcomes(LAW, [reported(), *said]) if o.entry.id == "r" and o.candidate == CANDIDATE]
    assert (found.reasons, found.mask) == ((reason,), mask)


def test_safety_opens_a_placement_on_a_recorded_ground_only() -> None:
    placement = ("opvang", "PLAATSING")
    assert stands([moved(), no("a", scope=ALL)], "p", placement) == ("delivered", "safety")
    assert stands([moved(), quarantined("n")], "p", placement) == ("delivered", "safety")
    assert stands([moved(safety_officer=None)], "p", placement) == ("withheld", "no-consent")
    assert stands([moved(), yes("a", scope=ALL)], "p", placement) == ("delivered", "consent")


def used(id_: str = "u", on: date = date(2018, 1, 1), **changed: Any) -> Entry:
    held = {"used_on": on, "ground": "SAFETY_AT_STAKE", "officer": "1" * 16}
    return logged(EmergencyAccessUsed(**day(1), **{**held, **changed}), id_)


def looked(id_: str, by: str, justified: bool = False, of: str = "u") -> Entry:
    held = {"reviews": of, "reviewed_on": date(2018, 1, 2), "reviewer": by * 16, "justified": justified}
    return logged(EmergencyAccessReviewed(**day(1), **held), id_)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([used()], "safety"),
        ([used(on=date(2018, 1, 2))], "no-consent"),
        ([used(), retracted("x", "u")], "no-consent"),
        ([used(), looked("a", "2"), looked("b", "3")], "no-consent"),
        ([used(), looked("a", "2"), looked("b", "2")], "safety"),
        ([used(), looked("a", "1"), looked("b", "2")], "safety"),
        ([used(), looked("a", "2"), looked("b", "3", justified=True)], "safety"),
        ([used(), looked("a", "2"), looked("b", "3"), retracted("x", "b")], "safety"),
        ([used(), looked("a", "2"), looked("b", "3"), used("v")], "safety"),
        ([used(), looked("a", "2", of="v"), looked("b", "3")], "safety"),
        ([looked("a", "2"), looked("b", "3")], "no-consent"),
        ([used(), used("v", corrects="u"), used("w", corrects="v"), looked("a", "2"), looked("b", "3")], "no-consent"),
        ([used(), used("v", corrects="u"), looked("a", "2"), looked("b", "3", of="v")], "no-consent"),
        ([used(), used("v", corrects="u"), looked("a", "2"), looked("b", "3", of="w")], "safety"),
    ],
)
def test_emergency_access_opens_a_placement_until_two_others_find_it_unjustified(
    said: list[Entry], expected: str
) -> None:
    quiet = moved(safety_at_stake=False, safety_officer=None)
    assert stands([quiet, *said], "p", ("opvang", "PLAATSING"))[1] == expected


def test_without_the_rules_on_corrections_every_version_stands() -> None:
    lax = replace(LAW, withholds_superseded=False, withholds_retracted=False)
    history = [reported("r", 1), reported("s", 2, corrects="r"), retracted("x", "s"), yes("a")]
    assert {o.outcome for o in judge.outcomes(lax, history) if o.candidate == CANDIDATE} == {"delivered"}
