"""Records as partners send them to admit: sound through the SDK, then spoiled in one way and signed again."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ketenbus import envelope, preparing
from ketenbus.envelope import SIGNATURE, Headers
from ketenbus.events import BedenktijdOffered, ConsentGiven, IdentityLinked, IdentityUnlinked, ReportWithheld
from ketenbus.keyring import PublisherKeys
from ketenbus.preparing import Outgoing, Prepared
from ketenbus.settings import PartnerSettings
from ketenbus.values import Event
from streams.admit.judge import Admissible, Rejected, judge
from streams.runtime.records import Record
from streams.runtime.settings import Partner
from tests.made_up import NOW, SIGNING_KEY, partner

SUBJECT_KEY = bytes(32)
APPENDED_MS = int(NOW.timestamp() * 1000)
POLICE, CARE, DESK, NOBODY = (f"{n:020d}" for n in (1, 2, 3, 4))
KINDS = {POLICE: ("politie", "LIMBURG"), CARE: ("zorgcoordinator", None), DESK: ("comensha", None)}
PARTNERS: Mapping[str, Partner] = {
    oin: Partner(f"partner-{oin[-1]}", oin, "a made-up partner", kind, unit, False, SIGNING_KEY.public_key())
    for oin, (kind, unit) in KINDS.items()
}


def settings_of(oin: str) -> PartnerSettings:
    """A partner's settings; nothing is sealed here, so no key ring is opened."""
    kind, unit = KINDS.get(oin, ("politie", "LIMBURG"))
    return partner(Path("/nowhere"), oin=oin, kind=kind, unit=unit)


def offered(**changed: Any) -> BedenktijdOffered:
    """The police offered the bedenktijd."""
    held: dict[str, Any] = {
        "subject": "client-1",
        "occurred_at": NOW,
        "occurred_precision": "INSTANT",
        "reporter_kind": "POLITIE",
        "police_unit": "LIMBURG",
        "offered_on": NOW.date(),
    }
    return BedenktijdOffered(**(held | changed))


def consented(**changed: Any) -> ConsentGiven:
    """A care coordinator heard a grant."""
    held: dict[str, Any] = {
        "subject": "client-1",
        "occurred_at": NOW,
        "occurred_precision": "INSTANT",
        "given_by": "PERSON",
        "age_group": "ADULT",
        "channel": "IN_PERSON",
        "language": "nl",
        "text_version": "1",
        "explicit": True,
        "unbundled": True,
    }
    return ConsentGiven(**(held | changed))


def linked(*, undone: str | None = None) -> IdentityLinked | IdentityUnlinked:
    """The desk found that two numbers are, or are not, one person."""
    held: dict[str, Any] = {
        "subject": "client-1",
        "subject_oin": POLICE,
        "occurred_precision": "UNKNOWN",
        "other_subject": "client-2",
        "other_oin": CARE,
        "ground": "DESK_REVIEW",
    }
    return IdentityLinked(**held) if undone is None else IdentityUnlinked(withdraws=undone, **held)


def counted() -> ReportWithheld:
    """A count, about no person."""
    return ReportWithheld(
        occurred_precision="UNKNOWN", reporter_kind="ZORGCOORDINATOR", period=NOW.date(), reason="ANONYMOUS", count=3
    )


@dataclass(frozen=True)
class Sent:
    """A record on its way, and what can be done to it before it is signed."""

    made: Prepared
    signing: Any = SIGNING_KEY

    def header(self, name: str, content: bytes | None) -> Sent:
        """Another content of a header, at its own place, or at the end; None takes it away."""
        kept: Headers = tuple((n, content if n == name else c) for n, c in self.made.headers if n != name or content)  # type: ignore[misc]
        if content is not None and name not in dict(kept):
            kept = (*kept, (name, content))
        return replace(self, made=replace(self.made, headers=kept))

    def twice(self, name: str) -> Sent:
        """A header said twice."""
        again = (name, dict(self.made.headers)[name])
        return replace(self, made=replace(self.made, headers=(*self.made.headers, again)))

    def but(self, **changed: Any) -> Sent:
        """Another topic, key or value."""
        return replace(self, made=replace(self.made, **changed))

    def by(self, signing: Any) -> Sent:
        """Signed by somebody else."""
        return replace(self, signing=signing)

    def record(self, *, appended_ms: int = APPENDED_MS, after: Callable[[Record], Record] = lambda r: r) -> Record:
        """Signed and appended to its topic; `after` changes it on the way, behind the publisher's back."""
        unsigned = tuple(h for h in self.made.headers if h[0] != SIGNATURE)
        headers = envelope.sign(unsigned, self.made.key, self.made.value, self.signing)
        return after(Record(self.made.topic, 0, 7, appended_ms, self.made.key, self.made.value, headers))


def sent(event: Event, oin: str = POLICE, *, id: str = "event-1", time: datetime = NOW) -> Sent:
    """An event as the SDK prepares it, or would if it did not refuse."""
    settings = settings_of(oin)
    keys = PublisherKeys(settings.keyring, oin)
    made = preparing.signed(Outgoing(event, id, time), settings, keys, os.urandom)
    assert isinstance(made, Prepared)
    return Sent(made)


def judged(record: Record, partners: Mapping[str, Partner] = PARTNERS) -> Admissible | Rejected:
    """What admit makes of a record."""
    return judge(record, partners, SUBJECT_KEY)


def refused(record: Record, partners: Mapping[str, Partner] = PARTNERS) -> Rejected:
    """The reason admit rejects a record for."""
    verdict = judged(record, partners)
    assert isinstance(verdict, Rejected)
    return verdict
