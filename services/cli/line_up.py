"""Bad records in a row, one or more for every reason admit has, each with what should become of it and who mends it.

What a faulty system puts on the bus is the sandbox's to know (`sandbox.faulty`); here are the events, made up, and some
faults more that only a raw connection can send.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ketenbus import envelope, preparing
from ketenbus.envelope import NAME_ERRORS, SIGNATURE
from ketenbus.events import MODELS, TableCell
from ketenbus.keyring import PublisherKeys
from ketenbus.preparing import Outgoing, Prepared
from ketenbus.settings import PartnerSettings
from ketenbus.values import Event
from sandbox.faulty import NOBODY, spoil
from services.quarantine.parked import Original

POLICE, DESK, RESIDENCE = "politie-limburg", "comensha", "ind"
#: A partner with a Kafka account that admit does not know yet: it is put in the register of partners while the demo runs.
NEW_PARTNER = "overige-5"
#: How long a clock that is ahead stays ahead: long enough to be found so, short enough to wait for.
AHEAD_FOR = timedelta(seconds=12)
#: More than twice what any event may take, and no more than the broker takes.
TOO_MUCH = 1_100_000
#: An array that says it has 2**40 items.
BOMB = b"\x80\x80\x80\x80\x80\x40"


@dataclass(frozen=True, slots=True)
class Repair:
    """Its publisher mends it: with fields set, or with the whole event where the bytes cannot be read."""

    changes: tuple[str, ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Replay:
    """The bus mends itself, and the same bytes are put on the topic again."""


Mend = Repair | Replay | None


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to be bad: what is wrong, the reason it should be quarantined for, and what mends it."""

    name: str
    reason: str
    mend: Mend
    said: Mapping[str, Any] | None = None
    type: str = "victim-reported"
    partner: str = POLICE
    spoiled: Callable[[Original], Original] | None = None
    keeps_signature: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """A bad record and the good one directly behind it on the same topic; `right` is what the bad one should have said.

    `id` is None where the bad record has none that can be kept.
    """

    fault: Fault
    bad: Original
    id: str | None
    right: Event
    good: Prepared
    good_by: str


AS_IT_IS, WHOLE = Repair(), Repair(whole=True)

#: A fault of the sandbox, by its name, which is its reason.
NAMED: Mapping[str, tuple[Mend, Mapping[str, Any]]] = {
    "oversize": (AS_IT_IS, {}),
    "double-header": (AS_IT_IS, {}),
    "bus-header": (AS_IT_IS, {}),
    "header-not-utf8": (AS_IT_IS, {}),
    "header-not-printable": (AS_IT_IS, {}),
    "bad-headers": (AS_IT_IS, {}),
    "unknown-publisher": (None, {}),
    "missing-signature": (AS_IT_IS, {}),
    "bad-signature": (AS_IT_IS, {}),
    "unknown-type": (AS_IT_IS, {}),
    "wrong-topic": (AS_IT_IS, {}),
    "no-key": (AS_IT_IS, {}),
    "no-value": (WHOLE, {}),
    "unknown-schema": (WHOLE, {}),
    "beyond-limits": (WHOLE, {}),
    "not-utf8": (WHOLE, {}),
    "undecodable": (WHOLE, {}),
    "trailing-bytes": (AS_IT_IS, {}),
    "wrong-schema": (WHOLE, {}),
    "wrong-key": (AS_IT_IS, {}),
    "not-authorised": (Repair(("police_unit=LIMBURG",)), {"police_unit": "ROTTERDAM"}),
    "future-time": (AS_IT_IS, {}),
    "future-occurred-at": (Repair(("occurred_at={when}",)), {"occurred_at": timedelta(days=900)}),
    "foreign-key": (WHOLE, {}),
    "bsn-in-clear": (Repair(("caused_by=",)), {"caused_by": "999990019"}),
    "phone-in-clear": (Repair(("caused_by=",)), {"caused_by": "06-12345678"}),
    "unknown-code": (Repair(("sex=VROUW",)), {"sex": "X-ONBEKEND-X"}),
    "broken-rule": (Repair(("age_at_report=",)), {"age_at_report": 999}),
}


def faults() -> tuple[Fault, ...]:
    """Return every fault of the line-up, in order; `id-reused` is last, for it takes an id that was admitted."""
    named = (Fault(name, name, mend, said) for name, (mend, said) in NAMED.items())
    return (*named, *_more())


def _more() -> Iterator[Fault]:
    """Yield the faults that no client library sends, or that take more than one event to see."""
    yield Fault(
        "value of 1.1 MB", "oversize", AS_IT_IS, spoiled=lambda r: replace(r, value=(r.value or b"") + bytes(TOO_MUCH))
    )
    yield Fault(
        "header name not UTF-8", "header-not-utf8", AS_IT_IS, spoiled=lambda r: _more_headers(r, _raw(b"x-\xff"), b"1")
    )
    yield Fault("header without a value", "bad-headers", AS_IT_IS, spoiled=lambda r: _more_headers(r, "x-note", None), keeps_signature=True)  # fmt: skip
    yield Fault("line break in ce_id", "bad-headers", None, spoiled=lambda r: _other_header(r, "ce_id", b"1\r\nce_type: x"))  # fmt: skip
    yield Fault("no key and no value", "no-key", WHOLE, spoiled=lambda r: replace(r, key=None, value=None))
    yield Fault(
        "array of 2^40 items", "beyond-limits", WHOLE, type="tables-delivered", partner=RESIDENCE, spoiled=_with_bomb
    )
    yield Fault("link to nobody", "unknown-partner", Repair(("other_oin={oin}",)), {"other_oin": NOBODY}, "identity-linked", DESK)  # fmt: skip
    yield Fault("partner not registered yet", "unknown-publisher", Replay(), partner=NEW_PARTNER)
    yield Fault("clock minutes ahead", "future-time", Replay())
    yield Fault("id-reused", "id-reused", None)


