"""Names that hold in one view only: deterministic encryption (AES-SIV, RFC 5297), so no table is needed and an auditor can translate.

Law: two views share no token; `open_token(seal_token(x)) == x` in the same view.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

EPOCH = "1"


@dataclass(frozen=True, slots=True)
class EventName:
    """What an event token stands for."""

    subject: bytes
    oin: str
    id: str


class Tokens:
    """The tokens of one view."""

    def __init__(self, key: bytes, view: str) -> None:
        self._cipher = AESSIV(key)
        self._view = view.encode()

    def subject(self, subject: bytes) -> str:
        """Return the view's name of a subject."""
        return self._seal(b"s" + subject)

    def event(self, name: EventName) -> str:
        """Return the view's name of an event; a link to it inside the same subject gives the same token."""
        return self._seal(b"e" + name.subject + name.oin.encode() + b"\0" + name.id.encode())

    def read(self, token: str) -> bytes | EventName | None:
        """Return the subject or the event a token stands for, or None when it is none of this view."""
        epoch, _, text = token.partition(".")
        if epoch != EPOCH:
            return None
        try:
            sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            plain = self._cipher.decrypt(sealed, [self._view])
        except (InvalidTag, ValueError):
            return None
        if plain[:1] == b"s":
            return plain[1:]
        oin, _, event_id = plain[17:].partition(b"\0")
        return EventName(plain[1:17], oin.decode(), event_id.decode())

    def _seal(self, plain: bytes) -> str:
        sealed = self._cipher.encrypt(plain, [self._view])
        return f"{EPOCH}.{base64.urlsafe_b64encode(sealed).decode().rstrip('=')}"
