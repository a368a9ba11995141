"""The raw topics, read once from their beginning to the end they had when reading started. No group, no commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from ketenbus.envelope import Headers
from ketenbus.errors import ConfigurationError, RetryableError

#: How long Kafka may say nothing before reading stops.
PATIENCE_SECONDS = 30.0
BATCH = 5000


@dataclass(frozen=True, slots=True)
class Raw:
    """One record as Kafka holds it; `appended_ms` is the broker's time of it in milliseconds."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes | None
    headers: Headers
    appended_ms: int = 0

    @property
    def origin(self) -> str:
        """Its coordinates, as the bus writes them: `topic/partition/offset`."""
        return f"{self.topic}/{self.partition}/{self.offset}"


class Topics:
    """Every topic an auditor may read."""

    def __init__(self, admin: Mapping[str, str]) -> None:
        """Name the cluster; `admin` holds `kafka` (its address), `user` and `password`."""
        self._consumer = Consumer(
            {
                "bootstrap.servers": admin["kafka"],
                "security.protocol": "SASL_PLAINTEXT",
                "sasl.mechanism": "SCRAM-SHA-256",
                "sasl.username": admin["user"],
                "sasl.password": admin["password"],
                "group.id": "ketenbus-verify",  # librdkafka wants a name; nothing is ever committed under it
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "queued.max.messages.kbytes": 32768,
                "fetch.wait.max.ms": 50,  # what is read is there already
            }
        )

    def ends(self, topics: Sequence[str]) -> dict[tuple[str, int], tuple[int, int]]:
        """Return the first offset and the end of every partition of these topics."""
        try:
            known = self._consumer.list_topics(timeout=PATIENCE_SECONDS).topics
            missing = sorted(set(topics) - set(known))
            if missing:
                raise ConfigurationError(f"no topic {missing[0]}: is this a platform of ketenbus, and is it up?")
            return {
                (topic, partition): self._ends(topic, partition)
                for topic in topics
                for partition in known[topic].partitions
            }
        except KafkaException as error:
            raise RetryableError(
                f"Kafka is away or slow ({error.args[0].name()}): start it with ./ketenbus up"
            ) from error

    def read(self, topics: Sequence[str]) -> Iterator[Raw]:
        """Return every record of these topics up to the end they have now; partitions come mixed, each in its order."""
        left = {place: ends for place, ends in self.ends(topics).items() if ends[0] < ends[1]}
        self._consumer.assign([TopicPartition(topic, part, begin) for (topic, part), (begin, _) in left.items()])
        to_come = sum(end - begin for begin, end in left.values())
        while left:
            # consume() waits until it has all it was asked for: never ask for more than there is.
            batch = self._consumer.consume(min(BATCH, max(to_come, 1)), timeout=PATIENCE_SECONDS)
            to_come -= len(batch)
            if not batch:
                raise RetryableError(
                    f"Kafka said nothing for {PATIENCE_SECONDS:.0f} s while reading {sorted(left)[0][0]}"
                )
            for message in batch:
                if (error := message.error()) is not None:
                    raise _fault(error)
                record = _raw(message)
                place = (record.topic, record.partition)
                if place not in left or record.offset >= left[place][1]:
                    continue
                yield record
                if record.offset + 1 == left[place][1]:
                    del left[place]
        self._consumer.unassign()

    def close(self) -> None:
        """Leave the cluster."""
        self._consumer.close()

    def _ends(self, topic: str, partition: int) -> tuple[int, int]:
        begin, end = self._consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=PATIENCE_SECONDS)
        return begin, end


def _raw(message: Message) -> Raw:
    told = message.headers() or ()
    headers = told.items() if isinstance(told, dict) else told
    return Raw(
        topic=message.topic() or "",
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        key=_bytes(message.key()) or b"",
        value=_bytes(message.value()),
        headers=tuple((name, _bytes(value) or b"") for name, value in headers),
        appended_ms=message.timestamp()[1],
    )


def _bytes(content: str | bytes | None) -> bytes | None:
    return content.encode() if isinstance(content, str) else content


def _fault(error: KafkaError) -> RetryableError:
    return RetryableError(f"Kafka stopped answering ({error.name()}); nothing was changed, try again")
