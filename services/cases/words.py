"""Outcomes and reasons in plain words, Dutch and English. Dutch legal terms stay Dutch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from consent.narrowing import Narrowed
from consent.precedence import Consent
from ketenbus.contract import contract
from services.cases.casefile import Text, Told
from services.cases.heard import Heard

#: Why something was let through or kept back, by the reason a receipt carries.
REASONS: Mapping[str, Text] = {
    "legal-task": Text(
        nl="eigen wettelijke taak; toestemming is niet nodig", en="own legal task; no consent is needed"
    ),
    "safety": Text(
        nl="de veiligheid is in het geding; de grond is vastgelegd door een functionaris",
        en="safety is at stake; an officer recorded the ground",
    ),
    Consent.GIVEN: Text(nl="er is toestemming", en="there is consent"),
    Narrowed.value: Text(
        nl="er is toestemming, niet voor alle soorten gegevens", en="there is consent, not for every kind of data"
    ),
    Consent.QUARANTINED: Text(
        nl="wacht: wat er over toestemming kwam, kon niet worden gelezen",
        en="waits: what came about consent could not be read",
    ),
    Consent.CONFLICT: Text(nl="twee bevoegden spreken elkaar tegen", en="two who may decide disagree"),
    Consent.REFUSED: Text(nl="toestemming is geweigerd", en="consent was refused"),
    Consent.WITHDRAWN: Text(nl="toestemming is ingetrokken", en="consent was withdrawn"),
    Consent.EXPIRED: Text(nl="de toestemming is verlopen", en="the consent has expired"),
    Consent.NOT_BEGUN: Text(nl="de toestemming geldt nog niet", en="the consent does not count yet"),
    Consent.NOT_EXPLICIT: Text(nl="toestemming was niet uitdrukkelijk", en="consent was not explicit"),
    Consent.NO_AUTHORITY: Text(nl="wie instemde, mocht dat niet", en="who consented had no authority"),
    Consent.UNOBTAINABLE: Text(nl="toestemming kon niet worden gevraagd", en="consent could not be asked"),
    Consent.NONE: Text(nl="geen toestemming bekend; onbekend is nee", en="no consent is known; unknown is no"),
    "no-activity": Text(
        nl="het register noemt geen verwerking voor deze melder: nee",
        en="the register names no activity for this publisher: no",
    ),
    "superseded": Text(nl="vervangen door een latere verbetering", en="replaced by a later correction"),
    "retracted": Text(nl="teruggenomen door wie het publiceerde", en="taken back by who published it"),
}

TOLD: Mapping[Told, Text] = {
    "delivery": Text(nl="krijgt het", en="gets it"),
    "release": Text(nl="krijgt het alsnog", en="gets it now, released"),
    "replacement": Text(nl="krijgt een andere versie", en="gets another version of it"),
    "recall": Text(nl="moet stoppen met het gebruik", en="must stop using it, recalled"),
    "withheld": Text(nl="krijgt het niet", en="does not get it"),
    "pending": Text(nl="krijgt het nog niet", en="does not get it yet"),
    "ground": Text(nl="houdt het, op een andere grond", en="keeps it, on another ground"),
}

#: Kinds of news that leave the recipient with the event, as the drawing and the terminal mark them.
GETS: frozenset[Told] = frozenset({"delivery", "release", "replacement", "ground"})

_SOURCE = re.compile(r"\s*\([^()]*(?:L\d|P-\d|architecture)[^()]*(?:\([^()]*\)[^()]*)*\)")


def reason(reasons: Iterable[str]) -> Text:
    """Return the reasons of an outcome in words; raises KeyError on a reason without words."""
    found = [REASONS[one] for one in reasons]
    return Text(nl="; ".join(t.nl for t in found), en="; ".join(t.en for t in found))


def meaning(event_type: str) -> str:
    """Return what a type means, from the contract, without its source.

    >>> meaning("consent-refused")
    'Consent was refused.'
    """
    doc: str = contract().types[event_type].schema["doc"]
    return _SOURCE.sub("", doc)


def recipient(heard: Heard) -> Text:
    """Return who and for what, by the contract's code lists."""
    who = contract().codelists["recipient"].codes[heard.recipient]
    what = contract().codelists["purpose"].codes[heard.purpose]
    return Text(
        nl=f"{who.nl}, {heard.purpose} ({what.nl[0].lower()}{what.nl[1:]})",
        en=f"{who.en}, {heard.purpose} ({what.en[0].lower()}{what.en[1:]})",
    )


def article(heard: Heard) -> str:
    """Return article and source of what decided: the activity, or a rule over all of them; empty where there is none."""
    activity = heard.activity
    if activity is None:
        return ""
    if heard.rule:
        return f"{activity.ref}, by the rules over every activity <{heard.rule}>"
    sure = "" if activity.status == "confirmed" else f" [{activity.status}]"
    return f"{activity.ref}{sure}: {activity.article} <{activity.source}>"


def fields(heard: Heard) -> Text | None:
    """Return which fields arrived, were left out, opened or stay sealed; None where nothing travelled."""
    if heard.told not in ("delivery", "release", "replacement"):
        return None
    arrived, left_out, opened, still = map(", ".join, (heard.arrived, heard.left_out, heard.opened, heard.still_sealed))
    nl, en = [f"aangekomen: {arrived}"], [f"arrived: {arrived}"]
    nl.append(f"weggelaten: {left_out}" if left_out else "niets weggelaten")
    en.append(f"left out: {left_out}" if left_out else "nothing left out")
    if heard.generalised:
        made = ", ".join(heard.generalised)
        nl.append(f"algemeen gemaakt: {made}")
        en.append(f"made general: {made}")
    if opened:
        nl.append(f"verzegeld voor de bus, geopend door de ontvanger: {opened}")
        en.append(f"sealed for the bus, opened by the recipient: {opened}")
    if still:
        nl.append(f"blijft verzegeld: {still}")
        en.append(f"stays sealed: {still}")
    return Text(nl="; ".join(nl), en="; ".join(en))
