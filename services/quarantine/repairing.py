"""From a quarantined record to the corrected, newly signed event that takes its place under the same id. Sends nothing.

A repair is its publisher's: it goes through the SDK's own checks, with that partner's settings and keys. What was sealed
stays as it was sealed; it is opened in memory only, so that the codes inside are checked as at a first sending.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from ketenbus import codec, envelope, preparing, rules
from ketenbus.contract import EventType, Field, contract
from ketenbus.envelope import SIGNATURE, Headers
from ketenbus.errors import Broken, ConfigurationError, Unreadable
from ketenbus.keyring import PublisherKeys, ZoneKeys
from ketenbus.preparing import CLOCK_LEEWAY, ID, TRACEPARENT, Outgoing, Prepared, Refused
from ketenbus.sealing import open_event
from ketenbus.settings import PartnerSettings
from ketenbus.values import Event, Sealed
from services.quarantine.chains import Chain
from services.quarantine.parked import Original, Parked

TRAILING = re.compile(r"byte ([0-9]+)")
#: Kinds of field whose value on a command line is the text itself; any other is read as JSON.
TEXTUAL = frozenset({"string", "date", "timestamp"})


@dataclass(frozen=True, slots=True)
class Claim:
    """What a repair keeps of the record: its id and type, and when its source recorded it."""

    id: str
    type: EventType
    time: datetime
    traceparent: str | None


def repairer(chain: Chain, named: str | None) -> str:
    """Return the partner that repairs it: who verifiably sent it, or `named` where no signature says so.

    Raises ConfigurationError, saying what to do instead, where no partner can.
    """
    one = chain.last
    if chain.state == "repaired":
        raise ConfigurationError(f"{chain.first.origin}: {one.id} was admitted since: there is nothing to repair")
    if chain.state == "taken" or one.reason == "id-reused":
        raise ConfigurationError(
            f"{chain.first.origin}: {one.id} names another event, which stands: publish this one under an id of its own,"
            " and name in `corrects` what it corrects"
        )
    if one.publisher is None and one.oin is not None:
        raise ConfigurationError(
            f"{chain.first.origin}: no partner has OIN {one.oin}: nobody can sign for it. Once it is registered,"
            f" ./ketenbus quarantine replay {chain.first.origin}"
        )
    return _named(one, named)


def _named(one: Parked, named: str | None) -> str:
    if one.publisher is not None and named not in (None, one.publisher):
        does = "signed it" if one.verified else "is its source by its own words"
        raise ConfigurationError(f"{one.origin}: {one.publisher} {does}, so {named} may not repair it")
    if one.verified and one.publisher is not None:
        return one.publisher
    if named is None:
        who = one.publisher or "a partner"
        raise ConfigurationError(
            f"{one.origin}: {one.reason}, so nothing shows who sent it: if {who} knows this event as its own,"
            f" repair it --as {one.publisher or 'PARTNER'}; else leave it"
        )
    return named


def claim(held: Original, now: datetime) -> Claim:
    """Return what the repair keeps; a time that cannot be read, or that is yet to come, becomes `now`.

    Raises ConfigurationError when the record has no id, or two, or no type the contract knows.
    """
    ids = {content for name, content in held.headers if name == "ce_id"}
    id = ids.pop().decode("ascii", "replace") if len(ids) == 1 and None not in ids else ""
    if not ID.fullmatch(id) or any(rules.personal(id)):
        raise ConfigurationError("the record has no one id to keep: publish the event anew, under an id of its own")
    texts = _texts(held.headers)
    known = contract()
    declared = known.by_ce_type.get(texts.get("ce_type", "")) or known.types.get(held.topic)
    if declared is None:
        raise ConfigurationError(f"the contract has no type {held.topic}: publish the event anew")
    traceparent = texts.get("traceparent", "")
    return Claim(id, declared, _time(texts, now), traceparent if TRACEPARENT.fullmatch(traceparent) else None)


def event_of(held: Original, kept: Claim, changes: Sequence[str], text: str | None) -> Event:
    """Return the corrected event: the one in the quarantined bytes with `changes`, or the whole one in `text`.

    Raises ConfigurationError where the bytes hold none, or not one of the type their headers say.
    """
    if text is not None:
        if changes:
            raise ConfigurationError("give --event or --set, not both: a whole event needs no field set in it")
        return whole(kept.type.name, text)
    event = readable(held)
    if isinstance(event, Unreadable):
        raise ConfigurationError(
            f"the bytes hold no event that can be read ({event.reason}, {event.place}): give the whole event with"
            " --event FILE"
        )
    if kept.type.name != event.TYPE:
        raise ConfigurationError(
            f"the headers say {kept.type.name}, the bytes {event.TYPE}: give the whole event with --event FILE"
        )
    return changed(event, changes)


def readable(held: Original) -> Event | Unreadable:
    """Return the event in the quarantined bytes, without what follows it."""
    value = held.value or b""
    found = codec.decode(value)
    if isinstance(found, Unreadable) and (end := TRAILING.fullmatch(found.place)):
        return codec.decode(value[: int(end[1])])
    return found


def changed(event: Event, settings: Iterable[str]) -> Event:
    """Return the event with these `field=value` in place; an empty value leaves the field out.

    Raises ConfigurationError for a field the type does not have, a sealed one, and a value of another kind.
    """
    fields = {field.name: field for field in contract().types[event.TYPE].fields}
    update: dict[str, object] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or name not in fields:
            raise ConfigurationError(f"--set {name}: give field=value; {event.TYPE} has {', '.join(fields)}")
        if fields[name].seals is not None:
            raise ConfigurationError(
                f"--set {name}: this field is sealed, and a command line is no place for it: give the whole event with"
                " --event FILE"
            )
        update[name] = _value(type(event), fields[name], text)
    return event.model_copy(update=update)


def whole(type_name: str, text: str) -> Event:
    """Return the event of that type in a JSON text, in plain; raises ConfigurationError naming fields, never content."""
    try:
        return codec.model_of(type_name).model_validate_json(text)
    except ValidationError as error:
        raise ConfigurationError(f"--event: no {type_name}: {_said(error)}") from None


def prepared(
    claim: Claim, event: Event, settings: PartnerSettings, keys: PublisherKeys, zone: ZoneKeys
) -> Prepared | Refused:
    """Return the signed bytes that take the record's place, or the rules the event still breaks.

    Law: a sealed value stays the same bytes for as long as it is about the same subject.
    """
    opened = open_event(event, zone.key)
    if opened.unopened:
        rule = "is sealed and does not open with this publisher's keys ({}): give the whole event with --event FILE"
        return Refused(claim.id, tuple(Broken(name, rule.format(why)) for name, why in opened.unopened.items()))
    made = preparing.prepare(Outgoing(opened.event, claim.id, claim.time, claim.traceparent), settings, keys)
    return made if isinstance(made, Refused) else _as_it_was_sealed(made, event, settings)


def own_keys(settings: PartnerSettings) -> ZoneKeys:
    """Return what opens the values a publisher sealed itself."""
    classes = {field.field_class for type in contract().types.values() for field in type.fields if field.seals}
    return ZoneKeys(settings.keyring, [(settings.oin, one) for one in sorted(classes)])


def _as_it_was_sealed(made: Prepared, before: Event, settings: PartnerSettings) -> Prepared:
    """Return the event with the sealed values it came with, where they are under the same subject's key."""
    event = codec.decode(made.value)
    assert not isinstance(event, Unreadable)
    held: Mapping[str, Sealed] = {
        name: value for name in type(before).model_fields if isinstance(value := getattr(before, name), Sealed)
    }
    kept = {name: value for name, value in held.items() if getattr(event, name).key_id == value.key_id}
    value = codec.encode(event.model_copy(update=kept))
    unsigned = tuple(header for header in made.headers if header[0] != SIGNATURE)
    return Prepared(
        made.id, made.topic, made.key, value, envelope.sign(unsigned, made.key, value, settings.signing_key)
    )


def _time(texts: Mapping[str, str], now: datetime) -> datetime:
    try:
        time = datetime.fromisoformat(texts.get("ce_time", "")).astimezone(UTC)
    except (ValueError, OverflowError):
        return now
    return time if time <= now + CLOCK_LEEWAY else now


def _texts(headers: Headers) -> dict[str, str]:
    return {name: (content or b"").decode("ascii", "replace") for name, content in headers}


def _value(model: type[Event], field: Field, text: str) -> object:
    annotation: Any = model.model_fields[field.name].annotation
    adapter: TypeAdapter[object] = TypeAdapter(annotation, config=ConfigDict(strict=True))
    try:
        if text == "":
            return adapter.validate_python(None)
        return adapter.validate_strings(text) if field.kind in TEXTUAL else adapter.validate_json(text)
    except ValidationError as error:
        raise ConfigurationError(f"--set {field.name}: {_said(error)}") from None


def _said(error: ValidationError) -> str:
    told = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(": ".join((*(".".join(map(str, one["loc"])),), one["msg"])).lstrip(": ") for one in told)
