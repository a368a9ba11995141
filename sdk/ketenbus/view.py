"""A message of a view, as disclose writes it and a recipient reads it. Pure.

A view message is a CloudEvents envelope signed by disclose. Its extensions say what kind of message it is, under
which activity and mask, and which fields the mask left out or made general, so that "withheld" never reads as "unknown",
nor "general" as "exact".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from dataclasses import field as defaulting
from typing import Any, Literal, get_args

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ketenbus import codec, envelope
from ketenbus.contract import Form, contract
from ketenbus.envelope import Envelope, Headers
from ketenbus.errors import Unreadable
from ketenbus.sealing import Keys, open_event
from ketenbus.values import Event

MASK = "ketenbusmask"
ACTIVITY = "ketenbusactivity"
CHANGE = "ketenbuschange"
KIND = "ketenbuskind"
LEFT_OUT = "ketenbusleftout"
GENERALISED = "ketenbusgeneralised"

#: first delivery, late delivery of what was withheld, other mask or content, instruction to stop using it
Kind = Literal["delivery", "release", "replacement", "recall"]
KINDS: Mapping[str, Kind] = {kind: kind for kind in get_args(Kind)}
#: The kinds that end an earlier message. A release ends none: it follows a recall, or is the first that its view gets.
ENDING = (b"recall", b"replacement")


@dataclass(frozen=True, slots=True)
class Withheld:
    """A field this view does not hold: left out by a mask, or recalled. It may or may not be known to its publisher."""

    mask: str


@dataclass(frozen=True, slots=True)
class Generalised:
    """A general value that stands for the exact one, which this view does not hold: `value` is read by its `form`.

    Of a month, `value` is its first day or instant; of a band, its lowest number.
    """

    value: Any
    form: Form


@dataclass(frozen=True, slots=True)
class Received:
    """One message of a view. A higher `change` replaces all earlier messages with this id.

    `unopened` says why a field is still sealed; `unmapped` names fields that hold a code the list does not know.
    """

    id: str
    subject: str
    kind: Kind
    change: int
    type: str
    event: Event | None
    envelope: Envelope
    left_out: frozenset[str]
    generalised: frozenset[str]
    mask: str
    activity: str
    unopened: Mapping[str, str] = defaulting(default_factory=dict)
    unmapped: frozenset[str] = frozenset()

    @property
    def is_recall(self) -> bool:
        """Whether this tells to stop using what was delivered; it has no event, and asks to be confirmed."""
        return self.kind == "recall"

    def field(self, name: str) -> Any:
        """Return a field's value, `Sealed` when it was not opened, `Withheld` when this view does not hold it, `Generalised`
        when it holds what is general only.

        None is what the publisher said: not known. Raises KeyError when the type has no such field.
        """
        declared = next((field for field in contract().types[self.type].fields if field.name == name), None)
        if declared is None:
            raise KeyError(f"{self.type} has no field {name}")
        if self.event is None or name in self.left_out:
            return Withheld(self.mask)
        value = getattr(self.event, name)
        form = contract().form_of(declared) if name in self.generalised else None
        return value if value is None or form is None else Generalised(value, form)

    def exact(self, name: str) -> Any:
        """Return a field's value where the view holds it exactly; None where it holds a general one, or it is not known."""
        return None if self.event is None or name in self.generalised else getattr(self.event, name)


def read(headers: Headers, key: bytes | None, value: bytes | None, public: Ed25519PublicKey) -> Received | Unreadable:
    """Return the message, its sealed fields still sealed, or why it is none."""
    said = _said(headers, key, value, public)
    if isinstance(said, Unreadable):
        return said
    told, kind, change = said
    declared = contract().by_ce_type.get(told.type)
    if declared is None:
        return Unreadable("unknown-type", "ce_type")
    extensions = dict(told.extensions)
    if MASK not in extensions or ACTIVITY not in extensions:
        return Unreadable("bad-headers", f"{MASK} or {ACTIVITY} missing")
    try:
        subject = (key or b"").decode("ascii")
    except UnicodeDecodeError:
        return Unreadable("bad-key", "not ascii")
    event: Event | None = None
    if kind != "recall":
        decoded = codec.decode(value or b"")
        if isinstance(decoded, Unreadable):
            return decoded
        if declared.name != decoded.TYPE:
            return Unreadable("type-mismatch", "ce_type")
        event = decoded
    elif value:
        return Unreadable("recall-with-content", "value")
    return Received(
        id=told.id,
        subject=subject,
        kind=kind,
        change=change,
        type=declared.name,
        event=event,
        envelope=told,
        left_out=_names(extensions.get(LEFT_OUT, "")),
        generalised=_names(extensions.get(GENERALISED, "")),
        mask=extensions[MASK],
        activity=extensions[ACTIVITY],
    )


def ends(headers: Headers, key: bytes | None, value: bytes | None, public: Ed25519PublicKey) -> tuple[str, int] | None:
    """Return the event and the change of a message that recalls or replaces what came before it, or None for any other.

    Only such a message is verified: any other ends nothing, whoever wrote it. Its content is not decoded, so one that is
    written under a newer contract ends what it ends.
    """
    if dict(headers).get(f"ce_{KIND}") not in ENDING:
        return None
    said = _said(headers, key, value, public)
    if isinstance(said, Unreadable):
        return None
    told, _, change = said
    return told.id, change


def _said(
    headers: Headers, key: bytes | None, value: bytes | None, public: Ed25519PublicKey
) -> tuple[Envelope, Kind, int] | Unreadable:
    """Return what the headers say, once the signature is the bus's: the envelope, the kind and the change."""
    if not envelope.is_signed_by(headers, key or b"", value or b"", public):
        return Unreadable("bad-signature", "headers")
    told = envelope.read(headers)
    if isinstance(told, Unreadable):
        return told
    extensions = dict(told.extensions)
    kind = KINDS.get(extensions.get(KIND, ""))
    if kind is None:
        return Unreadable("bad-headers", KIND)
    if not re.fullmatch(r"[0-9]{1,18}", extensions.get(CHANGE, "")):
        return Unreadable("bad-headers", CHANGE)
    return told, kind, int(extensions[CHANGE])


def _names(said: str) -> frozenset[str]:
    return frozenset(filter(None, said.split(",")))


def opened(received: Received, keys: Keys) -> Received:
    """Return the message with every field opened that `keys` has the key of."""
    if received.event is None:
        return received
    result = open_event(received.event, keys)
    return replace(received, event=result.event, unopened=result.unopened, unmapped=result.unmapped)