class LineUp:
    """Makes the records, with the partners' own settings and keys; ids and numbers are the same in every run."""

    def __init__(self, settings: Callable[[str], PartnerSettings], now: Callable[[], datetime]) -> None:
        self._settings_of = settings
        self._now = now
        self._admitted: str | None = None
        self._draw = random.Random("bad input")

    def pair(self, fault: Fault) -> Pair:
        """Return the bad record of that fault and its good neighbour, signed now."""
        settings, time = self._settings_of(fault.partner), self._now()
        right = event(fault.type, settings, time, self._fresh())
        id = self._admitted if fault.reason == "id-reused" and self._admitted else self._fresh()
        if isinstance(fault.mend, Replay) and fault.reason == "future-time":
            time = time + preparing.CLOCK_LEEWAY + AHEAD_FOR
        said = {n: time + v if isinstance(v, timedelta) else v for n, v in (fault.said or {}).items()}
        made = self._signed(right.model_copy(update=said), settings, id, time)
        bad = self._bad(fault, made, settings)
        ids = {content for name, content in bad.headers if name == "ce_id"}
        good_by = POLICE if fault.partner == NEW_PARTNER else fault.partner
        neighbour = self._settings_of(good_by)
        right_beside = event(bad.topic, neighbour, self._now(), self._fresh())
        good = self._signed(right_beside, neighbour, self._fresh(), self._now())
        if good_by == POLICE:
            self._admitted = self._admitted or good.id
        return Pair(fault, bad, id if ids == {id.encode()} else None, right, good, good_by)

    def _fresh(self) -> str:
        return str(UUID(int=self._draw.getrandbits(128), version=4))

    def _bad(self, fault: Fault, made: Prepared, settings: PartnerSettings) -> Original:
        if fault.name in NAMED:
            bad = spoil(made, fault.name, settings)
            return Original(bad.topic, bad.key, bad.value, bad.headers)
        whole = Original(made.topic, made.key, made.value, made.headers)
        if fault.spoiled is None:
            return whole
        if fault.keeps_signature:
            return fault.spoiled(whole)
        bare = replace(whole, headers=tuple(h for h in whole.headers if h[0] != SIGNATURE))
        spoiled = fault.spoiled(bare)
        key, value = spoiled.key or b"", spoiled.value or b""
        return replace(spoiled, headers=envelope.sign(spoiled.headers, key, value, settings.signing_key))

    @staticmethod
    def _signed(said: Event, settings: PartnerSettings, id: str, time: datetime) -> Prepared:
        keys = PublisherKeys(settings.keyring, settings.oin)
        try:
            made = preparing.signed(Outgoing(said, id, time), settings, keys, os.urandom)
        finally:
            keys.close()
        assert isinstance(made, Prepared)
        return made


def event(type: str, settings: PartnerSettings, now: datetime, number: str) -> Event:
    """Return a made-up event of that type which this partner may say; `number` is who it is about."""
    subject, day = f"c-{number}", (now - timedelta(days=1)).date()
    said: dict[str, Any] = {"occurred_at": now - timedelta(days=2), "occurred_precision": "INSTANT"}
    who = {"reporter_kind": "POLITIE", "police_unit": settings.unit} if settings.unit else {"reporter_kind": "OVERIG"}
    match type:
        case "victim-reported":
            said |= {"subject": subject, **who, "reported_on": day, "age_group": "ADULT", "sex": "VROUW"}
            said |= {"nationality": "PL", "forms": ("AU",), "name": "Ada Voorbeeld"}
        case "signal-raised":
            said |= {"subject": subject, **who, "criterion": "GERINGSTE_AANWIJZING", "detected_on": day}
        case "identity-linked":
            said |= {"subject": subject, "subject_oin": settings.oin, "ground": "DESK_REVIEW"}
            said |= {"other_subject": f"{subject}-2", "other_oin": settings.oin}
        case "tables-delivered":
            said |= {"table": "b8", "period": day, "cells": (TableCell(row="2026", column="ALL", value=3),)}
    return MODELS[type](**said)


def as_text(right: Event) -> str:
    """Return an event in plain, as a publisher writes it in a file."""
    return right.model_dump_json(exclude_none=True)


def changes(repair: Repair, right: Event, settings: PartnerSettings) -> Sequence[str]:
    """Return the changes of a repair, with what only its partner knows filled in."""
    when = getattr(right, "occurred_at", None)
    return [change.format(oin=settings.oin, when=when.isoformat() if when else "") for change in repair.changes]


def _with_bomb(record: Original) -> Original:
    value = record.value or b""
    # The cells are the last field: a count of one, the cell, and the end of the array.
    at = value.rindex(b"\x02\x082026")
    return replace(record, value=value[:at] + BOMB + value[at + 1 :])


def _raw(name: bytes) -> str:
    return name.decode("utf-8", NAME_ERRORS)


def _more_headers(record: Original, name: str, content: Any) -> Original:
    return replace(record, headers=(*record.headers, (name, content)))


def _other_header(record: Original, name: str, content: bytes) -> Original:
    return replace(record, headers=tuple((n, content if n == name else c) for n, c in record.headers))
