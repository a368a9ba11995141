"""Bugs planted on purpose, each switched on by a test only: if the simulation is any good, it finds every one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields, replace
from typing import Any
from unittest.mock import patch

from consent import known
from consent.known import Known
from streams.admit import store as admit_store
from streams.disclose import binding as disclose_binding
from streams.disclose import judge as disclose_judge
from streams.disclose import store as disclose_store
from streams.disclose import view as disclose_view
from streams.disclose.judge import Change, Standing
from streams.runtime import transaction
from streams.runtime.delivery import Delivery
from streams.runtime.records import Record, ToSend
from streams.runtime.transaction import Place, Sent
from tests.simulation import worker
from tests.simulation.database import Row, Transaction
from tests.simulation.statements import ADVANCE, MARK_SENT, Statement, advanced, forget, is_from, moved, places


@dataclass(frozen=True)
class Plant:
    """What is otherwise in a world: how it delivers, what statements do, and functions swapped for others."""

    name: str
    breaks: tuple[str, ...] = ()
    delivery: Callable[..., Delivery] = Delivery
    statements: Mapping[str, Statement] = field(default_factory=dict)
    swaps: tuple[tuple[Any, str, Any], ...] = ()
    restores: tuple[str, ...] = ()
    recovers: bool = True

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Have its functions in place of ours, for a while."""
        with ExitStack() as stack:
            for place, name, other in self.swaps:
                stack.enter_context(patch.object(place, name, other))
            yield


NONE = Plant("none")


class _AcknowledgesFirst(Delivery):
    """Moves the position in a transaction of its own, before that of the result."""

    async def _decide(self, records: Sequence[Record]) -> tuple[list[ToSend], Sent]:
        ends = {(r.topic, r.partition): r.offset + 1 for r in records}
        async with self.pool.acquire() as connection, connection.transaction():
            fresh, _ = await transaction.advance(connection, records)
        async with self.pool.acquire() as connection, connection.transaction():
            outgoing = await self.processor.apply(connection, fresh) if fresh else []
            rows = await transaction.put(connection, outgoing) if outgoing else ()
        return outgoing, Sent(ends, rows)


class _DoesNotWait(Delivery):
    """Goes on as soon as a record is on its way, whatever becomes of it."""

    async def _send(self, outgoing: Sequence[ToSend]) -> None:
        assert self.producer is not None or not outgoing
        for one in outgoing:
            await self.producer.send(one.topic, value=one.value, key=one.key, headers=list(one.headers))


class _LeavesWhatWasLeft(Delivery):
    """Reads on from where another worker stopped, and sends nothing that one left unsent."""

    async def resume(self, places: Any) -> dict[Place, int]:
        wanted = tuple(places)
        async with self.pool.acquire() as connection:
            await transaction.take_up(connection, wanted)
            return await transaction.decided(connection, wanted)


async def _advance_unlocked(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    *ends, rows = arguments
    await forget(tx, rows)
    return advanced(tx, ends)


async def _advance_forgetting_all(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    *ends, _ = arguments
    for key in sorted(places(ends)):
        await tx.lock("position", key)
    marked = {(topic, partition) for topic, partition, _, sent in zip(*ends, strict=True) if sent}
    await forget(tx, [key[0] for key, row in tx.rows("outbox").items() if is_from(row, marked)])
    return advanced(tx, ends)


async def _mark_forgetting_all(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    *ends, _ = arguments
    await moved(tx, ends)
    of_these = places(ends)
    return await forget(tx, [key[0] for key, row in tx.rows("outbox").items() if is_from(row, of_these)])


def _last_wins(several: Sequence[Known]) -> Known:
    said = {f.name: [getattr(one, f.name) for one in several if getattr(one, f.name)] for f in fields(Known)}
    return Known(**{name: held[-1] for name, held in said.items() if held})


def _at_arrival(register: Any, events: Any, before: Mapping[Any, Standing]) -> list[Change]:
    judged = {name for name, _, _ in before}
    return [c for c in disclose_judge.judge(register, events, before) if c.logged.name not in judged]


async def _every_repeat_is_new(connection: Any, seen: Any) -> Mapping[str, str]:
    found = await _TAKE(connection, seen)
    return {origin: "new" if verdict == "repeated" else verdict for origin, verdict in found.items()}


def _number_stays(register: Any, logged: Any, decision: Any, old: Standing | None) -> Change:
    change = _CHANGE(register, logged, decision, old)
    return replace(change, standing=replace(change.standing, change=old.change)) if old and old.change else change


def _no_recall(register: Any, logged: Any, decision: Any, old: Standing | None) -> Change:
    change = _CHANGE(register, logged, decision, old)
    if change.kind != "recall" or old is None:
        return change
    return replace(change, kind=None, standing=replace(change.standing, change=old.change))


async def _nobody(connection: Any, partitions: Any) -> Mapping[bytes, int]:
    return {}


def _nothing_general(event_type: str, mask: Any) -> tuple[str, ...]:
    return ()


_TAKE, _CHANGE = admit_store.take, disclose_judge._change

PLANTS = {
    plant.name: plant
    for plant in (
        Plant("acknowledged-before-commit", ("lost",), delivery=_AcknowledgesFirst),
        Plant("position-not-locked", ("doubled", "a worker stopped"), statements={ADVANCE: _advance_unlocked}),
        Plant("last-wins", ("unlawful",), swaps=((known, "merged", _last_wins),)),
        Plant("judged-at-arrival", ("unlawful",), swaps=((disclose_binding, "judge", _at_arrival),)),
        Plant("repeats-counted", ("doubled",), swaps=((admit_store, "take", _every_repeat_is_new),)),
        Plant("change-number-not-raised", ("doubled", "unlawful"), swaps=((disclose_judge, "_change", _number_stays),)),
        Plant("release-forgets-the-past", ("unlawful",), swaps=((disclose_store, "subjects_in", _nobody),)),
        Plant("masked-as-before", ("unlawful",), swaps=((disclose_view, "made_general", _nothing_general),)),
        Plant("recall-not-sent", ("unlawful",), swaps=((disclose_judge, "_change", _no_recall),)),
        Plant(
            "unsent-rows-forgotten-by-a-zombie",
            ("lost",),
            statements={ADVANCE: _advance_forgetting_all, MARK_SENT: _mark_forgetting_all},
        ),
        Plant("not-waited-for-the-broker", ("lost",), delivery=_DoesNotWait),
        Plant("left-over-not-sent", ("lost", "not at rest"), delivery=_LeavesWhatWasLeft),
        Plant("disclose-restored-and-not-recovered", ("doubled", "unlawful"), restores=("disclose",), recovers=False),
        Plant(
            "goes-on-after-a-failover",
            ("doubled", "not at rest", "convergence"),
            swaps=((worker, "leads_elsewhere", lambda of: False),),
            restores=("admit", "disclose"),
        ),
        Plant("registration-not-recovered", ("convergence",), restores=("registration",), recovers=False),
    )
}
