"""The list of recalls as a person reads it in the terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape

from services.recall.listing import Awaited, Ignored, Listing, State

STYLES: Mapping[State, str] = {"late": "red", "open": "yellow", "confirmed": "green"}
WHY = {
    "names-no-event-of-the-view": "its view calls no event so",
    "never-recalled": "that change was never a recall",
    "not-the-recipient": "its publisher does not read that view",
}


def print_list(console: Console, found: Listing, shown: Sequence[Awaited]) -> None:
    """Print the totals, then two lines for each recall at each organisation, then what counts for nothing."""
    told = ", ".join(f"[{style}]{state} {found.count(state):,}[/]" for state, style in STYLES.items())
    console.print(f"{len(found.awaited):,} to confirm: {told}", highlight=False)
    for row in shown:
        _print_row(console, row)
    for one in found.ignored:
        c = one.confirmation
        console.print(f"[red]counts for nothing[/red]: {escape(c.id)} by {c.oin}: {WHY[one.why]}", highlight=False)


def _print_row(console: Console, row: Awaited) -> None:
    recall = row.recall
    sent = recall.sent_at.isoformat(sep=" ", timespec="seconds") if recall.sent_at else "unknown"
    what = f"{recall.type or 'unknown type'} {recall.name.id}, change {recall.change}"
    view = f"{recall.recipient}/{recall.purpose}"
    head = f"[{STYLES[row.state]}]{row.state}[/]  [bold]{escape(row.organisation)}[/bold]  {view}  {escape(what)}"
    console.print(head, highlight=False, soft_wrap=True)
    confirmed = f", confirmed {row.confirmed_at.isoformat(sep=' ', timespec='seconds')}" if row.confirmed_at else ""
    until = f", in time until {row.until}" if row.until else ", late: nobody knows when it was sent"
    why = f"  {', '.join(recall.reasons)} ({recall.activity}); sent {sent}{until}{confirmed}"
    console.print(f"[dim]{escape(why)}[/dim]", highlight=False, soft_wrap=True)


def as_dict(found: Listing, shown: Sequence[Awaited]) -> dict[str, object]:
    """Return the list as JSON holds it."""
    return {
        **{state: found.count(state) for state in STYLES},
        "recalls": [_row(row) for row in shown],
        "counts_for_nothing": [_ignored(one) for one in found.ignored],
    }


def _row(row: Awaited) -> dict[str, object]:
    recall = row.recall
    return {
        "state": row.state,
        "recipient": recall.recipient,
        "purpose": recall.purpose,
        "organisation": row.organisation,
        "event": recall.name.id,
        "source_oin": recall.name.oin,
        "type": recall.type,
        "change": recall.change,
        "reasons": recall.reasons,
        "activity": recall.activity,
        "sent_at": recall.sent_at and recall.sent_at.isoformat(),
        "in_time_until": row.until and row.until.isoformat(),
        "confirmed_at": row.confirmed_at and row.confirmed_at.isoformat(),
    }


def _ignored(one: Ignored) -> dict[str, object]:
    c = one.confirmation
    return {"confirmation": c.id, "by": c.oin, "recipient": c.recipient, "purpose": c.purpose, "why": one.why}
