"""A batch that takes longer to judge than PostgreSQL lets a transaction stand still."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import asyncpg
import pytest

from ketenbus.errors import BusError
from streams.runtime import delivery, transaction
from streams.runtime.delivery import MOST_ENDED, Delivery, was_ended
from streams.runtime.records import Record, ToSend
from streams.runtime.transaction import Sent

RECORDS = [Record("t", 2, offset, 0, b"k", b"v", ()) for offset in range(5)]


def ended() -> asyncpg.InterfaceError:
    """What asyncpg raises of it to a worker that was busy."""
    out = asyncpg.InterfaceError("cannot call Transaction.__aexit__(): the underlying connection is closed")
    lost = asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
    lost.__cause__ = asyncpg.IdleInTransactionSessionTimeoutError("terminating connection")
    out.__context__ = lost
    return out


class Judging(Delivery):
    """Decides nothing, and remembers what it tried, did and sent, in order."""

    def __init__(self, fault: Callable[[Sequence[Record]], Exception | None]) -> None:
        super().__init__(Nothing(), None, None)  # type: ignore[arg-type]
        self.fault = fault
        self.done: list[tuple[str, list[int]]] = []

    async def _decide(self, records: Sequence[Record]) -> tuple[list[ToSend], Sent]:
        offsets = [record.offset for record in records]
        if (error := self.fault(records)) is not None:
            self.done.append(("tried", offsets))
            raise error
        self.done.append(("decided", offsets))
        return [ToSend(records[0], "out", b"k", b"v", ())], Sent(transaction.ends_of(records))

    async def _send(self, outgoing: Sequence[ToSend]) -> None:
        self.done.append(("sent", [one.origin.offset for one in outgoing]))


class Nothing:
    """A processor that is not asked."""

    name, topics, schema, sends = "nothing", (), "", True

    async def apply(self, connection: Any, records: Sequence[Record]) -> list[Any]:
        raise AssertionError


async def test_it_is_tried_again_in_halves_in_order_each_sent_before_the_next() -> None:
    judging = Judging(lambda records: ended() if len(records) > 2 else None)
    await judging.apply(RECORDS)
    assert judging.done == [
        ("tried", [0, 1, 2, 3, 4]),
        ("decided", [0, 1]), ("sent", [0]), ("decided", [2, 3]), ("sent", [2]), ("decided", [4]), ("sent", [4]),
    ]  # fmt: skip
    assert judging._unmarked.ends == {("t", 2): 5}


async def test_a_worker_that_was_frozen_goes_on() -> None:
    faults = iter([ended()])
    judging = Judging(lambda _: next(faults, None))
    await judging.apply(RECORDS[:1])
    assert judging.done == [("tried", [0]), ("decided", [0]), ("sent", [0])]


async def test_one_record_that_is_ended_again_and_again_ends_the_worker_and_is_named() -> None:
    judging = Judging(lambda records: ended() if records[0].offset == 3 else None)
    await judging.apply(RECORDS[:3])
    with pytest.raises(BusError, match="nothing: stopped at t/2/3: PostgreSQL ended its transaction 3 times"):
        await judging.apply(RECORDS[3:])
    assert judging.done[2:] == [("tried", [3, 4]), *[("tried", [3])] * MOST_ENDED]


async def test_a_batch_is_not_halved_while_postgresql_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "RETRY_SECONDS", 0)
    faults = iter([ConnectionRefusedError(), asyncpg.InterfaceError("connection is closed")])
    judging = Judging(lambda _: next(faults, None))
    await judging.apply(RECORDS)
    assert judging.done == [*[("tried", [0, 1, 2, 3, 4])] * 2, ("decided", [0, 1, 2, 3, 4]), ("sent", [0])]


def test_why_a_connection_is_closed_is_among_its_causes() -> None:
    assert was_ended(ended())
    assert was_ended(asyncpg.IdleInTransactionSessionTimeoutError())
    assert not was_ended(asyncpg.InterfaceError("connection is closed"))
