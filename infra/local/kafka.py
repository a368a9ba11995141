"""One real Apache Kafka node (broker and controller) on loopback, with passwords and access lists.

Main classes are started directly; Kafka's shell scripts are not in its jars. What is secret goes through files with
mode 0600, never through a command line.
"""

from __future__ import annotations

import base64
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from infra.local import jars, java, processes
from infra.local.files import private_folder, write_private
from infra.local.ports import LOOPBACK
from infra.local.settings import KafkaAdmin
from ketenbus.errors import ConfigurationError

# Measured on two cores against the JVM's own choices: up in 1.7 s instead of 2.1 s, half the processor time over the
# first minute (the C1 compiler alone), the same records per second, and 172 MB of memory (PSS) instead of 321 MB.
FLAGS = ("-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
START_SECONDS = 90.0
STOP_SECONDS = 20.0

# Retention: with Kafka's defaults records that carry old times are deleted at its first check.
# Sessions: short ones are allowed so that a killed worker is replaced within seconds; the broker's own is short because
# after a kill it comes back only when its former self's session ended (measured: in 8.3 s with 6 s, 6.1 s with 3 s).
# Cleaner buffer: the default takes 128 MB of heap for one small offsets topic.
FIXED = """
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
inter.broker.listener.name=CLIENTS
listener.security.protocol.map=CLIENTS:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT
sasl.enabled.mechanisms=SCRAM-SHA-256
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-256
sasl.mechanism.controller.protocol=PLAIN
listener.name.controller.sasl.enabled.mechanisms=PLAIN
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:admin
auto.create.topics.enable=false
default.replication.factor=1
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
group.consumer.min.session.timeout.ms=1000
group.consumer.min.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
log.retention.ms=-1
log.retention.bytes=-1
log.message.timestamp.type=LogAppendTime
log.cleaner.dedupe.buffer.size=8388608
message.max.bytes=2097152
replica.fetch.max.bytes=2097152
num.network.threads=2
num.io.threads=4
"""


@dataclass(frozen=True, slots=True)
class KafkaServer:
    """A Kafka node that keeps everything it has in `folder`."""

    folder: Path
    log: Path

    @property
    def settings_file(self) -> Path:
        """The server's properties; this path on a command line is how the process is recognised."""
        return self.folder / "server.properties"

    def running(self, pid: int | None = None) -> processes.Process | None:
        """Return the live process of this node, whoever started it."""
        return processes.find(("kafka.Kafka", str(self.settings_file)), pid)

    def prepare(self, ports: tuple[int, int], password: str, cache: Path, say: Callable[[str], None]) -> None:
        """Write the settings for (clients, controller) ports, and format the storage once."""
        private_folder(self.folder)
        classpath = ":".join(map(str, jars.ensure_jars(cache, say)))
        write_private(self.folder / "classpath.args", f'-cp "{classpath}"\n')
        write_private(self.settings_file, _properties(self.folder / "log", ports, password))
        formatted = self.folder / "formatted"
        if not formatted.exists():
            shutil.rmtree(self.folder / "log", ignore_errors=True)  # what an interrupted format left
            self._format(password)
            formatted.touch()

    def start(self) -> processes.Process:
        """Start the server; it is not ready yet."""
        command = [*self._java(), "kafka.Kafka", str(self.settings_file)]
        return processes.start(command, self.log)

    def wait_until_ready(self, process: processes.Process, admin: KafkaAdmin) -> None:
        """Return when the node answers its administrator; if it dies first, say why."""
        deadline = time.monotonic() + START_SECONDS
        client = admin_client(admin)
        while True:
            if not process.alive():
                raise ConfigurationError(
                    f"Kafka stopped while starting; the end of {self.log}:\n{processes.tail(self.log, 15)}"
                )
            try:
                if client.list_topics(timeout=0.5).brokers:
                    return
            except KafkaException:
                if time.monotonic() > deadline:
                    raise ConfigurationError(
                        f"Kafka (pid {process.pid}) does not answer at {admin.address} after "
                        f"{START_SECONDS:.0f} s: see {self.log}"
                    ) from None
            time.sleep(0.05)

    def stop(self, process: processes.Process) -> bool:
        """Stop the node in order; return whether it did so by itself in time."""
        return processes.stop(process, signal.SIGTERM, within_seconds=STOP_SECONDS)

    def _java(self) -> tuple[str, ...]:
        logging = Path(__file__).with_name("log4j2.properties")
        return (
            str(java.find_java()),
            *FLAGS,
            f"-Dlog4j2.configurationFile={logging}",
            f"@{self.folder / 'classpath.args'}",
        )

    def _format(self, password: str) -> None:
        """Make the storage with the administrator's password in it."""
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # The Java launcher reads main class and arguments from a file too: the password stays off the command line.
        secret = self.folder / "format.args"
        words = [
            "kafka.tools.StorageTool",
            "format",
            "--config",
            str(self.settings_file),
            f"--cluster-id={cluster_id}",
            "--add-scram",
            f"SCRAM-SHA-256=[name=admin,password={password}]",
        ]
        write_private(secret, "\n".join(_quoted(word) for word in words))
        try:
            done = subprocess.run([*self._java(), f"@{secret}"], capture_output=True, text=True, check=False)
        finally:
            secret.unlink()
        if done.returncode != 0:
            raise ConfigurationError(f"Kafka's storage in {self.folder} could not be formatted:\n{done.stderr[-2000:]}")


def admin_client(admin: KafkaAdmin) -> AdminClient:
    """Return a client of the cluster's administrator that keeps its connection troubles to itself."""
    settings: dict[str, Any] = {**client_settings(admin.address, admin.user, admin.password), "error_cb": _ignore}
    return AdminClient(settings)


def client_settings(address: str, user: str, password: str) -> dict[str, str | int | float | bool]:
    """Return what a confluent-kafka client needs to log in; a server that is still starting is no news to print."""
    return {
        "bootstrap.servers": address,
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.username": user,
        "sasl.password": password,
        "log_level": 0,
        "reconnect.backoff.max.ms": 200,
    }


def _ignore(_: object) -> None:
    """Drop a client's report: the call that fails raises it too."""


def _quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _properties(log_folder: Path, ports: tuple[int, int], password: str) -> str:
    clients, controller = (f"{LOOPBACK}:{port}" for port in ports)
    modules = "org.apache.kafka.common.security"
    login = f'required username="admin" password="{password}"'
    varying = {
        "controller.quorum.voters": f"1@{controller}",
        "listeners": f"CLIENTS://{clients},CONTROLLER://{controller}",
        "advertised.listeners": f"CLIENTS://{clients}",
        "log.dirs": str(log_folder),
        "listener.name.clients.scram-sha-256.sasl.jaas.config": f"{modules}.scram.ScramLoginModule {login};",
        "listener.name.controller.plain.sasl.jaas.config": (
            f'{modules}.plain.PlainLoginModule {login} user_admin="{password}";'
        ),
    }
    return FIXED + "".join(f"{name}={value}\n" for name, value in varying.items())
