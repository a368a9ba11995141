"""Reports to the national registration: those that stand, their earlier versions, and what only looks like one.

Source: slachtoffermonitor-part1, L411-414, L1075-1082; the day of the report makes the registration year (L478-479).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from sandbox import consents
from sandbox.dossiers import Dossier, Known
from sandbox.partners import as_reporter, needs_consent
from sandbox.people import Person
from sandbox.plan import SU
from sandbox.telling import Outcome, Teller, registered

CORRECTED_SHARE = 0.11


def day_in(year: int, draw: random.Random) -> date:
    """Return a day of the year."""
    return date(year, 1, 2) + timedelta(days=draw.randrange(345))


def recorded(day: date, draw: random.Random) -> datetime:
    """Return the moment the source recorded what it reports of that day."""
    return datetime.combine(day, time(), UTC) + timedelta(hours=8, seconds=draw.randrange(10 * 3600))


def content(
    dossier: Dossier, on: date, forms: Sequence[str], sectors: Sequence[str], draw: random.Random
) -> dict[str, object]:
    """Return the fields of one report on the person of a dossier."""
    person = dossier.person
    unsure = person.age is None and not person.minor and not needs_consent(dossier.partner)
    fields: dict[str, object] = {
        "subject": dossier.number,
        **_occurred(on, draw),
        **as_reporter(dossier.partner),
        "reported_on": on,
        "age_group": "UNKNOWN" if unsure else "MINOR" if person.minor else "ADULT",
        "sex": person.sex,
        "nationality": person.nationality,
        "age_at_report": _years(person, on) if person.age is not None else None,
        **dossier.keys,
        "forms": tuple(forms),
        "su_sector": tuple(sectors) or None,
        "labour_sector": person.labour or None if "AU" in forms else None,
        "cu_sector": person.crime or None if "CU" in forms else None,
        "dublin_indication": person.dublin or None,
        "phone": f"+31 6 000 {draw.randrange(100_000):05d}" if draw.random() < 0.15 else None,
        "narrative": "Verzonnen toelichting bij een verzonnen melding." if draw.random() < 0.1 else None,
    }
    if dossier.partner == "nla-opsporing" or (fields["reporter_kind"] in {"POLITIE", "KMAR"} and draw.random() < 0.3):
        fields["bedenktijd_offered"] = True
    return fields


def _occurred(on: date, draw: random.Random) -> dict[str, object]:
    day = on - timedelta(days=draw.randrange(1, 400))
    precision = draw.choice(("DAY", "DAY", "MONTH", "YEAR", "UNKNOWN"))
    first = {"DAY": day, "MONTH": day.replace(day=1), "YEAR": day.replace(month=1, day=1)}.get(precision)
    return {
        "occurred_at": datetime.combine(first, time(), UTC) if first else None,
        "occurred_precision": precision,
    }


def _years(person: Person, on: date) -> int:
    born = person.birth_date
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def tell_standing(teller: Teller, register: Sequence[Known]) -> None:
    """Tell every report that stands, the consent it rests on, and for some the versions it replaced.

    What a person counts for is in all reports together: forms may be spread over them, the sector is in at least one.
    The first report is on the person's first day, whoever makes it: what a person is, is what that report says.
    """
    draw = teller.draw
    for known in register:
        number = sum(dossier.reports for dossier in known.dossiers)
        parts = iter(_spread(known.person, number, draw))
        earliest = draw.choice(known.dossiers)
        for dossier in known.dossiers:
            day = known.person.first if dossier is earliest else _after(known.person.first, draw)
            if needs_consent(dossier.partner):
                consents.grant(teller, dossier, recorded(day, draw))
            for _ in range(dossier.reports):
                forms, sectors = next(parts)
                _tell_report(teller, dossier, day, forms, sectors)
                day = _after(day, draw)


def _after(day: date, draw: random.Random) -> date:
    """Return that day or a later one of its year."""
    return day + timedelta(days=draw.randrange((date(day.year, 12, 30) - day).days + 1))


def _spread(person: Person, number: int, draw: random.Random) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return what each of a person's reports says, so that together they say it all and no more."""
    said = [person.forms] * number
    if len(person.forms) > 1 and number > 1 and draw.random() < 0.7:
        said = [tuple(person.forms[at::number]) or (draw.choice(person.forms),) for at in range(number)]
    sexual = [at for at, forms in enumerate(said) if set(forms) & set(SU)]
    surely = draw.choice(sexual) if sexual else None
    return [
        (forms, person.sectors if at in sexual and (at == surely or draw.random() < 0.4) else ())
        for at, forms in enumerate(said)
    ]


