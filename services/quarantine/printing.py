"""Quarantine as a person reads it in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from ketenbus.acknowledgements import Outcome
from ketenbus.preparing import Prepared, Refused
from services.quarantine.chains import Chain, by_reason, by_state
from services.quarantine.parked import Inspected, Parked
from services.quarantine.replaying import Replayed, counted

STATE_STYLES = {"open": "yellow", "replayed": "yellow", "repaired": "green", "taken": "dim"}
#: How many single records are printed of a replay of many.
SHOWN_OF_MANY = 20


def print_list(console: Console, found: Sequence[Chain], shown: Sequence[Chain]) -> None:
    """Print the totals by reason and by state, then two lines an event."""
    records = sum(len(chain.origins) for chain in found)
    again = f" ({records:,} records: some came again)" if records > len(found) else ""
    console.print(f"{len(found):,} in quarantine{again}")
    for reason, count in by_reason(found).items():
        console.print(f"  {count:>6,}  {escape(reason)}")
    if found:
        console.print(", ".join(f"{state} {count:,}" for state, count in by_state(found).items()))
    for chain in shown:
        _print_chain(console, chain)


def _print_chain(console: Console, chain: Chain) -> None:
    one = chain.last
    state = f"[{STATE_STYLES[chain.state]}]{chain.state}[/]"
    why, who = escape(f"{one.reason} ({one.place})"), escape(_publisher(one))
    console.print(f"[bold]{escape(chain.first.origin)}[/bold]  {state}  {why}  {who}", soft_wrap=True)
    when = chain.first.appended_at.strftime("%Y-%m-%d %H:%M:%S")
    what = f"{one.id or '-'}  {_short(one.type)}  {when}  {one.value_bytes:,} bytes"
    if (again := len(chain.origins) - 1) > 0:
        what += f"  came again {'once' if again == 1 else f'{again} times'}, last as {one.origin}"
    if chain.admitted_at is not None:
        what += f"  admitted as {chain.admitted_at}"
    console.print(f"  [dim]{escape(what)}[/dim]", soft_wrap=True)


def print_one(console: Console, seen: Inspected) -> None:
    """Print one record: why it is here, who can mend it, its headers, and the shape of its value."""
    one = seen.parked
    console.print(f"[bold]{escape(one.origin)}[/bold]  {escape(one.reason)} ({escape(one.place)}): {seen.meaning}")
    console.print(f"publisher   {escape(_publisher(one))}")
    console.print(f"mended by   {' or '.join(seen.mended_by) or 'nobody: it is to be published anew'}")
    console.print(f"quarantined {one.appended_at.isoformat(sep=' ', timespec='seconds')}, kept whole at {one.held_at}")
    console.print("headers")
    for header in seen.headers:
        text = "(not shown)" if header.text is None else escape(header.text)
        console.print(f"  {escape(header.name)}  {text}  [dim]{header.bytes} bytes[/dim]")
    frame = f"frame {seen.frame}" if seen.frame else "no frame"
    console.print(f"key         {one.key_bytes} bytes (not shown)")
    console.print(f"value       {one.value_bytes} bytes (not shown), {frame}, {seen.event_type or 'no known type'}")
    for broken in seen.broken:
        console.print(f"  broken    [red]{escape(str(broken))}[/red]")
    for field in seen.fields:
        console.print(f"  field     {field.name}  [dim]{field.field_class}{', sealed' if field.sealed else ''}[/dim]")


def print_refused(console: Console, chain: Chain, refused: Refused) -> None:
    """Print which rules a repair still breaks; nothing was sent."""
    console.print(f"[bold]{escape(chain.first.origin)}[/bold]  not repaired, nothing was sent: it still breaks")
    for broken in refused.problems:
        console.print(f"  [red]{escape(str(broken))}[/red]", soft_wrap=True)


def print_dry_run(console: Console, chain: Chain, made: Prepared, partner: str) -> None:
    """Print what a repair would send."""
    what = f"{made.id} to {made.topic} as {partner}, {len(made.value):,} bytes; nothing was sent"
    console.print(f"[bold]{escape(chain.first.origin)}[/bold]  would send {escape(what)}", soft_wrap=True)


def print_outcome(console: Console, outcome: Outcome) -> None:
    """Print what the bus made of a repaired event."""
    style = "red" if outcome.outcome == "quarantined" else "green"
    why = f" {outcome.reason}" if outcome.reason else ""
    console.print(f"[{style}]{outcome.outcome}[/] {escape(outcome.id + why)}", highlight=False, soft_wrap=True)


def print_replayed(console: Console, replayed: Sequence[Replayed], found: Sequence[Chain]) -> None:
    """Print what became of each record that was replayed, and how many of each."""
    of = {chain.first.held_at: chain for chain in found}
    for one in replayed[:SHOWN_OF_MANY]:
        chain = of[one.held_at]
        why = f" {one.reason}" if one.reason else ""
        console.print(
            f"[bold]{escape(chain.first.origin)}[/bold]  {one.outcome}{escape(why)}  [dim]as {escape(one.origin)}[/dim]",
            soft_wrap=True,
        )
    if len(replayed) > SHOWN_OF_MANY:
        console.print(f"and {len(replayed) - SHOWN_OF_MANY:,} more")
    numbers = ", ".join(f"{outcome} {number:,}" for outcome, number in counted(replayed).items())
    console.print(f"replayed {len(replayed):,}: {numbers}", highlight=False)


def _publisher(one: Parked) -> str:
    name = one.publisher or one.oin or "-"
    return name if one.verified else f"{name} (unverified)"


def _short(ce_type: str | None) -> str:
    return (ce_type or "-").removeprefix("nl.mensenhandel.")
