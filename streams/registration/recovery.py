"""After a restore, registration takes back from the bus which version of every record it published last.

What a record says is not taken back: it is folded again from the view, and published under the next version.
"""

from __future__ import annotations

from collections.abc import Sequence

from ketenbus import codec, envelope
from ketenbus.errors import Unreadable
from ketenbus.events import RegistrationEnded, RegistrationRecorded
from streams.registration import store
from streams.registration.binding import Registration, version_id
from streams.registration.store import RecordRow
from streams.runtime.records import Record, ToSend
from streams.runtime.transaction import Connection


class RegistrationRecovery:
    """What registration takes back from the topics of its records."""

    topics: tuple[str, ...] = ("registration-ended", "registration-recorded")
    catches_up = True

    def __init__(self, registration: Registration) -> None:
        self._registration = registration

    async def take_back(self, connection: Connection, records: Sequence[Record]) -> int:
        """Store the highest version of each record, and return how many were not known."""
        highest: dict[str, RecordRow] = {}
        for record in records:
            row = _row(record)
            if row is not None and (row.number not in highest or highest[row.number].version < row.version):
                highest[row.number] = row
        return await store.take_back(connection, list(highest.values()))

    async def settle(self, connection: Connection) -> list[ToSend]:
        """Return what was published last and is no longer so: records of other reports, and of nobody's."""
        unknown = await store.held_unknown(connection)
        changed = []
        if unknown:
            changed = await self._registration.fold_again(connection, set(unknown), max(unknown.values()))
        ended = [
            (RecordRow(row.number, row.version + 1, True, store.UNKNOWN_STATE, row.at), None)
            for row in await store.held_by_nobody(connection)
        ]
        await store.put_records(connection, [], [], [row for row, _ in ended])
        nowhere = Record(self._registration.topics[0], 0, -1, 0, None, None, ())
        return self._registration.publish(nowhere, [*changed, *ended])


def _row(record: Record) -> RecordRow | None:
    """Return which version of which record a message is, or None when this processor did not publish it."""
    event = codec.decode(record.value or b"")
    if not isinstance(event, RegistrationRecorded | RegistrationEnded) or event.occurred_at is None:
        return None
    read = envelope.read(record.headers)
    if isinstance(read, Unreadable) or read.id != version_id(event.subject, event.version):
        return None
    return RecordRow(
        event.subject, event.version, isinstance(event, RegistrationEnded), store.UNKNOWN_STATE, event.occurred_at
    )
