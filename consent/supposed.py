"""Made-up facts for a question that begins with "suppose": consent as it might stand, about nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from consent.known import Fact, Ref
from consent.precedence import Consent
from ketenbus.events import (
    ConsentExpired,
    ConsentGiven,
    ConsentRefused,
    ConsentUnobtainable,
    ConsentWithdrawn,
    EventRetracted,
    FactQuarantined,
)
from ketenbus.values import Event

OIN = "00000000000000000000"
SUPPOSED = Ref(OIN, "supposed")
_AT = datetime(2020, 5, 4, 12, tzinfo=UTC)
_SAID: Mapping[str, Any] = {
    "subject": "supposed", "occurred_at": _AT, "occurred_precision": "DAY", "given_by": "PERSON", "age_group": "ADULT",
}  # fmt: skip
_ASKED: Mapping[str, Any] = {"channel": "IN_PERSON", "language": "nl", "text_version": "2018-05.1"}
_HAPPENED: Mapping[str, Any] = {k: _SAID[k] for k in ("subject", "occurred_at", "occurred_precision")}


def _fact(event: Event, id: str) -> Fact:
    return Fact(Ref(OIN, id), _AT, event)


def _given(**changed: Any) -> Fact:
    held = {**_SAID, **_ASKED, "explicit": True, "unbundled": True, **changed}
    return _fact(ConsentGiven(**held), "supposed-consent")


def _refused(**changed: Any) -> Fact:
    return _fact(ConsentRefused(**{**_SAID, **_ASKED, **changed}), "supposed-refusal")


_STATES: Mapping[Consent, Callable[[], tuple[Fact, ...]]] = {
    Consent.GIVEN: lambda: (_given(),),
    Consent.QUARANTINED: lambda: (
        _given(),
        _fact(FactQuarantined(**_HAPPENED, quarantined_type="consent-withdrawn", quarantined_id="supposed-unreadable",
                              quarantined_source=f"urn:nld:oin:{OIN}:systeem:supposed"), "supposed-quarantine"),
    ),
    Consent.CONFLICT: lambda: (
        _given(given_by="PARENT", giver="one", age_group="MINOR"), _refused(given_by="PARENT", giver="two", age_group="MINOR"),
    ),
    Consent.REFUSED: lambda: (_refused(),),
    Consent.WITHDRAWN: lambda: (
        _given(), _fact(ConsentWithdrawn(**_SAID, withdraws="supposed-consent"), "supposed-withdrawal"),
    ),
    Consent.EXPIRED: lambda: (
        _given(valid_until=date(2020, 5, 5)),
        _fact(ConsentExpired(**_HAPPENED, grant_id="supposed-consent", grant_source=f"urn:nld:oin:{OIN}:systeem:supposed"),
              "supposed-expiry"),
    ),
    Consent.NOT_BEGUN: lambda: (_given(valid_from=date(2020, 5, 5)),),
    Consent.NOT_EXPLICIT: lambda: (_given(explicit=False),),
    Consent.NO_AUTHORITY: lambda: (_given(age_group="MINOR"),),
    Consent.UNOBTAINABLE: lambda: (_fact(ConsentUnobtainable(**_HAPPENED, reason="NO_CONTACT"), "supposed-unasked"),),
    Consent.NONE: lambda: (),
}  # fmt: skip


def supposed(state: Consent, *, refused: Iterable[str] = (), taken_back: bool = False) -> tuple[Fact, ...]:
    """Return facts that make consent stand so, for every purpose and recipient, but for the classes of fields it is `refused` for.

    `taken_back` retracts the event itself.
    """
    refusals = (replace(_refused(field_class=name), ref=Ref(OIN, f"supposed-refusal-{name}")) for name in refused)
    facts = (*_STATES[state](), *refusals)
    if taken_back:
        retraction = EventRetracted(**_HAPPENED, withdraws=SUPPOSED.id, reason="ENTERED_IN_ERROR")
        facts = (*facts, _fact(retraction, "supposed-retraction"))
    return facts
