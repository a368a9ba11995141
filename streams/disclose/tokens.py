"""Names that hold in one view only: deterministic encryption (AES-SIV, RFC 5297), so no table is needed and an auditor can translate.

Laws: two views share no token; `read(event(x)) == x` in the same view; under a key of epoch 2 a name says of the id it stands for
no more than whether that is longer than BLOCK.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from ketenbus.errors import ConfigurationError

#: A key of epoch 1 has KEY_BYTES; a later one has its epoch before them, as one byte.
KEY_BYTES = 64
EPOCHS = {"1", "2"}
#: From epoch 2 ids are filled up to a multiple of it: their length is their publisher's own, and would tell one from another.
BLOCK = 64


@dataclass(frozen=True, slots=True)
class EventName:
    """What an event token stands for."""

    subject: bytes
    oin: str
    id: str


class Tokens:
    """The tokens of one view. Raises ConfigurationError for a key that is none, or of an epoch that is not known here."""

    def __init__(self, key: bytes, view: str) -> None:
        self._epoch = "1" if len(key) == KEY_BYTES else str(key[0]) if len(key) == KEY_BYTES + 1 else ""
        if self._epoch not in EPOCHS:
            raise ConfigurationError(
                "the key of the views' names is of no epoch known here: install the bus's own version"
            )
        self._cipher = AESSIV(key[-KEY_BYTES:])
        self._view = view.encode()

    def subject(self, subject: bytes) -> str:
        """Return the view's name of a subject."""
        return self._seal(b"s" + subject)

    def event(self, name: EventName) -> str:
        """Return the view's name of an event; a link to it inside the same subject gives the same token."""
        event_id = name.id.encode()
        if self._epoch != "1":
            event_id = event_id.ljust(-(-len(event_id) // BLOCK) * BLOCK, b"\0")
        return self._seal(b"e" + name.subject + name.oin.encode() + b"\0" + event_id)

    def read(self, token: str) -> bytes | EventName | None:
        """Return the subject or the event a token stands for, or None when it is none of this view."""
        epoch, _, text = token.partition(".")
        if epoch != self._epoch:
            return None
        try:
            sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            plain = self._cipher.decrypt(sealed, [self._view])
        except (InvalidTag, ValueError):
            return None
        if plain[:1] == b"s":
            return plain[1:]
        oin, _, event_id = plain[17:].partition(b"\0")
        return EventName(plain[1:17], oin.decode(), event_id.rstrip(b"\0").decode())

    def _seal(self, plain: bytes) -> str:
        sealed = self._cipher.encrypt(plain, [self._view])
        return f"{self._epoch}.{base64.urlsafe_b64encode(sealed).decode().rstrip('=')}"
