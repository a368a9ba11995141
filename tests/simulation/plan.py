"""A seed as data: what is said and when, and every fault by the step it strikes, so that each can be left out."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from tests.simulation.broker import LOG_PARTITIONS
from tests.simulation.story import Saying, Story, rarer

SEATS = ("admit", "disclose", "registration", "monitoring")
#: crash: the process is gone; freeze: it stands still, longer than its session lasts or not; break: its connection
#: fails; rebalance: another worker comes or goes; restore: its workers are stopped, and its database is back at an earlier
#: step; failover: the database is away for a while and then back at that step, beneath the workers; either one -server: with
#: those of all others; clock: the broker's.
KINDS = ("crash", "freeze", "break", "rebalance")
RESTORES = ("restore", "restore-server", "failover", "failover-server")
HOW = {
    "crash": ("late", "some", "lost"),
    "freeze": ("1", "9", "9", "30"),
    "break": ("lost", "unheard", "some", "late"),
    "rebalance": ("more", "fewer"),
}


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What goes wrong at the step of that number of a processor, whichever of its workers takes it.

    `on` says which steps are counted: all (`step`), those that send, or those that commit.
    """

    seat: str
    at: int
    kind: str
    how: str
    on: str = "step"

    def __str__(self) -> str:
        return f"{self.kind} ({self.how}) at {self.on} {self.at} of {self.seat}"


@dataclass(frozen=True, slots=True)
class Publishing:
    """A saying put on the bus, so many seconds after the world began."""

    at: float
    saying: Saying


@dataclass(frozen=True, slots=True)
class Announcement:
    """A release of the register, put in one partition of the log so many seconds after the world began."""

    at: float
    partition: int
    number: int

    def __str__(self) -> str:
        return f"release {self.number} in partition {self.partition}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a world is made of but chance in how long things take, which follows from the seed."""

    seed: int
    publishings: tuple[Publishing, ...]
    faults: tuple[Fault, ...]
    announced: tuple[Announcement, ...] = ()
    most: int = 3
    workers: int = 1

    def undisturbed(self) -> Plan:
        """Return the same with nothing going wrong; the broker's clock is from the start what it was in the end."""
        clocks = [replace(fault, at=0) for fault in sorted(self.faults, key=lambda f: f.at) if fault.kind == "clock"]
        return replace(self, faults=tuple(clocks[-1:]), most=500, workers=1)


def drawn(seed: int, *, restores: tuple[str, ...] = ()) -> Plan:
    """Return the plan of a seed; with `restores`, the database of one of these alone is restored from an older backup."""
    draw = random.Random(f"plan-{seed}")
    said = list(Story(draw).tell(draw.randint(4, 12)))
    if draw.random() < 0.4:
        draw.shuffle(said)
    said += [again for again in said if draw.random() < 0.12]
    span = draw.choice((0.02, 0.5, 3.0, 12.0))
    moments = sorted(draw.random() * span for _ in said)
    faults = [_fault(draw) for _ in range(draw.choice((0, 1, 2, 3, 4, 6)))]
    if draw.random() < 0.4:
        # Off from the start either way, and later only forward: see docs/simulation.md for a clock that is set back.
        faults.append(Fault("broker", 0, "clock", str(draw.choice((-10, -5, 3)))))
        faults.append(Fault("broker", draw.randrange(1, 40), "clock", str(draw.choice((3, 8)))))
    if restores or draw.random() < 0.15:
        seat = draw.choice(restores or SEATS)
        back = draw.randrange(1, 60)
        is_alone = bool(restores) or random.Random(f"server-{seed}").random() < 0.5
        kind = "failover" if random.Random(f"failover-{seed}").random() < 0.5 else "restore"
        kind += "" if is_alone else "-server"
        faults.append(Fault(seat, back + draw.randrange(1, 80), kind, str(back)))
    most, workers = draw.choice((1, 2, 3, 7, 50)), draw.choice((1, 1, 2))
    announced: tuple[Announcement, ...] = ()
    rare = random.Random(f"rare-{seed}")
    if rare.random() < 0.5:
        said, more = rarer(rare, said)
        at = sorted(rare.random() * span for _ in more)
        said, moments = [*said, *more], [*moments, *at]
        announced = _announced(rare, span)
    publishings = tuple(Publishing(at, saying) for at, saying in zip(moments, said, strict=True))
    return Plan(seed, publishings, tuple(sorted(faults)), announced, most, workers)


def _announced(draw: random.Random, span: float) -> tuple[Announcement, ...]:
    """Draw when which release comes to which partition: one after another, but in each partition when it comes."""
    found = []
    for partition in range(LOG_PARTITIONS):
        moments = sorted(draw.random() * span for _ in range(draw.choice((0, 1, 2))))
        found += [Announcement(at, partition, number) for number, at in enumerate(moments, 2)]
    return tuple(found)


def _fault(draw: random.Random) -> Fault:
    seat = draw.choices(SEATS, (3, 5, 2, 1))[0]
    kind = draw.choice(KINDS)
    on, often = draw.choice((("step", 45), ("send", 8), ("commit", 6)))
    at = min(1 + int(draw.expovariate(1 / often)), 400)
    return Fault(seat, at, kind, draw.choice(HOW[kind]), on)
