"""What one recipient gets of one event for one purpose: the mask applied, and no name that any other view holds. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from consent.masks import NEUTRAL, left_out, made_general
from consent.policy import Decision
from ketenbus import codec, envelope
from ketenbus.contract import Field, contract
from ketenbus.envelope import Envelope, Headers
from ketenbus.sealing import hidden as hidden_key
from ketenbus.values import Event, Sealed
from streams.disclose.general import general, month_of
from streams.disclose.tokens import EventName, Tokens

#: Shelter types, and whatever a shelter publishes, name no publisher, in the source nor in the id of a key: a provider with
#: one house would be its address (architecture, principle 9).
SHELTER = "opvang"
SHELTER_SOURCE = "urn:nld:oin:00000000000000000000:systeem:disclose"


@dataclass(frozen=True, slots=True)
class LogEvent:
    """An event of the log, under one subject."""

    subject: bytes
    name: EventName
    source: str
    time: datetime
    admitted_at: datetime
    publisher_kind: str
    event: Event
    subjects: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class ViewMessage:
    """A record for a view, unsigned."""

    key: bytes
    value: bytes | None
    headers: Headers


def message(
    logged: LogEvent,
    decision: Decision,
    activity_mask: tuple[str, ...],
    tokens: Tokens,
    kind: str,
    change: int,
    traceparent: str,
) -> ViewMessage:
    """Return the record that tells the recipient of this outcome, decided under an activity with that mask (empty where there is
    none); a recall has no value.

    Laws: changing any field the mask leaves out changes no byte of the result; nor does changing one that it makes general, or the
    time where times are, to another with the same general value.
    """
    declared = contract().types[logged.event.TYPE]
    recall = kind == "recall"
    hidden = () if recall else left_out(declared.name, decision.mask)
    made = () if recall else made_general(declared.name, decision.mask)
    extensions = (
        ("ketenbusactivity", decision.activity),
        ("ketenbuschange", str(change)),
        ("ketenbusgeneralised", ",".join(made)),
        ("ketenbuskind", kind),
        ("ketenbusleftout", ",".join(hidden)),
        ("ketenbusmask", decision.mask_name),
    )
    headers = envelope.write(
        Envelope(
            id=tokens.event(logged.name),
            source=SHELTER_SOURCE if _hides_publisher(logged) else logged.source,
            type=declared.ce_type,
            time=logged.time if NEUTRAL in activity_mask else month_of(logged.time),
            dataschema=f"urn:nl:mensenhandel:schema:{declared.schema_id}",
            traceparent=traceparent,
            extensions=extensions,
        )
    )
    key = tokens.subject(logged.subject).encode()
    if recall:
        return ViewMessage(key, None, headers)
    return ViewMessage(key, codec.encode(_masked(logged, declared.fields, hidden, made, tokens)), headers)


def _hides_publisher(logged: LogEvent) -> bool:
    return contract().types[logged.event.TYPE].shelter or logged.publisher_kind == SHELTER


def _masked(
    logged: LogEvent, fields: tuple[Field, ...], hidden: tuple[str, ...], made: tuple[str, ...], tokens: Tokens
) -> Event:
    changed: dict[str, Any] = dict.fromkeys(hidden)
    for field in fields:
        said = getattr(logged.event, field.name)
        if field.name in made:
            changed[field.name] = general(field, said)
        elif isinstance(said, Sealed) and field.name not in hidden and _hides_publisher(logged):
            changed[field.name] = said.model_copy(update={"key_id": hidden_key(said.key_id)})
        match field.role:
            case "subject" | "other-subject":
                changed[field.name] = tokens.subject(logged.subjects[field.role])
            case "link" if said is not None:
                changed[field.name] = tokens.event(EventName(logged.subject, logged.name.oin, said))
    return logged.event.model_copy(update=changed)
