"""`./ketenbus explain` and `./ketenbus decide`: why, and what if, in plain Dutch or English."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from consent.activities import Register
from consent.days import day_of
from consent.explain import Explanation
from consent.explain import explain as explanation
from consent.known import Fact, replay
from consent.policy import Case
from consent.policy import decide as decisions
from consent.precedence import Consent
from consent.supposed import SUPPOSED, supposed
from ketenbus.contract import contract
from ketenbus.errors import ConfigurationError
from services.cli.audited import Data, Json, audited
from services.cli.errors import plainly
from services.explain import asking, printing
from services.explain.answers import Explained
from streams.runtime.settings import load, load_register

Language = StrEnum("Language", {"nl": "nl", "en": "en"})
Lang = Annotated[Language, typer.Option(help="Dutch or English.")]
MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
Recipient = Annotated[str | None, typer.Option(help="Only this recipient.")]


def mount(app: typer.Typer) -> None:
    """Give the command line these commands."""
    app.command()(explain)
    app.command()(decide)


@plainly
def explain(
    id: Annotated[str | None, typer.Argument(metavar="EVENT", help="The event's id, as its publisher or a view names it.")] = None,
    recipient: Recipient = None,
    lang: Lang = Language.nl,
    source: Annotated[str | None, typer.Option(help="Its ce_source, where two publishers use the same id.")] = None,
    examples: Annotated[int | None, typer.Option(min=1, help="No event: this many that were decided in different ways.")] = None,
    out: Annotated[Path | None, typer.Option(help="With --examples: the Markdown page to put them in, between its marks.")] = None,
    of: Annotated[datetime | None, typer.Option("--as-of", formats=MOMENTS, help="Instead: on what had happened by then (UTC).")] = None,
    known: Annotated[datetime | None, typer.Option("--known-at", formats=MOMENTS, help="Instead: on what was admitted by then (UTC).")] = None,
    as_json: Json = False,
    data: Data = None,
) -> None:  # fmt: skip
    """Explain in plain words who got an event and why, and take every decision on it again; exit code 1 if one differs."""
    if (id is None) == (examples is None):
        raise ConfigurationError("name one event, or ask for --examples N")
    if examples is not None and (of or known or source):
        raise ConfigurationError("--as-of, --known-at and --source ask about one event: leave --examples out")
    if out is not None and examples is None:
        raise ConfigurationError("--out puts examples in a page: ask for them with --examples N")
    if out is not None and as_json:
        raise ConfigurationError("--out writes Markdown: leave --json out")
    if recipient is not None:
        _known("recipient", recipient)
    with audited(data) as path:
        settings = load(path)
        if of is not None or known is not None:
            stood = asyncio.run(asking.stood(settings, id or "", source, _utc(of), _utc(known), recipient))
            if as_json:
                _print_json(stood)
            else:
                print("\n\n".join("\n".join(printing.said(one, lang.value)) for one in stood))
            return
        if examples is not None:
            found = asyncio.run(asking.examples(settings, examples))
        else:
            found = [asyncio.run(asking.event(settings, id or "", source))]
    holds = all(one.holds for one in found)
    if recipient is not None:
        found = [one.to(recipient) for one in found]
    if as_json:
        _print_json(found)
    elif out is not None:
        write(out, printing.markdown(found, lang.value))
        print(f"wrote {out}: {len(found)} events, {sum(one.decisions for one in found)} decisions")
    else:
        for one in found:
            print("\n".join(printing.lines(one, lang.value)))
    raise typer.Exit(0 if holds else 1)


def _print_json(found: Sequence[Explained] | Sequence[Explanation]) -> None:
    print(json.dumps([asdict(one) for one in found], default=str, indent=2, ensure_ascii=False))


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(tzinfo=UTC)


def write(out: Path, examples: str) -> None:
    """Put the examples in the page; raises ConfigurationError where there is no page with marks for them."""
    try:
        out.write_text(printing.placed(out.read_text("utf-8"), examples), "utf-8")
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{out} has no place for examples: {error}") from error


@plainly
def decide(
    type: Annotated[str, typer.Option(help="The type of the event, for instance victim-reported.")],
    publisher: Annotated[str, typer.Option(help="The kind of publisher, for instance zorgcoordinator.")],
    consent: Annotated[Consent, typer.Option(help="How consent would stand.")] = Consent.NONE,
    refused: Annotated[list[str] | None, typer.Option(metavar="CLASS", help="A class of fields that consent is refused for all the same; more than once for several.")] = None,
    safety: Annotated[bool, typer.Option("--safety", help="An officer recorded that safety is at stake.")] = False,
    taken_back: Annotated[bool, typer.Option("--taken-back", help="Its publisher took the event back.")] = False,
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day of the event; default today.")] = None,
    recipient: Recipient = None,
    lang: Lang = Language.nl,
) -> None:  # fmt: skip
    """Say what the register would decide on an event that never was, for every recipient; it asks no platform."""
    if type not in contract().types:
        raise ConfigurationError(f"unknown type {type}: one of {', '.join(sorted(contract().types))}")
    _known("publisher-kind", publisher)
    if publisher not in contract().types[type].publishers:
        may = ", ".join(sorted(contract().types[type].publishers)) or "the bus alone"
        raise ConfigurationError(f"{publisher} may not publish {type}: {may}")
    if recipient is not None:
        _known("recipient", recipient)
    for name in refused or ():
        _known("field-class", name)
    day = on.date() if on is not None else day_of(datetime.now(UTC))
    facts = supposed(consent, refused=refused or (), taken_back=taken_back)
    for line in would(load_register(), Case(SUPPOSED, type, publisher, day, safety), facts, recipient, lang.value):
        print(line)


def would(register: Register, case: Case, facts: Sequence[Fact], recipient: str | None, language: str) -> list[str]:
    """Return what the register decides on these facts, explained line by line."""
    found = [d for d in decisions(register, case, replay(facts)) if recipient in (None, d.recipient)]
    if not found:
        return [_nobody(case.type, case.day, language)]
    out: list[str] = []
    for decision in found:
        out += [*printing.said(explanation(register, case, facts, decision), language), ""]
    return out[:-1]


def _nobody(event_type: str, day: date, language: str) -> str:
    if language == "nl":
        return f"Niemand: het register noemt op {day} geen verwerking van {event_type}. De standaard is nee."
    return f"Nobody: on {day} the register names no activity for {event_type}. The default is no."


def _known(codelist: str, name: str) -> None:
    codes = contract().codelists[codelist].codes
    if name not in codes:
        raise ConfigurationError(f"unknown {codelist} {name}: one of {', '.join(sorted(codes))}")
