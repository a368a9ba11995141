"""Made-up events of the log, for tests of disclosure: one subject's facts as disclose holds them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from consent.known import Fact, Ref
from consent.policy import Decision
from ketenbus.contract import contract
from ketenbus.values import Event
from streams.disclose.tokens import EventName, Tokens
from streams.disclose.view import LogEvent, ViewMessage, message
from tests.consent_facts import NOON, OIN, the_register

SUBJECT = bytes(range(16))
OTHER = bytes(range(16, 32))
VIEW_KEY = bytes(range(64))
TRACE = f"00-{'1' * 32}-{'2' * 16}-01"


def logged(fact: Fact, kind: str = "zorgcoordinator", *, subject: bytes = SUBJECT, **changed: Any) -> LogEvent:
    """A fact as it stands in the log under a subject."""
    subjects: Mapping[str, bytes] = {"subject": subject, "other-subject": OTHER}
    held: dict[str, Any] = {
        "subject": subject,
        "name": EventName(subject, fact.ref.oin, fact.ref.id),
        "source": f"urn:nld:oin:{fact.ref.oin}:systeem:test",
        "time": fact.time,
        "admitted_at": fact.time,
        "publisher_kind": kind,
        "event": fact.event,
        "subjects": subjects,
    }
    return LogEvent(**(held | changed))


def of(event: Event, id: str = "event-1", kind: str = "politie", *, time: datetime = NOON, **changed: Any) -> LogEvent:
    """An event as it stands in the log."""
    return logged(Fact(Ref(OIN, id), time, event), kind, **changed)


def tokens(view: str = "view.comensha.registratie") -> Tokens:
    """The tokens of a view."""
    return Tokens(VIEW_KEY, view)


def rulings() -> list[tuple[str, str, str]]:
    """Every (activity, type, kind of publisher) the register and the contract allow."""
    return [
        (a.ref, name, kind)
        for a in the_register().activities
        for name in a.types
        for kind in a.publishers
        if kind in contract().types[name].publishers
    ]


def every_byte(told: ViewMessage) -> bytes:
    """Everything a message says, as one text of bytes."""
    parts = [told.key, told.value or b"", *(part for name, value in told.headers for part in (name.encode(), value))]
    return b"\0".join(parts)


def told(
    event: LogEvent,
    decision: Decision,
    view: str = "view.comensha.registratie",
    kind: str = "delivery",
    activity_mask: tuple[str, ...] = ("neutral",),
) -> ViewMessage:
    """The message that tells a view of a decision; of a recall the time is told by the activity's mask."""
    return message(event, decision, decision.mask or activity_mask, tokens(view), kind, 1, TRACE)
