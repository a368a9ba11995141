"""A topic of the bus from its beginning to the end it has now, read as an auditor: nothing is committed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Consumer, KafkaException, Message, TopicPartition

from ketenbus.envelope import headers_of
from ketenbus.errors import ConfigurationError, RetryableError
from ketenbus.settings import PartnerSettings
from streams.runtime.records import Record
from streams.runtime.settings import ProcessorSettings
from streams.runtime.settled import log_in

#: How long the broker may be silent before we say so.
SILENCE_SECONDS = 10.0
CHUNK = 500


def read_topic(settings: ProcessorSettings, topic: str) -> Iterator[Record]:
    """Yield every record of the topic up to the end it has when asked, partition by partition in order.

    Raises RetryableError when the broker does not answer, ConfigurationError when it has no such topic for us.
    """
    consumer = Consumer(
        {
            **log_in(settings.kafka, settings.user, settings.password),
            "group.id": f"{settings.user}.reading",  # the library wants one; nothing is committed under it
            "enable.auto.commit": False,
            "log_level": 2,  # what fails is raised below, in our own words
        }
    )
    try:
        there = consumer.list_topics(topic, timeout=SILENCE_SECONDS).topics[topic]
        if there.error is not None:
            raise ConfigurationError(
                f"Kafka at {settings.kafka}: {settings.user} finds no topic {topic}: {there.error}"
            )
        for partition in sorted(there.partitions):
            low, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=SILENCE_SECONDS)
            if low < end:
                consumer.assign([TopicPartition(topic, partition, low)])
                yield from _between(consumer, topic, low, end, settings)
    except KafkaException as error:
        raise RetryableError(f"Kafka at {settings.kafka}: {topic} could not be read: {error.args[0].str()}") from error
    finally:
        consumer.close()


def account_of(partner: PartnerSettings) -> ProcessorSettings:
    """Return a partner's account on Kafka, in the form that reads a topic from its beginning to its end."""
    return ProcessorSettings(
        name=partner.id,
        kafka=partner.kafka,
        user=partner.user,
        password=partner.password,
        dsn="",
        partners=Path(),
        keys={},
    )


def _between(consumer: Consumer, topic: str, low: int, end: int, settings: ProcessorSettings) -> Iterator[Record]:
    wanted, heard_at = low, time.monotonic()
    while wanted < end:
        # Asking for no more than there is: the library waits out its timeout for what it did not get.
        for message in consumer.consume(min(CHUNK, end - wanted), timeout=1.0):
            if (error := message.error()) is not None:
                raise KafkaException(error)
            record = _record(topic, message)
            wanted, heard_at = record.offset + 1, time.monotonic()
            yield record
        if time.monotonic() - heard_at > SILENCE_SECONDS:
            raise RetryableError(f"Kafka at {settings.kafka}: {topic} fell silent at offset {wanted} of {end}")


def _record(topic: str, message: Message) -> Record:
    kind, appended_ms = message.timestamp()
    return Record(
        topic=topic,
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        appended_ms=0 if kind == TIMESTAMP_NOT_AVAILABLE else appended_ms,
        key=message.key(),
        value=message.value(),
        headers=headers_of(cast("list[tuple[str, bytes]] | None", message.headers())),
    )
