"""The system of record, read as an auditor reads it: each record of `ketenlog` as the event its publisher signed."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ketenbus import codec, envelope
from ketenbus.contract import contract
from ketenbus.errors import ConfigurationError, CorruptLogError, Unreadable
from ketenbus.values import Event
from services.verify.checks import Check
from services.verify.kafka import Raw

#: The header of a control record.
CONTROL = "ketenbus-control"


@dataclass(frozen=True, slots=True)
class Entry:
    """One event under one subject. A link between two subjects is logged under both: two entries, one event.

    `joins` are the two subjects of a link, None for any other type.
    """

    subject: str
    oin: str
    id: str
    source: str
    time: datetime
    publisher_kind: str
    origin: str
    event: Event
    joins: tuple[str, str] | None

    @property
    def key(self) -> str:
        """The name its receipt goes by."""
        return f"{self.subject}/{self.oin}/{self.id}"

    @property
    def is_of_the_bus(self) -> bool:
        """Whether admit wrote this event itself: of its type no partner publishes any."""
        return not contract().types[self.event.TYPE].publishers

    @property
    def is_registration(self) -> bool:
        """Whether the bus itself derived this event: a record of the national registration."""
        return self.event.TYPE.startswith("registration-")


@dataclass(frozen=True, slots=True)
class Log:
    """Every event of the log, once per subject it is about."""

    by_subject: Mapping[str, tuple[Entry, ...]]
    origins: frozenset[str]
    signatures: Check

    @property
    def entries(self) -> Iterable[Entry]:
        """All entries, subject by subject."""
        return (entry for entries in self.by_subject.values() for entry in entries)


def public_keys(partners: Path) -> dict[str, Ed25519PublicKey]:
    """Return the public key of every partner of the registry, by OIN."""
    try:
        rows = yaml.safe_load(partners.read_text("utf-8"))["partners"]
    except FileNotFoundError:
        raise ConfigurationError(f"no registry at {partners}: point --data at a platform's folder") from None
    return {row["oin"]: Ed25519PublicKey.from_public_bytes(base64.b64decode(row["public_key"])) for row in rows}


def read(records: Iterable[Raw], keys: Mapping[str, Ed25519PublicKey]) -> Log:
    """Return the log, each record checked against its publisher's signature.

    A record sent twice under one name is one entry. `origins` leaves out what admit itself wrote: that shares the origin of
    the quarantined record it stands for, or of the grant whose period it is about. Raises CorruptLogError on what is no event.
    """
    found: dict[str, Entry] = {}
    unsigned: list[str] = []
    signed = 0
    for record in records:
        if any(name == CONTROL for name, _ in record.headers):
            continue  # a change of law, said to disclose; no event
        entry = _entry(record)
        found.setdefault(entry.key, entry)
        if entry.is_of_the_bus:
            continue
        signed += 1
        public = keys.get(entry.oin)
        # The signature leaves out the bus's own headers, so the record is verified as it lies in the log.
        if public is None or not envelope.is_signed_by(record.headers, _client_key(entry), record.value or b"", public):
            unsigned.append(record.origin)
    by_subject: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in found.values():
        by_subject[entry.subject].append(entry)
    return Log(
        by_subject={subject: tuple(entries) for subject, entries in by_subject.items()},
        origins=frozenset(e.origin for e in found.values() if not e.is_of_the_bus),
        signatures=Check.of("publishers' signatures in the log", signed, unsigned),
    )


def _client_key(entry: Entry) -> bytes:
    """Return the record key the publisher signed: its own number of the subject, or its OIN where there is none."""
    number: str = getattr(entry.event, "subject", entry.oin)
    return number.encode()


def _entry(record: Raw) -> Entry:
    bus = {name: value.decode() for name, value in record.headers if name.startswith(envelope.BUS_PREFIX)}
    told = envelope.read(tuple(header for header in record.headers if header[0] not in bus))
    event = codec.decode(record.value or b"")
    if isinstance(told, Unreadable) or isinstance(event, Unreadable):
        raise CorruptLogError(f"{record.origin}: not an event")
    joins = None
    if "ketenbus-other-subject" in bus:
        joins = (bus["ketenbus-subject"], bus["ketenbus-other-subject"])
    return Entry(
        subject=record.key.decode(),
        oin=told.oin,
        id=told.id,
        source=told.source,
        time=told.time,
        publisher_kind=bus["ketenbus-publisher-kind"],
        origin=bus["ketenbus-origin"],
        event=event,
        joins=joins,
    )
