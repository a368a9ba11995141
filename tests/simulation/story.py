"""What the partners of a made-up world say: a few persons, reports, consent in every turn, links, mistakes and lies."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from ketenbus import preparing
from ketenbus.events import MODELS
from ketenbus.preparing import Outgoing, Prepared
from sandbox.publish import spoil
from tests.made_up import NOW
from tests.simulation.premises import OINS, premises

LONG_AGO = NOW - timedelta(days=400)
SPOKEN = {"given_by": "PERSON", "age_group": "ADULT"}
ASKED = {**SPOKEN, "channel": "IN_PERSON", "language": "nl", "text_version": "1"}
CONSENTING = ("overige-1", "overige-1", "zorgcoordinatie-1")
#: Beside each other so that numbers of several partners are one person, and one partner's are several.
NUMBERS = ("1", "1", "2")
NAMES = ("Ada Voorbeeld", "Bea Voorbeeld", None)
#: Who opens a placement at night, and who looks at it afterwards: they may be the same, and then it is no review.
OFFICERS = tuple(f"0123456789abcde{n}" for n in range(4))
FORMS = (("AU",), ("CU",), ("AU", "CU"), ("ONBEKEND",))


@dataclass(frozen=True, slots=True)
class Saying:
    """One event a partner says, `minutes` after the world's past began; `spoiled` names what is wrong with its bytes."""

    partner: str
    type: str
    id: str
    minutes: int
    fields: tuple[tuple[str, Any], ...]
    spoiled: str | None = None

    def __str__(self) -> str:
        said = dict(self.fields)
        about = ", ".join(f"{name}={said[name]}" for name in ("withdraws", "corrects", "purpose") if name in said)
        notes = [f"client {said['subject']}" if "subject" in said else "", about, self.spoiled or ""]
        return f"{self.partner} {self.type} {self.id}" + "".join(f" ({note})" for note in notes if note)


@lru_cache(maxsize=50_000)
def prepared(saying: Saying) -> Prepared:
    """Return the bytes a partner puts on the bus; said again, they are the same."""
    settings = premises().partners[saying.partner]
    event = MODELS[saying.type](**dict(saying.fields))
    outgoing = Outgoing(event, id=saying.id, time=LONG_AGO + timedelta(minutes=saying.minutes))
    made = preparing.signed(outgoing, settings, premises().keys[saying.partner], os.urandom)
    assert isinstance(made, Prepared)
    return made if saying.spoiled is None else spoil(made, saying.spoiled, settings)


