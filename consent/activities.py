"""The register of processing activities: who may get which types from whom, for what, on which ground.

Source: AVG art. 30; `programma-en-opvang`, section 3.5; each activity carries its own sources.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from consent.citations import Cited
from consent.documents import Document, invalid
from consent.masks import Part
from consent.precedence import Consent
from consent.refusals import Vocabulary, contract_vocabulary, refusals

ConsentNeed = Literal["none", "required", "required-or-safety"]
Status = Literal["confirmed", "inferred", "open"]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Text = Annotated[str, Field(min_length=1)]


class Why(BaseModel):
    """The same in plain words, Dutch and English."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    nl: Text
    en: Text


class Retention(BaseModel):
    """How long the recipient may keep what it got, and the source that says so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    until: Why
    source: Cited


class Activity(BaseModel):
    """One processing activity: who may get which types from whom, for what, on which ground, and how masked.

    `ground` is the legal ground in words, `articles` its codes in `articles.yaml`. `retention` is `open` where no source states a term.
    `recalls` is whether what was delivered is recalled when its ground ends, `expiry_recalls` whether it is when it ends
    because a period of consent is over.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Slug
    version: Annotated[int, Field(ge=1, strict=True)]
    controller: str
    recipient: str
    purpose: str
    types: Annotated[tuple[str, ...], Field(min_length=1)]
    publishers: Annotated[tuple[str, ...], Field(min_length=1)]
    consent: ConsentNeed
    mask: Annotated[tuple[Part, ...], Field(min_length=1)]
    recalls: bool
    expiry_recalls: bool = True
    ground: Why
    articles: tuple[str, ...]
    sources: tuple[Cited, ...]
    questions: tuple[str, ...] = ()
    retention: Literal["open"] | Retention
    status: Status
    valid_from: date
    valid_to: date | None = None
    why: Why

    @property
    def ref(self) -> str:
        """The versioned id: `registratie-opsporing/1`."""
        return f"{self.id}/{self.version}"

    @property
    def uri(self) -> str:
        """The versioned id as a URI: what a log of processing names (architecture, section 9)."""
        return f"urn:nl:mensenhandel:verwerking:{self.id}:{self.version}"

    @property
    def article(self) -> str:
        """Its legal ground in English."""
        return self.ground.en

    @property
    def source(self) -> str:
        """Its sources on one line; the open questions where no source states it."""
        return "; ".join(map(str, self.sources)) or f"no source states it: {', '.join(self.questions)}"

    def recalls_when(self, reasons: Collection[str]) -> bool:
        """Return whether what was delivered is recalled when it is now withheld for these reasons."""
        return self.recalls and (self.expiry_recalls or Consent.EXPIRED not in reasons)

    def in_force(self, on: date) -> bool:
        """Return whether the activity is valid on that day."""
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)


class Rules(BaseModel):
    """The rules of the register that hold for every activity."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    withhold_superseded: bool
    withhold_retracted: bool
    source: Text


@dataclass(frozen=True, slots=True)
class Register:
    """The activities by event type, and the rules over all of them."""

    activities: tuple[Activity, ...]
    rules: Rules
    by_type: Mapping[str, tuple[Activity, ...]]

    def candidates(self, event_type: str, on: date) -> tuple[tuple[str, str], ...]:
        """Return every (recipient, purpose) that an activity in force names for the type, sorted."""
        named = {(a.recipient, a.purpose) for a in self.by_type.get(event_type, ()) if a.in_force(on)}
        return tuple(sorted(named))

    def activity(self, event_type: str, publisher_kind: str, recipient: str, purpose: str, on: date) -> Activity | None:
        """Return the one activity that rules this candidate, or None: default no."""
        for a in self.by_type.get(event_type, ()):
            if (a.recipient, a.purpose) == (recipient, purpose) and publisher_kind in a.publishers and a.in_force(on):
                return a
        return None

    def by_ref(self, ref: str) -> Activity | None:
        """Return the activity a decision names."""
        return next((a for a in self.activities if a.ref == ref), None)

    def views(self) -> tuple[tuple[str, str], ...]:
        """Return every (recipient, purpose) any activity names: one view topic each."""
        return tuple(sorted({(a.recipient, a.purpose) for a in self.activities}))


def view_topic(recipient: str, purpose: str) -> str:
    """Return the topic of a view: `view.comensha.registratie`."""
    return f"view.{recipient}.{purpose.lower()}"


def fingerprint(register: Register) -> str:
    """Return the hash (SHA-256, hex) of all that a register says: what a decision names it by.

    Law: the same for two files that differ in comments or layout only.
    """
    said = [[a.model_dump(mode="json") for a in register.activities], register.rules.model_dump(mode="json")]
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def register(activities: Iterable[Any], rules: Any) -> Register:
    """Return the register those rows (parsed YAML) describe; raises ValueError as `read_register` does, without lines."""
    rows, over_all = Document("activities", list(activities)), Document("rules", rules)
    return read_register(rows, over_all, contract_vocabulary())


def read_register(activities: Document, rules: Document, vocabulary: Vocabulary) -> Register:
    """Return the register two documents describe.

    Raises ValueError naming file, line and reason of every fault: a rule or field the engine does not know, an unknown type,
    kind, purpose, class, article or question, a source without a line, two activities that could rule one candidate on one
    day, a gap or an overlap between versions of one activity, a zone's output that would come back to a view it folds.
    """
    told: list[str] = []
    over_all: Rules | None = None
    parsed: list[Activity] = []
    try:
        over_all = Rules.model_validate(rules.value)
    except ValidationError as error:
        told += rules.told(invalid(error))
    try:
        parsed = TypeAdapter(list[Activity]).validate_python(activities.value)
    except ValidationError as error:
        told += activities.told(invalid(error))
    told += activities.told(refusals(parsed, vocabulary))
    if told or over_all is None:
        raise ValueError("\n".join(told))
    by_type: dict[str, tuple[Activity, ...]] = {}
    for a in parsed:
        for event_type in a.types:
            by_type[event_type] = (*by_type.get(event_type, ()), a)
    return Register(tuple(parsed), over_all, by_type)
