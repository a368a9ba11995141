"""admit: type topics to the log or to quarantine, each record once."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence

from ketenbus import envelope
from ketenbus.envelope import Envelope, Headers
from ketenbus.events import FactQuarantined
from streams.admit import bus, periods, store
from streams.admit.judge import Admissible, Holds, Rejected, judge, stand_in_id, subject_of
from streams.admit.store import Seen
from streams.runtime import topics
from streams.runtime.records import Record, ToSend, pack_headers
from streams.runtime.settings import Partner, ProcessorSettings, load_partners
from streams.runtime.transaction import Connection


class Admit:
    """Reads every type topic, and what day it is; writes the log, quarantine, repeated and the acknowledgements."""

    name = "admit"
    schema = store.SCHEMA
    sends = True

    def __init__(self, settings: ProcessorSettings) -> None:
        self.topics = (*topics.type_topics(), topics.DAYS)
        self.partners = load_partners(settings.partners)
        self.subject_key = settings.key("subject")

    async def apply(self, connection: Connection, records: Sequence[Record]) -> list[ToSend]:
        """Judge each record, take its id, and return where it goes; then what has become true of grants with a period."""
        published = [record for record in records if record.topic != topics.DAYS]
        judged = [(record, judge(record, self.partners, self.subject_key)) for record in published]
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
        to_say: list[store.Period] = []
        for record, verdict in judged:
            if isinstance(verdict, Rejected):
                out += self._quarantine(record, verdict)
                continue
            match seen[record.origin]:
                case "new":
                    out += self._admit(record, verdict)
                    to_say += periods.of(verdict, record.origin)
                case "repeated":
                    out += self._repeat(record, verdict)
                case "reused":
                    out += self._quarantine(record, Rejected("id-reused", "ce_id", verdict.publisher, verdict.envelope))
        return out + await self._periods(connection, records, to_say)

    async def _periods(
        self, connection: Connection, records: Sequence[Record], to_say: Sequence[store.Period]
    ) -> list[ToSend]:
        """Keep what is to be said of these grants later, and return what is to be said by now: it follows the grants in the log."""
        days = [record for record in records if record.topic == topics.DAYS]
        if not days and not to_say:
            return []
        await store.remember(connection, to_say)
        due = await store.due(connection, periods.latest(days))
        return [periods.told(period, records[-1], self.subject_key) for period in due]

    def _admit(self, record: Record, verdict: Admissible) -> list[ToSend]:
        added = bus.log_headers(record.origin, verdict.publisher.kind, verdict.admitted_at)
        if len(verdict.subjects) == 2:
            names = ("ketenbus-subject", "ketenbus-other-subject")
            added += tuple(
                (name, subject.hex().encode()) for name, subject in zip(names, verdict.subjects, strict=True)
            )
        logged = [
            ToSend(record, topics.KETENLOG, subject.hex().encode(), record.value, record.headers + added)
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
        return bus.said(
            record,
            fact,
            id=stand_in_id(about.oin, about.id),
            time=about.time,
            subject=subject_of(self.subject_key, publisher.oin, holds.number),
            origin=record.origin,
            known_at=about.time,
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
