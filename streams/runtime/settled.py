"""Whether everything that was published has reached its last reader: asked of Kafka and PostgreSQL, never guessed by time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from ketenbus.errors import BusError
from streams.runtime import topics
from streams.runtime.transaction import Place

ANSWER_SECONDS = 5.0
PAUSE_SECONDS = 0.2


def read_by() -> Mapping[str, Sequence[Place]]:
    """Return the partitions each processor folds."""
    return {
        "admit": [(name, 0) for name in (*topics.type_topics(), topics.DAYS)],
        "disclose": [(topics.KETENLOG, partition) for partition in range(topics.KETENLOG_PARTITIONS)],
        "registration": [("view.comensha.registratie", 0)],
        "monitoring": [("view.rapporteur.monitoring", 0)],
    }


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one processor is: records sent on, of records there."""

    processor: str
    sent: int
    end: int


def client_config(admin: Mapping[str, str]) -> dict[str, str | int | float | bool]:
    """Return the confluent-kafka settings of the administrator's file."""
    return log_in(admin["kafka"], admin["user"], admin["password"])


def log_in(kafka: str, user: str, password: str) -> dict[str, str | int | float | bool]:
    """Return what a confluent-kafka client needs to log in as this user."""
    return {
        "bootstrap.servers": kafka,
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.username": user,
        "sasl.password": password,
    }


class Gauge:
    """Asks how far the processors are."""

    def __init__(self, admin: Mapping[str, str]) -> None:
        self._quiet: dict[str, Any] = {**client_config(admin), "log_level": 0, "error_cb": _ignore}
        self._kafka = AdminClient(self._quiet)
        self._dsn = admin["dsn"]

    async def progress(self) -> tuple[Progress, ...]:
        """Return how far each processor is.

        Positions are read before ends: where `sent` has reached `end` for all, nothing was in flight between.
        """
        sent = {name: await self._sent(name) for name in read_by()}
        places_read = [place for places in read_by().values() for place in places]
        ends = await asyncio.to_thread(self.ends, places_read)  # it waits, for long when Kafka is away
        return tuple(
            Progress(
                name,
                sum(min(sent[name].get(place, 0), ends[place]) for place in places),
                sum(ends[place] for place in places),
            )
            for name, places in read_by().items()
        )

    async def have_begun(self) -> bool:
        """Return whether every processor has made its tables and taken up its partitions."""
        return all([await self._sent(name) for name in read_by()])

    def ends(self, places: Sequence[Place]) -> dict[Place, int]:
        """Return the end offset of each partition.

        Raises KafkaException when Kafka is away; the next call asks with a client of its own, since librdkafka keeps the
        leaders' epochs of before a restart and is refused with them for ever.
        """
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        wanted = {TopicPartition(topic, partition): latest for topic, partition in places}
        try:
            found = self._kafka.list_offsets(wanted, request_timeout=ANSWER_SECONDS)
            return {(tp.topic, tp.partition): end.result().offset for tp, end in found.items()}
        except KafkaException:
            self._kafka = AdminClient(self._quiet)
            raise

    async def _sent(self, processor: str) -> dict[Place, int]:
        connection = await asyncpg.connect(self._dsn)
        try:
            if await connection.fetchval("SELECT to_regclass($1)", f"{processor}.position") is None:
                return {}
            rows = await connection.fetch(f"SELECT topic, partition, sent FROM {processor}.position")
            return {(row["topic"], row["partition"]): row["sent"] for row in rows}
        finally:
            await connection.close()


def _ignore(_: object) -> None:
    """Drop a client's report that Kafka is away: the call that fails raises it too."""


def is_settled(progress: Sequence[Progress]) -> bool:
    """Return whether every processor has sent on everything there is."""
    return all(p.sent >= p.end for p in progress)


async def until_settled(
    ask: Callable[[], Awaitable[Sequence[Progress]]],
    look: Callable[[Sequence[Progress]], None],
    logs: Path,
    stalled_seconds: float,
) -> None:
    """Return when every processor has sent on everything there is.

    `ask` says how far they are, or nothing while a server is away; `look` hears each answer. Raises BusError, naming how far
    each is and where the logs are, when nothing moved for so many seconds.
    """
    last, moved = None, time.monotonic()
    while True:
        found = await ask()
        look(found)
        if found and is_settled(found):
            return
        if found != last:
            last, moved = found, time.monotonic()
        elif time.monotonic() - moved > stalled_seconds:
            where = ", ".join(f"{p.processor} {p.sent} of {p.end}" for p in found)
            raise BusError(f"nothing moved for {stalled_seconds:.0f} s: {where}; logs in {logs}")
        await asyncio.sleep(PAUSE_SECONDS)
