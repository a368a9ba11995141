"""Who got what about one client number, whether that was lawful at that moment, and who was told to stop and did. Pure.

Each delivery is judged as of its own moment, by all that is known now of that moment: lawful then, or unlawful then, such as
on a refusal that was said before and came in after. Beside that, a recall is due as long as what was delivered no longer
stands and not everyone who has it has confirmed to have stopped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from consent.activities import Register
from consent.grounds import decided
from consent.instants import Admitted, as_of, standing
from consent.masks import left_out, let_through, made_general
from consent.policy import Case, Decision
from services.explain.replaying import Recorded
from services.recall.listing import Awaited, Listing, State
from streams.disclose.tokens import EventName
from streams.runtime.records import position

Basis = Literal["lawful-then", "unlawful-then"]
Class = Literal["lawful-then", "unlawful-then", "recall-due"]
#: Of a delivery of more than its ground would have let through.
TOO_WIDE = "mask-too-wide"


@dataclass(frozen=True, slots=True)
class Logged:
    """A fact of the subject: its place in the log, and whether its publisher may say when it was admitted (simulated history)."""

    place: tuple[int, int]
    admitted: Admitted
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """An event about the subject, how it stands for one recipient and purpose, and every decision on it, oldest first."""

    name: EventName
    case: Case
    decision: Decision
    in_view: bool
    history: Sequence[Recorded]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One time a recipient got an event. `basis` is what is known now of that moment; `reasons` say why."""

    at: datetime
    kind: str
    change: int
    activity: str
    ground_nl: str
    ground_en: str
    mask: tuple[str, ...]
    left_out: tuple[str, ...]
    generalised: tuple[str, ...]
    basis: Basis
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """One organisation that was told to stop: since when, until when a confirmation is in time, and whether it came."""

    organisation: str
    state: State
    until: str | None
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Held:
    """What one recipient got of one event for one purpose. `stands` is whether it may have it now.

    `recalls` are the moments at which it was told to stop. `due` is whether something is still to be done.
    """

    event: str
    type: str
    recipient: str
    purpose: str
    stands: bool
    reasons: tuple[str, ...]
    deliveries: tuple[Delivery, ...]
    recalls: tuple[datetime, ...]
    told: tuple[Told, ...]
    due: bool

    def classes(self) -> tuple[Class, ...]:
        """Return the class of each delivery: a recall that is due goes before what was lawful then."""
        return tuple("recall-due" if self.due else one.basis for one in self.deliveries)


@dataclass(frozen=True, slots=True)
class Certificate:
    """Everything that was shared about one client number, and what became of it.

    `events` is how many there are, `held` what was delivered of them. It rests on `facts` of the log up to `upto`, and on
    the decisions of disclose up to number `decision`.
    """

    subject: str
    asked_at: datetime
    events: int
    held: tuple[Held, ...]
    facts: int
    upto: str
    decision: int

    def count(self, basis: Basis) -> int:
        """Return how many deliveries were of a basis."""
        return sum(one.basis == basis for held in self.held for one in held.deliveries)

    @property
    def due(self) -> int:
        """How many recalls are still to be made or confirmed."""
        return sum(held.due for held in self.held)

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON holds it, with the class of each delivery and the checksum of all the rest."""
        said = asdict(self)
        for row, held in zip(said["held"], self.held, strict=True):
            for delivery, its in zip(row["deliveries"], held.classes(), strict=True):
                delivery["class"] = its
        return said | {"sha256": self.checksum}

    @property
    def checksum(self) -> str:
        """The SHA-256 of all it says, as canonical JSON: two certificates with one checksum say the same."""
        text = json.dumps(asdict(self), default=str, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def certificate(
    subject: bytes,
    registers: Mapping[str, Register],
    in_force: str,
    facts: Sequence[Logged],
    judged: Iterable[Judged],
    recalls: Listing,
    asked_at: datetime,
) -> Certificate:
    """Return the certificate of a subject; `facts` are all of it in the log's order, `registers` those known by fingerprint."""
    judged = tuple(judged)
    rows = [_held(registers, in_force, facts, one, recalls.awaited) for one in judged]
    return Certificate(
        subject=subject.hex()[:12],
        asked_at=asked_at,
        events=len(facts),
        held=tuple(row for row in rows if row.deliveries),
        facts=len(facts),
        upto="ketenlog/{}/{}".format(*facts[-1].place) if facts else "",
        decision=max((r.number for one in judged for r in one.history), default=0),
    )


def _held(
    registers: Mapping[str, Register], in_force: str, facts: Sequence[Logged], one: Judged, awaited: Sequence[Awaited]
) -> Held:
    who, what = one.decision.recipient, one.decision.purpose
    mine = [row for row in awaited if row.recall.candidate == (one.name, who, what)]
    stands = one.decision.outcome == "delivered"
    told = tuple(
        Told(row.organisation, row.state, row.until.isoformat() if row.until else None, row.confirmed_at)
        for row in mine
    )
    all_done = bool(told) and all(each.state == "confirmed" for each in told)
    law = {name: registers.get(name, registers[in_force]) for name in {r.register for r in one.history}}
    return Held(
        event=one.name.id,
        type=one.case.type,
        recipient=who,
        purpose=what,
        stands=stands,
        reasons=one.decision.reasons,
        deliveries=tuple(
            _delivery(law[r.register], facts, one.case, r) for r in one.history if r.kind not in (None, "recall")
        ),
        recalls=tuple(r.decided_at for r in one.history if r.kind == "recall"),
        told=told,
        due=not stands and (one.in_view or not all_done),
    )


def _delivery(register: Register, facts: Sequence[Logged], case: Case, recorded: Recorded) -> Delivery:
    decision = recorded.decision
    at = moment(facts, recorded)
    then = decided(
        register, standing(case), as_of((f.admitted.fact for f in facts), at), decision.recipient, decision.purpose
    )
    basis, reasons = _basis(then, decision)
    activity = register.by_ref(decision.activity)
    return Delivery(
        at=at,
        kind=recorded.kind or "",
        change=recorded.change,
        activity=decision.activity,
        ground_nl=activity.ground.nl if activity else "",
        ground_en=activity.ground.en if activity else "",
        mask=decision.mask,
        left_out=left_out(case.type, decision.mask),
        generalised=made_general(case.type, decision.mask),
        basis=basis,
        reasons=reasons,
    )


def _basis(then: Decision | None, decision: Decision) -> tuple[Basis, tuple[str, ...]]:
    if then is None:
        return "unlawful-then", ("no-activity",)
    if then.outcome != "delivered":
        return "unlawful-then", then.reasons
    if not let_through(decision.mask) <= let_through(then.mask):
        return "unlawful-then", (TOO_WIDE,)
    return "lawful-then", then.reasons


def moment(facts: Sequence[Logged], recorded: Recorded) -> datetime:
    """Return when a decision was taken: by the clock, or, of simulated history, when the last fact it knew was admitted."""
    known = [fact for fact in facts if fact.place <= position(recorded.known_to)]
    if any(fact.simulated for fact in known):
        return max(fact.admitted.at for fact in known)
    return recorded.decided_at
