"""Ketenbus: publish to and receive from the data exchange bus of the Dutch chain against human trafficking.

The events themselves are in `ketenbus.events`. The names here are loaded when first used: what only folds events, and
so imports `ketenbus.events`, does not load a Kafka client with it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ketenbus.acknowledgements import Outcome
    from ketenbus.consumer import Consumer
    from ketenbus.errors import Broken, BusError, ConfigurationError, CorruptLogError, RetryableError
    from ketenbus.keyring import PublisherKeys, ZoneKeys
    from ketenbus.outbox import Accepted, Outbox
    from ketenbus.preparing import Outgoing, Prepared, Refused, prepare, prepare_many
    from ketenbus.producer import Producer
    from ketenbus.settings import PartnerSettings
    from ketenbus.values import Event, Sealed
    from ketenbus.view import Generalised, Received, Withheld

__all__ = [
    "Accepted",
    "Broken",
    "BusError",
    "ConfigurationError",
    "Consumer",
    "CorruptLogError",
    "Event",
    "Generalised",
    "Outbox",
    "Outcome",
    "Outgoing",
    "PartnerSettings",
    "Prepared",
    "Producer",
    "PublisherKeys",
    "Received",
    "Refused",
    "RetryableError",
    "Sealed",
    "Withheld",
    "ZoneKeys",
    "prepare",
    "prepare_many",
]

_ROOMS = {
    "acknowledgements": ("Outcome",),
    "consumer": ("Consumer",),
    "errors": (
        "Broken",
        "BusError",
        "ConfigurationError",
        "CorruptLogError",
        "RetryableError",
    ),
    "keyring": (
        "PublisherKeys",
        "ZoneKeys",
    ),
    "outbox": (
        "Accepted",
        "Outbox",
    ),
    "preparing": (
        "Outgoing",
        "Prepared",
        "Refused",
        "prepare",
        "prepare_many",
    ),
    "producer": ("Producer",),
    "settings": ("PartnerSettings",),
    "values": (
        "Event",
        "Sealed",
    ),
    "view": (
        "Generalised",
        "Received",
        "Withheld",
    ),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    """Return a public name from the module it lives in."""
    if name not in _ROOM_OF:
        raise AttributeError(f"ketenbus has no {name}")
    return getattr(import_module(f"ketenbus.{_ROOM_OF[name]}"), name)
