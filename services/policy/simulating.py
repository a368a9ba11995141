"""The flight simulator: a subject's history told again under two registers, and every candidate that fares otherwise. Pure.

Each event is judged as it came, by `streams.disclose.judge`, as disclose does: so what was delivered and recalled on the
way is told too, not only what stands at the end. Events that a zone publishes about what it got (`registration-recorded`) are taken
as they are: what would follow in them is not simulated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from consent.activities import Register
from consent.policy import Decision
from streams.disclose.judge import Candidate, Standing, judge
from streams.disclose.view import LogEvent

Effect = Literal["newly-shared", "withheld", "recalled", "kept", "other-mask", "other-ground"]
EFFECTS: Mapping[Effect, str] = {
    "newly-shared": "newly shared: never shared under the register in force",
    "withheld": "withheld: shared under the register in force, never under the draft",
    "recalled": "recalled: shared under both, taken back under the draft only",
    "kept": "kept: shared under both, taken back under the register in force only",
    "other-mask": "other fields travel",
    "other-ground": "shared under both, on another ground",
}


@dataclass(frozen=True, slots=True)
class Trail:
    """What became of one candidate: the last decision, the last that let it through, and whether its view holds it."""

    last: Decision
    shared: Decision | None
    in_view: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """One candidate that fares otherwise under the draft; `activity` is the entry that rules it there, else the one now."""

    candidate: Candidate
    type: str
    effect: Effect
    activity: str


@dataclass(slots=True)
class Effects:
    """Differences of one kind under one activity: how many, on how many subjects, and some of them."""

    count: int = 0
    subjects: set[bytes] = field(default_factory=set)
    examples: list[Difference] = field(default_factory=list)


def trails(register: Register, events: Sequence[LogEvent]) -> dict[Candidate, Trail]:
    """Return what becomes of every candidate of one subject's events, which are in the log's order."""
    stands: dict[Candidate, Standing] = {}
    shared: dict[Candidate, Decision] = {}
    for known in range(1, len(events) + 1):
        for change in judge(register, events[:known], stands):
            decision = change.standing.decision
            candidate = (change.logged.name, decision.recipient, decision.purpose)
            stands[candidate] = change.standing
            if decision.outcome == "delivered":
                shared[candidate] = decision
    return {c: Trail(standing.decision, shared.get(c), standing.in_view) for c, standing in stands.items()}


def differences(
    types: Mapping[Candidate, str], active: Mapping[Candidate, Trail], draft: Mapping[Candidate, Trail]
) -> Iterator[Difference]:
    """Yield each candidate that fares otherwise under the draft.

    Law: none where both are the same register.
    """
    for candidate in sorted(active.keys() | draft.keys(), key=lambda c: (c[0].oin, c[0].id, c[0].subject, *c[1:])):
        now, then = active.get(candidate), draft.get(candidate)
        effect = _effect(now, then)
        if effect is not None:
            ruling = (then and (then.shared or then.last).activity) or (now and (now.shared or now.last).activity) or ""
            yield Difference(candidate, types[candidate], effect, ruling)


def _effect(now: Trail | None, then: Trail | None) -> Effect | None:
    was = now.shared if now is not None else None
    would = then.shared if then is not None else None
    if was is None or would is None or now is None or then is None:
        return None if was is would else "newly-shared" if was is None else "withheld"
    if now.in_view != then.in_view:
        return "recalled" if now.in_view else "kept"
    if was.mask != would.mask:
        return "other-mask"
    return None if (was.activity, was.reasons) == (would.activity, would.reasons) else "other-ground"


class Simulation:
    """Adds up, subject by subject, what a draft would have changed, and whether the register in force gives what stands."""

    def __init__(self, active: Register, draft: Register, examples: int) -> None:
        self._active, self._draft, self._examples = active, draft, examples
        self.events = 0
        self.subjects = 0
        self.candidates = 0
        #: Candidates whose standing is not what the register in force gives on the facts: 0, or the simulator may not be believed.
        self.astray = 0
        self.effects: dict[tuple[str, Effect], Effects] = {}

    def add(self, events: Sequence[LogEvent], standings: Mapping[Candidate, Decision]) -> None:
        """Tell one subject's history under both; `standings` is what stands for its candidates on the bus."""
        now, then = trails(self._active, events), trails(self._draft, events)
        self.events += len(events)
        self.subjects += 1
        self.candidates += len(now)
        self.astray += sum(standings.get(c) != trail.last for c, trail in now.items())
        self.astray += len(standings.keys() - now.keys())
        of = {e.name: e.event.TYPE for e in events}
        types = {candidate: of[candidate[0]] for candidate in now.keys() | then.keys()}
        for one in differences(types, now, then):
            group = self.effects.setdefault((one.activity, one.effect), Effects())
            group.count += 1
            group.subjects.add(one.candidate[0].subject)
            if len(group.examples) < self._examples:
                group.examples.append(one)

    def totals(self) -> Counter[Effect]:
        """Return how many candidates fare otherwise, by effect."""
        found: Counter[Effect] = Counter()
        for (_, effect), group in self.effects.items():
            found[effect] += group.count
        return found


def simulate(
    active: Register,
    draft: Register,
    histories: Iterable[tuple[Sequence[LogEvent], Mapping[Candidate, Decision]]],
    examples: int = 3,
) -> Simulation:
    """Return what a draft would have changed over these histories, each of one subject in the log's order."""
    simulation = Simulation(active, draft, examples)
    for events, standings in histories:
        simulation.add(events, standings)
    return simulation
