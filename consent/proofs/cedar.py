"""The register and the facts of one person in Cedar, an independent policy engine: translated from their raw form.

Read here are the rows of the YAML as they stand and events as plain fields; nothing of `policy`, `precedence`, `chains`,
`table` or `Register` is used. Cedar judges scope, quality, authority, withdrawal and the order of two words, and every
activity; Cedar has no quantifiers, so "no word beats this grant" and what of a chain stands are said here as sets over
raw facts, and Cedar compares those sets.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import cedarpy

from consent.proofs.cedar_emergency import Opening, opened_from
from consent.proofs.cedar_facts import Raw, Taught, taught
from ketenbus.contract import contract

Row = Mapping[str, Any]
Place = tuple[str, str]
#: What of an event is asked for: its phase, and one class of its fields, or "" for those no word can name.
Part = tuple[str, str]

CLASSES = ("quasi", "identity", "contact", "special", "criminal", "location", "narrative")
#: What one word or two words are asked: rules 2 to 6 of precedence.
WORDS = """
permit(principal, action == Action::"heard", resource) when {
  (context.recipient == "" || context.recipient == context.wanted_recipient) &&
  (context.purpose == "" || context.purpose == context.wanted_purpose) &&
  (context.field_class == "" || context.field_class == context.wanted_class) &&
  (context.phase == "" || context.phase == context.wanted_phase) &&
  !(context.grants && context.one_organisation) &&
  (!context.grants || (
    context.explicit && context.unbundled && context.in_office && !context.withdrawals.contains(context.name) &&
    !context.expired.contains(context.name) && (!context.begins_later || context.begun.contains(context.name)) && (
      (context.age_group == "ADULT" && !context.still_minor && context.given_by == "PERSON") ||
      (context.age_group == "MINOR" && !context.adult_already && ["PARENT", "GUARDIAN"].contains(context.given_by)))))
};
permit(principal, action == Action::"beats", resource) when {
  context.speaker == context.of_speaker && (
    (!context.grants && !context.one_person) || context.level > context.of_level || (
      context.level == context.of_level && !context.grants && !(context.dated && context.latest < context.of_earliest)))
};
"""
_GIVEN = "!context.given.isEmpty() && context.given.containsAll(context.refusing)"
_ADMITTED = "context.admitted.containsAll(context.waiting)"
_CONDITIONS = {
    "legal-task": "true",
    "consent": f"{_GIVEN} && {_ADMITTED}",
    "safety": "(context.safety || context.opened_from <= context.day)",
    "pending": f"!({_ADMITTED})",
}
_GROUNDS: Mapping[str, tuple[str, ...]] = {
    "none": ("legal-task",),
    "required": ("consent", "pending"),
    "required-or-safety": ("consent", "safety", "pending"),
}
_WAIT = "wait "


@dataclass(frozen=True, slots=True)
class Asked:
    """One event of one person, as plain fields: which event, its type and publisher, the day, the safety ground."""

    name: str
    type: str
    publisher: str
    day: date
    safety: bool

    @property
    def phase(self) -> str:
        """The phase of the case that the type is of: its group in the catalogue."""
        return contract().types[self.type].group


@dataclass(frozen=True, slots=True)
class Answer:
    """What Cedar says of one recipient and purpose; activity and mask only of what is delivered or pending."""

    outcome: str
    reason: str
    activity: str
    mask: tuple[str, ...]


class Cedar:
    """The law of one register as Cedar policies."""

    def __init__(self, rows: Iterable[Row], rules: Mapping[str, Any]) -> None:
        self._rows = {f"{row['id']}/{row['version']}": row for row in rows}
        self.places: tuple[Place, ...] = tuple(sorted({(r["recipient"], r["purpose"]) for r in self._rows.values()}))
        policies = [_policy(ref, row, ground) for ref, row in self._rows.items() for ground in _GROUNDS[row["consent"]]]
        for fate in ("superseded", "retracted"):
            if rules[f"withhold_{fate}"]:
                policies.append(f"forbid(principal, action, resource) when {{ context.{fate} }};")
        self.activities = cedarpy.PolicySet.from_str("\n".join(policies))
        self._words = cedarpy.PolicySet.from_str(WORDS)
        self._gives = cedarpy.PolicySet.from_str(
            f"permit(principal, action, resource) when {{ {_CONDITIONS['consent']} }};"
        )
        self.nobody = cedarpy.Entities.from_json_str("[]")
        self._memory: dict[tuple[Taught, Place, Part], str] = {}
        self._opened: dict[tuple[Opening, ...], int] = {}

    def answers(self, asked: Sequence[tuple[Asked, Taught, Place]]) -> list[Answer]:
        """Return what Cedar says of each: an event, what its person's facts teach, and a recipient and purpose."""
        parts = [_parts(known) for _, known, _ in asked]
        requests = [
            self.request(*one, prefix, name)
            for one, names in zip(asked, parts, strict=True)
            for prefix, name in (*(("", name) for name in names), (_WAIT, ""))
        ]
        results = iter(cedarpy.is_authorized_batch(requests, self.activities, self.nobody))
        return [self._answer({name: next(results) for name in names}, next(results)) for names in parts]

    def request(
        self, event: Asked, known: Taught, place: Place, prefix: str = "", field_class: str = ""
    ) -> dict[str, Any]:
        """Return the question of one event, recipient and purpose, and one class of fields, as Cedar is asked it."""
        context = {
            "type": event.type,
            "publisher": event.publisher,
            "day": event.day.toordinal(),
            "safety": event.safety,
            "opened_from": self.opened_from(known),
            "superseded": event.name in known.superseded,
            "retracted": event.name in known.retracted,
        }
        return _request(
            place, prefix, f"{json.dumps(context)[:-1]}, {self._consent(known, place, (event.phase, field_class))[1:]}"
        )

    def opened_from(self, known: Taught) -> int:
        """Return the first day on which emergency access opens what is recorded, as an ordinal."""
        if known.uses not in self._opened:
            self._opened[known.uses] = opened_from(known.uses)
        return self._opened[known.uses]

    def gives(self, asked: Sequence[tuple[Taught, Place, Part]]) -> list[bool]:
        """Return, for each person, whether consent stands for that recipient and purpose, and that part of an event."""
        requests = [_request(place, "", self._consent(known, place, part)) for known, place, part in asked]
        results = cedarpy.is_authorized_batch(requests, self._gives, self.nobody)
        if errors := [e for r in results for e in r.diagnostics.errors]:
            raise ValueError(f"Cedar could not judge: {errors}")
        return [result.allowed for result in results]

    def _answer(self, delivers: Mapping[str, cedarpy.AuthzResult], waits: cedarpy.AuthzResult) -> Answer:
        for result in (*delivers.values(), waits):
            if result.diagnostics.errors:
                raise ValueError(f"Cedar could not judge: {result.diagnostics.errors}")
        grounds = {part: _grounds(result) for part, result in delivers.items() if result.allowed}
        for ref in {ref for held in grounds.values() for ref in held.values()}:
            mask = tuple(self._rows[ref]["mask"])
            classes = {_class(part) for part in mask}
            of_mask = {name: set(held) for name, held in grounds.items() if name in {"", *classes}}
            if of_mask:
                return _delivered(ref, mask, of_mask, classes & delivers.keys())
        if waits.allowed:
            [name] = waits.diagnostics.id_annotations_by_reason.values()
            return Answer("pending", "", name.split(" ")[0], ())
        return Answer("withheld", "", "", ())

    def _consent(self, known: Taught, place: Place, part: Part) -> str:
        """Return, as JSON, who gave and who refuses for this recipient and purpose, and what is waited for."""
        if (known, place, part) not in self._memory:
            self._memory[known, place, part] = json.dumps(self._speakers(known, place, part))
        return self._memory[known, place, part]

    def _speakers(self, known: Taught, place: Place, part: Part) -> dict[str, list[str]]:
        waiting = {"waiting": sorted(known.waiting), "admitted": sorted(known.admitted)}
        wanted = {"wanted_recipient": place[0], "wanted_purpose": place[1], **known.of_grants}
        wanted |= {"wanted_phase": part[0], "wanted_class": part[1]}
        words = [
            word
            for word, heard in zip(
                known.words, self._ask("heard", [w.asked | wanted for w in known.words]), strict=True
            )
            if heard
        ]
        pairs = [(word, grant) for grant in words if grant.grants for word in words if word is not grant]
        beaten = {
            grant.name
            for (_, grant), beats in zip(pairs, self._ask("beats", [w.against(g) for w, g in pairs]), strict=True)
            if beats
        }
        return {
            "given": sorted({w.speaker for w in words if w.grants and w.name not in beaten}),
            "refusing": sorted({w.speaker for w in words if not w.grants}),
            **waiting,
        }

    def _ask(self, action: str, contexts: Sequence[Mapping[str, Any]]) -> list[bool]:
        if not contexts:
            return []
        requests = [
            {
                "principal": 'Word::"one"',
                "action": f'Action::"{action}"',
                "resource": 'Word::"other"',
                "context": dict(c),
            }
            for c in contexts
        ]
        results = cedarpy.is_authorized_batch(requests, self._words, self.nobody)
        if errors := [e for r in results for e in r.diagnostics.errors]:
            raise ValueError(f"Cedar could not judge: {errors}")
        return [result.allowed for result in results]


