"""`./ketenbus quarantine list | show`: what was not admitted, and why; never what it says of a person."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from ketenbus.errors import ConfigurationError
from services.quarantine import printing
from services.quarantine.parked import Inspected, Parked, inspected, once, parked, totals
from services.quarantine.reading import read_topic
from streams.runtime import settings as runtime
from streams.runtime import topics
from streams.runtime.settings import ProcessorSettings


def in_quarantine(settings: ProcessorSettings) -> tuple[Parked, ...]:
    """Return every quarantined record once, in order of arrival."""
    partners = runtime.load_partners(settings.partners)
    return once(parked(record, partners) for record in read_topic(settings, topics.QUARANTINE))


def look_at(settings: ProcessorSettings, coordinates: str) -> Inspected:
    """Return the quarantined record that came from, or is kept at, these coordinates (`topic/partition/offset`).

    Raises ConfigurationError when there is none.
    """
    partners = runtime.load_partners(settings.partners)
    for record in read_topic(settings, topics.QUARANTINE):
        if coordinates in (record.origin, parked(record, partners).origin):
            return inspected(record, partners)
    raise ConfigurationError(f"no record in quarantine came from {coordinates}: see ./ketenbus quarantine list")


def list(settings_path: Path, reason: str | None = None, as_json: bool = False, console: Console | None = None) -> None:
    """Print what is in quarantine, all of it or one reason's."""
    found = in_quarantine(runtime.load(settings_path))
    by_reason: Mapping[str, int] = totals(found)
    if reason is not None and reason not in by_reason:
        there = ", ".join(by_reason) or "none: quarantine is empty"
        raise ConfigurationError(f"nothing is in quarantine for {reason}; reasons there are: {there}")
    shown = [one for one in found if reason in (None, one.reason)]
    if as_json:
        print(json.dumps({"totals": by_reason, "records": [asdict(one) for one in shown]}, default=str, indent=2))
    else:
        printing.print_list(console or Console(), found, shown)


def show(settings_path: Path, coordinates: str, as_json: bool = False, console: Console | None = None) -> None:
    """Print one quarantined record: headers, field names, broken rules, sizes."""
    seen = look_at(runtime.load(settings_path), coordinates)
    if as_json:
        print(json.dumps(asdict(seen), default=str, indent=2))
    else:
        printing.print_one(console or Console(), seen)
