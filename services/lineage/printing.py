"""Lineage as a person reads it in the terminal: the counts first, then a tree."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from services.lineage.answers import CellLineage, CountedRecord, EventLineage, Ground, Outcome, Rested


def print_cell(console: Console, answer: CellLineage) -> None:
    """Print what a figure rests on."""
    tree = Tree(escape(headline(answer)), guide_style="dim")
    through = tree.add("let through by")
    for row in answer.let_through:
        through.add(f"{row.events:>6,} {row.type}  {_ground(row.ground)}")
    for record in answer.counted:
        _record(tree, record)
    if answer.records > len(answer.counted):
        tree.add(f"[dim]and {answer.records - len(answer.counted):,} more records: --limit {answer.records}[/dim]")
    console.print(tree)
    for broken in answer.breaks:
        console.print(f"[red]does not hold:[/red] {escape(broken)}")
    if answer.records:
        console.print(
            "[dim]every link of the chain holds[/dim]" if not answer.breaks else f"{len(answer.breaks)} breaks"
        )


def headline(answer: CellLineage) -> str:
    """Return the figure and what it rests on, in one line."""
    rests = (
        f"{_many(answer.records, 'record')}, {_many(answer.reports, 'report')} "
        f"under {_many(answer.subjects, 'client number')}, {_many(answer.links, 'link')} of the desk"
    )
    return f"{answer.table} {answer.row} {answer.column} = {answer.value:,}: {rests}"


def _record(tree: Tree, record: CountedRecord) -> None:
    twice = f", counts {record.counts}" if record.counts != 1 else ""
    node = tree.add(f"record [bold]{escape(record.record)}[/bold] version {record.version}{twice}")
    _rested(node, record.told_by)
    for rested in (*record.reports, *record.links):
        _rested(node, rested)


def _rested(tree: Tree, rested: Rested) -> None:
    event = rested.event
    node = tree.add(
        f"{event.type} [bold]{escape(event.id)}[/bold] {escape(event.publisher)}, subject {event.subject}, {escape(event.origin)}"
    )
    _let_through(node, rested.outcome)


def _let_through(node: Tree, outcome: Outcome) -> None:
    """Say which entry let it through: its article stands once, above the records."""
    node.add(f"{_said(outcome)} under {outcome.ground.activity if outcome.ground else 'no activity'}")
    if len(outcome.history) > 1:
        _history(node, outcome)


def print_event(console: Console, answer: EventLineage) -> None:
    """Print everyone who got an event and everyone who did not."""
    title = f"{answer.type or 'event'} [bold]{escape(answer.id)}[/bold] {escape(answer.publisher)}"
    got = {_view(outcome) for outcome in answer.got}
    did_not = {_view(outcome) for outcome in answer.did_not} - got
    said = f"{_many(len(got), 'recipient')} got it, {len(did_not) + len(answer.not_named)} did not"
    tree = Tree(f"{title}: {said if answer.admitted_at else 'not admitted'}", guide_style="dim")
    if answer.time is not None:
        tree.add(f"recorded by its source {answer.time.isoformat(sep=' ', timespec='seconds')}")
    if answer.admitted_at is not None:
        log = ", ".join(answer.logged_at)
        tree.add(
            f"admitted {answer.admitted_at.isoformat(sep=' ', timespec='seconds')} from {answer.admitted_from}, logged at "
            f"{log}, subject {', '.join(answer.subjects)}"
        )
    elif answer.admitted_from is not None:
        tree.add(f"admitted from {answer.admitted_from}, not judged yet")
    for outcome in answer.got:
        _got(tree, outcome)
    for outcome in answer.did_not:
        node = tree.add(f"[yellow]did not get it[/yellow]  {_view(outcome)}")
        node.add(f"{_said(outcome)}  {_ground(outcome.ground)}")
        _history(node, outcome)
    if answer.not_named:
        views = ", ".join(f"{recipient} {purpose}" for recipient, purpose in answer.not_named)
        tree.add(f"[yellow]did not get it[/yellow]  no activity names {answer.type} for: {views}")
    for related in answer.related:
        event = related.event
        where = f"{escape(event.publisher)}, {escape(event.origin)}"
        tree.add(f"{related.relation} {event.type} {escape(event.id)} {where}")
    for part_of in answer.part_of:
        tree.add(f"part of record {part_of.record} version {part_of.version}")
    for arrival in answer.not_admitted:
        what = "arrived again" if arrival.reason == "repeated" else f"quarantined: {arrival.reason} ({arrival.place})"
        tree.add(
            f"[red]{escape(what)}[/red]  {escape(arrival.origin)} {arrival.at.isoformat(sep=' ', timespec='seconds')}"
        )
    console.print(tree)


def _got(tree: Tree, outcome: Outcome) -> None:
    if outcome.outcome == "delivered":
        label = "[green]got it[/green]"
    elif outcome.in_view:
        label = "[yellow]got it, no more news of it[/yellow]"
    else:
        label = "[yellow]got it, was told to stop using it[/yellow]"
    node = tree.add(f"{label}  {_view(outcome)} as {escape(outcome.token)}, change {outcome.change}")
    node.add(f"{_said(outcome)}  {_ground(outcome.ground)}")
    if outcome.mask:
        parts = [
            f"{said} {', '.join(names)}"
            for said, names in (("without", outcome.left_out), ("made general", outcome.generalised))
            if names
        ]
        node.add(f"mask {' + '.join(outcome.mask)}, {', '.join(parts) or 'whole'}")
    _history(node, outcome)


def _history(node: Tree, outcome: Outcome) -> None:
    for judged in outcome.history:
        told = f", told as {judged.kind} {judged.change}" if judged.kind else ""
        when = judged.decided_at.isoformat(sep=" ", timespec="milliseconds")
        node.add(f"[dim]{when} {judged.outcome} ({_list(judged.reasons)}) {judged.activity}{told}[/dim]")


def _view(outcome: Outcome) -> str:
    return f"{outcome.recipient} {outcome.purpose}"


def _said(outcome: Outcome) -> str:
    return f"{outcome.outcome} ({_list(outcome.reasons)})"


def _ground(ground: Ground | None) -> str:
    if ground is None:
        return "no activity of the register lets this publisher: default no"
    inferred = "" if ground.status == "confirmed" else f", {ground.status}"
    return escape(f"{ground.activity}{inferred}: {ground.article} <{ground.source}>")


def _list(reasons: Iterable[str]) -> str:
    return ", ".join(reasons)


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"
