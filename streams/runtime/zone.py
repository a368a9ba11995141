"""How a zone reads its own view: disclose's signature checked, and only what its purpose releases opened."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ketenbus import view
from ketenbus.errors import CorruptLogError, Unreadable
from ketenbus.keyring import ZoneKeys
from ketenbus.view import Received
from streams.runtime.records import Record
from streams.runtime.settings import ProcessorSettings


class ZoneReader:
    """Reads the records of one zone's view."""

    def __init__(self, settings: ProcessorSettings) -> None:
        self._public = Ed25519PublicKey.from_public_bytes(settings.key("view_public_key"))
        grants = [(oin, field_class) for oin, field_class in settings.held("keyring")]
        self._keys = ZoneKeys(Path(settings.held("keyring_folder")), grants)

    def read(self, record: Record) -> Received:
        """Return the message with what the zone may open opened.

        Raises CorruptLogError on a record that disclose did not write: the view cannot be trusted past it.
        """
        received = view.read(record.headers, record.key, record.value, self._public)
        if isinstance(received, Unreadable):
            raise CorruptLogError(f"{record.origin}: {received}")
        return view.opened(received, self._keys.key)