class Story:
    """Draws what is said, one saying after another; what comes later may name what came before, and the other way round."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.said: list[Saying] = []
        self._numbers = dict.fromkeys(OINS, 0)

    def tell(self, size: int) -> list[Saying]:
        """Return so many sayings, or one or two more."""
        kinds = (
            (self._report, 26), (self._give, 16), (self._refuse, 6), (self._withdraw, 12), (self._retract, 12),
            (self._correct, 8), (self._link, 6), (self._unlink, 4), (self._move, 6), (self._offer, 3),
            (self._count, 2), (self._lie, 4), (self._mumble, 4), (self._reuse, 3), (self._tomorrow, 3), (self._end_guardian, 3),
        )  # fmt: skip
        tellers, weights = zip(*kinds, strict=True)
        while len(self.said) < size:
            self.draw.choices(tellers, weights)[0]()
        return self.said

    def _say(self, partner: str, type: str, spoiled: str | None = None, **fields: Any) -> Saying:
        self._numbers[partner] += 1
        given = {name: value for name, value in fields.items() if value is not None}
        when = self.draw.randrange(0, 240, 30)
        held = {"occurred_precision": "UNKNOWN", **given}
        if type.startswith("consent-") and self.draw.random() < 0.8:
            at = LONG_AGO + timedelta(minutes=self.draw.randrange(0, when + 1, 30))
            held |= {"occurred_at": at, "occurred_precision": self.draw.choice(("INSTANT", "INSTANT", "DAY"))}
        id = f"{partner[:2]}{self._numbers[partner]}"
        saying = Saying(partner, type, id, when, tuple(sorted(held.items())), spoiled)
        self.said.append(saying)
        return saying

    def _who(self) -> str:
        return self.draw.choice(("politie-limburg", "kmar", "overige-1", "overige-1", "overige-1", "zorgcoordinatie-1"))

    def _report(self) -> None:
        self._report_by(self._who())

    def _report_by(self, partner: str, spoiled: str | None = None, **changed: Any) -> Saying:
        who: dict[str, Any] = {"overige-1": {"reporter_kind": "OVERIG"}, "kmar": {"reporter_kind": "KMAR"}}.get(
            partner, {"reporter_kind": "ZORGCOORDINATOR"}
        )
        if partner == "politie-limburg":
            who = {"reporter_kind": "POLITIE", "police_unit": "LIMBURG"}
        day = datetime(self.draw.choice((2018, 2019)), self.draw.choice((2, 9)), 1, tzinfo=UTC).date()
        name = self.draw.choice(NAMES)
        said = {
            "subject": self.draw.choice(NUMBERS),
            **who,
            "reported_on": day,
            "age_group": "ADULT",
            "sex": "VROUW",
            "nationality": "PL",
            "forms": self.draw.choice(FORMS),
            "name": name,
            "birth_date": datetime(1990, 1, 31, tzinfo=UTC).date() if name else None,
            **changed,
        }
        return self._say(partner, "victim-reported", spoiled, **said)

    def _scope(self) -> dict[str, Any]:
        purpose = self.draw.choice((None, None, None, "REGISTRATIE", "REGISTRATIE", "PLAATSING"))
        return {"purpose": purpose, "recipient": self.draw.choice((None, None, "comensha"))}

    def _give(self) -> None:
        speaker = self.draw.choice(
            (SPOKEN, SPOKEN, SPOKEN, {"given_by": "GUARDIAN", "giver": "voogd-1", "age_group": "MINOR"})
        )
        said = {**ASKED, **speaker, "explicit": self.draw.random() < 0.9, "unbundled": True, **self._scope()}
        said |= _period(repr((len(self.said), said)))
        self._say(self.draw.choice(CONSENTING), "consent-given", subject=self.draw.choice(NUMBERS), **said)

    def _refuse(self) -> None:
        said = {**ASKED, **self._scope()}
        self._say(self.draw.choice(CONSENTING), "consent-refused", subject=self.draw.choice(NUMBERS), **said)

    def _one(self, *types: str, of: tuple[str, ...] = CONSENTING) -> Saying | None:
        """Something sound that was said before, by one of these partners."""
        found = [s for s in self.said if s.type in types and s.partner in of and s.spoiled is None]
        return self.draw.choice(found) if found else None

    def _withdraw(self) -> None:
        grant = self._one("consent-given")
        if grant is not None:
            subject = dict(grant.fields)["subject"]
            self._say(grant.partner, "consent-withdrawn", subject=subject, withdraws=grant.id, **SPOKEN)

    def _retract(self) -> None:
        kinds = ("consent-given", "consent-refused", "consent-withdrawn", "victim-reported", "event-retracted")
        said = self._one(*self.draw.choice((kinds, ("victim-reported",))), of=tuple(OINS))
        if said is not None:
            about = {"subject": dict(said.fields)["subject"], "withdraws": said.id, "reason": "ENTERED_IN_ERROR"}
            self._say(said.partner, "event-retracted", **about)

    def _correct(self) -> None:
        said = self._one("victim-reported", "consent-given", "placement-moved", of=tuple(OINS))
        if said is not None:
            fields = dict(said.fields) | {"corrects": said.id}
            if said.type == "victim-reported":
                fields |= {"forms": self.draw.choice(FORMS)}
            for name in ("occurred_at", "occurred_precision"):
                fields.pop(name, None)
            self._say(said.partner, said.type, **fields)

    def _link(self) -> None:
        one, other = (self._who(), self.draw.choice(NUMBERS)), (self._who(), self.draw.choice(NUMBERS))
        if one != other:
            self._say("comensha", "identity-linked", **_pair(one, other))

    def _unlink(self) -> None:
        link = self._one("identity-linked", of=("comensha",))
        if link is not None:
            self._say("comensha", "identity-unlinked", **{**dict(link.fields), "withdraws": link.id})

    def _move(self) -> None:
        is_unsafe = self.draw.random() < 0.4
        self._say(
            "zorgcoordinatie-1",
            "placement-moved",
            subject=self.draw.choice(NUMBERS),
            moved_on=LONG_AGO.date(),
            shelter_type="COSM",
            region="NOORD",
            provider_id="0123456789abcdef",
            safety_at_stake=is_unsafe,
            safety_officer="0123456789abcde0" if is_unsafe else None,
            age_group="ADULT",
        )

    def _offer(self) -> None:
        said = {"reporter_kind": "POLITIE", "police_unit": "LIMBURG", "offered_on": LONG_AGO.date()}
        self._say("politie-limburg", "bedenktijd-offered", subject=self.draw.choice(NUMBERS), **said)

    def _count(self) -> None:
        said = {"reporter_kind": "OVERIG", "period": LONG_AGO.date(), "reason": "ANONYMOUS", "count": 2}
        self._say("overige-1", "report-withheld", **said)

    def _lie(self) -> None:
        self._report_by(self._who(), self.draw.choice(("bad-signature", "undecodable", "wrong-key", "trailing-bytes")))

    def _mumble(self) -> None:
        """Say a consent that quarantine holds, so that what rests on consent is pending; often repaired under its id."""
        said = {**ASKED, "explicit": True, "unbundled": True, **self._scope()}
        number = self.draw.choice(NUMBERS)
        broken = self._say("overige-1", "consent-given", subject=number, **{**said, "channel": "MURMURED"})
        if self.draw.random() < 0.7:
            fields = dict(broken.fields) | {"channel": "IN_PERSON"}
            self.said.append(replace(broken, fields=tuple(sorted(fields.items()))))

    def _reuse(self) -> None:
        """Say something else under an id that was used, in the same topic: which of the two comes first has it."""
        said = self._one("victim-reported", of=("politie-limburg", "overige-1"))
        if said is not None:
            fields = dict(said.fields) | {"nationality": "BG"}
            self.said.append(replace(said, fields=tuple(sorted(fields.items()))))

    def _tomorrow(self) -> None:
        """Say something by a clock that runs ahead by minutes: what becomes of it is up to the broker's clock."""
        near = round((NOW - LONG_AGO).total_seconds() / 60) + self.draw.choice((2, 4, 7, 12))
        for saying in (self._report_by("kmar"),):
            self.said[-1] = replace(saying, minutes=near)

    def _end_guardian(self) -> None:
        partner, number = self.draw.choice(CONSENTING), self.draw.choice(NUMBERS)
        day = LONG_AGO - timedelta(days=self.draw.choice((2, 100)))
        said = {"guardian_kind": "NIDOS", "guardian": "voogd-1", "appointed_on": day.date()}
        office = self._say(partner, "guardian-appointed", subject=number, **said)
        if self.draw.random() < 0.6:
            ended = (day + timedelta(days=self.draw.choice((1, 300)))).date()
            self._say(partner, "guardian-ended", subject=number, withdraws=office.id, ended_on=ended)


