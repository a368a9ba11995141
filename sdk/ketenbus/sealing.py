"""Sealing: a field only a zone with the key can read. Pure; keys and nonces come from the caller.

A sealed value is AES-256-GCM over the value as UTF-8 JSON. The associated data bind it to its event type, its field
and its key, so that a value moved to another field, type or key no longer opens. JSON allows spaces at its end; they
fill the plaintext up to a multiple of `BLOCK`, because the length of a ciphertext is the length of its plaintext and
`["AU"]` and `["ONBEKEND"]` would otherwise be told apart by anyone who sees the log.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ketenbus.contract import contract
from ketenbus.values import Event, Sealed

BLOCK = 64
NONCE_BYTES = 12
KEY_BYTES = 32
TAG_BYTES = 16
#: The kind of value that is codes of a list. None at all is sealed too, so that which fields are filled says nothing.
CODES = "codes"
#: A key's id: its publisher, the class of field it seals, and a number drawn for it.
KEY_ID = re.compile(r"([0-9]{20})\.([a-z]{1,32})\.([0-9a-f]{24})")
#: The same as a view shows it that hides the publisher: the class, the number's beginning, and a digest of the whole id.
HIDDEN_KEY_ID = re.compile(r"([a-z]{1,32})\.([0-9a-f]{4})[0-9a-f]{20}")
#: How much of the number is shown: enough to look a key up by, too little to find out whose it is by trying.
SHOWN = 4

#: A key's id as its publisher gave it, and its secret.
Key = tuple[str, bytes]
#: Gives the key that an id names, hidden or not, or None.
Keys = Callable[[str], Key | None]
Plain = str | date | tuple[str, ...]
SomeEvent = TypeVar("SomeEvent", bound=Event)


@dataclass(frozen=True, slots=True)
class Unopened:
    """A sealed value that did not open, with the named reason: `no-key`, `other-class`, `altered` or `malformed`."""

    reason: str


@dataclass(frozen=True, slots=True)
class Opened:
    """An event with the fields its reader may open in plain; the rest stay `Sealed`.

    `unopened` says why a field stayed sealed. `unmapped` names opened fields that hold a code the list does not know:
    the value is kept as it is, for the reader to mark and count.
    """

    event: Event
    unopened: Mapping[str, str] = field(default_factory=dict)
    unmapped: frozenset[str] = frozenset()


def seal(value: Plain, seals: str, key: bytes, key_id: str, type_name: str, field_name: str, nonce: bytes) -> Sealed:
    """Return the value sealed for this field of this type; the same key and nonce must never be used twice."""
    plaintext = json.dumps(_as_json(value, seals), ensure_ascii=False, separators=(",", ":")).encode()
    padded = plaintext.ljust(-(-len(plaintext) // BLOCK) * BLOCK, b" ")
    ciphertext = AESGCM(key).encrypt(nonce, padded, associated_data(type_name, field_name, key_id))
    return Sealed(key_id=key_id, nonce=nonce, ciphertext=ciphertext)


def is_well_sealed(sealed: Sealed) -> bool:
    """Return whether a sealed value can be one that `seal` made: nothing in clear where its key's id or its ciphertext stands."""
    blocks, rest = divmod(len(sealed.ciphertext) - TAG_BYTES, BLOCK)
    return KEY_ID.fullmatch(sealed.key_id) is not None and blocks > 0 and rest == 0


def unseal(sealed: Sealed, seals: str, key: bytes, type_name: str, field_name: str) -> Plain | Unopened:
    """Return the value, or why it did not open: `altered` (or another key's), or `malformed` once open.

    Law: `unseal(seal(v, ...), ...) == v`, and any other type, field, key, nonce or ciphertext gives `Unopened`.
    """
    try:
        plaintext = AESGCM(key).decrypt(
            sealed.nonce, sealed.ciphertext, associated_data(type_name, field_name, sealed.key_id)
        )
    except (InvalidTag, ValueError):
        return Unopened("altered")
    try:
        return _from_json(json.loads(plaintext.decode()), seals)
    except (ValueError, RecursionError):
        return Unopened("malformed")


