"""What goes wrong on the way: events sent twice, and two percent that must not be admitted.

Each invalid event reports somebody nobody else knows, or joins two persons: let in, it would change a cell.
A nonsense code inside a consent is the exception: it leaves the report that rests on it pending (`consents`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sandbox.dossiers import Known
from sandbox.faulty import NOBODY
from sandbox.mistakes import dossier_of, stranger
from sandbox.partners import DESK, as_reporter
from sandbox.reports import content, day_in, recorded
from sandbox.telling import FAULTS, Planned, Teller, registered

INVALID_SHARE = 0.02
REPEATED_SHARE = 0.02
#: What a report says that breaks a rule. The BSN passes the eleven test, and is of the range our made-up ones are of.
SAID: Mapping[str, Sequence[Mapping[str, object]]] = {
    "unknown-code": ({"sex": "X-ONBEKEND-X"}, {"nationality": "ZZ"}, {"age_group": "BEJAARD"}),
    "broken-rule": (
        {"age_at_report": 999},
        {"occurred_at": None, "occurred_precision": "DAY"},
        {"caused_by": "zie het dossier"},
    ),
    "bsn-in-clear": ({"caused_by": "999990019"}, {"corrects": "bsn 9999.90.019"}),
    "phone-in-clear": ({"caused_by": "06-12345678"}, {"corrects": "tel:+31612345678"}),
}


def tell_repeats(teller: Teller) -> None:
    """Let some events arrive a second time, at any moment after the first."""
    valid = [(arrived, event) for arrived, event in teller.arrivals() if event.fault is None]
    for arrived, event in teller.draw.sample(valid, max(2, round(REPEATED_SHARE * len(valid)))):
        again = replace(event, repeat_of=event.id)
        teller.write(again, arrived + timedelta(seconds=teller.draw.randrange(60, 90 * 86_400)))


def tell_faults(teller: Teller, register: Sequence[Known]) -> None:
    """Tell invalid events of every named fault, until they are two percent of all."""
    arrivals = teller.arrivals()
    there = sum(event.fault is not None for _, event in arrivals)
    number = round((INVALID_SHARE * len(arrivals) - there) / (1 - INVALID_SHARE))
    legal = (registered("delivered", "legal-task"),)
    sound = [
        (arrived, event)
        for arrived, event in arrivals
        if event.type == "victim-reported" and teller.outcomes.get(event.id) == legal and event.repeat_of is None
    ]
    reused = iter(teller.draw.sample(sound, min(len(sound), number)))
    for at in range(max(number, len(FAULTS))):
        fault = FAULTS[at % len(FAULTS)]
        if fault == "id-reused":
            _reuse(teller, *next(reused))
        elif fault == "unknown-partner":
            _link(teller, register, DESK, fault)
        elif fault == "not-authorised" and at % 2:
            _link(teller, register, "politie-rotterdam", fault)
        else:
            _report(teller, fault)


def _report(teller: Teller, fault: str) -> None:
    """Tell a report on somebody new by the police, who need no consent, or by one who may not report at all."""
    draw = teller.draw
    person = stranger(teller, "POLITIE")
    partner = f"politie-{person.units[0].lower().replace('_', '-')}"
    if fault == "not-authorised":
        partner = draw.choice(("nla-pau", "ind"))
    day = day_in(person.year, draw)
    moment = recorded(day, draw)
    fields = content(dossier_of(teller, person, partner), day, person.forms, person.sectors, draw)
    if fault == "future-occurred-at":
        fields |= {"occurred_at": moment + timedelta(days=30 * 365), "occurred_precision": "INSTANT"}
    if fault in SAID:
        fields |= draw.choice(SAID[fault])
    teller.tell(partner, "victim-reported", moment, fields, fault=fault)


def _link(teller: Teller, register: Sequence[Known], partner: str, fault: str) -> None:
    """Tell a link between two persons: by somebody who has no authority over the register, or with a slip in it."""
    draw = teller.draw
    one, two = (draw.choice(known.dossiers) for known in draw.sample(register, 2))
    moment = recorded(day_in(one.person.year, draw), draw)
    fields = {
        "subject": one.number,
        "occurred_at": moment,
        "occurred_precision": "INSTANT",
        "subject_oin": teller.oins[one.partner],
        "other_subject": two.number,
        "other_oin": NOBODY if fault == "unknown-partner" else teller.oins[two.partner],
        "ground": "DESK_REVIEW",
    }
    teller.tell(partner, "identity-linked", moment, fields, fault=fault)


def _reuse(teller: Teller, arrived: datetime, event: Planned) -> None:
    """Let another report arrive later under an id that was used."""
    person = stranger(teller, "POLITIE")
    day = day_in(person.year, teller.draw)
    other = content(dossier_of(teller, person, event.partner), day, person.forms, person.sectors, teller.draw)
    fields = {name: value for name, value in other.items() if value is not None} | as_reporter(event.partner)
    moment = max(event.time, recorded(day, teller.draw))
    spoiled = Planned(event.partner, event.type, event.id, moment, fields, "id-reused")
    teller.write(spoiled, max(arrived, moment) + timedelta(days=teller.draw.uniform(0.1, 30)))
