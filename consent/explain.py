"""A decision in plain sentences, Dutch and English: who gets what and why, on which ground, and what would change it.

Source: `programma-en-opvang`, P-19 (an explainable decision: reason, rule, version and legal reference). Of a person it says nothing: of
a consent fact its name, who spoke in kind, when, and its scope.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from consent import emergency_words
from consent.activities import Activity, Register
from consent.grounds import rests_on
from consent.known import Fact
from consent.masks import class_of, made_general, share_of
from consent.policy import Case, Decision
from consent.precedence import Consent
from consent.wording import CLASSES, REASONS, STATUSES, TYPES, Words, code, inside, when
from ketenbus.contract import Form, contract
from ketenbus.events import ConsentBegun, ConsentExpired, ConsentGiven, ConsentRefused, EventRetracted, FactQuarantined

#: Recipients that are several: their verb is a plural.
_SEVERAL = frozenset({"opvang"})


@dataclass(frozen=True, slots=True)
class Explanation:
    """What was decided in one sentence, and what it rests on in the sentences after it."""

    headline: Words
    lines: tuple[Words, ...]
    facts: tuple[str, ...]


def explain(register: Register, case: Case, facts: Iterable[Fact], decision: Decision) -> Explanation:
    """Return the explanation of a decision on what was known: `facts` are all facts of the subject then."""
    known = tuple(facts)
    used = rests_on(register, case, known, decision)
    activity = register.by_ref(decision.activity)
    lines = [REASONS[reason].why for reason in decision.reasons]
    lines += [_fact(fact, case) for fact in used]
    if activity is not None and activity.consent == "required-or-safety":
        lines += emergency_words.told(case, known, used, decision)
    lines += _ground(activity, decision)
    if decision.outcome == "delivered":
        lines += _mask(case.type, decision.mask)
    lines += [REASONS[reason].change for reason in decision.reasons]
    if decision.outcome == "delivered" and activity is not None and activity.recalls:
        lines += _when_it_ends(activity, decision)
    return Explanation(_headline(case, decision), tuple(lines), tuple(fact.ref.id for fact in used))


def _when_it_ends(activity: Activity, decision: Decision) -> list[Words]:
    lines = [
        Words(
            "Vervalt de grond, dan krijgt de ontvanger opdracht het gebruik te staken.",
            "If the ground ends, the recipient is told to stop using it.",
        )
    ]
    if Consent.GIVEN in decision.reasons and not activity.expiry_recalls:
        lines.append(
            Words(
                "Verloopt alleen de termijn van de toestemming, dan mag de ontvanger houden wat hij kreeg.",
                "If no more than the consent's period ends, the recipient may keep what it got.",
            )
        )
    return lines


def _headline(case: Case, decision: Decision) -> Words:
    who, thing = code("recipient", decision.recipient), TYPES[case.type]
    purpose, by = inside(code("purpose", decision.purpose)), code("publisher-kind", case.publisher_kind)
    several = decision.recipient in _SEVERAL
    nl, en = ("krijgen" if several else "krijgt"), ("get" if several else "gets")
    negated, no = {
        "delivered": ("", en),
        "withheld": (" niet", "do not get" if several else "does not get"),
        "pending": (" nog niet", "do not get, for now," if several else "does not get, for now,"),
    }[decision.outcome]
    return Words(
        f"{who.nl} {nl} {thing.nl}{negated}. Doel: {purpose.nl}. Gepubliceerd door: {by.nl}.",
        f"{who.en} {no} {thing.en}. Purpose: {purpose.en}. Published by: {by.en}.",
    )


def _ground(activity: Activity | None, decision: Decision) -> list[Words]:
    if activity is None:
        return []
    status, days = STATUSES[activity.status], activity.valid_from.isoformat()
    until = Words(f" tot {activity.valid_to}", f" until {activity.valid_to}") if activity.valid_to else Words("", "")
    return [
        Words(
            f"De regel: {activity.why.nl} Verwerking {activity.ref}, geldig vanaf {days}{until.nl}; {status.nl}.",
            f"The rule: {activity.why.en} Activity {activity.ref}, valid from {days}{until.en}; {status.en}.",
        ),
        Words(f"Grondslag: {activity.ground.nl}.", f"Legal ground: {activity.ground.en}."),
        *_sources(activity),
    ]


def _sources(activity: Activity) -> list[Words]:
    if not activity.sources:
        asked = ", ".join(activity.questions)
        return [Words(f"Geen bron zegt het; open vraag: {asked}.", f"No source says it; open question: {asked}.")]
    return [
        Words(f"Bron: {s.file}, regel {s.line}: {s.says}.", f"Source: {s.file}, line {s.line}: {s.says}.")
        for s in activity.sources
    ]


def _mask(event_type: str, mask: tuple[str, ...]) -> list[Words]:
    """Say what travels and what was left out, by class and by field name."""
    fields = contract().types[event_type].fields
    travels = [part for part in mask if any(f.field_class == class_of(part) for f in fields)]
    out = [f for f in fields if share_of(mask, f) == "left-out"]
    said = [
        Words(
            f"Dit gaat mee: {'; '.join(CLASSES[c].nl for c in travels)} (masker {'+'.join(mask)}).",
            f"This travels: {'; '.join(CLASSES[c].en for c in travels)} (mask {'+'.join(mask)}).",
        )
    ]
    if made := _made_general(event_type, mask):
        said.append(Words(f"Algemeen gemaakt: {made.nl}.", f"Made general: {made.en}."))
    if not out:
        return [*said, Words("Er is niets weggelaten.", "Nothing was left out.")]
    classes = dict.fromkeys(f.field_class for f in out)
    names = ", ".join(f.name for f in out)
    return [
        *said,
        Words(
            f"Weggelaten: {'; '.join(CLASSES[c].nl for c in classes)} ({names}).",
            f"Left out: {'; '.join(CLASSES[c].en for c in classes)} ({names}).",
        ),
    ]


def _made_general(event_type: str, mask: tuple[str, ...]) -> Words | None:
    """Say what stands for the exact values, and of which fields; None where all that travels is exact."""
    fields = {field.name: field for field in contract().types[event_type].fields}
    by_form: dict[Form, list[str]] = {}
    for name in made_general(event_type, mask):
        form = contract().form_of(fields[name])
        assert form is not None
        by_form.setdefault(form, []).append(name)
    if not by_form:
        return None
    said = [Words(f"{f.nl} ({', '.join(names)})", f"{f.en} ({', '.join(names)})") for f, names in by_form.items()]
    return Words("; ".join(w.nl for w in said), "; ".join(w.en for w in said))


def _fact(fact: Fact, case: Case) -> Words:
    """Return what kind of fact it is, who spoke in kind, when, and for what; never what it says of a person."""
    event, named = fact.event, fact.ref.id
    if fact.ref == case.ref:
        moment = _moment(fact)
        return Words(
            f"Dit is de gebeurtenis {named} zelf, {moment.nl}.", f"This is the event {named} itself, {moment.en}."
        )
    thing, moment = TYPES[event.TYPE], _moment(fact)
    nl, en = f"Dit rust op {thing.nl} ({named}), {moment.nl}", f"This rests on {thing.en} ({named}), {moment.en}"
    if isinstance(event, (ConsentGiven, ConsentRefused)):
        giver, scope = inside(code("consent-giver", event.given_by)), _scope(event)
        return Words(f"{nl}, door {giver.nl}, {scope.nl}.", f"{en}, by {giver.en}, {scope.en}.")
    if isinstance(event, EventRetracted):
        return Words(f"{nl}: het neemt {event.withdraws} terug.", f"{en}: it takes back {event.withdraws}.")
    if isinstance(event, FactQuarantined):
        waits = event.quarantined_id
        return Words(f"{nl}: gewacht wordt op {waits}.", f"{en}: {waits} is waited for.")
    if isinstance(event, (ConsentBegun, ConsentExpired)):
        return Words(f"{nl}: het gaat over {event.grant_id}.", f"{en}: it is about {event.grant_id}.")
    ended = getattr(event, "withdraws", None)
    if ended is not None:
        return Words(f"{nl}: het beëindigt {ended}.", f"{en}: it ends {ended}.")
    return Words(f"{nl}.", f"{en}.")


def _moment(fact: Fact) -> Words:
    at: datetime | None = getattr(fact.event, "occurred_at", None)
    return when(at, getattr(fact.event, "occurred_precision", "UNKNOWN"))


def _scope(word: ConsentGiven | ConsentRefused) -> Words:
    """Return what a word is about: for what, to whom, and of which data and phase where it names one."""
    what = inside(code("purpose", word.purpose)) if word.purpose else Words("alle doelen", "every purpose")
    who = code("recipient", word.recipient) if word.recipient else Words("alle ontvangers", "every recipient")
    said = [Words(f"voor {what.nl}, aan {who.nl}", f"for {what.en}, to {who.en}")]
    if word.recipient_organisation:
        said.append(Words("alleen één organisatie daarvan", "one organisation of it only"))
    if word.field_class:
        data = inside(code("field-class", word.field_class))
        said.append(Words(f"alleen {data.nl}", f"only {data.en}"))
    if word.case_phase:
        phase = inside(code("case-phase", word.case_phase))
        said.append(Words(f"alleen in de fase {phase.nl}", f"only in the phase {phase.en}"))
    return Words(", ".join(w.nl for w in said), ", ".join(w.en for w in said))
