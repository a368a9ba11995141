"""Each prohibition holds of the real register, and finds the rows that break it where somebody plants them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from consent.activities import Activity
from consent.known import Fact, learn
from consent.known import Known as Facts
from consent.precedence import Consent
from consent.proofs import claims, linking, words
from consent.proofs.claims import Known
from consent.proofs.prohibitions import PROHIBITIONS, Prohibition, Verdict, judged
from consent.proofs.words import Step
from consent.table import Table, compiled
from ketenbus.contract import contract
from tests.consent_facts import the_register
from tests.registers import lawless

NAMED = {p.name: p for p in PROHIBITIONS}


KNOWN = Known(contract().types, words.enumerated(2).steps.keys(), linking.steps(1).keys())


def law(*more: Activity, changed: Mapping[str, Mapping[str, Any]] | None = None, **rules: Any) -> Table:
    """The real register with these activities more and some of its own changed, whatever its loader would say of that."""
    real = the_register()
    own = [a.model_copy(update=dict((changed or {}).get(a.id, {}))) for a in real.activities]
    return compiled(lawless([*own, *more], real.rules.model_copy(update=rules)))


def planted(**changed: Any) -> Table:
    """The real register with one activity more, like one that rests on a legal task but for what is changed."""
    held: dict[str, Any] = {"id": "x", "consent": "none", "mask": ("neutral",), "publishers": ("politie",)}
    [like] = [a for a in the_register().activities if a.id == "uitvoering-aangifte"]
    return law(like.model_copy(update=held | changed))


def verdict(name: str, table: Table, **changed: Any) -> Verdict:
    [found] = judged(table, replace(KNOWN, **changed), [NAMED[name]])
    return found


def test_every_prohibition_is_proven_of_the_real_register() -> None:
    broken = [v for v in judged(law(), KNOWN) if v.counterexample]
    assert not broken


def test_every_prohibition_has_a_source_and_a_name_of_its_own() -> None:
    assert len(NAMED) == len(PROHIBITIONS)
    assert all(p.source and p.says for p in PROHIBITIONS)


#: Each prohibition with a register that breaks it, and what its counterexample must name.
PLANTS: dict[str, tuple[Callable[[], Table], str, str]] = {
    "care-to-authorities": (
        lambda: planted(recipient="om", purpose="OPSPORING", types=("signal-raised",), publishers=("gemeente",)),
        "gemeente",
        "om",
    ),
    "monitoring-identity": (
        lambda: law(changed={"monitoring-registratie": {"mask": ("neutral", "identity")}}),
        "comensha",
        "rapporteur",
    ),
    "monitoring-persons": (
        lambda: planted(recipient="rapporteur", purpose="MONITORING", types=("victim-reported",)),
        "politie",
        "rapporteur",
    ),
    "monitoring-days": (
        lambda: law(changed={"monitoring-registratie": {"mask": ("neutral", "quasi")}}),
        "comensha",
        "rapporteur",
    ),
    "serious-disadvantage": (
        lambda: planted(
            recipient="comensha",
            purpose="REGISTRATIE",
            types=("serious-disadvantage-reported",),
            publishers=("nla-pau",),
        ),
        "nla-pau",
        "comensha",
    ),
    "safety-placement-only": (
        lambda: law(changed={"hulp-verblijf": {"consent": "required-or-safety"}}),
        "ind",
        "zorgcoordinatie",
    ),
    "safety-placement-set": (
        lambda: law(changed={"plaatsing-opvang": {"mask": ("neutral", "quasi", "special")}}),
        "opvang zorgcoordinator",
        "opvang",
    ),
    "emergency-no-path": (
        lambda: law(changed={"registratie-toestemming": {"consent": "required-or-safety"}}),
        "zorgcoordinator fairwork overige-melder opvang nidos gemeente",
        "comensha",
    ),
    "emergency-told": (
        lambda: planted(
            recipient="rapporteur", purpose="HULP", types=("emergency-access-used",), publishers=("opvang",)
        ),
        "opvang",
        "rapporteur",
    ),
    "registration-duty-bound": (
        lambda: law(changed={"registratie-opsporing": {"consent": "required"}}),
        "politie kmar nla-opsporing",
        "comensha",
    ),
    "registration-others": (
        lambda: law(changed={"registratie-toestemming": {"consent": "none"}}),
        "zorgcoordinator fairwork overige-melder opvang nidos gemeente",
        "comensha",
    ),
    "gone-never-delivered": (lambda: law(withhold_superseded=False), "", ""),
    "shelter-place": (
        lambda: law(changed={"plaatsing-opvang": {"mask": ("neutral", "location")}}),
        "opvang zorgcoordinator",
        "opvang",
    ),
    "story-stays": (
        lambda: law(changed={"uitvoering-aangifte": {"mask": ("neutral", "narrative")}}),
        "politie kmar nla-opsporing om",
        "ind",
    ),
    "offences-official": (
        lambda: law(changed={"hulp-bedenktijd": {"mask": ("neutral", "criminal")}}),
        "politie kmar nla-opsporing",
        "zorgcoordinatie",
    ),
    "dublin-registration": (
        lambda: planted(types=("victim-reported",), mask=("neutral", "special")),
        "politie",
        "ind",
    ),
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_activity_is_found_as_a_row_that_breaks_it(name: str) -> None:
    plant, publishers, recipient = PLANTS[name]
    table = plant()
    found = verdict(name, table).counterexample
    assert found is not None
    assert all(row in set(table.rows()) for row in found)
    if publishers:
        assert found[0].publisher in publishers.split()
        assert found[0].decision.recipient == recipient


def test_a_kind_of_publisher_nobody_has_placed_is_bound_as_care_is() -> None:
    table = planted(recipient="om", purpose="OPSPORING", types=("signal-raised",), publishers=("new",))
    found = verdict("care-to-authorities", table).counterexample
    assert found is not None
    assert found[0].publisher == "new"


@pytest.mark.parametrize("purpose", ["REGISTRATIE", "OPSPORING", "TOEZICHT", "TERUGKEER"])
def test_a_use_of_emergency_access_that_is_told_where_no_path_may_lead_is_found(purpose: str) -> None:
    table = planted(recipient="nla", purpose=purpose, types=("emergency-access-used",), publishers=("opvang",))
    found = verdict("emergency-no-path", table).counterexample
    assert found is not None
    assert (found[0].type, found[0].decision.purpose) == ("emergency-access-used", purpose)


@pytest.mark.parametrize(
    "changed", [{"mask": ("neutral", "quasi")}, {"types": ("emergency-access-used", "placement-moved")}]
)
def test_more_to_the_data_protection_officer_than_that_it_was_used_is_found(changed: dict[str, Any]) -> None:
    found = verdict("emergency-told", law(changed={"fg-noodtoegang": changed})).counterexample
    assert found is not None
    assert found[0].decision.recipient == "fg"


def test_a_placement_by_the_police_is_bound_as_one_by_a_shelter_is() -> None:
    table = planted(recipient="om", purpose="OPSPORING", types=("placement-moved",))
    found = verdict("care-to-authorities", table).counterexample
    assert found is not None
    assert found[0].type == "placement-moved"


def test_a_ruling_that_does_not_wait_for_a_quarantined_fact_is_found() -> None:
    table = law()
    [cell] = table.cells["B8-granted", "ind", 1]
    delivered = cell.rulings[Consent.GIVEN, False, "stands"]
    cell.rulings[Consent.QUARANTINED, False, "stands"] = delivered  # type: ignore[index]
    found = verdict("quarantined-consent-waits", table).counterexample
    assert found is not None
    assert found[0].situation.consent is Consent.QUARANTINED


def steps_of(stand: Callable[[Iterable[words.Word]], Consent], monkeypatch: pytest.MonkeyPatch) -> Iterable[Step]:
    monkeypatch.setattr(words, "stands_after", stand)
    return words.enumerated(2).steps.keys()


def test_a_refusal_that_is_heard_as_a_grant_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    real = words.stands_after

    def deaf(said: Iterable[words.Word]) -> Consent:
        said = tuple(said)
        return Consent.GIVEN if any(w.kind == "refusal without authority" for w in said) else real(said)

    found = verdict("refusal-never-widens", law(), refusing=steps_of(deaf, monkeypatch)).counterexample
    assert found is not None
    before, after = found
    assert (before.decision.outcome, after.decision.outcome) == ("withheld", "delivered")
    assert before.situation.consent is not Consent.GIVEN


def test_a_withdrawal_that_is_heard_as_a_grant_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    real = words.stands_after

    def hearing(said: Iterable[words.Word]) -> Consent:
        told = tuple(said)
        return Consent.GIVEN if any(w.kind == "withdrawn grant" for w in told) else real(told)

    found = verdict("refusal-never-widens", law(), refusing=steps_of(hearing, monkeypatch)).counterexample
    assert found is not None


def test_a_link_that_ends_the_wait_for_a_quarantined_fact_of_its_name_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def ending(link: Fact) -> Facts:
        return learn(link) | Facts(admitted=frozenset({link.ref}))

    monkeypatch.setattr(linking, "learned", ending)
    found = verdict("linking-never-widens", law(), linking=linking.steps(1).keys()).counterexample
    assert found is not None
    assert [row.decision.outcome for row in found] == ["pending", "delivered"]


def test_every_prohibition_is_shown_to_fail_by_a_plant_here() -> None:
    others = {"quarantined-consent-waits", "refusal-never-widens", "linking-never-widens"}
    assert set(PLANTS) | others == set(NAMED)


def test_what_a_prohibition_says_nothing_of_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = Prohibition("silent", "nothing", "a test", 1, claims.serious_disadvantage)
    [found] = judged(law(), KNOWN, [silent])
    assert (found.counterexample, found.speaks) == (None, False)
    [found] = judged(PLANTS["serious-disadvantage"][0](), KNOWN, [silent])
    assert found.speaks
