"""What recipients find in their own views, read as the recipients: each with its own account, and its own keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from consent.activities import Register, view_topic
from infra.local.platform import Platform
from ketenbus import view
from ketenbus.contract import contract
from ketenbus.errors import CorruptLogError, Unreadable
from ketenbus.settings import PartnerSettings
from ketenbus.values import Sealed
from ketenbus.view import Received
from services.quarantine.reading import account_of, read_topic
from streams.runtime import settings as runtime
from streams.runtime import topics
from streams.runtime.settings import Partner
from streams.runtime.zone import ZoneReader

View = tuple[str, str]
EVERY_EVENT = ("occurred_at", "occurred_precision")


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a view: which fields it holds, and which of those were sealed for the bus: opened here, or not."""

    view: View
    received: Received
    arrived: tuple[str, ...]
    opened: tuple[str, ...]
    still_sealed: tuple[str, ...]


class Recipients:
    """Every recipient of the register, reading its views from where it was."""

    def __init__(self, platform: Platform, register: Register, partners: Mapping[str, Partner]) -> None:
        self._platform = platform
        self._partners = partners
        self._seen = dict.fromkeys(register.views(), 0)
        self._zones = {
            which: ZoneReader(runtime.load(platform.processor_file(folder)))
            for which, folder in topics.FOLDED_BY.items()
            if which in self._seen
        }

    def news(self, ends: Mapping[str, int]) -> list[Message]:
        """Return what came into each view since the last time; `ends` are the views' end offsets by topic.

        Raises CorruptLogError on a message that disclose did not sign.
        """
        found: list[Message] = []
        for which, seen in self._seen.items():
            topic = view_topic(*which)
            if ends[topic] > seen:
                found += self._read(which, topic, seen)
                self._seen[which] = ends[topic]
        return found

    def partner(self, recipient: str) -> PartnerSettings:
        """Return the settings of the partner that stands behind a recipient here: the first of its kind."""
        kinds = topics.RECIPIENT_KINDS[recipient]
        first = next(partner.id for partner in self._partners.values() if partner.kind in kinds)
        return PartnerSettings.load(self._platform.partner_file(first))

    def _read(self, which: View, topic: str, seen: int) -> list[Message]:
        partner = self.partner(which[0])
        zone = self._zones.get(which)
        found = []
        for record in read_topic(account_of(partner), topic):
            if record.offset < seen:
                continue
            sealed = view.read(record.headers, record.key, record.value, partner.view_public_key)
            if isinstance(sealed, Unreadable):
                raise CorruptLogError(f"{record.origin}: {sealed.reason} ({sealed.place})")
            received = zone.read(record) if zone else sealed
            before, after = _sealed(sealed), _sealed(received)
            opened = tuple(name for name in before if name not in after and getattr(received.event, name) is not None)
            found.append(Message(which, received, _filled(received), opened, after))
        return found


def _filled(received: Received) -> tuple[str, ...]:
    """Return the fields that hold something, but for those that every event has."""
    event, declared = received.event, contract().types[received.type]
    told = (f.name for f in declared.fields if f.role not in {"subject", "link"} and f.name not in EVERY_EVENT)
    return () if event is None else tuple(name for name in told if getattr(event, name) is not None)


def _sealed(received: Received) -> tuple[str, ...]:
    event = received.event
    return () if event is None else tuple(name for name, value in event if isinstance(value, Sealed))
