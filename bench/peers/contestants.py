"""The four contestants as processes: where each reads and writes, how it is started, and what its receipts say."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from confluent_kafka.admin import AdminClient, NewTopic

from bench.peers.counting import ReceiptRow, outcomes_in
from bench.peers.given import LOG_PARTITIONS, Given, view_topics
from infra.local import processes
from infra.local.access import TOPIC_SETTINGS
from infra.local.platform import Platform
from infra.local.processes import Process
from infra.local.settings import ROOT
from services.cli.workers import Workers
from streams.runtime.settled import client_config
from streams.runtime.topics import KETENLOG

STOP_SECONDS = 20.0
ASK_SECONDS = 60.0
OURS, LANE = "ketenbus", "lane"
MODULES = {"faust": "bench.peers.faust_app", "quixstreams": "bench.peers.quix_app", "bare": "bench.peers.bare_loop"}
#: Those that run the errand: our lane in the place of disclose.
LIGHT = {LANE: "bench.peers.lane_app", **MODULES}
SAID = {
    OURS: "ketenbus (disclose)",
    LANE: "ketenbus, its lane",
    "faust": "plain Faust, tables",
    "quixstreams": "quixstreams, state",
    "bare": "bare confluent-kafka",
}


@dataclass(frozen=True, slots=True)
class Contestant:
    """One of the four: its topics, and how to start a worker of it."""

    name: str
    log: str
    views: Mapping[str, str]
    start: Callable[[], Process]
    output: Path
    receipts_sql: str

    async def receipts(self, dsn: str) -> list[ReceiptRow]:
        """Return every row of its receipts."""
        connection = await asyncpg.connect(dsn)
        try:
            rows = await connection.fetch(self.receipts_sql)
        finally:
            await connection.close()
        if self.name != OURS:
            return [(row["id"], row["outcomes"], outcomes_in(row["outcomes"])) for row in rows]
        return [
            (
                row["id"],
                "/".join(map(str, row.values())),
                frozenset({(row["recipient"], row["purpose"], row["outcome"])}),
            )
            for row in rows
        ]

    async def receipted(self, dsn: str) -> int:
        """Return how many events have a receipt."""
        connection = await asyncpg.connect(dsn)
        try:
            return int(await connection.fetchval(f"SELECT count(DISTINCT id) FROM ({self.receipts_sql}) AS r"))
        finally:
            await connection.close()


def ours(platform: Platform) -> Contestant:
    """Return disclose as the platform runs it, on the ketenlog itself."""
    workers = Workers(platform.data)
    return Contestant(
        name=OURS,
        log=KETENLOG,
        views={topic: topic for topic in view_topics()},
        start=lambda: workers.start("disclose"),
        output=workers.log("disclose"),
        # What disclose keeps as evidence: one row a candidate and change.
        receipts_sql="SELECT id, recipient, purpose, outcome, mask, activity, reasons, change FROM disclose.decision",
    )


async def peer(platform: Platform, name: str, python: Path, *, light: bool = False) -> Contestant:
    """Return a peer, its topics and its table made; a `light` one runs the errand."""
    admin = platform.admin()
    folder = platform.data / "peers" / name
    folder.mkdir(parents=True)
    given = Given(
        name=name,
        kafka=admin["kafka"],
        user=admin["user"],
        password=admin["password"],
        dsn=admin["dsn"],
        disclose=str(platform.processor_file("disclose")),
        folder=str(folder / "state"),
        light=light,
    )
    given.write(folder / "settings.json")
    _make_topics(admin, given)
    await _make_tables(given)
    output = platform.data / "logs" / f"{name}.log"
    command = [str(python), "-m", LIGHT[name], str(folder / "settings.json")]
    return Contestant(
        name=name,
        log=given.log,
        views={given.view(topic): topic for topic in view_topics()},
        start=lambda: processes.start(command, output, more_environment={"PYTHONPATH": f"{ROOT}:{ROOT / 'sdk'}"}),
        output=output,
        receipts_sql=f"SELECT id, outcomes FROM {given.schema}.receipt",
    )


def python_of(name: str, own: Path) -> Path:
    """Return which Python runs a peer: the bus's own, so that libraries are the same, or quixstreams' in `own`."""
    return own if name == "quixstreams" else Path(sys.executable)


def _make_topics(admin: Mapping[str, str], given: Given) -> None:
    names = {given.log: LOG_PARTITIONS, given.receipts: 1, **dict.fromkeys(given.views(), 1)}
    topics = [NewTopic(name, partitions, 1, config=TOPIC_SETTINGS) for name, partitions in names.items()]
    if (
        given.name == "faust"
    ):  # the table's, as Faust's guide has it made: compacted, one partition for each of the log's
        changelog = f"{given.group}-known-changelog"
        topics.append(NewTopic(changelog, LOG_PARTITIONS, 1, config={"cleanup.policy": "compact"}))
    client = AdminClient(client_config(admin))  # named: what it was asked ends when it goes
    for made in client.create_topics(topics).values():
        made.result(ASK_SECONDS)


async def _make_tables(given: Given) -> None:
    connection = await asyncpg.connect(given.dsn)
    try:
        await connection.execute(
            f"CREATE SCHEMA {given.schema}; "
            f"CREATE TABLE {given.schema}.receipt (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
            "id text NOT NULL, outcomes text NOT NULL); "
            f"CREATE TABLE {given.schema}.subject (key bytea PRIMARY KEY, state bytea NOT NULL)"
        )
    finally:
        await connection.close()
