"""`./ketenbus policy ...`: the decision as a table, its proofs, and what catches a register that says something else."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from consent import classes
from consent.proofs import linking
from consent.proofs.claims import Known
from consent.proofs.words import enumerated
from consent.table import compiled
from ketenbus.contract import contract
from ketenbus.errors import ConfigurationError
from services.cli.errors import plainly
from services.cli.simulate import simulate
from services.policy.law import raw_law
from services.policy.mutating import Caught, catch, mutants
from services.policy.proving import Proven, prove
from streams.runtime.settings import LAW, load_register

policy_app = typer.Typer(no_args_is_help=True, help="Who may get what: every decision, proven.")
policy_app.command()(simulate)
WRITTEN = LAW["activities.yaml"].with_name(classes.FILE)


@policy_app.command("table")
@plainly
def show_table(
    write: Annotated[
        bool, typer.Option("--write", help="Write it beside the register, after a change of law.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Where --write writes it.")] = WRITTEN,
) -> None:
    """Print every decision of the register: one line per class of inputs that are decided alike."""
    register = load_register()
    text = classes.text(register, classes.classes(compiled(register)))
    if write:
        out.write_text(text, "utf-8")
        print(f"wrote {out}")
    else:
        print(text, end="")


@policy_app.command("prove")
@plainly
def prove_register() -> None:
    """Prove what the law forbids over every row, and compare with an independent engine; exit code 1 with what breaks it."""
    written = WRITTEN.read_text("utf-8") if WRITTEN.exists() else ""
    proven = prove(load_register(), raw_law(), written, lambda text: print(f"... {text}", file=sys.stderr, flush=True))
    print_proven(proven)
    raise typer.Exit(1 if proven.findings else 0)


def print_proven(proven: Proven) -> None:
    """Print what was looked at, each prohibition with its source, and every finding."""
    for name, number in proven.numbers:
        print(f"{name:<24}{number}")
    print()
    for v in proven.verdicts:
        mark = "BROKEN" if v.counterexample else "proven" if v.speaks else "no row"
        print(f"{mark}  {v.prohibition.says}  [{v.prohibition.source}]")
    print()
    for finding in proven.findings:
        print(f"FOUND {finding}")
    broken = sum(v.counterexample is not None for v in proven.verdicts)
    silent = sum(not v.speaks for v in proven.verdicts)
    counts = f"proven {len(proven.verdicts) - broken - silent} of no row {silent} broken {broken}"
    print(f"prohibitions {len(proven.verdicts)} {counts}; findings {len(proven.findings)} seconds {proven.seconds:.1f}")


@policy_app.command("mutate")
@plainly
def mutate_register(
    only: Annotated[str | None, typer.Option(help="Only changes of this activity, by its id.")] = None,
) -> None:
    """Change one rule of the register at a time, and show what sees it; exit code 1 when a change goes unseen."""
    law = load_register()
    if only is not None and only not in (ids := sorted({activity.id for activity in law.activities})):
        raise ConfigurationError(f"no activity {only}: one of {', '.join(ids)}")
    wanted = [m for m in mutants(law) if only is None or m.name.startswith(f"{only}/")]
    known = Known(contract().types, enumerated(2).steps.keys(), linking.steps(1).keys())
    caught = []
    for one in catch(law, known, wanted):
        caught.append(one)
        print(f"{verdict_of(one):<8}  {one.mutant}: {', '.join(one.by)}")
    counts = Counter(map(verdict_of, caught))
    print(
        f"mutants {len(caught)}: seen by more than the written table {counts['seen']}, by it alone {counts['table']}, idle "
        f"{counts['idle']} (by it alone; no partner may publish what they touch), surviving {counts['SURVIVES']}"
    )
    raise typer.Exit(1 if counts["SURVIVES"] or not caught else 0)


def verdict_of(one: Caught) -> str:
    """Return in a word what saw a mutant."""
    if not one.by:
        return "SURVIVES"
    return "idle" if one.idle else "seen" if one.beside_the_table else "table"
