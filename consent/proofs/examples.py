"""For each way consent may stand, a smallest history that makes it stand so for every recipient and purpose."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from consent.known import Corrected, Fact, Known, Ref, learn
from consent.narrowing import Narrowed, Stands
from consent.policy import Fate
from consent.precedence import Consent
from ketenbus.events import (
    ConsentBegun,
    ConsentExpired,
    ConsentGiven,
    ConsentRefused,
    ConsentUnobtainable,
    ConsentWithdrawn,
    EmergencyAccessReviewed,
    EmergencyAccessUsed,
    EventRetracted,
    FactQuarantined,
    VictimReported,
)
from ketenbus.values import Event

OIN = "00000009900000000001"
DESK_OIN = "00000009900000000029"
AT = datetime(2020, 5, 4, 12, tzinfo=UTC)
#: An officer, and two others who may review what the officer did.
OFFICER, *REVIEWERS = (digit * 16 for digit in "012")
LATER = datetime(2020, 5, 5, 12, tzinfo=UTC)
_DATED: dict[str, Any] = {"subject": "1", "occurred_at": AT, "occurred_precision": "INSTANT"}
_SPOKEN: dict[str, Any] = {
    **_DATED,
    "given_by": "PERSON",
    "age_group": "ADULT",
    "channel": "IN_PERSON",
    "language": "nl",
    "text_version": "1",
}


def grant(id: str = "grant", **changed: Any) -> Fact:
    """Return an explicit, unbundled grant by an adult for everything, unless `changed` says otherwise."""
    return _fact(id, ConsentGiven(**(_SPOKEN | {"explicit": True, "unbundled": True} | changed)))


def refusal(id: str = "refusal", **changed: Any) -> Fact:
    """Return a refusal by an adult of everything, unless `changed` says otherwise."""
    return _fact(id, ConsentRefused(**(_SPOKEN | changed)))


def withdrawal(of: str, id: str = "withdrawal") -> Fact:
    """Return the withdrawal of one grant."""
    held = {name: said for name, said in _SPOKEN.items() if name not in {"channel", "language", "text_version"}}
    return _fact(id, ConsentWithdrawn(withdraws=of, **held))


def period(fact: type[ConsentBegun | ConsentExpired], of: str, id: str = "period") -> Fact:
    """Return the bus's word that the period of a grant began or ended."""
    return _fact(id, fact(grant_id=of, grant_source=f"urn:nld:oin:{OIN}:systeem:proofs", **_DATED))


def held(id: str = "held", quarantined_type: str = "consent-given") -> Fact:
    """Return the bus's word that a fact of this subject is in quarantine."""
    source = f"urn:nld:oin:{OIN}:systeem:proofs"
    about = _DATED | {"quarantined_type": quarantined_type, "quarantined_id": id, "quarantined_source": source}
    return _fact(f"quarantined.{id}", FactQuarantined(**about))


def report(id: str = "report", **changed: Any) -> Fact:
    """Return a report on an adult, unless `changed` says otherwise."""
    about: dict[str, Any] = {
        **_DATED,
        "reporter_kind": "OVERIG",
        "reported_on": AT.date(),
        "age_group": "ADULT",
        "sex": "VROUW",
        "nationality": "PL",
    }
    return _fact(id, VictimReported(**(about | changed)))


def unobtainable(id: str = "unobtainable") -> Fact:
    """Return the word that consent could not be asked, for anything."""
    return _fact(id, ConsentUnobtainable(**_DATED, reason="NO_CONTACT"))


def retraction(of: str, id: str = "retraction") -> Fact:
    """Return the word that an event is taken back."""
    return _fact(id, EventRetracted(**_DATED, withdraws=of, reason="ENTERED_IN_ERROR"))


def use(id: str = "use", **changed: Any) -> Fact:
    """Return one officer's use of emergency access."""
    about = _DATED | {"used_on": AT.date(), "ground": "SAFETY_AT_STAKE", "officer": OFFICER} | changed
    return _fact(id, EmergencyAccessUsed(**about))


def review(id: str = "review", of: str = "use", **changed: Any) -> Fact:
    """Return one reviewer's finding on a use: unjustified, unless `changed` says otherwise."""
    about = _DATED | {"reviews": of, "reviewed_on": AT.date(), "reviewer": REVIEWERS[0], "justified": False} | changed
    return _fact(id, EmergencyAccessReviewed(**about))


def case_and(fate: Fate, event_type: str) -> Known:
    """Return what is known of an event `CASE` of that type that stands, was superseded or was taken back."""
    case = Corrected(event_type, CASE, AT, None)
    match fate:
        case "stands":
            return Known(chain=frozenset({case}))
        case "superseded":
            return Known(chain=frozenset({case, Corrected(event_type, Ref(OIN, "newer"), LATER, CASE.id)}))
        case "retracted":
            return Known(chain=frozenset({case})) | learn(retraction(CASE.id))


def _fact(id: str, event: Event) -> Fact:
    return Fact(Ref(OIN, id), AT, event)


#: The event whose fate `case_and` tells.
CASE = Ref(OIN, "case")
EXAMPLES: Mapping[Consent, tuple[Fact, ...]] = {
    Consent.GIVEN: (grant(),),
    Consent.QUARANTINED: (grant(), held()),
    Consent.CONFLICT: (
        grant(given_by="PARENT", giver="one", age_group="MINOR"),
        refusal(given_by="PARENT", giver="two", age_group="MINOR"),
    ),
    Consent.REFUSED: (refusal(),),
    Consent.WITHDRAWN: (grant(), withdrawal("grant")),
    Consent.EXPIRED: (grant(), period(ConsentExpired, "grant")),
    Consent.NOT_BEGUN: (grant(valid_from=date(2020, 5, 5)),),
    Consent.NOT_EXPLICIT: (grant(explicit=False),),
    Consent.NO_AUTHORITY: (grant(age_group="MINOR"),),
    Consent.UNOBTAINABLE: (unobtainable(),),
    Consent.NONE: (),
}


def example(state: Stands) -> tuple[Fact, ...]:
    """Return the example of a state; of consent that leaves out classes, a grant of all and a refusal of each of those."""
    if isinstance(state, Narrowed):
        return (grant(), *(refusal(f"refusal-{name}", field_class=name) for name in sorted(state.refused)))
    return EXAMPLES[state]
