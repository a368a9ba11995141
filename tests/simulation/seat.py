"""One processor's place in a world: its database, its consumer group, and the faults that wait for its steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from streams.runtime.batches import LOOK_SECONDS
from streams.runtime.records import Record, ToSend
from streams.runtime.transaction import Place
from tests.simulation.broker import Producer, partitions
from tests.simulation.connection import Connection, Kind
from tests.simulation.database import Database
from tests.simulation.plan import RESTORES, Fault
from tests.simulation.worker import Worker

if TYPE_CHECKING:
    from tests.simulation.world import World


#: How long a server that fails over is away: what was sent before has arrived by then.
AWAY_SECONDS = 10.0


class Watched:
    """A processor whose transactions say which records they apply."""

    def __init__(self, processor: Any) -> None:
        self.real = processor
        self.name: str = processor.name
        self.topics: tuple[str, ...] = processor.topics
        self.schema: str = processor.schema
        self.sends: bool = processor.sends

    async def apply(self, connection: Connection, records: Sequence[Record]) -> list[ToSend]:
        """Apply them."""
        connection.decides(records)
        found: list[ToSend] = await self.real.apply(connection, records)
        return found


class Seat:
    """A processor's place."""

    SESSION_SECONDS = 6.0

    def __init__(self, world: World, name: str, processor: Any) -> None:
        self.world = world
        self.name = name
        self.processor = Watched(processor)
        self.database = Database()
        self.steps = 0
        self.was_restored = False
        self.workers: list[Worker] = []
        self.producers: list[Producer] = []
        self._members: list[Worker] = []
        self._started = 0
        self._counted: Counter[str] = Counter()
        self._faults = {(f.on, f.at): f for f in world.plan.faults if f.seat == name}
        self._backup_at = {int(f.how) for f in self._faults.values() if f.kind in RESTORES}
        self._backups: dict[int, Mapping[Seat, Any]] = {}
        self.places: list[Place] = [
            (topic, partition) for topic in self.processor.topics for partition in range(partitions(topic))
        ]

    def open(self) -> None:
        """Start the workers."""
        for _ in range(self.world.plan.workers):
            self._members.append(self._new())
        self._deal()

    def next_step(self, kind: Kind) -> Fault | None:
        """Count a step and return what goes wrong at it."""
        self.steps += 1
        self._counted[kind] += 1
        if self.steps in self._backup_at:
            self._backups[self.steps] = {seat: seat.database.backup() for seat in self.world.seats.values()}
        return self._faults.get(("step", self.steps)) or self._faults.get((kind, self._counted[kind]))

    def arrived(self, place: Place) -> None:
        """Let the workers look."""
        for worker in self.workers:
            worker.rouse()

    def lost(self, worker: Worker) -> None:
        """Start a worker in the place of one that is gone: at once, or when the group has missed it."""
        self.workers.remove(worker)
        if worker in self._members:
            self._members.remove(worker)
        self.world.loop.call_later(worker.draw.choice((0.01, 1.0, self.SESSION_SECONDS)), self._replace)

    def give_up_on(self, worker: Worker) -> None:
        """Let another have the partitions of a worker that was silent for too long."""
        if worker.alive and worker in self._members:
            self.world.note(f"{worker.name}: given up on")
            self._members.remove(worker)
            worker.evict()
            self._replace()

    def joined(self, worker: Worker) -> None:
        """Take a worker that was given up on back into the group."""
        self.world.note(f"{worker.name}: back in the group")
        self._members.append(worker)
        self._deal()

    def rebalance(self, how: str) -> None:
        """Deal the partitions anew, to one more worker or to one fewer."""
        if how == "more" and len(self._members) < 3:
            self._members.append(self._new())
        elif how == "fewer" and len(self._members) > 1:
            self._members.pop(0).evict()
        self._deal()

    def restore(self, step: int, kind: str) -> None:
        """Put the database back to what it was at an earlier step, or those of the whole server."""
        backup = self._backups.get(step)
        if backup is None:
            return
        for seat in backup if kind.endswith("-server") else (self,):
            if kind.startswith("failover"):
                seat.fail_over(backup[seat])
            else:
                seat.put_back(backup[seat], seat.workers)

    def fail_over(self, tables: Any) -> None:
        """Be away for a while, and then have these tables again, beneath every worker that waits for them."""
        self.database.is_away = True
        for worker in self.workers:
            worker.disconnect()
        self.world.loop.call_later(AWAY_SECONDS, self._come_back, tables)

    def put_back(self, tables: Any, stopped: Sequence[Worker]) -> None:
        """Have these tables again, once these workers are stopped; nothing of before is still under way then."""
        self.was_restored = True
        for worker in tuple(stopped):
            worker.die("lost")
        for producer in self.producers:
            producer.forget()
        self.database.tables = tables
        self.database.life += 1
        self.world.watch.restored(self)

    def _come_back(self, tables: Any) -> None:
        self.world.note(f"{self.name}: the database is back")
        self.database.is_away = False
        self.put_back(tables, [worker for worker in self.workers if worker.has_under_way])
        for worker in self.workers:
            self.world.loop.call_later(worker.draw.random() * LOOK_SECONDS, worker.rouse)

    def _replace(self) -> None:
        self._members.append(self._new())
        self._deal()

    def _new(self) -> Worker:
        self._started += 1
        worker = Worker(self, f"{self.name}-{self._started}")
        self.workers.append(worker)
        return worker

    def _deal(self) -> None:
        for number, worker in enumerate(self._members):
            worker.assign(self.places[number :: len(self._members)])