def rarer(draw: random.Random, said: Sequence[Saying]) -> tuple[list[Saying], list[Saying]]:
    """Return what was said, some words of consent about one class or one phase only; and uses of emergency access, looked at after."""
    parts = {saying.id: _part(draw) for saying in said if saying.type in ("consent-given", "consent-refused")}
    changed = [replace(s, fields=tuple(sorted({**dict(s.fields), **parts.get(s.id, {})}.items()))) for s in said]
    used: list[Saying] = []
    for number in range(draw.choice((0, 1, 1, 2))):
        subject = draw.choice(NUMBERS)
        use: dict[str, Any] = {
            "subject": subject,
            "used_on": LONG_AGO.date() - timedelta(days=draw.choice((0, 0, 1))),
            "ground": "SAFETY_AT_STAKE",
            "officer": OFFICERS[0],
        }
        used.append(_after_hours(draw, "emergency-access-used", f"use{number}", use))
        for reviewer in draw.sample(OFFICERS, draw.choice((0, 1, 2, 2, 3))):
            look: dict[str, Any] = {"subject": subject, "reviews": f"use{number}", "reviewed_on": LONG_AGO.date()}
            look |= {"reviewer": reviewer, "justified": draw.random() < 0.4}
            used.append(_after_hours(draw, "emergency-access-reviewed", f"look{number}{reviewer[-1]}", look))
        if draw.random() < 0.2:
            gone = {"subject": subject, "withdraws": f"use{number}", "reason": "ENTERED_IN_ERROR"}
            used.append(_after_hours(draw, "event-retracted", f"gone{number}", gone))
    draw.shuffle(used)
    return changed, used


def _after_hours(draw: random.Random, type: str, id: str, fields: Mapping[str, Any]) -> Saying:
    held = {"occurred_precision": "UNKNOWN", **fields}
    return Saying("zorgcoordinatie-1", type, id, draw.randrange(0, 240, 30), tuple(sorted(held.items())))


def _part(draw: random.Random) -> dict[str, str]:
    """One class of fields, one phase of the case, or both; often neither."""
    return draw.choice(
        (
            {}, {}, {"field_class": "special"}, {"field_class": "identity"}, {"field_class": "quasi"},
            {"case_phase": "signal"}, {"case_phase": "shelter"}, {"field_class": "quasi", "case_phase": "shelter"},
        )
    )  # fmt: skip


def _period(seed: str) -> dict[str, Any]:
    """A period that is over, runs, begins or ends tomorrow, or is to come; often none."""
    draw, today = random.Random(f"period-{seed}"), NOW.date()
    if draw.random() < 0.5:
        return {}
    days = {name: timedelta(days=n) for name, n in (("ended", -300), ("today", 0), ("tomorrow", 1), ("later", 9))}
    begins, ends = draw.choice((None, "today", "tomorrow")), draw.choice((None, "ended", "tomorrow", "later"))
    held = {"valid_from": begins, "valid_until": ends if begins is None or ends == "later" else None}
    return {name: today + days[day] for name, day in held.items() if day is not None}


def _pair(one: tuple[str, str], other: tuple[str, str]) -> dict[str, Any]:
    return {
        "subject": one[1],
        "subject_oin": OINS[one[0]],
        "other_subject": other[1],
        "other_oin": OINS[other[0]],
        "ground": "DESK_REVIEW",
    }
