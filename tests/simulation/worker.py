"""A processor's workers: each reads its partitions, decides and sends by the real `Delivery`, and may die, freeze or come back."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import asyncpg
from aiokafka.errors import KafkaConnectionError, KafkaError

from ketenbus.errors import CorruptLogError, RetryableError
from streams.runtime.batches import PAUSE_SECONDS
from streams.runtime.delivery import AWAY
from streams.runtime.life import ReplacedError
from streams.runtime.records import Record
from streams.runtime.recovery import recover
from streams.runtime.transaction import Place
from streams.worker import RECOVERIES, SESSION
from tests.simulation.broker import Producer, Tail
from tests.simulation.connection import Kind, Pool
from tests.simulation.database import Database, Transaction
from tests.simulation.plan import Fault
from tests.simulation.violation import Violation

if TYPE_CHECKING:
    from tests.simulation.seat import Seat


#: PostgreSQL ends a transaction in which nothing was asked for so long.
IDLE_SECONDS = float(SESSION["idle_in_transaction_session_timeout"].removesuffix("s"))


class Worker:
    """One process of a processor, from its start to its end."""

    def __init__(self, seat: Seat, name: str) -> None:
        self.seat = seat
        self.name = name
        self.alive = True
        self.is_member = True
        self.life = seat.database.life
        self.open: set[Transaction] = set()
        self.draw = random.Random(f"{seat.world.plan.seed}-{name}")
        self.producer = Producer(seat.world.broker, self.draw)
        self.delivery = seat.world.plant.delivery(seat.processor, Pool(self), self)  # type: ignore[arg-type]
        self.delivery.acknowledged = self._acknowledged  # type: ignore[method-assign]
        seat.producers.append(self.producer)
        self._recovered = seat.name not in RECOVERIES
        self._frozen_until = 0.0
        self._is_sending = False
        self._generation = 0
        self._fetching: dict[Place, int] = {}
        self._buffer: list[Record] = []
        self._idle: asyncio.Future[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._start(self._lane())

    @property
    def database(self) -> Database:
        """The processor's own."""
        return self.seat.database

    @property
    def statements(self) -> Mapping[str, Any]:
        """What statements do otherwise in this world."""
        return self.seat.world.plant.statements

    async def step(self, kind: Kind, what: str) -> None:
        """Be at the next step of the processor; raises what goes wrong there."""
        self._check_alive()
        fault = self.seat.next_step(kind)
        if fault is not None:
            self.seat.world.note(f"{self.name}: {fault} ({kind} {what[:40]})".rstrip())
            self._suffer(fault, kind)
        if self.database.is_away and kind != "send":
            raise ConnectionResetError("the database is away")
        if kind == "acquire" and leads_elsewhere(self):
            raise ReplacedError
        await self._pause(self.draw.random() * 0.01)

    async def send(
        self, topic: str, *, value: bytes | None, key: bytes, headers: Sequence[tuple[str, bytes]]
    ) -> asyncio.Future[None]:
        """Send a record, as aiokafka's producer does."""
        self._is_sending = True
        await self.step("send", topic)
        late = 2.0 if self.draw.random() < 0.02 else 0.0
        return self.producer.launch(topic, value, key, tuple(headers), late)

    @property
    def has_under_way(self) -> bool:
        """Whether it stands still, or something of before is still to arrive."""
        return self._is_sending or self._frozen_until > self.seat.world.loop.time()

    def disconnect(self) -> None:
        """Lose every connection to the database."""
        for tx in tuple(self.open):
            tx.rollback()

    def assign(self, places: Sequence[Place]) -> None:
        """Be given partitions: send what is left of them, then read on; what was fetched before may still be applied."""
        self.is_member = True
        self._generation += 1
        self._fetching = {}
        if self.draw.random() < 0.5:
            self._buffer.clear()
        self._start(self._take_over(self._generation, tuple(places)))

    def evict(self) -> None:
        """Be given up on; a worker that stands still cannot notice."""
        self.is_member = False

    def rouse(self) -> None:
        """Look again whether there is something to read."""
        if self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    def die(self, how: str = "lost") -> None:
        """Be gone: open transactions are rolled back, and what is on its way to the broker arrives or not."""
        if not self.alive:
            return
        self.alive = False
        self.disconnect()
        self.producer.break_off(how)
        for task in self._tasks:
            task.cancel()
        self.seat.lost(self)

    def close(self) -> None:
        """End with the world."""
        self.alive = False
        for task in self._tasks:
            task.cancel()

    def _suffer(self, fault: Fault, kind: Kind) -> None:
        loop = self.seat.world.loop
        match fault.kind:
            case "crash":
                self.die(fault.how)
                self._check_alive()
            case "freeze":
                self._frozen_until = loop.time() + float(fault.how)
                if float(fault.how) > IDLE_SECONDS:
                    loop.call_later(IDLE_SECONDS, self._stood_still)
                if float(fault.how) > self.seat.SESSION_SECONDS:
                    loop.call_later(self.seat.SESSION_SECONDS, self.seat.give_up_on, self)
            case "break" if kind == "send":
                self.producer.break_off(fault.how)
                raise KafkaConnectionError
            case "break":
                raise ConnectionResetError("the connection is gone")
            case "rebalance":
                self.seat.rebalance(fault.how)
            case "restore" | "restore-server" | "failover" | "failover-server":
                self.seat.restore(int(fault.how), fault.kind)
                self._check_alive()

    def _acknowledged(self, *_: Any) -> None:
        self._is_sending = False

    def _stood_still(self) -> None:
        """Lose the transactions that stood still with the process for too long."""
        if self._frozen_until > self.seat.world.loop.time():
            self.disconnect()

    async def _lane(self) -> None:
        while True:
            self._fetch()
            if not self._buffer:
                if not self.is_member:
                    self.seat.joined(self)
                self._idle = self.seat.world.loop.create_future()
                await asyncio.wait({self._idle}, timeout=PAUSE_SECONDS)
                if not self._idle.done():
                    await self.delivery.apply(())
                    await self._idle
                await self._pause(self.draw.random() * 0.05)
                continue
            most = self.seat.world.plan.most
            batch, self._buffer = self._buffer[:most], self._buffer[most:]
            self.seat.world.note(f"{self.name}: reads {_span(batch)}")
            await self.delivery.apply(batch)

    def _fetch(self) -> None:
        room = 2 * self.seat.world.plan.most - len(self._buffer)
        for place in self.draw.sample(sorted(self._fetching), len(self._fetching)):
            found = self.seat.world.broker.records[place][self._fetching[place] :][: max(room, 0)]
            self._buffer += found
            self._fetching[place] += len(found)
            room -= len(found)

    async def _take_over(self, generation: int, places: tuple[Place, ...]) -> None:
        await self._pause(self.draw.random() * 0.05)
        await self._recover()
        ends = await self.delivery.resume(places)
        if generation == self._generation:
            self.seat.world.note(f"{self.name}: reads on, decided {sum(ends.values())} of {len(places)} partitions")
            self._fetching = dict(ends)
            self.rouse()

    async def _recover(self) -> None:
        """Take back from the topics what a restored database forgot, as a worker does at its start."""
        if not self._recovered and self.seat.world.plant.recovers:
            pool: Any = Pool(self)
            recovery = RECOVERIES[self.seat.name](self.seat.processor.real)
            await recover(self.seat.processor, recovery, pool, Tail(self.seat.world.broker))  # type: ignore[arg-type]
        self._recovered = True

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if (left := self._frozen_until - self.seat.world.loop.time()) > 0:
            await asyncio.sleep(left)
        self._check_alive()

    def _check_alive(self) -> None:
        if not self.alive:
            raise asyncio.CancelledError

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self.seat.world.loop.create_task(work)
        task.add_done_callback(partial(_ended, self))
        self._tasks.append(task)


def leads_elsewhere(worker: Worker) -> bool:
    """Return whether its connections lead to another life of the database than the first one did."""
    return worker.life != worker.database.life


def _ended(worker: Worker, task: asyncio.Task[None]) -> None:
    """Tell the world how a worker's task ended: a fault of its surroundings is a process to start again, any other ours."""
    worker._tasks.remove(task)
    error = None if task.cancelled() else task.exception()
    world = worker.seat.world
    if error is None or world.failed is not None:
        return
    if isinstance(error, Violation):
        world.failed = error
    elif isinstance(error, (*AWAY, KafkaError, RetryableError, ReplacedError)) or (
        worker.seat.was_restored and isinstance(error, CorruptLogError | asyncpg.CheckViolationError)
    ):
        world.note(f"{worker.name}: ends on {type(error).__name__}")
        worker.die()
    else:
        world.failed = Violation("a worker stopped", f"{worker.name}: {type(error).__name__}: {error}")
        world.failed.__cause__ = error


def _span(batch: Sequence[Record]) -> str:
    return f"{batch[0].origin} to {batch[-1].origin}" if len(batch) > 1 else batch[0].origin
