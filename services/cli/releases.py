"""`./ketenbus register propose | approve | announce | releases`: how the law of a bus changes."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console
from rich.table import Table

from consent.activities import fingerprint
from consent.documents import document
from ketenbus.errors import ConfigurationError
from services.cli.audited import Data, audited, wide_console
from services.cli.errors import plainly
from services.cli.progress import Progress
from services.lineage.store import snapshot
from services.policy.drafting import amended
from services.register import releasing
from services.register.in_force import Releases, releases
from streams.runtime import topics
from streams.runtime.settings import LAW, ProcessorSettings, load, load_register

READ_SECONDS = 0.5
File = Annotated[Path, typer.Argument(metavar="RELEASE", help="The file of the release.")]


def mount(app: typer.Typer) -> None:
    """Give the command line these commands."""
    app.command()(propose)
    app.command()(approve)
    app.command()(announce)
    app.command("releases")(show_releases)


@plainly
def propose(
    draft: Annotated[
        Path | None, typer.Argument(help="A file with the entries that change; default the project's whole register.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write it; default release-N.json.")] = None,
    data: Data = None,
) -> None:
    """Write the release after the one in force: a draft over what is in force, or the project's register as it is now."""
    with audited(data) as path:
        now = asyncio.run(_releases(load(path))).newest
        activities = LAW["activities.yaml"].read_text("utf-8") if draft is None else _over(now.activities, draft)
    release = releasing.propose(activities, now)
    file = out or Path(f"release-{release.number}.json")
    file.write_text(release.text(), "utf-8")
    print(f"wrote {file}: release {release.number}, digest {release.digest[:12]}, approvals 0 of 2")


@plainly
def approve(
    file: File,
    key: Annotated[Path, typer.Option("--key", help="The approver's key; local ones: secrets/approvers of the data folder.")],
) -> None:  # fmt: skip
    """Sign a release with an approver's key; two different approvers must."""
    release = releasing.approve(releasing.read_file(file), key)
    file.write_text(release.text(), "utf-8")
    print(f"{file}: release {release.number}, approved by {', '.join(approval.by for approval in release.approvals)}")


@plainly
def announce(
    file: File,
    wait: Annotated[float, typer.Option(help="How many seconds to wait for disclose to go by it; 0 is not at all.")] = 60.0,
    data: Data = None,
) -> None:  # fmt: skip
    """Put an approved release in force: a control record in every partition of the log, then judged again what it touches."""
    release = releasing.read_file(file)
    progress = Progress(Console(stderr=True))
    with audited(data) as path:
        settings = load(path)
        held = asyncio.run(_releases(settings)).by_partition
        placed = releasing.announce(release, load(path.with_name("register.json")), held)
        print(f"release {release.number} announced in {len(placed)} of {topics.KETENLOG_PARTITIONS} partitions")
        taken = _wait(settings, release.digest, wait, progress)
        if taken < topics.KETENLOG_PARTITIONS:
            print(f"disclose goes by it in {taken} partitions so far: it takes it up when it runs (./ketenbus status)")
            raise typer.Exit(1 if wait else 0)
        effects = asyncio.run(_effects(settings, placed))
        told = " ".join(f"{kind} {effects[kind]}" for kind in ("delivery", "release", "replacement", "recall", "none"))
        print(f"in force in all partitions; decided otherwise: {told}")


@plainly
def show_releases(data: Data = None) -> None:
    """List every release this bus went by: number, digest, activities, and in how many partitions it is in force."""
    with audited(data) as path:
        found = asyncio.run(_releases(load(path)))
    table = Table("release", "digest", "register", "activities", "in force in", "announced at")
    for digest, law in found.laws.items():
        partitions = sum(one.digest == digest for one in found.by_partition.values())
        places = found.places[digest]
        table.add_row(
            str(law.number), digest[:12] or "what-if", law.fingerprint[:12], str(len(law.register.activities)),
            f"{partitions} partitions", f"{min(places.values())} ..." if places else "the beginning",
        )  # fmt: skip
    wide_console().print(table)
    project = fingerprint(load_register())
    if project != found.newest.fingerprint:
        print(f"the project's register ({project[:12]}) is another: ./ketenbus register propose makes a release of it")


def _over(active: str, draft: Path) -> str:
    try:
        rows = amended(document("activities.yaml", active), document(draft.name, draft.read_text("utf-8"))).value
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"register refused\n{error}") from error
    return yaml.safe_dump(rows, allow_unicode=True, sort_keys=False, width=120)


async def _releases(settings: ProcessorSettings) -> Releases:
    async with snapshot(settings.dsn) as connection:
        return await releases(connection, settings)


async def _taken_up(settings: ProcessorSettings, digest: str) -> int:
    """Return in how many partitions this release came into force."""
    async with snapshot(settings.dsn) as connection:
        count: int = await connection.fetchval("SELECT count(*) FROM disclose.release WHERE digest = $1", digest)
        return count


async def _effects(settings: ProcessorSettings, placed: Sequence[str]) -> Counter[str]:
    """Return what disclose decided otherwise at these places of the log, by what the recipient heard."""
    async with snapshot(settings.dsn) as connection:
        rows = await connection.fetch(
            "SELECT coalesce(kind, 'none') AS kind, count(*) FROM disclose.decision WHERE known_to = ANY($1::text[]) GROUP BY 1",
            placed,
        )
    return Counter({row["kind"]: row["count"] for row in rows})


def _wait(settings: ProcessorSettings, digest: str, seconds: float, progress: Progress) -> int:
    """Return in how many partitions disclose goes by the release, once that is all of them or the time is over."""
    deadline = time.monotonic() + seconds
    with progress.bars(["partitions"]) as bars:
        while True:
            taken = asyncio.run(_taken_up(settings, digest))
            bars.move("partitions", taken, topics.KETENLOG_PARTITIONS)
            if taken == topics.KETENLOG_PARTITIONS or time.monotonic() >= deadline:
                return taken
            time.sleep(READ_SECONDS)