def open_event(event: SomeEvent, keys: Keys) -> Opened:
    """Return the event with every sealed field opened whose key `keys` gives for its key id; no codes at all are None again.

    A field under a key of another class than its own stays sealed: else a publisher could put a narrative under an
    identity key and have it read by a zone that may read identity only.
    """
    known = contract()
    keys = cache(keys)  # of one event: its fields have a key a class
    plain: dict[str, Plain | None] = {}
    unopened: dict[str, str] = {}
    unmapped: set[str] = set()
    for declared in known.types[event.TYPE].fields:
        value = getattr(event, declared.name)
        if declared.seals is None or not isinstance(value, Sealed):
            continue
        opened = _opened(value, declared.seals, declared.field_class, keys, event.TYPE, declared.name)
        if isinstance(opened, Unopened):
            unopened[declared.name] = opened.reason
            continue
        if opened == ():
            plain[declared.name] = None
            continue
        plain[declared.name] = opened
        if declared.codelist is not None:
            codes = known.codelists[declared.codelist].codes
            if not all(code in codes for code in (opened if isinstance(opened, tuple) else (opened,))):
                unmapped.add(declared.name)
    return Opened(event.model_copy(update=plain), unopened, frozenset(unmapped))


def associated_data(type_name: str, field_name: str, key_id: str) -> bytes:
    """Return what a sealed value is bound to: type, field and key id, each after its length in four bytes."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in map(str.encode, (type_name, field_name, key_id)))


def class_of_key(key_id: str) -> str | None:
    """Return the field class a key id names (`<oin>.<class>.<hex>`, or hidden `<class>.<hex>`), or None when it names none."""
    parts = key_id.split(".")
    return parts[-2] if len(parts) in (2, 3) else None


def hidden(key_id: str) -> str:
    """Return a key's id as a view shows it that hides the publisher: its class, and 24 hexadecimal digits.

    Laws: who does not have the key cannot tell whose it is, for 80 bits of its number are not shown; and no publisher can
    give a key of its own an id that is hidden as another's, for it would have to find a second preimage of 80 bits.
    """
    field_class, _, number = key_id.partition(".")[2].partition(".")
    return f"{field_class}.{number[:SHOWN]}{hashlib.sha256(key_id.encode()).hexdigest()[: 24 - SHOWN]}"


def _opened(
    value: Sealed, seals: str, field_class: str, keys: Keys, type_name: str, field_name: str
) -> Plain | Unopened:
    if class_of_key(value.key_id) != field_class:
        return Unopened("other-class")
    key = keys(value.key_id)
    if key is None:
        return Unopened("no-key")
    # The value is bound to the id that its publisher gave, also where the view hides it.
    named = Sealed(key_id=key[0], nonce=value.nonce, ciphertext=value.ciphertext)
    return unseal(named, seals, key[1], type_name, field_name)


def _as_json(value: Plain, seals: str) -> str | list[str]:
    match seals, value:
        case "string", str():
            return value
        case "date", date():
            return value.isoformat()
        case "codes", tuple():
            return list(value)
    raise TypeError(f"a field that seals {seals} cannot hold a {type(value).__name__}")


def _from_json(value: object, seals: str) -> Plain:
    match seals, value:
        case "string", str():
            return _text(value)
        case "date", str() if len(value) == 10:
            return date.fromisoformat(value)
        case "codes", list():
            return tuple(_text(code) for code in value)
    raise ValueError(f"not what a field that seals {seals} holds")


def _text(value: object) -> str:
    """Return a string that can be written again; JSON can spell half a surrogate pair, which UTF-8 cannot."""
    if isinstance(value, str):
        value.encode()
        return value
    raise ValueError("not a string")
