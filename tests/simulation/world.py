"""One world: a broker, four processors and their workers, what partners say, what goes wrong, and who watches."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from types import SimpleNamespace
from unittest.mock import patch

from streams.disclose.releases import CONTROL, is_control
from streams.runtime import delivery, topics
from streams.runtime.records import Record
from tests.made_up import NOW
from tests.simulation.broker import Broker
from tests.simulation.database import Transaction
from tests.simulation.ending import OF_THE_REGISTRATION, at_rest, ending
from tests.simulation.loop import Loop
from tests.simulation.plan import SEATS, Announcement, Plan, Publishing
from tests.simulation.plants import NONE, Plant
from tests.simulation.premises import premises
from tests.simulation.seat import Seat
from tests.simulation.story import prepared
from tests.simulation.violation import Violation
from tests.simulation.watch import Watch

#: Callbacks a world may take to come to rest: a hundred times what one takes in which everything goes wrong.
TURNS = 400_000


class World:
    """Everything of one seed. `told`, where it is given, is what is on the topics of partners instead of the plan's sayings."""

    def __init__(self, plan: Plan, plant: Plant = NONE, *, told: Sequence[Record] | None = None) -> None:
        self.plan = plan
        self.plant = plant
        self.trace: list[str] = []
        self.failed: Violation | None = None
        self.loop = Loop()
        self.broker = Broker(self.loop)
        self.draw = random.Random(f"world-{plan.seed}")
        self.watch = Watch(self)
        self.seats = {name: Seat(self, name, premises().processors[name]) for name in SEATS}
        self._told = told

    def run(self) -> World:
        """Let it happen until nothing is left to happen; raises the first `Violation`, here or at rest."""
        clock = patch.object(delivery, "time", SimpleNamespace(monotonic=self.loop.time))
        with self.loop.running(), self.plant.planted(), clock:
            try:
                self._begin()
                while self.failed is None and self.loop.turn():
                    if self.loop.turns > TURNS:
                        raise Violation("not at rest", f"after {TURNS} turns something still goes on")
                if self.failed is not None:
                    raise self.failed
                at_rest(self)
            finally:
                self._end()
        return self

    def note(self, line: str) -> None:
        """Write down a step."""
        self.trace.append(f"{self.loop.time():8.3f}  {line}")

    def _begin(self) -> None:
        self.broker.on_append = [self._appended]
        for seat in self.seats.values():
            seat.database.on_commit = lambda tx, seat=seat: self._committed(seat, tx)  # type: ignore[misc]
            seat.open()
        for one in self.plan.announced:
            self.loop.call_at(one.at if self._told is None else 0.0, self._announce, one)
        for record in self._told or ():
            self.broker.append(record.topic, record.key or b"", record.value, record.headers, record.appended_ms)
        if self._told is None:
            for publishing in self.plan.publishings:
                self.loop.call_at(publishing.at, self._publish, publishing)
            draw, last = (
                random.Random(f"days-{self.plan.seed}"),
                max((p.at for p in self.plan.publishings), default=0.0),
            )
            for day in (NOW, NOW, NOW + timedelta(days=1)):
                self.loop.call_at(draw.random() * last, self._day, day)
        for fault in self.plan.faults:
            if fault.kind == "clock":
                self.loop.call_at(fault.at / 10, self._skew, int(fault.how))

    def _publish(self, publishing: Publishing) -> None:
        made = prepared(publishing.saying)
        self.note(f"says: {publishing.saying}")
        self.broker.append(made.topic, made.key, made.value, made.headers)

    def _announce(self, one: Announcement) -> None:
        self.broker.control(one.partition, premises().releases[one.number - 1].text().encode(), CONTROL)

    def _day(self, now: datetime) -> None:
        self.broker.append(topics.DAYS, b"", b"", (), int(now.timestamp() * 1000))

    def _skew(self, minutes: int) -> None:
        self.note(f"the broker's clock is off by {minutes} minutes")
        self.broker.skew = timedelta(minutes=minutes)

    def _appended(self, record: Record) -> None:
        self.note(f"on {record.origin}: {_of(record)}")
        self._watched(lambda: self.watch.appended(record))
        for seat in self.seats.values():
            if record.topic in seat.processor.topics:
                seat.arrived((record.topic, record.partition))

    def _committed(self, seat: Seat, tx: Transaction) -> None:
        if tx.written:
            decided = ", ".join(r.origin for r in tx.records)
            stored = sum(row is not None for row in tx.written.get("outbox", {}).values())
            self.note(
                f"{seat.name} commits: decided {decided or 'nothing'}, to send {stored}, sent {len(tx.forgotten)}"
            )
        self._watched(lambda: self.watch.committed(seat, tx))

    def _watched(self, judge: Callable[[], None]) -> None:
        """Keep the first thing that is wrong, whoever hears of it first."""
        if self.failed is None:
            try:
                judge()
            except Violation as violation:
                self.note(f"WRONG: {violation}")
                self.failed = violation

    def _end(self) -> None:
        for seat in self.seats.values():
            for worker in tuple(seat.workers):
                worker.close()
        self.failed = self.failed or Violation("over", "")
        for _ in range(200):
            if not self.loop.turn():
                break


def check(plan: Plan, plant: Plant = NONE, *, world: World | None = None) -> World:
    """Run a world and the same one undisturbed; raises the first `Violation`, one of them that they end otherwise."""
    world = (world or World(plan, plant)).run()
    told = [r for r in _published(world) if r.topic not in OF_THE_REGISTRATION]
    undisturbed = World(plan.undisturbed(), told=told).run()
    ours, theirs = ending(world), ending(undisturbed)
    for what, end in ours.items():
        if end != theirs[what]:
            violation = Violation("convergence", f"{what} is not that of the undisturbed run")
            world.note(f"WRONG: {violation}: {end} instead of {theirs[what]}")
            raise violation
    return world


def _published(world: World) -> list[Record]:
    """What partners put on their topics, topic by topic in order."""
    return [record for place in world.seats["admit"].places for record in world.broker.records[place]]


def _of(record: Record) -> str:
    if is_control(record):
        return "a release of the register"
    told = {name: value.decode("utf-8", "replace") for name, value in record.headers if value is not None}
    parts = (told.get("ce_type", "").removeprefix("nl.mensenhandel."), told.get("ce_id", "")[:24])
    view = (told.get("ce_ketenbuskind", ""), told.get("ce_ketenbuschange", ""), told.get("ketenbus-reason", ""))
    return " ".join(part for part in (*parts, *view) if part)
