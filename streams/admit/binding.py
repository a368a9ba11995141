"""admit: type topics to the log or to quarantine, each record once."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

from ketenbus import codec, envelope
from ketenbus.envelope import Envelope, Headers, stamp
from ketenbus.events import FactQuarantined
from streams.admit import store
from streams.admit.judge import Admissible, Holds, Rejected, judge, stand_in_id, subject_of
from streams.admit.store import Seen
from streams.runtime import topics
from streams.runtime.records import Record, ToSend, pack_headers
from streams.runtime.settings import Partner, ProcessorSettings, load_partners
from streams.runtime.transaction import Connection

#: The bus's own source: no partner has this OIN, so no event of a partner can take the place of one of these.
BUS_SOURCE = envelope.source_of("0" * 20, "admit")


class Admit:
    """Reads every type topic; writes the log, quarantine, repeated and the acknowledgements."""

    name = "admit"
    schema = store.SCHEMA
    sends = True

    def __init__(self, settings: ProcessorSettings) -> None:
        self.topics = topics.type_topics()
        self.partners = load_partners(settings.partners)
        self.subject_key = settings.key("subject")

    async def apply(self, connection: Connection, records: Sequence[Record]) -> list[ToSend]:
        """Judge each record, take its id, and return where it goes."""
        judged = [(record, judge(record, self.partners, self.subject_key)) for record in records]
        seen = await store.take(
            connection,
            [
                Seen(
                    v.envelope.oin,
                    v.envelope.id,
                    record.origin,
                    content_hash(record),
                )
                for record, v in judged
                if isinstance(v, Admissible)
            ],
        )
        out: list[ToSend] = []
        for record, verdict in judged:
            if isinstance(verdict, Rejected):
                out += self._quarantine(record, verdict)
                continue
            match seen[record.origin]:
                case "new":
                    out += self._admit(record, verdict)
                case "repeated":
                    out += self._repeat(record, verdict)
                case "reused":
                    out += self._quarantine(record, Rejected("id-reused", "ce_id", verdict.publisher, verdict.envelope))
        return out

    def _admit(self, record: Record, verdict: Admissible) -> list[ToSend]:
        bus = self._log_headers(record.origin, verdict.publisher.kind, verdict.admitted_at)
        if len(verdict.subjects) == 2:
            names = ("ketenbus-subject", "ketenbus-other-subject")
            bus += tuple((name, subject.hex().encode()) for name, subject in zip(names, verdict.subjects, strict=True))
        logged = [
            ToSend(record, topics.KETENLOG, subject.hex().encode(), record.value, record.headers + bus)
            for subject in dict.fromkeys(verdict.subjects)
        ]
        return [*logged, _acknowledge(record, verdict.publisher.id, verdict.envelope.id, "admitted", None)]

    def _repeat(self, record: Record, verdict: Admissible) -> list[ToSend]:
        headers = (("ce_id", verdict.envelope.id.encode()), ("ce_source", verdict.envelope.source.encode()))
        return [
            ToSend(record, topics.REPEATED, record.origin.encode(), b"", headers),
            _acknowledge(record, verdict.publisher.id, verdict.envelope.id, "repeated", None),
        ]

    def _quarantine(self, record: Record, verdict: Rejected) -> list[ToSend]:
        out = [parked(record, verdict)]
        if verdict.publisher is None or verdict.envelope is None:
            return out
        out.append(_acknowledge(record, verdict.publisher.id, verdict.envelope.id, "quarantined", verdict.reason))
        if verdict.holds is not None:
            out.append(self._fact_quarantined(record, verdict.publisher, verdict.envelope, verdict.holds))
        return out

    def _fact_quarantined(self, record: Record, publisher: Partner, about: Envelope, holds: Holds) -> ToSend:
        fact = FactQuarantined(
            subject=holds.number,
            occurred_at=about.time,
            occurred_precision="INSTANT",
            quarantined_type=holds.type,
            quarantined_id=about.id,
            quarantined_source=about.source,
        )
        headers = envelope.write(
            Envelope(
                id=stand_in_id(about.oin, about.id),
                source=BUS_SOURCE,
                type="nl.mensenhandel.fact-quarantined.v1",
                time=about.time,
                dataschema=f"urn:nl:mensenhandel:schema:{fact.SCHEMA_ID}",
            )
        )
        subject = subject_of(self.subject_key, publisher.oin, holds.number)
        bus = self._log_headers(record.origin, "bus", about.time)
        return ToSend(record, topics.KETENLOG, subject.hex().encode(), codec.encode(fact), headers + bus)

    @staticmethod
    def _log_headers(origin: str, kind: str, admitted_at: datetime) -> Headers:
        return (
            ("ketenbus-origin", origin.encode()),
            ("ketenbus-publisher-kind", kind.encode()),
            ("ketenbus-admitted-at", stamp(admitted_at).encode()),
        )


def parked(record: Record, verdict: Rejected) -> ToSend:
    """Return the record as quarantine keeps it: whole, byte for byte, with reason, place and origin."""
    headers: Headers = (
        ("ketenbus-reason", verdict.reason.encode()),
        ("ketenbus-place", verdict.place.encode()),
        ("ketenbus-origin", record.origin.encode()),
        ("ketenbus-key", base64.b64encode(record.key or b"")),
        ("ketenbus-headers", pack_headers(record.headers).encode()),
        *((("ketenbus-no-key", b""),) if record.key is None else ()),
    )
    return ToSend(record, topics.QUARANTINE, record.origin.encode(), record.value, headers)


def content_hash(record: Record) -> bytes:
    """Return the hash of all that an event says: what its publisher signed but for the trace of its sending."""
    said = tuple(header for header in record.headers if header[0] != "traceparent")
    return hashlib.sha256(envelope.signing_bytes(said, record.key or b"", record.value or b"")).digest()


def _acknowledge(record: Record, partner: str, event_id: str, outcome: str, reason: str | None) -> ToSend:
    value = json.dumps({"id": event_id, "outcome": outcome, "reason": reason}).encode()
    return ToSend(record, topics.acknowledgements(partner), event_id.encode(), value, ())