def raw_facts(facts: Iterable[Raw]) -> Taught:
    """Return what raw facts of one person teach."""
    return taught(facts)


def _policy(ref: str, row: Row, ground: str) -> str:
    purpose = (_WAIT if ground == "pending" else "") + row["purpose"]
    ends = f" && context.day < {_day(row['valid_to'])}" if row.get("valid_to") else ""
    return (
        f"@id({json.dumps(f'{ref} {ground}')})\n"
        f"permit(principal == Recipient::{json.dumps(row['recipient'])}, action == Action::{json.dumps(purpose)}, resource)"
        f" when {{ {json.dumps(list(row['types']))}.contains(context.type)"
        f" && {json.dumps(list(row['publishers']))}.contains(context.publisher)"
        f" && context.day >= {_day(row['valid_from'])}{ends} && {_CONDITIONS[ground]} }};"
    )


def _day(said: date | datetime | str) -> int:
    return (date.fromisoformat(said) if isinstance(said, str) else said).toordinal()


def _request(place: Place, prefix: str, context: str) -> dict[str, Any]:
    recipient, purpose = place
    return {
        "principal": f"Recipient::{json.dumps(recipient)}",
        "action": f"Action::{json.dumps(prefix + purpose)}",
        "resource": 'Event::"this"',
        "context": context,
    }


