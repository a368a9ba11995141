"""What else the chain tells of the same years: signals, bedenktijd, aangifte, residence, sepot, placements and counts.

None of it reaches the registration; what may be made of each is in `consent/register`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from sandbox.consents import EVERYTHING, PLACEMENT, Conversation
from sandbox.dossiers import Dossier, Known
from sandbox.mistakes import dossier_of, stranger
from sandbox.partners import as_reporter
from sandbox.reports import content, day_in, recorded
from sandbox.targets import YEARS
from sandbox.telling import Outcome, Teller, delivered, registered, withheld

_INVESTIGATORS = ("politie", "kmar", "nla-opsporing")


def tell_chain(teller: Teller, register: Sequence[Known]) -> None:
    """Tell what partners publish beside their reports."""
    seen = [d for known in register for d in known.dossiers if d.partner.startswith(_INVESTIGATORS)]
    seen = teller.draw.sample(seen, min(len(seen), teller.share(0.03, at_least=8)))
    for at, dossier in enumerate(seen):
        _of_investigators(teller, dossier, day_in(dossier.person.year, teller.draw), at)
    for _ in range(teller.share(0.008, at_least=2)):
        _residence(teller)
    for way in range(teller.share(0.012, at_least=6)):
        _placement(teller, way % 6)
    for _ in range(teller.share(0.006, at_least=2)):
        _counts(teller)


def _happened(subject: str | None, moment: datetime) -> dict[str, object]:
    return {"subject": subject, "occurred_at": moment, "occurred_precision": "INSTANT"}


def _of_investigators(teller: Teller, dossier: Dossier, day: date, at: int) -> None:
    """Tell a signal, the bedenktijd offered and the aangifte filed, in that order; not every dossier has all three."""
    draw = teller.draw
    moment = recorded(day, draw)
    base = {**_happened(dossier.number, moment), **as_reporter(dossier.partner)}
    signal = None
    if at % 2 == 0 and dossier.partner != "nla-opsporing":
        forms = {"criterion": "GERINGSTE_AANWIJZING", "detected_on": day, "forms": dossier.person.forms}
        signal = teller.tell(dossier.partner, "signal-raised", moment, base | forms)
        if at % 8 == 0:
            told = {"reason": "NO_INDICATION", "decided_on": day, "caused_by": signal}
            teller.tell(dossier.partner, "signal-dismissed", moment, _happened(dossier.number, moment) | told)
    offered = base | {"offered_on": day, "caused_by": signal}
    to_help, to_ind = delivered("zorgcoordinatie", "HULP"), delivered("ind", "UITVOERING")
    bedenktijd = teller.tell(dossier.partner, "bedenktijd-offered", moment, offered, [to_help, to_ind])
    if at % 3 == 0:
        filed = base | {
            "filed_on": day,
            "caused_by": bedenktijd,
            "dutch_leads": draw.random() < 0.6,
            "case_number": f"PL-VERZONNEN-{draw.randrange(10**6):06d}",
        }
        teller.tell(dossier.partner, "aangifte-filed", moment, filed, [to_ind, delivered("om", "OPSPORING")])
    if at % 7 == 0:
        lost = _happened(dossier.number, moment) | {"noticed_on": day}
        teller.tell(dossier.partner, "victim-out-of-sight", moment, lost)


def _residence(teller: Teller) -> None:
    """Tell a permit by the IND, for which help needs a consent that nobody asked; and a sepot by the OM."""
    draw = teller.draw
    day = day_in(int(draw.choice(YEARS)), draw)
    moment = recorded(day, draw)
    granted = {"received_on": day - timedelta(days=30), "decided_on": day, "regeling": "TIJDELIJK_VERBLIJF"}
    subject = teller.client_number(day.year)
    outcome = withheld("zorgcoordinatie", "HULP", "no-consent")
    teller.tell("ind", "B8-granted", moment, _happened(subject, moment) | granted, [outcome])
    decided = {"decided_on": day, "sepot_code": "02", "case_number": f"PL-VERZONNEN-{draw.randrange(10**6):06d}"}
    subject = teller.client_number(day.year)
    teller.tell("om", "seponeerd", moment, _happened(subject, moment) | decided, [delivered("ind", "UITVOERING")])


def _placement(teller: Teller, way: int) -> None:
    """Tell a placement: with consent, refused, nothing said, or refused with safety at stake.

    In the last case the shelter also reports the person, and the refusal keeps that report out of the registration
    (programma-en-opvang, P-07).
    """
    draw = teller.draw
    partner = draw.choice(("opvang-1", "opvang-2", "zorgcoordinatie-3"))
    person = stranger(teller, "OVERIG" if partner.startswith("opvang") else "ZORGCOORDINATOR")
    dossier = dossier_of(teller, person, partner)
    day = day_in(person.year, draw)
    moment = recorded(day, draw)
    talk = Conversation(teller, dossier, moment)
    safety = way >= 4
    outcome, reason = "delivered", "safety" if safety else "consent"
    if way == 0:
        talk.give(EVERYTHING, -3)
    elif way == 1:
        talk.give(PLACEMENT, 4)
    elif way == 2:
        talk.refuse(EVERYTHING, -1)
        outcome, reason = "withheld", "consent-refused"
    elif way == 3:
        outcome, reason = "withheld", "no-consent"
    else:
        talk.refuse(EVERYTHING, -1)
        told = content(dossier, day, person.forms, person.sectors, draw)
        teller.tell(partner, "victim-reported", moment, told, [registered("withheld", "consent-refused")])
    moved = {
        "moved_on": day,
        "shelter_type": draw.choice(("COSM", "OMM", "WMO", "BO")),
        "region": draw.choice(("NOORD", "OOST", "ZUID", "WEST")),
        "provider_id": f"{draw.randrange(16**16):016x}",
        "safety_at_stake": safety,
        "safety_officer": f"{draw.randrange(16**16):016x}" if safety else None,
        "age_group": "MINOR" if person.minor else "ADULT",
    }
    outcomes = [Outcome(recipient, "PLAATSING", outcome, reason) for recipient in ("comensha", "opvang")]
    teller.tell(partner, "placement-moved", moment, _happened(dossier.number, moment) | moved, outcomes)


def _counts(teller: Teller) -> None:
    """Tell counts that name nobody: reports not made, and anonymous contacts.

    Source: slachtoffermonitor-part1, L519-523, L639-683.
    """
    draw = teller.draw
    month = date(int(draw.choice(YEARS)), draw.randint(1, 12), 1)
    moment = datetime.combine(month + timedelta(days=35), time(9), UTC)
    outcome = [delivered("rapporteur", "MONITORING")]
    partner = draw.choice(("fairwork", "zorgcoordinatie-1", "overige-2", "opvang-1"))
    base = {**_happened(None, moment), "period": month, "count": draw.randint(1, 12)}
    reason = draw.choice(("CONSENT_REFUSED", "CONSENT_UNOBTAINABLE", "ANONYMOUS"))
    unit = {"reporter_kind": as_reporter(partner)["reporter_kind"], "reason": reason}
    teller.tell(partner, "report-withheld", moment, base | unit, outcome)
    contacts = base | {"age_group": draw.choice(("MINOR", "ADULT", "UNKNOWN"))}
    teller.tell("overige-1", "anonymous-contact-counted", moment, contacts, outcome)
