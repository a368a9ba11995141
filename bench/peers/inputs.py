"""What every contestant is given: records of the log, made once, the same bytes for all.

Reports go through the SDK (sealed, signed) and through admit itself, in a transaction that is rolled back; what admit
would log is kept instead of sent.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

import asyncpg

from bench.place import CHUNK, Say, publisher, report
from infra.local.platform import Platform
from ketenbus import Outgoing
from ketenbus.envelope import Headers
from ketenbus.keyring import PublisherKeys
from ketenbus.preparing import Prepared, prepare_many
from streams.admit.binding import Admit
from streams.runtime import transaction
from streams.runtime.records import Record
from streams.runtime.settings import load
from streams.runtime.topics import KETENLOG


@dataclass(frozen=True, slots=True)
class Logged:
    """One record for the log, and the id of the event in it."""

    id: str
    key: bytes
    value: bytes
    headers: Headers


@dataclass(frozen=True, slots=True)
class Inputs:
    """The three parts of the input, of persons of their own.

    `backlog` and `killed` hold each person twice, a report in the first half and its correction in the second: what
    is known of a person matters, and a correction takes back what its report delivered. `live` holds single reports.
    """

    backlog: tuple[Logged, ...]
    live: tuple[Logged, ...]
    killed: tuple[Logged, ...]


async def make(platform: Platform, backlog: int, live: int, killed: int, say: Say) -> Inputs:
    """Return inputs of that many events each; the two that are pairs are rounded down to even."""
    say(f"making {backlog + live + killed} records of the log")
    began = datetime.now(UTC) - timedelta(hours=1)
    parts = []
    first = 0
    for size, pairs in ((backlog // 2 * 2, True), (live, False), (killed // 2 * 2, True)):
        people = range(first, first + (size // 2 if pairs else size))
        first = people.stop
        told = [Outgoing(report(n, publisher(platform), began), id=f"bench-{n}", time=began) for n in people]
        if pairs:
            later = began + timedelta(minutes=1)
            told += [_correction(platform, n, began, later) for n in people]
        parts.append(tuple(await _admitted(platform, told)))
    return Inputs(*parts)


def _correction(platform: Platform, number: int, began: datetime, later: datetime) -> Outgoing:
    was = report(number, publisher(platform), began)
    event = was.model_copy(update={"corrects": f"bench-{number}", "nationality": "BG"})
    return Outgoing(event, id=f"bench-{number}-corrected", time=later)


async def _admitted(platform: Platform, told: Sequence[Outgoing]) -> list[Logged]:
    settings = publisher(platform)
    keys = PublisherKeys(settings.keyring, settings.oin)
    processor = load(platform.processor_file("admit"))
    admit = Admit(processor)
    connection = await asyncpg.connect(processor.dsn)
    found: list[Logged] = []
    rolled_back = connection.transaction()
    try:
        await rolled_back.start()
        await connection.execute(transaction.SCHEMA)
        await connection.execute(admit.schema)
        for start in range(0, len(told), CHUNK):
            made = prepare_many([o.stamped(datetime.now(UTC)) for o in told[start : start + CHUNK]], settings, keys)
            records = [_record(one, start + n) for n, one in enumerate(made)]
            out = await admit.apply(cast(transaction.Connection, connection), records)
            logged = [Logged(_id_of(o.headers), o.key, o.value or b"", o.headers) for o in out if o.topic == KETENLOG]
            if len(logged) != len(records):
                raise ValueError(f"admit let {len(logged)} of {len(records)} reports in")
            found += logged
    finally:
        await rolled_back.rollback()
        await connection.close()
        keys.close()
    return found


def _record(made: object, offset: int) -> Record:
    if not isinstance(made, Prepared):
        raise ValueError(f"the SDK refused a report: {made}")
    return Record(made.topic, 0, offset, round(time.time() * 1000), made.key, made.value, made.headers)


def _id_of(headers: Headers) -> str:
    return dict(headers)["ce_id"].decode()
