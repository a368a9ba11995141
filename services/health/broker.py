"""What the administrator asks of Kafka to see how the bus is: ends, append times, and a topic's newest records."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from ketenbus.envelope import headers_of
from ketenbus.errors import RetryableError
from streams.runtime.records import Record
from streams.runtime.settled import client_config
from streams.runtime.transaction import Place

ANSWER_SECONDS = 2.0
#: Without a failure of its own to tell, the library is silent: what fails is raised here, in our own words.
QUIET = {"log_level": 0}
#: One record of a partition is all that is wanted; a broker gives at least one whole batch whatever the limit.
ONE_RECORD = {"fetch.message.max.bytes": 1024, "queued.min.messages": 1, "fetch.wait.max.ms": 20}


class Broker:
    """Asks Kafka; every answer comes within seconds, or is RetryableError."""

    def __init__(self, admin: Mapping[str, str]) -> None:
        self._config = {**client_config(admin), **QUIET}
        self._client = AdminClient(self._config)
        self._one: Consumer | None = None
        self._known: dict[Place, tuple[int, int]] = {}

    def ends(self, places: Sequence[Place]) -> dict[Place, int]:
        """Return the end offset of each partition."""
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        wanted = {TopicPartition(topic, partition): latest for topic, partition in places}
        try:
            asked = self._client.list_offsets(wanted, request_timeout=ANSWER_SECONDS)
            return {(tp.topic, tp.partition): found.result(ANSWER_SECONDS).offset for tp, found in asked.items()}
        except (KafkaException, TimeoutError) as error:
            raise RetryableError("Kafka does not answer") from error

    def appended(self, wanted: Mapping[Place, int]) -> dict[Place, int]:
        """Return when the broker took the record at each of these offsets, in ms; asked once for each.

        A partition that does not give its record within seconds is left out.
        """
        self._known = {place: known for place, known in self._known.items() if wanted.get(place) == known[0]}
        missing = {place: offset for place, offset in wanted.items() if place not in self._known}
        if missing:
            self._ask(missing)
        return {place: appended for place, (_, appended) in self._known.items()}

    def read(self, topic: str, start: int, end: int) -> Iterator[Record]:
        """Yield the records of a one-partition topic from one offset to another."""
        consumer = self._consumer({})
        try:
            consumer.assign([TopicPartition(topic, 0, start)])
            wanted, heard = start, time.monotonic()
            while wanted < end:
                for message in consumer.consume(min(500, end - wanted), timeout=0.5):
                    if message.error() is None:
                        wanted, heard = (message.offset() or 0) + 1, time.monotonic()
                        yield _record(topic, message)
                if time.monotonic() - heard > ANSWER_SECONDS:
                    raise RetryableError(f"{topic}: Kafka gave no record after offset {wanted}")
        except KafkaException as error:
            raise RetryableError(f"{topic}: Kafka does not answer") from error
        finally:
            consumer.close()

    def close(self) -> None:
        """Close every connection."""
        if self._one is not None:
            self._one.close()

    def _ask(self, missing: Mapping[Place, int]) -> None:
        if self._one is None:
            self._one = self._consumer(ONE_RECORD)
        left = dict(missing)
        until = time.monotonic() + ANSWER_SECONDS / 2
        try:
            self._one.assign([TopicPartition(topic, partition, offset) for (topic, partition), offset in left.items()])
            while left and time.monotonic() < until:
                for message in self._one.consume(len(left), timeout=0.1):
                    place = (message.topic() or "", message.partition() or 0)
                    if message.error() is None and place in left:
                        self._known[place] = (left.pop(place), message.timestamp()[1])
                        self._one.incremental_unassign([TopicPartition(*place)])
            self._one.unassign()
        except KafkaException:
            self._one.close()
            self._one = None

    def _consumer(self, more: Mapping[str, int]) -> Consumer:
        # The library wants a group; nothing is committed under it.
        group = {"group.id": "status", "enable.auto.commit": False, "auto.offset.reset": "earliest"}
        return Consumer({**self._config, **group, **more})


def _record(topic: str, message: Message) -> Record:
    return Record(
        topic=topic,
        partition=0,
        offset=message.offset() or 0,
        appended_ms=message.timestamp()[1],
        key=message.key(),
        value=message.value(),
        headers=headers_of(message.headers()),  # type: ignore[arg-type]
    )