def _delivered(ref: str, mask: tuple[str, ...], grounds: Mapping[str, set[str]], asked: set[str]) -> Answer:
    """Return what is delivered: all of the mask, or `neutral` and the classes for which Cedar says that consent is given."""
    given = {part for part, held in grounds.items() if "consent" in held}
    if any("legal-task" in held for held in grounds.values()):
        return Answer("delivered", "legal-task", ref, mask)
    if asked <= given and (asked or "" in given):
        return Answer("delivered", "consent", ref, mask)
    if any("safety" in held for held in grounds.values()):
        return Answer("delivered", "safety", ref, mask)
    return Answer("delivered", "consent-narrowed", ref, tuple(p for p in mask if _class(p) in {"neutral", *given}))


def _class(part: str) -> str:
    """Return the class that a part of a mask is about: consent is asked for `quasi`, whole or made general."""
    return part.split("-", maxsplit=1)[0]


def _grounds(result: cedarpy.AuthzResult) -> dict[str, str]:
    """Return the grounds on which Cedar allows it, each with the entry of the register that it is of."""
    told = (name.split(" ") for name in result.diagnostics.id_annotations_by_reason.values())
    return {ground: ref for ref, ground in told}


def _parts(known: Taught) -> tuple[str, ...]:
    """Return the classes to ask for one by one: all of them where a word is about one, else none in particular."""
    return ("", *CLASSES) if any(word.field_class for word in known.words) else ("",)
