"""What the SDK's broker tests stand on: partners of the running platform, topics of their own, and a reader."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from infra.local.platform import Platform
from ketenbus.envelope import Headers, headers_of
from ketenbus.settings import PartnerSettings
from tests.made_up import DISCLOSE_KEY

POLICE = "politie-limburg"


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a topic, in bytes."""

    offset: int
    headers: Headers
    key: bytes | None
    value: bytes | None

    @property
    def id(self) -> str:
        """The CloudEvents id."""
        return dict(self.headers)["ce_id"].decode()


class World:
    """A platform as an administrator sees it; every topic it makes has a name no other test uses."""

    def __init__(self, platform: Platform, keyring: Path) -> None:
        self.platform = platform
        self._keyring = keyring
        self._admin = platform.admin()
        self._access: dict[str, Any] = {
            "bootstrap.servers": self._admin["kafka"],
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-256",
            "sasl.username": self._admin["user"],
            "sasl.password": self._admin["password"],
        }

    def partner(self, name: str = POLICE) -> PartnerSettings:
        """A partner of the platform, with a key ring of this test's own."""
        return replace(PartnerSettings.load(self.platform.partner_file(name)), keyring=self._keyring)

    def recipient(self) -> tuple[PartnerSettings, str]:
        """A made-up recipient that may read anything, and its own view's recipient name; the test plays disclose."""
        name = f"t{uuid4().hex[:12]}"
        self.make_topic(f"view.{name}.registratie")
        settings = replace(
            self.partner(),
            id=name,
            user=self._admin["user"],
            password=self._admin["password"],
            view_public_key=DISCLOSE_KEY.public_key(),
        )
        return settings, name

    def unacknowledged(self, name: str = POLICE) -> PartnerSettings:
        """A partner whose acknowledgements nobody but the test writes."""
        settings = replace(self.partner(name), id=f"t{uuid4().hex[:12]}")
        self.make_topic(f"acknowledgements.{settings.id}")
        return replace(settings, user=self._admin["user"], password=self._admin["password"])

    def write(self, topic: str, records: Iterable[tuple[Headers, bytes | None, bytes | None]]) -> None:
        """Write records as the administrator."""
        producer = Producer({**self._access, "acks": "all"})
        for headers, key, value in records:
            producer.produce(topic, value=value, key=key, headers=list(headers))
        assert producer.flush(30) == 0

    def acknowledge(self, partner: str, id: str, outcome: str, reason: str | None = None) -> None:
        """Write an acknowledgement, as admit does."""
        value = json.dumps({"id": id, "outcome": outcome, "reason": reason}).encode()
        self.write(f"acknowledgements.{partner}", [((), id.encode(), value)])

    def read(self, topic: str, wanted: Callable[[Record], bool] = lambda _: True) -> list[Record]:
        """Return the records of a topic up to its end as it is now."""
        consumer = Consumer({**self._access, "group.id": uuid4().hex, "enable.auto.commit": False})
        partition = TopicPartition(topic, 0)
        low, end = consumer.get_watermark_offsets(partition, timeout=30)
        consumer.assign([TopicPartition(topic, 0, low)])
        records = []
        while consumer.position([partition])[0].offset < end and low < end:
            for message in consumer.consume(1000, timeout=1.0):
                assert message.error() is None
                headers: Any = message.headers()
                record = Record(message.offset() or 0, headers_of(headers), message.key(), message.value())
                if record.offset < end and wanted(record):
                    records.append(record)
        consumer.close()
        return records

    def committed(self, group: str, topic: str) -> int:
        """Return a group's committed offset of a topic, or a negative number when it has none."""
        consumer = Consumer({**self._access, "group.id": group})
        [found] = consumer.committed([TopicPartition(topic, 0)], timeout=30)
        consumer.close()
        return int(found.offset)

    def commit(self, group: str, topic: str, offset: int) -> None:
        """Say that a group is there in a topic, whether it holds that or not."""
        consumer = Consumer({**self._access, "group.id": group})
        consumer.commit(offsets=[TopicPartition(topic, 0, offset)], asynchronous=False)
        consumer.close()

    def make_topic(self, topic: str) -> None:
        admin = AdminClient(self._access)
        for future in admin.create_topics([NewTopic(topic, 1, 1)], operation_timeout=30).values():
            future.result(30)
