"""Quarantine as a person reads it in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from services.quarantine.parked import Inspected, Parked, totals


def print_list(console: Console, found: Sequence[Parked], shown: Sequence[Parked]) -> None:
    """Print the totals by reason, then two lines a record."""
    console.print(f"{len(found):,} records in quarantine")
    for reason, count in totals(found).items():
        console.print(f"  {count:>6,}  {escape(reason)}")
    for one in shown:
        when = one.appended_at.strftime("%Y-%m-%d %H:%M:%S")
        why, who = escape(f"{one.reason} ({one.place})"), escape(_publisher(one))
        console.print(f"[bold]{escape(one.origin)}[/bold]  {why}  {who}", soft_wrap=True)
        what = escape(f"{one.id or '-'}  {_short(one.type)}  {when}  {one.value_bytes:,} bytes")
        console.print(f"  [dim]{what}[/dim]", soft_wrap=True)


def print_one(console: Console, seen: Inspected) -> None:
    """Print one record: why it is here, its headers, and the shape of its value."""
    one = seen.parked
    console.print(f"[bold]{escape(one.origin)}[/bold]  {escape(one.reason)} ({escape(one.place)}): {seen.meaning}")
    console.print(f"publisher   {escape(_publisher(one))}")
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


def _publisher(one: Parked) -> str:
    name = one.publisher or one.oin or "-"
    return name if one.verified else f"{name} (unverified)"


def _short(ce_type: str | None) -> str:
    return (ce_type or "-").removeprefix("nl.mensenhandel.")
