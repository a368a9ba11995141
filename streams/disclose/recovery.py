"""After a restore, disclose takes back from its own views which change of every event each recipient holds.

Numbers then go on from the highest that was given out, so that no recipient drops what is newer as older.
"""

from __future__ import annotations

from collections.abc import Sequence

from consent.activities import view_topic
from ketenbus.errors import CorruptLogError
from streams.disclose import store
from streams.disclose.binding import Disclose
from streams.disclose.store import Held
from streams.disclose.tokens import EventName
from streams.runtime.records import Record, ToSend
from streams.runtime.transaction import Connection


class DiscloseRecovery:
    """What disclose takes back from the views."""

    catches_up = True

    def __init__(self, disclose: Disclose) -> None:
        self._views = {view_topic(*view): view for view in disclose.laws.views}
        self.topics = tuple(sorted(self._views))
        self._tokens = disclose.tokens

    async def take_back(self, connection: Connection, records: Sequence[Record]) -> int:
        """Store the highest change of each event in these records, and return how many were not known."""
        highest: dict[tuple[str, str], Held] = {}
        for record in records:
            held = self._held(record)
            key = (record.topic, dict(record.headers)["ce_id"].decode())
            if key not in highest or highest[key].change < held.change:
                highest[key] = held
        return await store.take_back(connection, list(highest.values()))

    async def settle(self, _: Connection) -> list[ToSend]:
        """Return nothing: a new judgement of the same facts recalls what stands no more."""
        return []

    def _held(self, record: Record) -> Held:
        told = {name: value.decode() for name, value in record.headers if name.startswith("ce_")}
        name = self._tokens(record.topic).read(told["ce_id"])
        if not isinstance(name, EventName):
            raise CorruptLogError(f"{record.origin}: names an event by no name of this view: which key was in use?")
        return Held(
            name,
            *self._views[record.topic],
            mask=told["ce_ketenbusmask"],
            activity=told["ce_ketenbusactivity"],
            change=int(told["ce_ketenbuschange"]),
            in_view=told["ce_ketenbuskind"] != "recall",
        )
