"""What was said about consent to one publisher on one person, and what that makes of the publisher's reports.

Rules: explicit, unbundled consent of the person, or of parent or guardian for minors (slachtoffermonitor-part1,
L1099-1102; programma-en-opvang, P-01, P-04); precedence: architecture, section 6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sandbox.dossiers import Dossier
from sandbox.telling import Teller

Scope = Mapping[str, str]

EVERYTHING: Scope = {}
REGISTRATION: Scope = {"purpose": "REGISTRATIE"}
REGISTRATION_AT_COMENSHA: Scope = {"purpose": "REGISTRATIE", "recipient": "comensha"}
PLACEMENT: Scope = {"purpose": "PLAATSING"}

_SPOKEN = {"NL": "nl", "PL": "pl", "BG": "bg", "HU": "hu", "VN": "vi", "NG": "en", "GM": "en", "SL": "en", "MX": "es"}


class Conversation:
    """What is said to one publisher about one person, around the moment of its report."""

    def __init__(self, teller: Teller, dossier: Dossier, moment: datetime, *, prompt: bool = False) -> None:
        self.draw = teller.draw
        self.minor = dossier.person.minor
        self._teller = teller
        self._dossier = dossier
        self._moment = moment
        self._prompt = prompt
        self._speaker: dict[str, object] | None = None

    def give(self, scope: Scope, days: float, **changed: object) -> str:
        """Write a grant so many days from the report, by who may give it unless `changed` says who; return its id."""
        fault = "unknown-code" if "channel" in changed else None
        spoke = {} if "given_by" in changed else self._who(days)
        said = self._said(days) | spoke | {"explicit": True, "unbundled": True} | dict(scope) | changed
        return self._tell("consent-given", days, said, fault=fault)

    def refuse(self, scope: Scope, days: float, **changed: object) -> str:
        """Write a refusal so many days from the report."""
        spoke = {} if "given_by" in changed else self._who(days)
        return self._tell("consent-refused", days, self._said(days) | spoke | dict(scope) | changed)

    def withdraw(self, grant: str, days: float) -> str:
        """Write the withdrawal of one grant."""
        spoken = {k: v for k, v in self._said(days).items() if k not in {"channel", "language", "text_version"}}
        return self._tell("consent-withdrawn", days, spoken | self._who(days) | {"withdraws": grant})

    def ask(self, days: float) -> str:
        """Write that consent was asked, which by itself permits nothing."""
        return self._tell(
            "consent-requested", days, self._said(days) | self._who(days) | dict(REGISTRATION_AT_COMENSHA)
        )

    def lose(self, days: float) -> str:
        """Write that consent can no longer be asked (slachtoffermonitor-part1, L519-523)."""
        said = {k: v for k, v in self._said(days).items() if k in {"subject", "occurred_at", "occurred_precision"}}
        return self._tell(
            "consent-unobtainable", days, said | {"reason": self.draw.choice(("NO_CONTACT", "ANONYMOUS"))}
        )

    def _who(self, days: float) -> dict[str, object]:
        """Return who speaks, always the same one: the person, for a minor a parent, or a guardian appointed before."""
        if self._speaker is None:
            if not self.minor:
                self._speaker = {"given_by": "PERSON"}
            elif self.draw.random() < 0.6:
                self._speaker = {"given_by": "PARENT", "giver": "ouder-1"}
            else:
                self._speaker = {"given_by": "GUARDIAN", "giver": self._appointed(days)}
        return self._speaker

    def _appointed(self, days: float) -> str:
        guardian = f"voogd-{self.draw.randrange(10**5):05d}"
        at = self._at(days) - timedelta(days=60)
        self._teller.tell(
            self._dossier.partner,
            "guardian-appointed",
            at + timedelta(hours=2),
            {
                "subject": self._dossier.number,
                "occurred_at": at,
                "occurred_precision": "INSTANT",
                "guardian_kind": self.draw.choice(("NIDOS", "GI")),
                "guardian": guardian,
                "appointed_on": at.date(),
            },
            prompt=True,
        )
        return guardian

    def _at(self, days: float) -> datetime:
        return self._moment + timedelta(seconds=round(days * 86_400))

    def _said(self, days: float) -> dict[str, object]:
        return {
            "subject": self._dossier.number,
            "occurred_at": self._at(days),
            "occurred_precision": "INSTANT",
            "age_group": "MINOR" if self.minor else "ADULT",
            "channel": self.draw.choice(("IN_PERSON", "IN_PERSON", "WRITTEN", "TELEPHONE")),
            "language": _SPOKEN.get(self._dossier.person.nationality, "en"),
            "text_version": "2018-05.1" if self._dossier.person.year >= 2018 else "2014-01.2",
        }

    def _tell(self, kind: str, days: float, fields: Mapping[str, object], fault: str | None = None) -> str:
        heard = self._at(days) + timedelta(minutes=self.draw.randint(1, 2_000))
        return self._teller.tell(self._dossier.partner, kind, heard, fields, fault=fault, prompt=self._prompt)


def grant(teller: Teller, dossier: Dossier, moment: datetime) -> None:
    """Tell consent that lets every report of this dossier stand, before the report or after, when it releases it."""
    draw = teller.draw
    talk = Conversation(teller, dossier, moment)
    scope = draw.choice((REGISTRATION_AT_COMENSHA, REGISTRATION_AT_COMENSHA, REGISTRATION, EVERYTHING))
    when = draw.uniform(-20, -0.1) if draw.random() < 0.65 else draw.uniform(1, 90)
    way = draw.random()
    if way < 0.03:  # thought better of it
        talk.refuse(scope, when - 12)
        talk.give(scope, when)
    elif way < 0.06:  # withdrawn, and given anew
        talk.withdraw(talk.give(scope, when), when + 20)
        talk.give(scope, when + 40)
    elif way < 0.09:  # no to a shelter is no to a shelter only
        talk.give(EVERYTHING, when)
        talk.refuse(PLACEMENT, when + 1)
    elif way < 0.11:  # the more specific word stands
        talk.give(REGISTRATION_AT_COMENSHA, when)
        talk.refuse(EVERYTHING, when + 3)
    else:
        if draw.random() < 0.03:
            talk.ask(when - 2)
        talk.give(scope, when)


def withhold(teller: Teller, dossier: Dossier, moment: datetime, reason: str) -> None:
    """Tell what makes the reports of this dossier be withheld for `reason`, or pending for consent-quarantined."""
    _WITHHELD[reason](Conversation(teller, dossier, moment, prompt=reason == "consent-withdrawn"))


def _no_word(talk: Conversation) -> None:
    if talk.draw.random() < 0.4:
        talk.ask(-1)


def _lost(talk: Conversation) -> None:
    talk.lose(20)


def _refused(talk: Conversation) -> None:
    way = talk.draw.random()
    if way < 0.15:
        talk.give(REGISTRATION_AT_COMENSHA, -9)
        talk.refuse(REGISTRATION_AT_COMENSHA, 5)
    elif way < 0.3:
        talk.refuse(REGISTRATION_AT_COMENSHA, -9)
        talk.give(EVERYTHING, 5)
    else:
        talk.refuse(talk.draw.choice((EVERYTHING, REGISTRATION_AT_COMENSHA)), talk.draw.uniform(-9, 30))


def _withdrawn(talk: Conversation) -> None:
    talk.withdraw(talk.give(REGISTRATION_AT_COMENSHA, -3), talk.draw.uniform(10, 120))


def _parents_disagree(talk: Conversation) -> None:
    one, other = talk.draw.sample(("ouder-1", "ouder-2"), 2)
    talk.give(REGISTRATION_AT_COMENSHA, -3, given_by="PARENT", giver=one)
    talk.refuse(REGISTRATION_AT_COMENSHA, -2, given_by="PARENT", giver=other)


def _not_theirs_to_give(talk: Conversation) -> None:
    talk.give(REGISTRATION_AT_COMENSHA, -3, given_by="PERSON" if talk.minor else "PARENT")


def _implied_or_bundled(talk: Conversation) -> None:
    talk.give(REGISTRATION_AT_COMENSHA, -3, **{talk.draw.choice(("explicit", "unbundled")): False})


def _garbled(talk: Conversation) -> None:
    talk.give(REGISTRATION_AT_COMENSHA, -3, channel="VIA_VIA")


_WITHHELD: Mapping[str, Callable[[Conversation], None]] = {
    "no-consent": _no_word,
    "consent-unobtainable": _lost,
    "consent-refused": _refused,
    "consent-withdrawn": _withdrawn,
    "consent-conflict": _parents_disagree,
    "no-authority": _not_theirs_to_give,
    "not-explicit": _implied_or_bundled,
    "consent-quarantined": _garbled,
}
REASONS = tuple(_WITHHELD)
