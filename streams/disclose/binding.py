"""disclose: the log to views and receipts. Every new fact on a subject judges all its candidates again."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent.activities import Register, view_topic
from ketenbus import codec, envelope
from ketenbus.envelope import Headers
from ketenbus.errors import CorruptLogError, Unreadable
from ketenbus.events import RecallConfirmed
from streams.disclose import releases, store
from streams.disclose.confirmations import confirmation
from streams.disclose.judge import Candidate, Change, Standing, judge
from streams.disclose.releases import Laws, founding, is_control
from streams.disclose.store import StoredFact
from streams.disclose.tokens import EventName, Tokens
from streams.disclose.view import LogEvent, ViewMessage, message
from streams.runtime import topics
from streams.runtime.records import Record, ToSend, pack_headers, unpack_headers
from streams.runtime.settings import ProcessorSettings, load_approvers
from streams.runtime.transaction import Connection

#: How many subjects are judged at once.
AT_ONCE = 1000


class Disclose:
    """Reads the log; writes the views and the receipts. It opens nothing sealed."""

    name = "disclose"
    schema = store.SCHEMA + releases.SCHEMA
    sends = True
    topics = (topics.KETENLOG,)

    def __init__(self, settings: ProcessorSettings) -> None:
        """Raises ConfigurationError where the founding release of the register is not approved or was altered."""
        self.laws = Laws(founding(settings), load_approvers(settings.approvers))
        self.signing = Ed25519PrivateKey.from_private_bytes(settings.key("signing"))
        view_key = settings.key("views")
        self.tokens = cache(lambda topic: Tokens(view_key, topic))

    async def apply(self, connection: Connection, records: Sequence[Record]) -> list[ToSend]:
        """Learn the facts, judge what their subjects' candidates now stand at, and return what views and auditors hear."""
        released = await self.laws.take_up(connection, records)
        logged_here = [record for record in records if not is_control(record)]
        facts = [_fact(record) for record in logged_here]
        new = {(f.subject, f.oin, f.id) for f in facts}
        latest = {f.subject: record for f, record in zip(facts, logged_here, strict=True)}
        touched = set(await store.learn(connection, facts))
        confirmed = [
            confirmation(record, fact.oin, fact.id, self.tokens)
            for fact, record in zip(facts, logged_here, strict=True)
            if fact.type == RecallConfirmed.TYPE
        ]
        if confirmed:
            await store.confirm(connection, confirmed)
        if released:
            for subject, partition in (await store.subjects_in(connection, sorted(released))).items():
                touched.add(subject)
                if subject not in latest or latest[subject].offset < released[partition].offset:
                    latest[subject] = released[partition]
        out: list[ToSend] = []
        for some in _several(sorted(touched)):
            out += await self._judge(connection, some, latest, new)
        return out

    async def _judge(
        self,
        connection: Connection,
        subjects: Sequence[bytes],
        latest: Mapping[bytes, Record],
        new: Collection[tuple[bytes, str, str]],
    ) -> list[ToSend]:
        """Judge these subjects; `latest` is the last record of each that is known, `new` the facts that were learned now."""
        laws = await self.laws.in_force(connection, {latest[subject].partition for subject in subjects})
        known = await store.facts_of(connection, subjects)
        before = await store.standings_of(connection, subjects)
        decided: list[tuple[Change, str, str]] = []
        told: list[ToSend] = []
        receipts: list[tuple[Record, str, dict[str, object]]] = []
        for subject in subjects:
            record = latest[subject]
            law = laws[record.partition]
            events = [logged(fact) for fact in known[subject]]
            changed = judge(law.register, events, before[subject])
            after = {
                (c.logged.name, c.standing.decision.recipient, c.standing.decision.purpose): c.standing for c in changed
            }
            stands = by_event({**before[subject], **after})
            news = {c.logged.name for c in changed}
            for e in events:
                if e.name in news or (subject, e.name.oin, e.name.id) in new:
                    receipts.append((record, f"{subject.hex()}/{e.name.oin}/{e.name.id}", _receipt(e, stands[e.name])))
            decided += [(change, record.origin, law.fingerprint) for change in changed]
            told += [self._tell(record, law.register, change) for change in changed if change.kind]
        if decided:
            await store.store(connection, decided)
        return [*self._receipts(receipts), *told]  # in this order: what cannot be receipted is not delivered

    def _tell(self, record: Record, register: Register, change: Change) -> ToSend:
        topic, told = telling(register, change, self.tokens)
        headers = envelope.sign(told.headers, told.key, told.value or b"", self.signing)
        return ToSend(record, topic, told.key, told.value, headers)

    def _receipts(self, rows: Sequence[tuple[Record, str, dict[str, object]]]) -> list[ToSend]:
        values = [json.dumps(content, separators=(",", ":")).encode() for _, _, content in rows]
        digest = hashlib.sha256(b"".join(hashlib.sha256(v).digest() for v in values)).digest()
        signature = base64.b64encode(self.signing.sign(b"ketenbus-receipts/1" + digest))
        batch = secrets.token_hex(8)
        out = []
        for number, ((record, key, _), value) in enumerate(zip(rows, values, strict=True)):
            place = f"{batch}/{number}/{len(values)}".encode()
            headers: Headers = (("ketenbus-batch", place), ("ketenbus-batch-signature", signature))
            out.append(ToSend(record, topics.RECEIPTS, key.encode(), value, headers))
        return out


