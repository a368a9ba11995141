"""The live lane: a Faust agent hands micro-batches of raw records to `Delivery`.

`noack()`, `concurrency=1` and `CrashingSupervisor` are needed together, else Faust 0.15.3 commits past a failed event
and loses it (measured: shared house style, last table). Positions come from PostgreSQL, not from Kafka's group offsets.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import faust
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.transport.drivers.aiokafka import Consumer as FaustConsumer
from faust.transport.drivers.aiokafka import Transport as FaustTransport
from mode.supervisors import CrashingSupervisor

from streams.runtime.batches import BATCH_RECORDS, micro_batches
from streams.runtime.delivery import Delivery
from streams.runtime.settings import ProcessorSettings
from streams.runtime.transaction import require_there

SESSION_SECONDS = 6.0
#: Measured, admit alone: 658 events/s at 1500, 1,795 at 50.
FETCH_WAIT_MS = 50
#: Of each partition at once, whatever waits there: what a worker holds does not grow with a backlog. Measured over
#: 600,000 events: disclose at most 95 MiB, where it took 122 with Faust's own 1 MiB.
FETCH_BYTES = 262_144
#: Between Faust and the batches: few, for it counts records only, and one of nothing but empty headers takes 47 MB of memory.
BUFFERED_RECORDS = 100
#: What is counted may wait so long for more of it: fewer and larger batches leave the machine to what is delivered.
GATHER_SECONDS = {"registration": 0.1, "monitoring": 0.1}


def begun_anew(found: Mapping[Any, Sequence[Any]], read: Mapping[Any, int | None]) -> dict[Any, int]:
    """Return the partitions that give records which were read before, each with the offset it was to go on from."""
    known = {tp: upto + 1 for tp in found if (upto := read.get(tp)) is not None}
    return {tp: upto for tp, upto in known.items() if found[tp] and found[tp][0].offset < upto}


def lane(delivery: Delivery, settings: ProcessorSettings) -> faust.App:
    """Return the Faust app that reads the processor's topics; it opens no port."""
    processor = delivery.processor

    class PromptThread(AIOKafkaConsumerThread):
        """Polls idle partitions for a short while only: a busy one is not asked again until such a poll ends."""

        def _create_worker_consumer(self, transport: Any) -> Any:
            consumer = super()._create_worker_consumer(transport)
            consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # Faust fixes 1500
            return consumer

        async def _fetch_records(self, consumer: Any, *words: Any, **named: Any) -> Any:
            """Fetch; where Kafka lost the end of a partition, aiokafka begins it anew, and Faust drops all up to where it was."""
            found = await super()._fetch_records(consumer, *words, **named)
            anew = begun_anew(found, self.consumer._read_offset)
            there = await consumer.end_offsets(list(anew)) if anew else {}
            for tp, upto in anew.items():
                require_there((tp.topic, tp.partition), there[tp], upto)
            return found

        def verify_event_path(self, now: float, tp: Any) -> None:
            """Spare Faust's watch over what stands still: `status` keeps it, and this one ends a worker whose partition begins anew."""

    class PositionedConsumer(FaustConsumer):
        """Reads on from the positions in PostgreSQL, after sending what an earlier worker left unsent."""

        def _new_consumer_thread(self) -> Any:
            return PromptThread(self, loop=self.loop, beacon=self.beacon)

        async def perform_seek(self) -> None:
            places = [(tp.topic, tp.partition) for tp in self.assignment() if tp.topic in processor.topics]
            ends = await delivery.resume(places)
            there = await self.highwaters(*self.assignment())
            for tp in self.assignment():
                if (tp.topic, tp.partition) in ends:
                    offset = ends[tp.topic, tp.partition]
                    require_there((tp.topic, tp.partition), there[tp], offset)
                    await self.seek(tp, offset)
                    self._read_offset[tp] = offset - 1 if offset else None
                    self._committed_offset[tp] = offset

    class PositionedTransport(FaustTransport):
        Consumer = PositionedConsumer

    app = faust.App(
        f"{settings.user}.{processor.name}",
        broker=f"kafka://{settings.kafka}",
        broker_credentials=faust.SASLCredentials(
            username=settings.user, password=settings.password, mechanism="SCRAM-SHA-256"
        ),
        broker_session_timeout=SESSION_SECONDS,
        broker_heartbeat_interval=SESSION_SECONDS / 4,
        broker_commit_interval=1.0,
        broker_max_poll_records=BATCH_RECORDS,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=FETCH_BYTES,
        store="memory://",
        datadir=str(
            Path(tempfile.gettempdir()) / "ketenbus-faust"
        ),  # made at start, and never written: we use no tables
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        stream_wait_empty=False,
        stream_buffer_maxsize=BUFFERED_RECORDS,
        key_serializer="raw",
        value_serializer="raw",
    )
    app.transport = PositionedTransport(app.conf.broker_consumer, app, app.loop)
    source = app.topic(
        *processor.topics, key_serializer="raw", value_serializer="raw", key_type=bytes, value_type=bytes
    )

    @app.agent(source, concurrency=1, supervisor_strategy=CrashingSupervisor, name=processor.name)
    async def agent(stream: Any) -> None:
        gather_seconds = GATHER_SECONDS.get(processor.name, 0.0)
        await delivery.run(micro_batches(stream.noack().events(), gather_seconds))

    return app
