"""The local platform: both servers, the users, the topics and the rights, in one data folder.

    with Platform(data).running() as platform:
        ...   # both servers answer; at the end, or at Ctrl-C, what this started is stopped again

`<data>/platform.json` remembers ports, process ids and where the database lives.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from infra.local import access, data_folder, databases, ports, postgres, settings
from infra.local.files import read_json, size_bytes, write_json, write_private
from infra.local.identities import APPROVERS, PROCESSORS, Addresses, Identities
from infra.local.kafka import KafkaServer, admin_client
from infra.local.leash import Leash
from infra.local.processes import Process
from infra.local.settings import KafkaAdmin, Settings
from ketenbus.errors import ConfigurationError

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What one server does now."""

    name: str
    address: str
    process: Process | None
    ours: bool = True


def _nothing() -> None:
    """Do nothing more."""


class Server(Protocol):
    """What the platform asks of either server."""

    def running(self, pid: int | None = None) -> Process | None: ...
    def stop(self, process: Process) -> bool: ...


class Platform:
    """The servers and identities of one data folder."""

    def __init__(
        self,
        data: Path,
        *,
        backfill: bool | None = False,
        layout: Callable[[], Sequence[access.TopicSpec]] | None = None,
        given: Settings | None = None,
        say: Say = lambda _: None,
    ) -> None:
        """Name a platform; nothing is made or started yet.

        `backfill` lets every partner say when it recorded a fact itself, None leaves that as it is; `layout` is the topics,
        default those of the bus; `given` the settings, default those of the environment; `say` takes lines on what takes long.
        """
        self.data = data.absolute()
        self._backfill = backfill
        self._layout = layout or _bus_layout
        self._given = given or settings.read()
        self._say = say

    @property
    def kafka(self) -> KafkaServer:
        """The Kafka node of this data folder."""
        return KafkaServer(self.data / "kafka", self.data / "logs" / "kafka.log")

    @property
    def postgres(self) -> postgres.PostgresServer:
        """The PostgreSQL of this data folder; never another's, which a copy of that one's folder remembers."""
        remembered: str | None = self._remembered("postgres").get("folder")
        own = {place.resolve() for data in (self.data, self.data.resolve()) for place in postgres.places(data)}
        if remembered is None or Path(remembered).resolve() not in own:
            remembered = str(postgres.place(self.data))
        return postgres.PostgresServer(Path(remembered), self.data / "logs" / "postgres.log")

    def up(self, *, keep: bool = False, then: Callable[[], object] = _nothing) -> set[str]:
        """Start what does not run, check what does, complete users, topics and rights; return the names it started.

        With `keep` it all runs until `down`, whoever uses it meanwhile; `then` is done while a second `up` or `down` waits.
        """
        with data_folder.alone(self.data):
            self._refuse_lost_database()
            if keep:
                self._remember("kept", {"until": "down"})
            identities = Identities(self.data)
            identities.draw()
            started: set[str] = set()
            # Kafka is slower: it starts while PostgreSQL is made ready.
            kafka, kafka_process = self._start_kafka(identities, started)
            dsn = self._ready_postgres(identities, started)
            self._ready_kafka(identities, kafka, kafka_process)
            identities.write(Addresses(kafka, dsn), backfill=self._backfill)
            _found_register(self.data)
            then()
            return started

    def down(
        self, *, wipe: bool = False, unless_kept: bool = False, first: Callable[[], object] = _nothing
    ) -> list[str]:
        """Do `first`, stop the servers of this data folder and, with `wipe`, remove it; return what was stopped.

        With `unless_kept` nothing happens to a platform that `up` keeps.
        """
        if not self.data.exists():
            first()
            return []
        data_folder.refuse_foreign(self.data)
        with data_folder.alone(self.data):
            if unless_kept and self.is_kept:
                return []
            if self.is_kept:
                self._remember("kept", {})
            first()
            stopped = []
            servers: dict[str, Server] = {"kafka": self.kafka, "postgres": self.postgres}
            for name, server in servers.items():
                if (process := server.running(self._remembered(name).get("pid"))) is not None:
                    server.stop(process)
                    stopped.append(name)
            if wipe:
                shutil.rmtree(self.postgres.folder, ignore_errors=True)
                data_folder.remove(self.data)
        return stopped

    @property
    def is_kept(self) -> bool:
        """Whether `up` keeps this platform running: who only uses it for a while leaves it as it is."""
        return bool(self._remembered("kept"))

    def status(self) -> list[ServerStatus]:
        """Return what each server does now."""
        kafka = self._given.kafka.address if self._given.kafka else None
        database = "KETENBUS_POSTGRES" if self._given.postgres else None
        return [self._status("kafka", kafka, self.kafka), self._status("postgres", database, self.postgres)]

    def size_bytes(self) -> int:
        """Return the disk space the platform takes."""
        outside = self.postgres.folder
        elsewhere = 0 if outside.is_relative_to(self.data) else size_bytes(outside)
        return size_bytes(self.data) + elsewhere

    @contextmanager
    def running(self, *, wipe: bool = False) -> Iterator[Platform]:
        """Run the platform for a while; afterwards nothing that this started is left, even if we are killed.

        A platform that `up` keeps runs on, whatever happens to us.
        """
        data_folder.prepare(self.data)
        leash = Leash(self.data)
        try:
            started = self.up()
        except BaseException:
            self.down(unless_kept=True)
            leash.release()
            raise
        try:
            yield self
        finally:
            if started:
                self.down(wipe=wipe, unless_kept=True)
            leash.release()

    def admin(self) -> dict[str, str]:
        """Return the administrator's settings: kafka, user, password, dsn."""
        found: dict[str, str] | None = read_json(self.data / "secrets" / "admin.json")
        if found is None:
            raise ConfigurationError(f"no platform in {self.data}: start it with ./ketenbus up")
        return found

    def partner_file(self, name: str) -> Path:
        """Return the settings file of a partner."""
        return self.data / "secrets" / "partners" / f"{name}.json"

    def processor_file(self, name: str) -> Path:
        """Return the settings file of a processor."""
        return self.data / "secrets" / "processors" / f"{name}.json"

    def _start_kafka(self, identities: Identities, started: set[str]) -> tuple[KafkaAdmin, Process | None]:
        if self._given.kafka:
            return self._given.kafka, None
        server, was = self.kafka, self._remembered("kafka")
        process = server.running(was.get("pid"))
        if process is None:
            client_port = self._choose("Kafka", was.get("port"))
            controller_port = ports.choose(was.get("controller_port"), avoid={client_port})
            self._say(f"starting Kafka on {ports.LOOPBACK}:{client_port}")
            was = {"port": client_port, "controller_port": controller_port}
            self._remember("kafka", was)  # before the start: a server whose ports nobody knows is of no use
            server.prepare((client_port, controller_port), identities.password("admin"), self._given.cache, self._say)
            process = server.start()
            started.add("kafka")
        self._remember("kafka", was | {"pid": process.pid, "started": process.started})
        return KafkaAdmin(f"{ports.LOOPBACK}:{was['port']}", "admin", identities.password("admin")), process

    def _ready_kafka(self, identities: Identities, admin: KafkaAdmin, process: Process | None) -> None:
        client = admin_client(admin)
        if process is not None:
            self.kafka.wait_until_ready(process, admin)
        layout = self._layout()
        local = self._given.kafka is None
        access.ensure_users(client, identities.users, identities.password, renew=not local)
        if made := access.ensure_topics(client, layout, replicas=1 if local else -1):
            self._say(f"made {made} topics")
        access.ensure_rights(client, layout, identities.ever)
        access.wait_for_leaders(client, layout)

    def _ready_postgres(self, identities: Identities, started: set[str]) -> str:
        dsn = self._given.postgres or self._own_dsn(identities, started)
        asyncio.run(databases.ensure_schemas(dsn, PROCESSORS, identities.password))
        return dsn

    def _own_dsn(self, identities: Identities, started: set[str]) -> str:
        """Return the administrator's DSN of our own server, which answers by then."""
        server, was = self.postgres, self._remembered("postgres")
        process = server.running(was.get("pid"))
        if process is None:
            port = self._choose("PostgreSQL", was.get("port"))
            self._say(f"starting PostgreSQL on {ports.LOOPBACK}:{port}")
            was = {"folder": str(server.folder), "port": port}
            self._remember("postgres", was)
            server.prepare(identities.password("admin"))
            process = server.start(port)
            started.add("postgres")
        self._remember("postgres", was | {"pid": process.pid, "started": process.started})
        address = f"postgresql://admin:{quote(identities.password('admin'))}@{ports.LOOPBACK}:{was['port']}"
        server.wait_until_ready(process, f"{address}/postgres", self._say)
        asyncio.run(databases.ensure_database(f"{address}/{postgres.DATABASE}"))
        return f"{address}/{postgres.DATABASE}"

    def _choose(self, server: str, remembered: int | None) -> int:
        port = ports.choose(remembered)
        if remembered not in (None, port):
            self._say(
                f"port {remembered} is taken by another program: {server} moves to {port}; "
                "what still runs with the old one must be started again"
            )
        return port

    def _status(self, name: str, given: str | None, server: Server) -> ServerStatus:
        if given:
            return ServerStatus(name, given, None, ours=False)
        was = self._remembered(name)
        return ServerStatus(name, f"{ports.LOOPBACK}:{was.get('port', '-')}", server.running(was.get("pid")))

    def _refuse_lost_database(self) -> None:
        """Refuse to begin with an empty database where this folder is a copy, or was moved, without the one it had."""
        remembered, here = self._remembered("postgres").get("folder"), self.postgres.folder
        if self._given.postgres is None and remembered not in (None, str(here)) and not here.exists():
            raise ConfigurationError(
                f"{self.data} is a copy or was moved, and its database is not with it: copy what {remembered} holds to "
                f"{here}; or make that an empty folder, and everything is decided again from the first record"
            )

    def _remembered(self, name: str) -> dict[str, Any]:
        remembered: dict[str, dict[str, Any]] = read_json(self.data / data_folder.KNOWN_BY) or {}
        return remembered.get(name, {})

    def _remember(self, name: str, what: dict[str, Any]) -> None:
        write_json(self.data / data_folder.KNOWN_BY, (read_json(self.data / data_folder.KNOWN_BY) or {}) | {name: what})


def _found_register(data: Path) -> None:
    """Approve the project's register as the first release of a new platform; one that has a first release keeps it."""
    from services.register.releasing import approve, first  # imported late, as the layout is

    if not (data / "release-1.json").exists():
        release = first()
        for approver in APPROVERS:
            release = approve(release, data / "secrets" / "approvers" / f"{approver}.json")
        write_private(data / "release-1.json", release.text(), mode=0o644)


def _bus_layout() -> Sequence[access.TopicSpec]:
    from streams.runtime.topics import layout  # imported late: it reads contract and register

    return layout()