def telling(register: Register, change: Change, tokens: Callable[[str], Tokens]) -> tuple[str, ViewMessage]:
    """Return the topic of the view that hears of a change, and what it hears, unsigned, under a trace of its own."""
    decision = change.standing.decision
    activity = register.by_ref(decision.activity)
    topic = view_topic(decision.recipient, decision.purpose)
    trace = secrets.token_hex(24)
    traceparent = f"00-{trace[:32]}-{trace[32:]}-01"
    mask = activity.mask if activity else ()
    told = message(change.logged, decision, mask, tokens(topic), change.kind or "", change.standing.change, traceparent)
    return topic, told


def _several(subjects: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Yield the subjects in parts of which memory holds all facts at once: a release touches every subject there is."""
    yield from (subjects[start : start + AT_ONCE] for start in range(0, len(subjects), AT_ONCE))


def _fact(record: Record) -> StoredFact:
    read = envelope.read(tuple(h for h in record.headers if not h[0].startswith(envelope.BUS_PREFIX)))
    if isinstance(read, Unreadable) or record.key is None or record.value is None:
        raise CorruptLogError(f"{record.origin}: not an event that admit could have logged")
    declared = codec.type_of(record.value)
    if declared is None:
        raise CorruptLogError(f"{record.origin}: {Unreadable('unknown-schema', 'frame')}")
    return StoredFact(
        bytes.fromhex(record.key.decode()),
        read.oin,
        read.id,
        declared.name,
        record.origin,
        pack_headers(record.headers),
        record.value,
    )


def logged(fact: StoredFact) -> LogEvent:
    """Return a stored fact as the event it is; raises CorruptLogError when it cannot be read back."""
    headers = unpack_headers(fact.headers)
    bus = {name: value.decode() for name, value in headers if name.startswith(envelope.BUS_PREFIX)}
    read = envelope.read(tuple(h for h in headers if h[0] not in bus))
    event = codec.decode(fact.value)
    if isinstance(read, Unreadable) or isinstance(event, Unreadable):
        raise CorruptLogError(f"{fact.origin}: a fact in store cannot be read back")
    subjects = {"subject": fact.subject}
    if "ketenbus-subject" in bus:
        subjects = {
            "subject": bytes.fromhex(bus["ketenbus-subject"]),
            "other-subject": bytes.fromhex(bus["ketenbus-other-subject"]),
        }
    return LogEvent(
        subject=fact.subject,
        name=EventName(fact.subject, fact.oin, fact.id),
        source=read.source,
        time=read.time,
        admitted_at=datetime.fromisoformat(bus["ketenbus-admitted-at"]),
        publisher_kind=bus["ketenbus-publisher-kind"],
        event=event,
        subjects=subjects,
    )


def by_event(standings: Mapping[Candidate, Standing]) -> Mapping[EventName, Sequence[Standing]]:
    """Return the standings of each event, none for one without: a subject may have thousands, and a receipt for each."""
    found: defaultdict[EventName, list[Standing]] = defaultdict(list)
    for (name, _, _), standing in standings.items():
        found[name].append(standing)
    return found


def _receipt(event: LogEvent, stands: Sequence[Standing]) -> dict[str, object]:
    outcomes = [
        {
            "recipient": s.decision.recipient,
            "purpose": s.decision.purpose,
            "outcome": s.decision.outcome,
            "mask": s.decision.mask_name,
            "activity": s.decision.activity,
            "reasons": list(s.decision.reasons),
            "change": s.change,
        }
        for s in sorted(stands, key=lambda s: (s.decision.recipient, s.decision.purpose))
    ]
    # The subject too: the signature is over what a receipt says, and not over the key it is filed under.
    return {
        "subject": event.subject.hex(),
        "source": event.source,
        "id": event.name.id,
        "type": event.event.TYPE,
        "outcomes": outcomes,
    }
