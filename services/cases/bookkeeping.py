"""From receipts and view messages to who heard what: each is held against the other, and neither is taken on trust. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ketenbus.errors import CorruptLogError
from services.cases.casefile import Told
from services.cases.heard import EventRef, Heard
from services.cases.receipts import Stands
from services.cases.views import Message, View
from services.lineage.names import Names
from streams.disclose.tokens import EventName

#: Reasons that no activity gives: the rules over all of them do.
GONE = frozenset({"superseded", "retracted"})

Candidate = tuple[EventName, View]


class Bookkeeping:
    """Remembers how every candidate stood, so that each step tells only what it brought about."""

    def __init__(self, names: Names, steps: Mapping[tuple[str, str], str]) -> None:
        """`steps` gives the step of an event by its publisher's OIN and its id."""
        self._names = names
        self._steps = steps
        self._stood: dict[Candidate, Mapping[str, Any]] = {}
        self._latest: dict[EventName, Stands] = {}
        self._read = 0

    def entries(self, receipts: Sequence[Stands], messages: Iterable[Message]) -> tuple[Heard, ...]:
        """Return what changed since the last time, by step and recipient.

        `receipts` are all there are, `messages` the new ones. Raises CorruptLogError where a receipt speaks of a
        message that the view does not hold, or a view holds one that no receipt speaks of.
        """
        arrived = {(*self._named(message), message.received.change): message for message in messages}
        found = list(self._changed(receipts[self._read :], arrived))
        self._read = len(receipts)
        if arrived:
            name, view, change = next(iter(arrived))
            raise CorruptLogError(f"view of {' '.join(view)}: change {change} of {name.id} has no receipt")
        return tuple(sorted(dict.fromkeys(found), key=_order))

    def latest_of(self, step: str) -> Iterator[Stands]:
        """Yield the latest receipt of a step's event, under each of its subjects."""
        for name, stands in self._latest.items():
            if self._steps.get((name.oin, name.id)) == step:
                yield stands

    def _changed(
        self, receipts: Iterable[Stands], arrived: dict[tuple[EventName, View, int], Message]
    ) -> Iterator[Heard]:
        for stands in receipts:
            self._latest[stands.name] = stands
            for now in stands.outcomes:
                view = (now["recipient"], now["purpose"])
                was = self._stood.get((stands.name, view), {"change": 0})
                self._stood[stands.name, view] = now
                if was == now:
                    continue
                message = arrived.pop((stands.name, view, now["change"]), None)
                if now["change"] != was["change"] and message is None:
                    raise CorruptLogError(
                        f"receipt of {stands.name.id}: {' '.join(view)} holds no change {now['change']}"
                    )
                yield self._heard(stands, now, message)

    def _heard(self, stands: Stands, now: Mapping[str, Any], message: Message | None) -> Heard:
        return Heard(
            event=EventRef(self._steps.get((stands.name.oin, stands.name.id)), stands.type, stands.name.id),
            recipient=now["recipient"],
            purpose=now["purpose"],
            told=_told(now["outcome"], message),
            reasons=tuple(now["reasons"]),
            activity=self._names.register.by_ref(now["activity"]),
            arrived=message.arrived if message else (),
            left_out=tuple(sorted(message.received.left_out)) if message else (),
            generalised=tuple(sorted(message.received.generalised)) if message else (),
            opened=message.opened if message else (),
            still_sealed=message.still_sealed if message else (),
            rule=self._names.register.rules.source if GONE & set(now["reasons"]) else "",
        )

    def _named(self, message: Message) -> Candidate:
        name = self._names.tokens(*message.view).read(message.received.id)
        if not isinstance(name, EventName):
            raise CorruptLogError(f"view of {' '.join(message.view)}: {message.received.id} names no event")
        return name, message.view


def _told(outcome: str, message: Message | None) -> Told:
    if message is not None:
        return message.received.kind
    if outcome == "withheld":
        return "withheld"
    return "pending" if outcome == "pending" else "ground"


def _order(heard: Heard) -> tuple[bool, str, str, str]:
    return (heard.event.step is None, heard.recipient, heard.purpose, heard.event.type)
