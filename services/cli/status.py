"""`./ketenbus status`: one screen that says how a bus is, live or once, for a person, a program or a supervisor."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from infra.local.platform import Platform
from ketenbus.errors import ConfigurationError
from services.cli.workers import NAMES
from services.health.exporting import Exporter
from services.health.judging import SEVERITY, Limits, Seen, Server, Verdict, judge_emergency, lasting
from services.health.observing import Look, Observer, observed
from services.health.telling import open_seconds, told

EVERY_SECONDS = 2.0
#: What moves shows in two looks; a second apart is long enough to tell still from slow.
BETWEEN_SECONDS = 1.0
#: A sign for each colour: who sees none, or a log that keeps none, reads the same.
SIGNS = {"green": "●", "amber": "▲", "red": "■"}
STYLES = {"green": "green", "amber": "yellow", "red": "bold red"}


def show(
    data: Path, console: Console, *, live: bool, as_json: bool, limits: Limits, metrics: Path | None = None
) -> bool:
    """Show the status once, or live until Ctrl-C; true when nothing is red.

    `metrics` is a file to which every look is appended as OpenTelemetry metrics; then it goes on until it is stopped.
    """
    platform = Platform(data)
    platform.admin()  # says what to do where there is no platform
    shown = _Shown(console, as_json, _places(platform))
    try:
        return asyncio.run(_show(platform, shown, limits, metrics, live))
    except KeyboardInterrupt:
        return shown.last is None or shown.last.is_well


def check(data: Path, processor: str, limits: Limits) -> bool:
    """Print how one processor is in a line; true when it is not red."""
    if processor not in NAMES:
        raise ConfigurationError(f"no processor {processor}; there is: {', '.join(NAMES)}")
    look = asyncio.run(_once(Platform(data), limits))
    verdict = next(verdict for seen, verdict in look.processors if seen.processor == processor)
    print(f"{processor} {verdict.colour}: {_said(verdict)}")
    return verdict.colour != "red"


class _Shown:
    """Where a look goes: lines of JSON, or a screen."""

    def __init__(self, console: Console, as_json: bool, places: str) -> None:
        self._console = console
        self._as_json = as_json
        self._places = places
        self.last: Look | None = None

    def once(self, look: Look) -> None:
        self.last = look
        if self._as_json:
            print(json.dumps(told(look)), flush=True)
        else:
            self._console.print(screen(look, self._places))

    def live(self) -> Live:
        return Live(console=self._console, auto_refresh=False)

    def again(self, live: Live, look: Look) -> None:
        self.last = look
        ending = Text("Ctrl-C ends", style="dim")
        live.update(Group(screen(look, self._places), ending), refresh=True)


async def _once(platform: Platform, limits: Limits) -> Look:
    observer = Observer(platform, NAMES, limits)
    try:
        return await observed(observer, 2, BETWEEN_SECONDS)
    finally:
        await observer.close()


async def _show(platform: Platform, shown: _Shown, limits: Limits, metrics: Path | None, live: bool) -> bool:
    observer = Observer(platform, NAMES, limits)
    exporter = None if metrics is None else Exporter(metrics)
    try:
        look = await observed(observer, 2, BETWEEN_SECONDS)
        if not live:
            shown.once(look)
            while exporter is not None:
                exporter.export(look)
                await asyncio.sleep(exporter.every_seconds)
                look = await observer.look()
            return look.is_well
        with shown.live() as screen_of_ours:
            while True:
                shown.again(screen_of_ours, look)
                if exporter is not None:
                    exporter.export(look)
                await asyncio.sleep(EVERY_SECONDS)
                look = await observer.look()
    finally:
        await observer.close()


def screen(look: Look, places: str) -> RenderableType:
    """Return the screen of one look; it reads well from 80 columns on."""
    return Group(
        Text.assemble(("ketenbus ", "bold"), (f"{places}  {datetime.fromtimestamp(look.at):%H:%M:%S}", "dim")),  # noqa: DTZ006
        *_headline(look),
        "",
        _servers(look.servers),
        "",
        _processors(look.processors),
        "",
        _facts(look),
    )


def _places(platform: Platform) -> str:
    """Return where the data is; the database may be elsewhere, where the account it runs under can reach."""
    database = platform.postgres.folder
    return f"{platform.data}" + ("" if database.is_relative_to(platform.data) else f", database in {database}")


def _headline(look: Look) -> Iterable[Text]:
    """Say first what is wrong, worst first, in whole sentences."""
    named = [
        *((server.title, verdict) for server, verdict in look.servers),
        *((seen.processor, verdict) for seen, verdict in look.processors),
        ("disk", look.disk),
        *([("emergency access", judge_emergency(look.emergency))] if look.emergency is not None else []),
    ]
    wrong = sorted((one for one in named if one[1].colour != "green"), key=lambda one: -SEVERITY[one[1].colour])
    if not wrong and look.is_well:
        yield Text.assemble((f"{SIGNS['green']} all well", STYLES["green"]))
    for name, verdict in wrong:
        sign = f"{SIGNS[verdict.colour]} {name} {verdict.state}"
        yield Text.assemble((sign, STYLES[verdict.colour]), f": {verdict.why}" if verdict.why else "")
    if look.counted is not None and look.counted.difference:
        yield Text(f"{SIGNS['red']} balance: events unaccounted for: {look.counted.difference:,}", STYLES["red"])
    if look.uncountable is not None:
        yield Text(f"{SIGNS['red']} quarantine cannot be counted: {look.uncountable}", STYLES["red"])


def _servers(rows: Iterable[tuple[Server, Verdict]]) -> Table:
    table = _table("state", "pid", "memory", "disk", "address")
    for server, verdict in rows:
        state = verdict.state if server.is_ours else f"{verdict.state}, yours"
        table.add_row(
            *_sign(server.title, verdict, state),
            str(server.pid or "-"),
            _size(server.memory_bytes),
            _size(server.disk_bytes),
            server.address,
        )
    return table


def _processors(rows: Iterable[tuple[Seen, Verdict]]) -> Table:
    table = _table("state", "pid", "memory", "waiting", "oldest", "come/s", "done/s")
    for seen, verdict in rows:
        table.add_row(
            *_sign(seen.processor, verdict, verdict.state),
            str(seen.pid or "-"),
            _size(seen.memory_bytes),
            "?" if seen.waiting is None else f"{seen.waiting:,}",
            "-" if seen.oldest_seconds is None else lasting(seen.oldest_seconds),
            _rate(seen.in_per_second),
            _rate(seen.out_per_second),
        )
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("", width=1)
    table.add_column("", width=14, no_wrap=True)
    for name in columns:
        is_text = name in ("state", "address")
        table.add_column(name, justify="left" if is_text else "right", min_width=8, no_wrap=True)
    return table


def _sign(name: str, verdict: Verdict, state: str) -> tuple[Text, Text, Text]:
    style = STYLES[verdict.colour]
    return Text(SIGNS[verdict.colour], style), Text(name), Text(state, style)


def _facts(look: Look) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(width=17, style="dim", no_wrap=True)
    table.add_column()
    table.add_row("emergency access", _emergency(look))
    table.add_row("unknown codes", _codes(look))
    table.add_row("publish to view", _latency(look))
    table.add_row("quarantine", _quarantine(look))
    table.add_row("balance", _balance(look))
    table.add_row("disk", f"{_size(look.free_bytes)} free")
    return table


def _latency(look: Look) -> str:
    if look.latency is None:
        return "nothing delivered in the last minute"
    one = look.latency
    return f"p50 {_ms(one.p50_ms)}, p99 {_ms(one.p99_ms)} of {one.count:,} deliveries in the last minute"


def _quarantine(look: Look) -> str:
    counted = look.counted
    if counted is None:
        return "not counted yet"
    if not counted.open:
        return f"{counted.quarantined:,} records, none open"
    age = lasting(open_seconds(counted, look.at) or 0)
    where = escape(f"{counted.oldest_open_at} ({counted.oldest_open_reason})")
    return f"{counted.quarantined:,} records, {counted.open:,} open; the oldest for {age}: {where}"


def _emergency(look: Look) -> str:
    alarm = look.emergency
    if alarm is None:
        return "not looked at yet"
    if not alarm.open + alarm.overdue:
        return "no use waits for review"
    return f"{alarm.open + alarm.overdue} wait for two reviewers, {alarm.overdue} overdue (term {alarm.days} days)"


def _codes(look: Look) -> str:
    codes = look.codes
    if codes is None:
        return "not looked at yet"
    if not codes.fields:
        return "none"
    of = f"{codes.reports:,} report" if codes.reports == 1 else f"{codes.reports:,} reports"
    return f"{codes.fields:,} sealed fields of {of} hold a code no list knows, or name nobody: kept as said"


def _balance(look: Look) -> str:
    counted = look.counted
    if counted is None:
        return "not counted yet"
    terms = f"{counted.admitted:,} admitted + {counted.quarantined:,} quarantined + {counted.repeated:,} repeated"
    sign = "=" if not counted.difference else "[bold red]is not[/]"
    more = f"; {counted.undecided:,} more not decided yet" if counted.undecided else ""
    return f"{counted.published:,} published {sign} {terms}{more} [dim]({lasting(look.at - counted.at)} ago)[/]"


def _said(verdict: Verdict) -> str:
    return f"{verdict.state}: {verdict.why}" if verdict.why else verdict.state


def _size(size: int | None) -> str:
    if size is None:
        return "-"
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.0f} MB"


def _rate(per_second: float | None) -> str:
    return "-" if per_second is None else f"{per_second:,.0f}"


def _ms(duration: float) -> str:
    return f"{duration / 1000:,.1f} s" if duration >= 1000 else f"{duration:,.0f} ms"


def is_terminal() -> bool:
    """Return whether somebody looks."""
    return sys.stdout.isatty()
