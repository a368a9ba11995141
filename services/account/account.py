"""The balance and the outcomes: every term counted from its own topic or table, none by subtraction.

published = admitted + quarantined + repeated; candidates = delivered + withheld + pending (architecture, principle 4).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import asyncpg
from confluent_kafka import Consumer, TopicPartition

from consent.activities import Register
from consent.days import day_of
from ketenbus.envelope import headers_of
from ketenbus.errors import RetryableError
from streams.runtime import topics
from streams.runtime.records import unpack_headers
from streams.runtime.settled import Gauge, client_config

#: Types whose standing is derived: CoMensha's records of what it was delivered, and what admit wrote itself.
DERIVED = (
    "registration-recorded",
    "registration-corrected",
    "registration-ended",
    "fact-quarantined",
    "consent-begun",
    "consent-expired",
)


@dataclass(frozen=True, slots=True)
class Balance:
    """What came in and what became of it."""

    published: int
    admitted: int
    quarantined: int
    repeated: int
    candidates: int
    delivered: int
    withheld: int
    pending: int

    @property
    def difference(self) -> int:
        """How many events or candidates are unaccounted for; 0 is the promise."""
        events = abs(self.published - self.admitted - self.quarantined - self.repeated)
        return events + abs(self.candidates - self.delivered - self.withheld - self.pending)


@dataclass(frozen=True, slots=True)
class Account:
    """The balance, the outcomes of partners' events by reason, quarantine by reason, and the standing as lines."""

    balance: Balance
    outcomes: Mapping[tuple[str, str, str, str], int]
    quarantine: Mapping[str, int]
    standing: tuple[str, ...]


async def account(admin: Mapping[str, str], register: Register) -> Account:
    """Return the account of the bus as it stands now, read as its administrator."""
    connection = await asyncpg.connect(admin["dsn"])
    try:
        admitted = await connection.fetchval("SELECT count(*) FROM admit.admitted")
        facts = await connection.fetch("SELECT type, headers, oin, id FROM disclose.fact")
        standing = await connection.fetch(
            "SELECT s.*, f.type, f.headers FROM disclose.standing s JOIN disclose.fact f USING (subject, oin, id)"
        )
    finally:
        await connection.close()
    quarantine = _reasons(admin)
    ends = Gauge(admin).ends([(name, 0) for name in topics.type_topics()])
    outcomes = Counter(row["outcome"] for row in standing)
    lines: set[tuple[str, ...]] = set()
    for row in standing:
        if row["type"] not in DERIVED:
            source = dict(unpack_headers(row["headers"]))["ce_source"].decode()
            place = (source, row["id"], row["recipient"], row["purpose"])
            lines.add((*place, row["outcome"], row["mask"], row["activity"], row["reasons"]))
    return Account(
        Balance(
            published=sum(ends.values()),
            admitted=admitted,
            quarantined=sum(quarantine.values()),
            repeated=len(_keys(admin, topics.REPEATED)),
            candidates=sum(len(register.candidates(f["type"], _day(f["headers"]))) for f in facts),
            delivered=outcomes["delivered"],
            withheld=outcomes["withheld"],
            pending=outcomes["pending"],
        ),
        Counter((line[2], line[3], line[4], json.loads(line[7])[0]) for line in lines),
        quarantine,
        tuple(_line(line) for line in lines),
    )


def fingerprint(standing: Iterable[str]) -> str:
    """Return the sha256 of a standing: its lines, sorted, one after another."""
    return hashlib.sha256("\n".join(sorted(standing)).encode()).hexdigest()


def _line(line: tuple[str, ...]) -> str:
    return json.dumps([*line[:7], json.loads(line[7])], separators=(",", ":"), ensure_ascii=False)


def _day(headers: str) -> date:
    return day_of(datetime.fromisoformat(dict(unpack_headers(headers))["ce_time"].decode()))


def _reasons(admin: Mapping[str, str]) -> dict[str, int]:
    reasons = {
        key: dict(headers)["ketenbus-reason"].decode() for key, headers in _keys(admin, topics.QUARANTINE).items()
    }
    return dict(Counter(reasons.values()))


def _keys(admin: Mapping[str, str], topic: str) -> dict[bytes, list[tuple[str, bytes]]]:
    """Return the headers of a one-partition topic's records by key, each key once: a crash may have sent one twice."""
    end = Gauge(admin).ends([(topic, 0)])[topic, 0]
    found: dict[bytes, list[tuple[str, bytes]]] = {}
    consumer = Consumer({**client_config(admin), "group.id": "account", "enable.auto.commit": False, "log_level": 2})
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        read = 0
        while read < end:
            message = consumer.poll(10.0)
            if message is None:
                raise RetryableError(f"{topic}: Kafka gave no record for 10 s")
            if message.error() is None:
                found[message.key() or b""] = list(headers_of(message.headers()))  # type: ignore[arg-type]
                read = (message.offset() or 0) + 1
    finally:
        consumer.close()
    return found
