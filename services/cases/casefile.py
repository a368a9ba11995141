"""A case as data: made-up steps that partners publish, and what is expected of each. Checked before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self
from uuid import NAMESPACE_URL, uuid5

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from ketenbus.contract import contract
from ketenbus.errors import ConfigurationError
from ketenbus.events import MODELS
from ketenbus.values import Event

FOLDER = Path(__file__).parents[2] / "sandbox" / "cases"

#: What a recipient hears of an event, or what became of it. `ground` is a delivery that now rests on something else.
Told = Literal["delivery", "release", "replacement", "recall", "withheld", "pending", "ground"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(_Part):
    """The same words in Dutch and in English."""

    nl: str
    en: str

    def said(self, language: str) -> str:
        """Return the words in one of the two languages."""
        return self.nl if language == "nl" else self.en


class Expected(_Part):
    """One outcome that a step should bring about: of its own event, an earlier one, or a record of the registration.

    `event` is the id of a step, or `registration` for the records that CoMensha's registration publishes itself: how many
    versions of a record pass before it comes to rest depends on timing, so they are one outcome.
    """

    event: str
    recipient: str
    purpose: str
    told: Told
    reason: str


class Figure(_Part):
    """One cell of the Rapporteur's tables that a case follows."""

    table: str
    row: str
    column: str

    @property
    def cell(self) -> tuple[str, str, str]:
        """The cell as the tables name it."""
        return (self.table, self.row, self.column)


class Step(_Part):
    """One event that one partner publishes, and what should come of it.

    In `fields`, a link names a step and a field ending in `_oin` names a partner. `persons`, `reports` and `figures`
    are how the registration and the figures of the case stand afterwards; they need saying only where they change.
    """

    id: str
    partner: str
    type: str
    time: datetime
    note: Text
    fields: Mapping[str, Any]
    expect: tuple[Expected, ...] = ()
    persons: int | None = None
    reports: int | None = None
    figures: tuple[int, ...] | None = None


class Unchanged(_Part):
    """The registration after one step is the same, row for row, as after another."""

    after: str
    until: str


class Case(_Part):
    """A story of a few steps; every person and every organisation in it is made up. `order` is its place among the cases."""

    order: int
    name: str
    title: Text
    about: Text
    sources: tuple[str, ...]
    figures: tuple[Figure, ...]
    steps: tuple[Step, ...]
    registration_unchanged: Unchanged | None = None
    receipt_of: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_what_is_there(self) -> Self:
        ids = [step.id for step in self.steps]
        if "registration" in ids:
            raise ValueError("a step named registration could not be told from what the registration publishes itself")
        if len(set(ids)) != len(ids):
            raise ValueError("two steps have the same id")
        unchanged = self.registration_unchanged
        named = {*self.receipt_of, *((unchanged.after, unchanged.until) if unchanged else ())}
        for step in self.steps:
            if step.type not in contract().types:
                raise ValueError(f"step {step.id}: no event type is named {step.type}")
            named |= {e.event for e in step.expect if e.event != "registration"}
            if step.figures is not None and len(step.figures) != len(self.figures):
                raise ValueError(f"step {step.id}: says {len(step.figures)} of {len(self.figures)} figures")
        if missing := sorted(named - set(ids)):
            raise ValueError(f"no step is named {', '.join(missing)}")
        return self

    def event_id(self, step: str) -> str:
        """Return the id under which a step is published: the same at every run."""
        return str(uuid5(NAMESPACE_URL, f"ketenbus-case:{self.name}:{step}"))

    def event(self, step: Step, oins: Mapping[str, str]) -> Event:
        """Return the event of a step; raises ConfigurationError naming what the contract does not take."""
        links = {f.name for f in contract().types[step.type].fields if f.role == "link"}
        fields: dict[str, Any] = {"occurred_at": step.time, "occurred_precision": "INSTANT"}
        for name, value in step.fields.items():
            if name in links:
                fields[name] = self.event_id(value)
            elif name.endswith("_oin"):
                fields[name] = oins[value]
            else:
                fields[name] = tuple(value) if isinstance(value, list) else value
        try:
            return MODELS[step.type](**fields)
        except ValidationError as error:
            raise ConfigurationError(f"case {self.name}, step {step.id}: {error}") from error


def names() -> tuple[str, ...]:
    """Return the name of every case there is, in the order they are told."""
    return tuple(sorted((path.stem for path in FOLDER.glob("*.yaml")), key=lambda name: (load(name).order, name)))


@cache
def load(name: str) -> Case:
    """Return a case; raises ConfigurationError naming the cases there are, or what is wrong in its file."""
    path = FOLDER / f"{name}.yaml"
    if not path.exists():
        there = ", ".join(sorted(p.stem for p in FOLDER.glob("*.yaml")))
        raise ConfigurationError(f"no case is named {name}: there is {there}")
    try:
        case = Case.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except ValueError as error:
        raise ConfigurationError(f"case {path.name}: {error}") from error
    if case.name != name:
        raise ConfigurationError(f"case {path.name}: calls itself {case.name}")
    return case
