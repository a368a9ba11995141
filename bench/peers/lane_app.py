"""Our lane with a processor of one errand: `python -m bench.peers.lane_app <settings.json>`.

The worker, the lane, the transaction and the outbox are the bus's own; only what the processor does is light.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.peers import given, stored
from bench.peers.given import Given
from bench.peers.work import Receipt
from streams import worker
from streams.runtime.health import Pulse
from streams.runtime.records import Record, ToSend
from streams.runtime.settings import ProcessorSettings
from streams.runtime.transaction import Connection


class Errands:
    """What is known of each subject and the receipts in PostgreSQL, in the batch's transaction; views and receipts sent."""

    name = "lane"
    schema = "SELECT"  # its tables are there, as every contestant's are
    sends = True

    def __init__(self, settings: Given) -> None:
        self.topics: tuple[str, ...] = (settings.log,)
        self._settings = settings
        self._work = settings.work()

    async def apply(self, connection: Connection, records: Sequence[Record]) -> list[ToSend]:
        """Take each record in order, and store and return what follows."""
        states = await stored.known_of(connection, (record.key or b"" for record in records))
        out: list[ToSend] = []
        receipts: list[Receipt] = []
        for record in records:
            key = record.key or b""
            taken = self._work.take(key, record.value or b"", record.headers, states.get(key))
            states[key] = taken.state
            receipts += taken.receipts
            out += [ToSend(record, self._settings.view(t.topic), t.key, t.value, t.headers) for t in taken.told]
            out += [
                ToSend(record, self._settings.receipts, r.id.encode(), r.outcomes.encode(), r.headers)
                for r in taken.receipts
            ]
        await stored.keep(connection, states, receipts)
        return out


def serve(settings: Given) -> None:
    """Work until SIGTERM."""
    access = ProcessorSettings(
        name=Errands.name,
        kafka=settings.kafka,
        user=settings.user,
        password=settings.password,
        dsn=f"{settings.dsn}?search_path={settings.schema}",
        partners=Path(settings.folder),
        keys={},
    )
    asyncio.run(worker.serve(Errands(settings), access, Pulse(Errands.name), again=False))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    serve(given.read())