def _tell_report(teller: Teller, dossier: Dossier, day: date, forms: Sequence[str], sectors: Sequence[str]) -> None:
    """Tell one report that stands; some are wrong or incomplete first, once or twice, and then told whole anew."""
    draw = teller.draw
    fields = content(dossier, day, forms, sectors, draw)
    moment = recorded(day, draw)
    corrects = None
    if draw.random() < CORRECTED_SHARE:
        for _ in range(1 if draw.random() < 0.75 else 2):
            wrong = fields | _wrong(fields, draw) | {"corrects": corrects}
            corrects = teller.tell(
                dossier.partner, "victim-reported", moment, wrong, [registered("withheld", "superseded")]
            )
            moment += timedelta(days=draw.uniform(1, 80))
    teller.tell(
        dossier.partner,
        "victim-reported",
        moment,
        fields | {"corrects": corrects},
        [registered("delivered", ground(dossier))],
    )


def ground(dossier: Dossier) -> str:
    """Return on what ground a report of this dossier stands."""
    return "consent" if needs_consent(dossier.partner) else "legal-task"


def _wrong(fields: Mapping[str, object], draw: random.Random) -> dict[str, object]:
    """Return what an earlier version said instead: another form, no sector, another year, nobody's number or traits."""
    day = fields["reported_on"]
    assert isinstance(day, date)
    no_sector = dict.fromkeys(("su_sector", "labour_sector", "cu_sector"))
    ways: list[dict[str, object]] = [
        {"forms": ("ONBEKEND",), **no_sector},
        {"forms": ("CU",) if fields["forms"] != ("CU",) else ("AU",), **no_sector},
        {"v_number": f"8888{draw.randrange(40):06d}"},
        {"sex": "ONBEKEND", "nationality": "ONBEKEND", "age_at_report": None, "dublin_indication": None},
    ]
    if fields.get("labour_sector"):
        ways.append({"labour_sector": None})
    if fields.get("su_sector"):
        ways += [{"su_sector": None}, {"su_sector": ("BORDEEL_CLUB",)}] * 2
    if day.year > 2016:
        ways.append({"reported_on": day.replace(year=day.year - 1, day=min(day.day, 28))})
    return draw.choice(ways)


def tell_withheld(teller: Teller, dossier: Dossier, reason: str, forms: Sequence[str], sectors: Sequence[str]) -> None:
    """Tell a report that consent keeps out of the registration, and what was said about consent."""
    draw = teller.draw
    day = day_in(dossier.person.year, draw)
    moment = recorded(day, draw)
    consents.withhold(teller, dossier, moment, reason)
    outcome: Outcome = registered("pending" if reason == "consent-quarantined" else "withheld", reason)
    fields = content(dossier, day, forms, sectors, draw)
    teller.tell(dossier.partner, "victim-reported", moment, fields, [outcome], prompt=reason == "consent-withdrawn")


def tell_retracted(teller: Teller, dossier: Dossier, forms: Sequence[str], sectors: Sequence[str]) -> None:
    """Tell a report made by mistake, on the consent it would need, and that its publisher took it back."""
    draw = teller.draw
    day = day_in(dossier.person.year, draw)
    moment = recorded(day, draw)
    if needs_consent(dossier.partner):
        consents.grant(teller, dossier, moment)
    fields = content(dossier, day, forms, sectors, draw)
    mistake = teller.tell(dossier.partner, "victim-reported", moment, fields, [registered("withheld", "retracted")])
    found = moment + timedelta(days=draw.uniform(1, 150))
    teller.tell(
        dossier.partner,
        "event-retracted",
        found,
        {
            "subject": dossier.number,
            "occurred_at": found,
            "occurred_precision": "INSTANT",
            "withdraws": mistake,
            "reason": draw.choice(("ENTERED_IN_ERROR", "WRONG_PERSON")),
        },
    )
