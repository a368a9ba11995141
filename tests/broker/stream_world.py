"""The bus as it runs: the four workers as processes on the test platform, and what an auditor sees of them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import asyncpg

from infra.local.platform import Platform
from ketenbus.settings import PartnerSettings
from sandbox.publish import Agencies
from sandbox.telling import Planned
from streams.admit.judge import subject_of
from streams.disclose.tokens import EventName, Tokens
from streams.monitoring.fold import Registered
from streams.monitoring.store import registered
from streams.runtime.records import unpack_headers
from streams.runtime.settled import Gauge, Progress, is_settled
from streams.worker import PROCESSORS
from tests.broker.sdk_world import Record, World
from tests.earlier import environment

ROOT = Path(__file__).parents[2]
SETTLE_SECONDS = 120.0
STOP_SECONDS = 20.0
REGISTRATION = "view.comensha.registratie"
MONITORING = "view.rapporteur.monitoring"


@dataclass
class Workers:
    """The workers' processes; nothing of them is left behind."""

    platform: Platform
    logs: Path
    law: Path | None = None
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, *names: str, sdk: Path | None = None) -> None:
        """Start these workers, by default every one that is not running; with another SDK where one is named."""
        for name in names or PROCESSORS.keys() - self.running.keys():
            command = [sys.executable, "-m", "streams.worker", name]
            command += ["--settings", str(self.platform.processor_file(name))]
            command += [] if self.law is None else ["--law", str(self.law)]
            with (self.logs / f"{name}.log").open("ab") as log:
                self.running[name] = subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env=environment(sdk),
                    stdout=log,
                    stderr=log,
                )

    def kill(self) -> None:
        """Kill every worker outright."""
        self._stop(signal.SIGKILL)

    def stop(self) -> dict[str, int]:
        """Tell every worker to stop, kill what does not, and return how each ended."""
        try:
            return self._stop(signal.SIGTERM)
        except subprocess.TimeoutExpired:
            return self._stop(signal.SIGKILL)

    def _stop(self, how: signal.Signals) -> dict[str, int]:
        for process in self.running.values():
            process.send_signal(how)
        ended = {name: process.wait(STOP_SECONDS) for name, process in self.running.items()}
        self.running.clear()
        return ended

    def ended(self, name: str) -> tuple[int, str]:
        """Wait until a worker ends by itself; return its exit code and the last line of its log."""
        code = self.running.pop(name).wait(SETTLE_SECONDS)
        return code, (self.logs / f"{name}.log").read_text().splitlines()[-1]

    def breathe(self, seconds: float = 0.05) -> None:
        """Let the workers work for a moment; a worker that ends is an error, told with the end of its log."""
        watched = {os.pidfd_open(process.pid): name for name, process in self.running.items() if process.poll() is None}
        try:
            ended = [watched[fd] for fd in select.select([*watched], [], [], seconds)[0]]
        finally:
            for fd in watched:
                os.close(fd)
        ended += self.running.keys() - watched.values()
        for name in ended:
            raise AssertionError(f"{name} ended: {(self.logs / f'{name}.log').read_text()[-3000:]}")


