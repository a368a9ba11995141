"""Every arrival under an id, as the topics of admit tell it: what was quarantined, what came again. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ketenbus.envelope import SOURCE
from ketenbus.errors import ConfigurationError
from services.lineage.answers import NotAdmitted
from services.quarantine.parked import Parked
from streams.runtime.records import Record
from streams.runtime.settings import Partner

REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One record that came under an id and did not enter the log; `verified` says its source is who it claims."""

    oin: str | None
    type: str | None
    verified: bool
    told: NotAdmitted


def quarantined(found: Iterable[Parked], event_id: str) -> list[Arrival]:
    """Return the arrivals under this id that are in quarantine."""
    return [
        Arrival(
            one.oin,
            (one.type or "").removeprefix("nl.mensenhandel.").rpartition(".")[0] or None,
            one.verified,
            NotAdmitted(one.origin, one.reason, one.place, one.appended_at),
        )
        for one in found
        if one.id == event_id
    ]


def repeated(records: Iterable[Record], event_id: str) -> list[Arrival]:
    """Return the arrivals under this id that were the same again; each once, though admit may say it twice."""
    found: dict[str, Arrival] = {}
    for record in records:
        headers = {name: value.decode() for name, value in record.headers}
        if headers["ce_id"] == event_id:
            origin = (record.key or b"").decode()
            at = datetime.fromtimestamp(record.appended_ms / 1000, UTC)
            told = NotAdmitted(origin, REPEATED, "ce_id", at)
            found.setdefault(origin, Arrival(oin_of(headers["ce_source"]), origin.partition("/")[0], True, told))
    return list(found.values())


def oin_of(source: str) -> str | None:
    """Return the OIN that a CloudEvents source names, or None."""
    match = SOURCE.fullmatch(source)
    return match[1] if match else None


def named(source: str | None, partners: Mapping[str, Partner]) -> str | None:
    """Return the OIN of whom `--source` names: a partner's id, an OIN or a CloudEvents source.

    Raises ConfigurationError when it names no partner.
    """
    if source is None:
        return None
    for oin, partner in partners.items():
        if source in (partner.id, oin) or oin_of(source) == oin:
            return oin
    raise ConfigurationError(f"{source} names no partner: give its id, its OIN or a CloudEvents source")


def one_publisher(event_id: str, wanted: str | None, admitted: Iterable[str], arrivals: Iterable[Arrival]) -> str:
    """Return the OIN of the one publisher this id is about: who it was admitted from, else who it is said to be from.

    Raises ConfigurationError when there is none, or more than one and `wanted` names none of them.
    """
    said = [a for a in arrivals if a.oin is not None]
    for known in (set(admitted), {a.oin for a in said if a.verified and a.oin}, {a.oin for a in said if a.oin}):
        if wanted in known:
            return wanted
        if wanted is None and len(known) > 1:
            raise ConfigurationError(
                f"several publishers used id {event_id}: add --source, one of {', '.join(sorted(known))}"
            )
        if wanted is None and known:
            return known.pop()
    of = f" of {wanted}" if wanted else ""
    raise ConfigurationError(
        f"no event {event_id}{of} was admitted, repeated or quarantined; it may still be on its way"
    )
