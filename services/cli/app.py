"""The command line: `./ketenbus COMMAND --help`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from infra.local import commands
from infra.local.platform import Platform
from infra.local.settings import default_data
from ketenbus.errors import ConfigurationError
from services.cases import casefile
from services.cli import cases, conflicts, explain, page, printing, withheld
from services.cli import status as health
from services.cli.audited import Data, Json, audited, wide_console
from services.cli.bad_input import OUT as BAD_INPUT
from services.cli.bad_input import BadInput
from services.cli.bad_input_printing import print_found
from services.cli.demo import Demo
from services.cli.emergency import emergency_app
from services.cli.errors import plainly
from services.cli.policy import policy_app
from services.cli.progress import Progress
from services.cli.quarantine_app import quarantine_app
from services.cli.recall import recall_app
from services.cli.register import register_app
from services.cli.report import OUT, Options, stored_report, write_json_report
from services.cli.variants import RULES
from services.cli.workers import Workers
from services.contract_pages import pages
from services.health.judging import Limits
from services.lineage import commands as lineage
from services.verify import agreement as agreements
from services.verify.recount import recount
from streams.runtime.health import STUCK_SECONDS
from streams.runtime.settings import REGISTER

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Event-sourced data exchange for the Dutch chain against human trafficking.",
)
demo_app = typer.Typer(
    invoke_without_command=True, help="A national history in, the published tables out; compared cell by cell."
)
lineage_app = typer.Typer(
    no_args_is_help=True, help="From a figure to the events it rests on; from an event to everyone who got it."
)
app.add_typer(demo_app, name="demo")
app.add_typer(lineage_app, name="lineage")
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(policy_app, name="policy")
app.add_typer(emergency_app, name="emergency")
contract_app = typer.Typer(no_args_is_help=True, help="The contract: what may be published, and who gets it.")
app.add_typer(contract_app, name="contract")
app.add_typer(register_app, name="register")
app.add_typer(recall_app, name="recall")
explain.mount(app)
withheld.mount(app)
conflicts.mount(app)

Rule = StrEnum("Rule", {name: name for name in RULES})  # type: ignore[misc]
TargetChoice = StrEnum("TargetChoice", {"published": "published", "random": "random"})
Chaos = StrEnum("Chaos", {"workers": "workers", "all": "all"})


@app.command()
@plainly
def up(
    data: Data = None,
    servers_only: Annotated[bool, typer.Option(help="Start no processors.")] = False,
    backfill: Annotated[
        bool, typer.Option(help="Let every partner say itself when it recorded a fact (for trying out only).")
    ] = False,
    spans: Annotated[
        bool, typer.Option(help="Write OpenTelemetry spans of every step to logs/<processor>.spans.jsonl.")
    ] = False,
) -> None:
    """Start Kafka, PostgreSQL and the processors; harmless when they run. Data is kept between runs."""
    workers = dict if servers_only else Workers(data or default_data(), spans=spans).start_all
    commands.up(data, backfill=backfill, workers=workers)


@app.command()
@plainly
def down(
    data: Data = None, wipe: Annotated[bool, typer.Option(help="Remove the data folder and every key in it.")] = False
) -> None:
    """Stop what `up` started, and only that."""
    commands.down(data, wipe=wipe, workers=Workers(data or default_data()).stop_all)


@app.command()
@plainly
def status(
    data: Data = None,
    once: Annotated[bool, typer.Option("--once", help="Show it once; so it is when output is no terminal.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, once.")] = False,
    check: Annotated[
        str | None, typer.Option(metavar="PROCESSOR", help="Only this processor, in a line, for a supervisor.")
    ] = None,
    stuck_after: Annotated[float, typer.Option(min=2, help="Seconds without progress that are red.")] = STUCK_SECONDS,
    metrics: Annotated[
        Path | None, typer.Option(help="Go on, and append OpenTelemetry metrics (OTLP JSON) to this file.")
    ] = None,
) -> None:
    """Show how the bus is, live until Ctrl-C; exit code 1 when something is red: stopped, stuck or unaccounted for."""
    folder, limits = data or default_data(), Limits(stuck_seconds=stuck_after)
    if check is not None:
        raise typer.Exit(0 if health.check(folder, check, limits) else 1)
    live = health.is_terminal() and not (once or as_json)
    well = health.show(folder, wide_console(), live=live, as_json=as_json, limits=limits, metrics=metrics)
    raise typer.Exit(0 if well else 1)


@app.command()
@plainly
def logs(
    which: Annotated[
        str | None, typer.Argument(help="kafka, postgres, admit, disclose, registration or monitoring.")
    ] = None,
    data: Data = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show what comes, until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option(min=1, help="How many lines of each.")] = 20,
) -> None:
    """Show the last lines of the logs."""
    commands.logs(data, which, follow=follow, lines=lines)


@app.command()
@plainly
def env(
    who: Annotated[str, typer.Argument(help="A partner, a processor, or admin.")] = "admin", data: Data = None
) -> None:
    """Print shell settings to work as someone: eval "$(./ketenbus env politie-limburg)"."""
    commands.env(data, who)


@demo_app.callback()
@plainly
def demo(
    context: typer.Context,
    scale: Annotated[float, typer.Option(min=0.01, max=1.0, help="Share of the national size.")] = 1.0,
    targets: Annotated[
        TargetChoice, typer.Option(help="The published figures, or other plausible ones.")
    ] = TargetChoice.published,
    seed: Annotated[int, typer.Option(help="Another seed, another history.")] = 1,
    without: Annotated[Rule | None, typer.Option(help="Leave one rule out, and see which cells change.")] = None,
    shuffle: Annotated[int | None, typer.Option(help="Publish in another order.")] = None,
    times: Annotated[int, typer.Option(min=1, max=10, help="Publish the whole history this many times.")] = 1,
    chaos: Annotated[
        Chaos | None,
        typer.Option(help="Kill every worker while it runs; or all: freeze them too, and kill both servers."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the result goes; emptied of an earlier run.")] = OUT,
) -> None:
    """Run the main job and compare every cell."""
    if context.invoked_subcommand is not None:
        return
    console = wide_console()
    options = Options(
        scale,
        targets.value,
        seed,
        without.value if without else None,
        shuffle,
        times,
        chaos.value if chaos else None,
        out.absolute(),
    )
    result = Demo(options, Progress(console)).run()
    write_json_report(result)
    shown = page.write(result)
    pages.write(options.out)
    if without is None:
        printing.print_tables(console, result.compared)
    printing.print_account(console, result)
    good = printing.print_without(result) if without else printing.print_verdict(result)
    print(f"open {shown}")
    raise typer.Exit(0 if good else 1)


@demo_app.command()
@plainly
def verify(out: Annotated[Path, typer.Option(help="The demo's folder.")] = OUT) -> None:
    """Recount the last demo from the raw topics and the key ring alone, with code that shares nothing with the processors but the SDK."""
    report = stored_report(out.absolute())
    if rule := report["options"]["without"]:
        raise ConfigurationError(
            f"the last demo left {rule} out on purpose, and the recount leaves out nothing: run the demo without --without"
        )
    progress = Progress(Console())
    with Platform(out.absolute() / "platform", backfill=True, say=progress.say).running() as platform:
        found = recount(platform.admin(), platform.data, REGISTER, progress.say)
    agreement = agreements.compare(found, report)
    for check in found.checks:
        print(check)
    for difference in agreement.differences:
        print(f"differs: {difference}")
    print(agreement)
    raise typer.Exit(0 if agreement.n == agreement.of else 1)


@demo_app.command("case")
@plainly
def demo_case(
    name: Annotated[str | None, typer.Argument(help="Which case; without a name they are listed.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every case, one after the other.")] = False,
    dutch: Annotated[bool, typer.Option("--nl", help="Tell it in Dutch.")] = False,
    out: Annotated[
        Path, typer.Option(help="Where the pages go; a folder a case, emptied of an earlier run.")
    ] = cases.OUT,
) -> None:
    """Tell a case step by step: who published what, who got it, who did not and why."""
    console = cases.console()
    if name is None and not every:
        cases.listed(console)
        return
    names = casefile.names() if name is None else (name,)
    raise typer.Exit(0 if cases.tell(names, out.absolute(), "nl" if dutch else "en", console) else 1)


@demo_app.command("bad-input")
@plainly
def bad_input(
    out: Annotated[Path, typer.Option(help="Where its platform lives; emptied of an earlier run.")] = BAD_INPUT,
) -> None:
    """Send every kind of bad record beside a good one, mend what can be mended, and replay everything twice."""
    console = wide_console()
    good = print_found(console, BadInput(out.absolute(), Progress(console)).run())
    raise typer.Exit(0 if good else 1)


@lineage_app.command()
@plainly
def cell(
    table: Annotated[str, typer.Argument(help="For instance 2.9.")],
    row: Annotated[str, typer.Argument(help="For instance POLITIE.")],
    column: Annotated[str, typer.Argument(help="For instance 2019.")],
    limit: Annotated[int, typer.Option(min=1, help="How many records to show in full.")] = 5,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """From a figure to the records it counts, their events, and the decisions and articles that let them through."""
    with audited(data) as settings:
        lineage.cell(settings, table, row, column, limit, as_json, wide_console())


@lineage_app.command()
@plainly
def event(
    id: Annotated[str, typer.Argument(help="The event's id, as its publisher or a view names it.")],
    source: Annotated[str | None, typer.Option(help="Its ce_source, where two publishers use the same id.")] = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """From an event to everyone who got it and why, and everyone who did not."""
    with audited(data) as settings:
        lineage.event(settings, id, source, as_json, wide_console())


@contract_app.command("pages")
@plainly
def contract_pages(
    out: Annotated[Path, typer.Option(help="Where the folder `contract` goes; that one is written anew.")] = OUT.parent,
) -> None:
    """Write a page of every event type: meaning, fields, code lists, who publishes it, who gets it and why."""
    print(f"open {pages.write(out.absolute())}")
