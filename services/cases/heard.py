"""What the bus made of a step: what recipients heard, what was kept from whom and why, and how the figures stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from consent.activities import Activity
from services.cases.casefile import Case, Expected, Step, Told
from streams.monitoring.fold import Cell

REGISTRATION = "registration"


@dataclass(frozen=True, slots=True)
class EventRef:
    """One event: the step that published it, or None for a record that CoMensha's registration publishes itself."""

    step: str | None
    type: str
    id: str

    @property
    def name(self) -> str:
        """What a case file calls it: the step, or `registration` for what the registration publishes itself."""
        return self.step or REGISTRATION


@dataclass(frozen=True, slots=True)
class Heard:
    """What one recipient heard of one event for one purpose, or why it heard nothing.

    `arrived` are the fields that the message holds; `left_out` are the fields the mask took away, `generalised` those of which
    it let a general value through; `opened` were sealed for the bus and read by the recipient's zone;
    `still_sealed` reached the recipient, who has no key for them here. `rule` is the source of the rule over all activities that
    decided, where one did: what was corrected or taken back goes to nobody.
    """

    event: EventRef
    recipient: str
    purpose: str
    told: Told
    reasons: tuple[str, ...]
    activity: Activity | None
    arrived: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    generalised: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    still_sealed: tuple[str, ...] = ()
    rule: str = ""

    def as_expected(self) -> Expected:
        """Return it the way a case file says it."""
        return Expected(
            event=self.event.name,
            recipient=self.recipient,
            purpose=self.purpose,
            told=self.told,
            reason=" ".join(self.reasons),
        )


@dataclass(frozen=True, slots=True)
class Registered:
    """CoMensha's own space at rest: persons and reports in force, messages in its view, a hash of every row."""

    persons: int
    reports: int
    messages: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """The latest receipt of an event: for every candidate its outcome; `signed` says whether disclose signed its batch."""

    event: EventRef
    outcomes: tuple[Mapping[str, Any], ...]
    signed: bool


@dataclass(frozen=True, slots=True)
class Happened:
    """One step, as it was seen to go."""

    step: Step
    event_id: str
    publisher: str
    admitted: str
    heard: tuple[Heard, ...]
    registered: Registered
    cells: Mapping[Cell, int]


@dataclass(frozen=True, slots=True)
class Telling:
    """A whole case as it went."""

    case: Case
    steps: tuple[Happened, ...]
    receipts: tuple[Receipt, ...]

    def unchanged(self) -> tuple[Registered, Registered] | None:
        """Return the registration at the two moments between which the case says it stays the same."""
        if self.case.registration_unchanged is None:
            return None
        at = {one.step.id: one.registered for one in self.steps}
        return at[self.case.registration_unchanged.after], at[self.case.registration_unchanged.until]

    def differences(self) -> tuple[str, ...]:
        """Return where it went otherwise than the case expects; empty when nowhere. A bus that is empty counts nothing."""
        return tuple(_differences(self))


def _differences(telling: Telling) -> Iterator[str]:
    persons = reports = 0
    figures = (0,) * len(telling.case.figures)
    for one in telling.steps:
        step = one.step
        if one.admitted != "admitted":
            yield f"step {step.id}: expected admitted, found {one.admitted}"
        wanted, found = set(step.expect), {heard.as_expected() for heard in one.heard}
        for missing in sorted(map(_plain, wanted - found)):
            yield f"step {step.id}: expected, not found: {missing}"
        for surplus in sorted(map(_plain, found - wanted)):
            yield f"step {step.id}: found, not expected: {surplus}"
        persons = persons if step.persons is None else step.persons
        reports = reports if step.reports is None else step.reports
        figures = figures if step.figures is None else step.figures
        if (persons, reports) != (one.registered.persons, one.registered.reports):
            yield (
                f"step {step.id}: expected {persons} persons and {reports} reports in the registration, "
                f"found {one.registered.persons} and {one.registered.reports}"
            )
        for figure, value in zip(telling.case.figures, figures, strict=True):
            if one.cells[figure.cell] != value:
                yield f"step {step.id}: expected {' '.join(figure.cell)} = {value}, found {one.cells[figure.cell]}"
    same = telling.unchanged()
    if same is not None and same[0] != same[1]:
        yield f"the registration changed: sha256 {same[0].sha256} became {same[1].sha256}"
    for receipt in telling.receipts:
        if not receipt.signed:
            yield f"the receipt of {receipt.event.name} is not signed by disclose"


def _plain(said: Expected) -> str:
    return f"{said.event} to {said.recipient} for {said.purpose}: {said.told} ({said.reason})"
