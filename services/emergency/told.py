"""What the data protection officer knows of emergency access: from its own view, with its own account, by its own names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from consent.activities import view_topic
from consent.known import Fact, Ref
from ketenbus import view
from ketenbus.errors import CorruptLogError, Unreadable
from ketenbus.settings import PartnerSettings
from ketenbus.view import Received
from services.emergency.seen import Seen, oldest_first, seen
from services.quarantine.reading import account_of, read_topic
from streams.runtime.records import Record

TOPIC = view_topic("fg", "GEGEVENSBESCHERMING")
#: The view names no publisher, and of placements it is not told.
NOT_TOLD = ""


def uses_told(partner: PartnerSettings, today: date, days: int) -> tuple[Seen, ...]:
    """Return every use the view holds as it stands on a day, oldest first; what was taken back it holds no more."""
    return folded(read_topic(account_of(partner), TOPIC), partner.view_public_key, today, days)


def folded(records: Iterable[Record], public: Ed25519PublicKey, today: date, days: int) -> tuple[Seen, ...]:
    """Return the uses in these messages; raises CorruptLogError on a message that disclose did not sign.

    Law: the highest change of each event counts, in whatever order and however often it came.
    """
    latest: dict[str, Received] = {}
    for record in records:
        message = view.read(record.headers, record.key, record.value, public)
        if isinstance(message, Unreadable):
            raise CorruptLogError(f"{record.origin}: {message.reason} ({message.place})")
        if message.id not in latest or latest[message.id].change <= message.change:
            latest[message.id] = message
    persons: defaultdict[str, list[Fact]] = defaultdict(list)
    for message in latest.values():
        if message.event is not None:
            persons[message.subject].append(Fact(Ref(TOPIC, message.id), message.envelope.time, message.event))
    return oldest_first(one for told in persons.values() for one in seen(told, NOT_TOLD, (), today, days))
