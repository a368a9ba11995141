"""After a restore, admit takes back from the log which ids it admitted, and from which record: else another may take one.

Quarantine, repeats and the periods of grants need no taking back: the same records are judged again and give the same
answers, sent again.
"""

from __future__ import annotations

from collections.abc import Sequence

from ketenbus import codec, envelope
from ketenbus.errors import CorruptLogError, Unreadable
from streams.admit import store
from streams.admit.binding import content_hash
from streams.admit.bus import BUS_SOURCE
from streams.admit.store import Seen
from streams.disclose.releases import is_control
from streams.runtime import topics
from streams.runtime.records import Record, ToSend
from streams.runtime.transaction import Connection


class AdmitRecovery:
    """What admit takes back from the log."""

    topics: tuple[str, ...] = (topics.KETENLOG,)
    catches_up = False

    async def take_back(self, connection: Connection, records: Sequence[Record]) -> int:
        """Remember the ids these records hold, and return how many were not known; a control record holds none."""
        events = (record for record in records if not is_control(record))
        held = [seen for seen in map(_seen, events) if seen is not None]
        return await store.take_back(connection, held)

    async def settle(self, _: Connection) -> list[ToSend]:
        """Return nothing: what was not admitted yet is read again."""
        return []


def _seen(record: Record) -> Seen | None:
    """Return the id a record of the log holds as admit stored it, or None for what admit said itself."""
    own = tuple(header for header in record.headers if not header[0].startswith(envelope.BUS_PREFIX))
    read = envelope.read(own)
    event = codec.decode(record.value or b"")
    if isinstance(read, Unreadable) or isinstance(event, Unreadable):
        raise CorruptLogError(f"{record.origin}: not an event that admit could have logged")
    if read.source == BUS_SOURCE:
        return None
    origin = dict(record.headers)["ketenbus-origin"].decode()
    number: str = getattr(event, "subject", read.oin)  # the key its publisher signed, which admit compared with it
    as_published = Record("", 0, 0, 0, number.encode(), record.value, own)
    return Seen(read.oin, read.id, origin, content_hash(as_published))