class Bus:
    """A platform with its workers, and what can be asked of it from outside."""

    def __init__(self, platform: Platform, workers: Workers, keyring: Path) -> None:
        self.platform = platform
        self.workers = workers
        self._gauge = Gauge(platform.admin())
        self._oins: dict[str, str] = {}
        self._world = World(platform, keyring)
        self._admit_key = self._key("admit", "subject")
        self._view_key = self._key("auditor", "views")

    def _key(self, processor: str, name: str) -> bytes:
        held = json.loads(self.platform.processor_file(processor).read_text())
        return base64.b64decode(held["keys"][name])

    def oin(self, partner: str) -> str:
        """A partner's OIN."""
        if partner not in self._oins:
            self._oins[partner] = PartnerSettings.load(self.platform.partner_file(partner)).oin
        return self._oins[partner]

    def publish(self, *events: Planned) -> None:
        """Let the partners publish these events."""

        async def send() -> int:
            agencies = Agencies(self.platform.partner_file, self.platform.admin())
            try:
                return await agencies.publish(events, lambda _: None)
            finally:
                await agencies.close()

        assert asyncio.run(send()) == len(events)

    def progress(self) -> tuple[Progress, ...]:
        """How far every processor is."""
        return asyncio.run(self._gauge.progress())

    def begin(self) -> None:
        """Return when every worker has made its tables and taken up its partitions."""
        until = monotonic() + SETTLE_SECONDS
        while not asyncio.run(self._gauge.have_begun()):
            assert monotonic() < until, "a worker has taken up nothing"
            self.workers.breathe()

    def settle(self, *names: str) -> None:
        """Return when everything that was published has reached its last reader, or these processors."""
        until = monotonic() + SETTLE_SECONDS
        while not is_settled(progress := [p for p in self.progress() if not names or p.processor in names]):
            assert monotonic() < until, progress
            self.workers.breathe()

    def say(self, *events: Planned) -> None:
        """Publish, and return when it has reached its last reader."""
        self.publish(*events)
        self.settle()

    def rows(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """Ask the database as its administrator."""

        async def ask() -> list[tuple[Any, ...]]:
            connection = await asyncpg.connect(self.platform.admin()["dsn"])
            try:
                return [tuple(row) for row in await connection.fetch(query, *arguments)]
            finally:
                await connection.close()

        return asyncio.run(ask())

    def outcome(self, event: Planned) -> list[tuple[str, ...]]:
        """What stands of an event: recipient, purpose, outcome and reason."""
        return sorted(self.outcomes([event])[event.id])

    def outcomes(self, events: Sequence[Planned]) -> dict[str, set[tuple[str, ...]]]:
        """What stands of each of these events, by its id."""
        of = {(self.oin(event.partner), event.id) for event in events}
        query = "SELECT oin, id, recipient, purpose, outcome, reasons FROM disclose.standing WHERE id = ANY($1::text[])"
        found: dict[str, set[tuple[str, ...]]] = {id: set() for _, id in of}
        for oin, id, *decided, reasons in self.rows(query, [id for _, id in of]):
            if (oin, id) in of:
                found[id].add((*decided, *json.loads(reasons)))
        return found

    def tokens(self, view: str) -> Tokens:
        """How an auditor translates the names of a view."""
        return Tokens(self._view_key, view)

    def name(self, event: Planned) -> EventName:
        """The bus's name of an event."""
        oin = self.oin(event.partner)
        return EventName(subject_of(self._admit_key, oin, str(event.fields["subject"])), oin, event.id)

    def told(self, view: str, event: Planned) -> list[tuple[str, int, bool]]:
        """What a view was told of an event, in order: kind, change, and whether with content."""
        found = self.messages(view, event)
        return [(_header(r, "ce_ketenbuskind"), int(_header(r, "ce_ketenbuschange")), bool(r.value)) for r in found]

    def messages(self, view: str, event: Planned) -> list[Record]:
        """The messages of a view on an event, in order."""
        token = self.tokens(view).event(self.name(event))
        return self._world.read(view, lambda record: record.id == token)

    def report_stands(self, event: Planned) -> list[tuple[bool]]:
        """Whether the registration uses a report; empty when it never had it."""
        token = self.tokens(REGISTRATION).event(self.name(event))
        return self.rows("SELECT stands FROM registration.report WHERE event = $1", token)  # type: ignore[return-value]

    def record_of(self, event: Planned) -> list[str]:
        """The number of the registration's record in force of the person of a report."""
        token = self.tokens(REGISTRATION).subject(self.name(event).subject)
        query = (
            "SELECT number FROM registration.record JOIN registration.record_subject USING (number)"
            " WHERE subject = $1 AND NOT ended"
        )
        return [number for (number,) in self.rows(query, token)]

    def in_force(self, number: str) -> list[bool]:
        """Whether each version the Rapporteur has of a record, the highest first, says that it stands."""
        subject = subject_of(self._admit_key, self.oin("comensha"), number)
        token = self.tokens(MONITORING).subject(subject)
        query = "SELECT content IS NOT NULL FROM monitoring.version WHERE record = $1 AND stands ORDER BY version DESC"
        return [holds for (holds,) in self.rows(query, token)]

    def registered(self, reports: Sequence[Planned]) -> list[Registered]:
        """The records of the persons of these reports, as the Rapporteur has them."""
        here, there, desk = self.tokens(REGISTRATION), self.tokens(MONITORING), self.oin("comensha")
        subjects = {here.subject(self.name(event).subject) for event in reports}
        held = self.rows("SELECT subject, number FROM registration.record_subject")
        numbers = {number for subject, number in held if subject in subjects}
        wanted = {there.subject(subject_of(self._admit_key, desk, number)) for number in numbers}

        async def ask() -> list[Registered]:
            dsn = self.platform.admin()["dsn"]
            connection = await asyncpg.connect(dsn, server_settings={"search_path": "monitoring"})
            try:
                return await registered(connection)
            finally:
                await connection.close()

        return [record for record in asyncio.run(ask()) if record.number in wanted]

    def quarantined(self, *events: Planned) -> dict[str, str]:
        """The reason each of these is in quarantine for, by id."""
        ids = {event.id for event in events}
        reasons = {}
        for record in self._world.read("quarantine"):
            id = (dict(unpack_headers(_header(record, "ketenbus-headers"))).get("ce_id") or b"").decode(
                "utf-8", "replace"
            )
            if id in ids:
                reasons[id] = _header(record, "ketenbus-reason")
        return reasons

    def answers(self, partner: str, *events: Planned) -> list[tuple[str, str, str | None]]:
        """What a partner heard of these events, in order: id, outcome, reason."""
        ids = {event.id for event in events}
        told = [json.loads(r.value or b"{}") for r in self._world.read(f"acknowledgements.{partner}")]
        return [(t["id"], t["outcome"], t["reason"]) for t in told if t["id"] in ids]


def _header(record: Record, name: str) -> str:
    return dict(record.headers)[name].decode()


@contextmanager
def bus(platform: Platform, folder: Path, law: Path | None = None) -> Iterator[Bus]:
    """Run the workers for a while, under another register where `law` is a folder that has one."""
    workers = Workers(platform, folder, law)
    workers.start()
    try:
        running = Bus(platform, workers, folder / "keyring")
        running.begin()
        running.settle()
        yield running
    finally:
        workers.stop()
