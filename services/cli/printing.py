"""What a person sees of a demo run in the terminal: each table beside the published one, and the account."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from ketenbus.contract import contract
from sandbox.targets import errata, figures
from services.cli.compare import Compared, aim, in_text, shown
from services.cli.report import Result
from services.monitoring.tables import declared, told_in_text

LISTS = {"2.2": "exploitation-form", "2.3": "su-sector", "2.9": "reporter-kind", "2.10": "police-unit"}


def label(table: str, row: str) -> str:
    """Return a row's Dutch name."""
    codes = contract().codelists[LISTS[table]].codes if table in LISTS else {}
    return codes[row].nl if row in codes else row


def print_tables(console: Console, compared: Sequence[Compared]) -> None:
    """Print every table: counted, and the difference with the target where there is one."""
    titles = {table.table: table.title["nl"] for table in declared()}
    for figure in figures():
        grid = Table(
            title=f"Figuur {figure.table}  {titles[figure.table]}  ({figure.source})", title_justify="left", box=None
        )
        grid.add_column("")
        for column in figure.columns:
            grid.add_column(column, justify="right")
        cells = {(c.cell.row, c.cell.column): c for c in compared if c.cell.table == figure.table}
        for row in figure.rows:
            grid.add_row(label(figure.table, row), *(_cell(cells.get((row, column))) for column in figure.columns))
        console.print(grid)
    print_text(console, compared)
    console.print(
        "[dim]counted; (+n) the difference with the figure; \\[a-b] where the source gives a range only[/dim]\n"
    )


def print_text(console: Console, compared: Sequence[Compared]) -> None:
    """Print the figures of the running text: number, what it says, as printed, as counted, and whether that is it."""
    says = {figure.cell: figure.says["nl"] for figure in told_in_text()}
    grid = Table(title="Cijfers in de tekst  (slachtoffermonitor-part1, section 5.7)", title_justify="left", box=None)
    for name in ("", "", "gepubliceerd", "doel", "geteld", "", ""):
        grid.add_column(name, justify="right" if name else "left")
    for wish, one in in_text(compared).values():
        counted = shown(wish, one.counted)[0]
        if one.state == "different":
            counted = f"[bold red]{counted}[/bold red]"
        state = f"erratum {wish.erratum}" if one.state == "erratum" else one.state
        figure = wish.cell.row.split(".")[0]
        grid.add_row(figure, says[wish.cell], wish.printed, aim(wish, one)[0], counted, state, wish.lines)
    console.print(grid)
    console.print()


def _cell(compared: Compared | None) -> str:
    if compared is None:
        return ""
    match compared.state:
        case "equal":
            return str(compared.counted)
        case "unknown":
            low, high = compared.bounds or (0, 0)
            return f"[cyan]{compared.counted} \\[{low}-{high}][/cyan]"
        case "different" if compared.bounds is not None:
            low, high = compared.bounds
            return f"[bold red]{compared.counted} \\[{low}-{high}][/bold red]"
        case "different":
            return f"[bold red]{compared.counted} ({compared.difference:+g})[/bold red]"
        case "erratum":
            return f"[cyan]{compared.counted}[/cyan]"


def print_account(console: Console, result: Result) -> None:
    """Print outcomes by reason, quarantine by reason, the balance and what the run took."""
    grid = Table(title="Outcomes of partners' events", title_justify="left", box=None)
    for name in ("recipient", "purpose", "outcome", "reason"):
        grid.add_column(name)
    grid.add_column("events", justify="right")
    for (recipient, purpose, outcome, reason), n in sorted(result.account.outcomes.items()):
        grid.add_row(recipient, purpose, outcome, reason, str(n))
    console.print(grid)
    console.print(
        "Quarantined: " + ", ".join(f"{reason} {n}" for reason, n in sorted(result.account.quarantine.items()))
    )
    if result.kills:
        kills = Table(title="Struck while it ran", title_justify="left", box=None)
        for name in ("victim", "kind", "pid", "offset"):
            kills.add_column(name, justify="right")
        for kill in result.kills:
            kills.add_row(kill.victim, kill.kind, str(kill.pid), str(kill.offset))
        console.print(kills)
    b = result.account.balance
    print(f"published {b.published} = admitted {b.admitted} + quarantined {b.quarantined} + repeated {b.repeated}")
    print(f"candidates {b.candidates} = delivered {b.delivered} + withheld {b.withheld} + pending {b.pending}")
    took = ", ".join(f"{name} {seconds:.1f}" for name, seconds in result.seconds.items() if name != "total")
    print(
        f"time {result.seconds['total']:.1f} s ({took}); memory of our Python processes at most {result.peak_bytes / 2**20:.0f} MiB (PSS)"
    )


def print_verdict(result: Result) -> bool:
    """Print the lines a run is judged by, and return whether all is as it should be."""
    whole = result.options.scale == 1 and result.options.targets == "published"
    found = errata() if whole else ()
    if any(result.slack.values()):
        moved = ", ".join(f"{table} {n}" for table, n in result.slack.items() if n)
        print(f"targets are the nearest jointly feasible cells (moved in all: {moved})")
    for erratum in found:
        print(
            f"erratum {erratum.name}: the source prints {erratum.printed}, its own numbers give {erratum.counted} ({erratum.lines})"
        )
    for outcome, counted, intended in result.wrong_outcomes:
        print(f"outcome {' '.join(outcome)}: {counted}, the history intends {intended}")
    different = result.count("different")
    names = ", ".join(e.name for e in found)
    print(
        f"cells {len(result.compared)} equal {result.count('equal')} errata [{names}] "
        f"unknown {result.count('unknown')} different {different}"
    )
    print(f"outcomes {len(result.account.outcomes)} different {len(result.wrong_outcomes)}")
    print(f"balance {result.account.balance.difference}")
    print(f"sha256 {result.sha256}")
    return different == 0 and not result.wrong_outcomes and result.account.balance.difference == 0


def print_without(result: Result) -> bool:
    """Print which cells a left-out rule changes, and return whether it changes any."""
    changed = [c for c in result.compared if c.state == "different"]
    print(f"without {result.options.without}: {len(changed)} of {len(result.compared)} cells change")
    for c in changed[:12]:
        wanted = c.target if c.bounds is None else f"{c.bounds[0]} to {c.bounds[1]}"
        print(f"  {c.cell.table} {c.cell.row} {c.cell.column}: {wanted} becomes {c.counted}")
    if len(changed) > 12:
        print(f"  and {len(changed) - 12} more, in {result.options.out / 'report.json'}")
    print(f"balance {result.account.balance.difference}")
    return bool(changed) and result.account.balance.difference == 0
