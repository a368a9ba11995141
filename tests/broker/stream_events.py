"""Made-up events for the running bus, each on persons no other test knows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sandbox.telling import Planned


def new_subject() -> str:
    """A client number no other test uses."""
    return uuid4().hex


def event(partner: str, type: str, subject: str | None, fault: str | None = None, **fields: Any) -> Planned:
    """An event a partner is to publish, some days ago."""
    when = datetime.now(UTC) - timedelta(days=30)
    named = {} if subject is None else {"subject": subject}
    said = {"occurred_at": when, "occurred_precision": "INSTANT", **named, **fields}
    return Planned(partner, type, str(uuid4()), when, said, fault)


def report(partner: str, subject: str, fault: str | None = None, **fields: Any) -> Planned:
    """A report to the registration."""
    said: dict[str, Any] = {
        "reporter_kind": "OVERIG",
        "reported_on": (datetime.now(UTC) - timedelta(days=31)).date(),
        "age_group": "ADULT",
        "sex": "VROUW",
        "nationality": "PL",
        "forms": ("AU",),
    }
    if partner == "politie-limburg":
        said |= {"reporter_kind": "POLITIE", "police_unit": "LIMBURG"}
    return event(partner, "victim-reported", subject, fault, **(said | fields))


def consent(partner: str, subject: str, fault: str | None = None, **fields: Any) -> Planned:
    """An explicit, unbundled grant."""
    said = {
        "given_by": "PERSON", "age_group": "ADULT", "channel": "IN_PERSON", "language": "nl", "text_version": "1",
        "explicit": True, "unbundled": True,
    }  # fmt: skip
    return event(partner, "consent-given", subject, fault, **(said | fields))


def withdrawal(grant: Planned) -> Planned:
    """The withdrawal of a grant."""
    said = {"withdraws": grant.id, "given_by": "PERSON", "age_group": "ADULT"}
    return event(grant.partner, "consent-withdrawn", str(grant.fields["subject"]), **said)


def kinds(told: Sequence[tuple[str, int, bool]]) -> list[str]:
    """The kinds of messages a view was told, each once: sending again is the same message."""
    return [kind for kind, _, _ in dict.fromkeys(told)]
