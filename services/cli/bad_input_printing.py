"""What a person sees of `./ketenbus demo bad-input`."""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.cli.bad_input import Found, Judged
from services.cli.line_up import Repair
from services.quarantine.chains import by_state
from services.quarantine.replaying import counted
from streams.admit.reasons import REASONS

NOT_MENDED = {"unknown-publisher": "no: nobody has this OIN", "id-reused": "no: the other one stands"}


def print_found(console: Console, found: Found) -> bool:
    """Print one line a fault, what was mended, and the lines a run is judged by; return whether all is as it should be."""
    grid = Table(box=None, pad_edge=False)
    for name in ("fault", "reason given", "neighbour", "mended"):
        grid.add_column(name, no_wrap=True)
    for one in found.judged:
        neighbour = "[green]admitted[/]" if one.neighbour_admitted else "[bold red]missing[/]"
        grid.add_row(escape(one.pair.fault.name), _reason(one), neighbour, _mended(found, one))
    console.print(grid)
    console.print()
    unseen = sorted(REASONS.keys() - {one.reason for one in found.judged})
    if unseen:
        print(f"reasons no record was quarantined for: {', '.join(unseen)}")
    if found.again:
        numbers = ", ".join(f"{outcome} {n}" for outcome, n in counted(found.again).items())
        print(f"second replay, of everything: {numbers}")
        print(f"second replay admits {found.admitted_again}")
        states = ", ".join(f"{state} {n}" for state, n in by_state(found.states).items())
        print(f"in quarantine {len(found.states)} events: {states}")
    b = found.balance
    if b is not None:
        print(f"published {b.published} = admitted {b.admitted} + quarantined {b.quarantined} + repeated {b.repeated}")
        print(f"balance {b.difference}")
    print(f"time {found.seconds:.1f} s")
    print(summary(found))
    return found.good and not unseen


def summary(found: Found) -> str:
    """Return the whole run in one line."""
    own = sum(one.reason == one.pair.fault.reason for one in found.judged)
    reasons = "each under its own reason" if own == len(found.judged) else f"{own} under their own reason"
    neighbours = sum(one.neighbour_admitted for one in found.judged)
    repaired = Counter(found.repaired.values())["admitted"]
    replayed = counted(found.replayed)["admitted"]
    difference = found.balance.difference if found.balance is not None else "unknown"
    return (
        f"faults {len(found.judged)}, {reasons}; neighbours admitted {neighbours}; repaired {repaired}; "
        f"replayed {replayed}; second replay admits {found.admitted_again}; balance {difference}"
    )


def _reason(one: Judged) -> str:
    wanted = one.pair.fault.reason
    if one.reason == wanted:
        return wanted
    return f"[bold red]{escape(one.reason or 'none: it is not in quarantine')}[/], not {wanted}"


def _mended(found: Found, one: Judged) -> str:
    fault = one.pair.fault
    if fault.mend is None:
        return f"[dim]{NOT_MENDED.get(fault.reason, 'no: it is to be published anew')}[/]"
    if isinstance(fault.mend, Repair):
        outcome = found.repaired.get(fault.name, "not in quarantine")
        return "[green]repaired by its publisher[/]" if outcome == "admitted" else f"[bold red]{escape(outcome)}[/]"
    outcome = found.replay_of(one)
    return "[green]replayed[/]" if outcome == "admitted" else f"[bold red]{escape(outcome)}[/]"
