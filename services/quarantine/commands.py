"""`./ketenbus quarantine list | show | repair | replay`: what was not admitted, why, and how it still comes in.

Nothing that is printed says anything of a person.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from ketenbus.errors import ConfigurationError
from ketenbus.keyring import PublisherKeys
from ketenbus.preparing import Prepared, Refused
from ketenbus.settings import PartnerSettings
from services.quarantine import chains, printing, repairing, replaying, sending, standing
from services.quarantine.chains import Chain
from services.quarantine.parked import Inspected, Original, Parked, inspected, once, original, parked
from services.quarantine.reading import read_topic
from services.quarantine.replaying import Replayed
from streams.runtime import settings as runtime
from streams.runtime import topics
from streams.runtime.records import Record
from streams.runtime.settings import ProcessorSettings


def in_quarantine(settings: ProcessorSettings) -> tuple[Parked, ...]:
    """Return every quarantined record once, in order of arrival."""
    partners = runtime.load_partners(settings.partners)
    return once(parked(record, partners) for record in read_topic(settings, topics.QUARANTINE))


def all_chains(settings: ProcessorSettings) -> tuple[Chain, ...]:
    """Return every quarantined event once, however often its bytes came, with what became of it since."""
    partners = runtime.load_partners(settings.partners)
    found = [
        (parked(record, partners), chains.digest(original(record)))
        for record in read_topic(settings, topics.QUARANTINE)
    ]
    ids = ((one.oin, one.id) for one, _ in found if one.oin and one.id)
    return chains.chains(found, asyncio.run(standing.admitted(settings.dsn, ids)))


def originals(settings: ProcessorSettings) -> dict[str, Original]:
    """Return every quarantined record as it was on its type topic, by the coordinates it had there."""
    partners = runtime.load_partners(settings.partners)
    return {parked(record, partners).origin: original(record) for record in read_topic(settings, topics.QUARANTINE)}


def chain_of(settings: ProcessorSettings, coordinates: str) -> Chain:
    """Return the event whose record came from, or is kept at, these coordinates.

    Raises ConfigurationError when there is none.
    """
    for chain in all_chains(settings):
        if chain.came_from(coordinates):
            return chain
    raise _nothing_from(coordinates)


def look_at(settings: ProcessorSettings, coordinates: str) -> Inspected:
    """Return the quarantined record that came from, or is kept at, these coordinates (`topic/partition/offset`).

    Raises ConfigurationError when there is none.
    """
    return inspected(_record(settings, coordinates), runtime.load_partners(settings.partners))


def list(
    settings_path: Path,
    reason: str | None = None,
    as_json: bool = False,
    console: Console | None = None,
    state: str | None = None,
) -> None:
    """Print what is in quarantine, all of it or one reason's or state's."""
    found = all_chains(runtime.load(settings_path))
    by_reason = chains.by_reason(found)
    if reason is not None:
        _require(reason, by_reason)
    shown = [one for one in found if reason in (None, one.reason) and state in (None, one.state)]
    if as_json:
        counts = {"totals": by_reason, "states": chains.by_state(found)}
        print(json.dumps(counts | {"records": [_row(one) for one in shown]}, default=str, indent=2))
    else:
        printing.print_list(console or Console(), found, shown)


def show(settings_path: Path, coordinates: str, as_json: bool = False, console: Console | None = None) -> None:
    """Print one quarantined record: headers, field names, broken rules, sizes."""
    seen = look_at(runtime.load(settings_path), coordinates)
    if as_json:
        print(json.dumps(asdict(seen), default=str, indent=2))
    else:
        printing.print_one(console or Console(), seen)


def mended(
    held: Original, partner: PartnerSettings, changes: Sequence[str] = (), event_text: str | None = None
) -> Prepared | Refused:
    """Return the event that takes a quarantined record's place, signed by its publisher, or the rules it still breaks.

    Raises ConfigurationError where the record cannot be repaired this way; it says what to do instead.
    """
    kept = repairing.claim(held, datetime.now(UTC))
    event = repairing.event_of(held, kept, changes, event_text)
    keys, zone = PublisherKeys(partner.keyring, partner.oin), repairing.own_keys(partner)
    try:
        return repairing.prepared(kept, event, partner, keys, zone)
    finally:
        keys.close()
        zone.close()


def repair(
    settings_path: Path,
    coordinates: str,
    named: str | None = None,
    changes: Sequence[str] = (),
    event_file: Path | None = None,
    dry_run: bool = False,
    console: Console | None = None,
) -> bool:
    """Repair one quarantined event as its publisher and print what the bus made of it; true when it is admitted."""
    settings, shown = runtime.load(settings_path), console or Console()
    chain = chain_of(settings, coordinates)
    partner = PartnerSettings.load(_partner_file(settings_path, repairing.repairer(chain, named)))
    made = mended(original(_record(settings, chain.first.held_at)), partner, changes, _read(event_file))
    if isinstance(made, Refused):
        printing.print_refused(shown, chain, made)
        return False
    if dry_run:
        printing.print_dry_run(shown, chain, made, partner.id)
        return True
    outcome = asyncio.run(sending.send(partner, [made]))[made.id]
    printing.print_outcome(shown, outcome)
    return outcome.outcome in ("admitted", "repeated")


def replay(
    settings_path: Path,
    coordinates: str | None = None,
    reason: str | None = None,
    everything: bool = False,
    console: Console | None = None,
) -> tuple[Replayed, ...]:
    """Put what was quarantined on its topics again, the same bytes, and print what became of it.

    One record; all of one reason that are not done with; or everything there is, also what was admitted since.
    """
    if (coordinates is not None) + (reason is not None) + everything != 1:
        raise ConfigurationError("name what to replay: coordinates as the list prints them, --reason or --all")
    auditor = runtime.load(settings_path)
    operator = runtime.load(settings_path.with_name("replay.json"))
    found = [chain_of(auditor, coordinates)] if coordinates is not None else [*all_chains(auditor)]
    if reason is not None:
        _require(reason, chains.by_reason(found))
        found = [chain for chain in found if chain.reason == reason and chain.state not in chains.DONE]
    replayed = asyncio.run(replaying.replay(operator, auditor, [chain.first.held_at for chain in found]))
    printing.print_replayed(console or Console(), replayed, found)
    return replayed


def _record(settings: ProcessorSettings, coordinates: str) -> Record:
    partners = runtime.load_partners(settings.partners)
    for record in read_topic(settings, topics.QUARANTINE):
        if coordinates in (record.origin, parked(record, partners).origin):
            return record
    raise _nothing_from(coordinates)


def _nothing_from(coordinates: str) -> ConfigurationError:
    return ConfigurationError(f"no record in quarantine came from {coordinates}: see ./ketenbus quarantine list")


def _require(reason: str, by_reason: dict[str, int]) -> None:
    if reason not in by_reason:
        there = ", ".join(by_reason) or "none: quarantine is empty"
        raise ConfigurationError(f"nothing is in quarantine for {reason}; reasons there are: {there}")


def _row(chain: Chain) -> dict[str, object]:
    again = chain.origins[1:]
    return asdict(chain.last) | {"origin": chain.first.origin, "state": chain.state, "again": again}


def _partner_file(settings_path: Path, partner: str) -> Path:
    return settings_path.parent.with_name("partners") / f"{partner}.json"


def _read(event_file: Path | None) -> str | None:
    if event_file is None:
        return None
    try:
        return event_file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"--event {event_file}: no text can be read there ({type(error).__name__})") from error
