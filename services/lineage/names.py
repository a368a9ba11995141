"""From the log's own rows to what lineage may say of them: names without persons, grounds with their articles. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from consent.activities import Activity, Register, view_topic
from consent.masks import left_out, made_general
from ketenbus.contract import contract
from services.lineage.answers import Event, Ground, Judgement, Outcome
from services.lineage.arrivals import oin_of
from services.lineage.store import DecisionRow, StandingRow
from streams.admit.bus import BUS_SOURCE
from streams.disclose.store import StoredFact
from streams.disclose.tokens import EventName, Tokens
from streams.disclose.view import SHELTER
from streams.runtime.records import unpack_headers
from streams.runtime.settings import Partner

#: The two views between a partner's report and a figure.
REGISTRATION = ("comensha", "REGISTRATIE")
MONITORING = ("rapporteur", "MONITORING")


class Names:
    """What an auditor needs to name things: the partners, the registers decided by, and the key of the views' tokens."""

    def __init__(self, partners: Mapping[str, Partner], registers: Mapping[str, Register], view_key: bytes) -> None:
        """`registers` are all that the bus ever went by, by fingerprint, the newest last."""
        self.partners = partners
        self.register = tuple(registers.values())[-1]
        self._registers = registers
        self.tokens = cache(lambda recipient, purpose: Tokens(view_key, view_topic(recipient, purpose)))

    def publisher(self, oin: str, event_type: str | None) -> str:
        """Return a partner's id; of a shelter, and of a shelter type, only its kind: a provider with one house would be its address."""
        partner = self.partners.get(oin)
        if partner is None:
            return "the bus" if oin_of(BUS_SOURCE) == oin else oin
        declared = contract().types.get(event_type or "")
        hidden = partner.kind == SHELTER or (declared is not None and declared.shelter)
        return f"a publisher of kind {partner.kind}" if hidden else partner.id

    def event(self, fact: StoredFact, beside: str | None = None) -> Event:
        """Return an event of the log by the names anyone may trace it with.

        `beside` is the type of the event it is shown with: who publishes about one subject is one publisher, so next to
        a shelter type none is named.
        """
        origin = dict(unpack_headers(fact.headers))["ketenbus-origin"].decode()
        shelter = beside is not None and contract().types[beside].shelter
        publisher = self.publisher(fact.oin, beside if shelter else fact.type)
        return Event(fact.id, fact.type, publisher, hashed(fact.subject), origin)

    def views(self) -> tuple[tuple[str, str], ...]:
        """Return every (recipient, purpose) that any of the registers names."""
        return tuple(sorted({view for register in self._registers.values() for view in register.views()}))

    def activity(self, row: StandingRow, history: Sequence[DecisionRow]) -> Activity | None:
        """Return the entry that let it stand so, in the register it was last decided by; None where there is none (default no)."""
        mine = _decisions_on(row, history)
        register = self._registers.get(mine[-1].register, self.register) if mine else self.register
        return register.by_ref(row.activity)

    def outcome(self, event_type: str, row: StandingRow, history: Sequence[DecisionRow]) -> Outcome:
        """Return how an event stands for one recipient and purpose, with the decisions that led there."""
        return Outcome(
            recipient=row.recipient,
            purpose=row.purpose,
            subject=hashed(row.name.subject),
            outcome=row.outcome,
            reasons=row.reasons,
            ground=_ground(self.activity(row, history)),
            mask=row.mask,
            left_out=left_out(event_type, row.mask) if row.outcome == "delivered" else (),
            generalised=made_general(event_type, row.mask) if row.outcome == "delivered" else (),
            change=row.change,
            in_view=row.in_view,
            token=self.tokens(row.recipient, row.purpose).event(row.name),
            history=tuple(
                Judgement(d.decided_at, d.outcome, d.kind, d.change, d.activity, d.reasons)
                for d in _decisions_on(row, history)
            ),
        )

    def named_by(self, token: str) -> EventName | None:
        """Return the event that some recipient's view calls by this name, or None."""
        for recipient, purpose in self.views():
            read = self.tokens(recipient, purpose).read(token)
            if isinstance(read, EventName):
                return read
        return None


def _decisions_on(row: StandingRow, history: Sequence[DecisionRow]) -> list[DecisionRow]:
    return [d for d in history if (d.name, d.recipient, d.purpose) == (row.name, row.recipient, row.purpose)]


def _ground(entry: Activity | None) -> Ground | None:
    return None if entry is None else Ground(entry.ref, entry.article, entry.source, entry.status)


def hashed(subject: bytes) -> str:
    """Return the first 12 hex digits of the bus's keyed hash of a client number: enough to compare, no name to anyone."""
    return subject.hex()[:12]
