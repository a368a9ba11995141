"""What the bus itself says in the log, under a source of its own: what stands for a quarantined record, and what a timer says. Pure."""

from __future__ import annotations

from datetime import datetime

from ketenbus import codec, envelope
from ketenbus.contract import contract
from ketenbus.envelope import Envelope, Headers, stamp
from ketenbus.values import Event
from streams.runtime import topics
from streams.runtime.records import Record, ToSend

#: The bus's own source: no partner has this OIN, so no event of a partner can take the place of one of these.
BUS_SOURCE = envelope.source_of("0" * 20, "admit")


def log_headers(origin: str, kind: str, admitted_at: datetime) -> Headers:
    """Return the headers the bus adds to a record of the log: where it came from, from whom, and since when it is known."""
    return (
        ("ketenbus-origin", origin.encode()),
        ("ketenbus-publisher-kind", kind.encode()),
        ("ketenbus-admitted-at", stamp(admitted_at).encode()),
    )


def said(
    record: Record, fact: Event, *, id: str, time: datetime, subject: bytes, origin: str, known_at: datetime
) -> ToSend:
    """Return a fact of the bus's own, as it follows from `record`, for the log of a subject."""
    declared = contract().types[fact.TYPE]
    headers = envelope.write(
        Envelope(
            id=id,
            source=BUS_SOURCE,
            type=declared.ce_type,
            time=time,
            dataschema=f"urn:nl:mensenhandel:schema:{declared.schema_id}",
        )
    )
    headers += log_headers(origin, "bus", known_at)
    return ToSend(record, topics.KETENLOG, subject.hex().encode(), codec.encode(fact), headers)
