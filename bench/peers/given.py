"""What a contestant's process is given: servers, its own topics and table, and disclose's settings file."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.peers.errand import Errand
from bench.peers.work import Job, Work
from consent.activities import view_topic
from streams.runtime.settings import load, load_register

#: The same for all, ours included: how soon a group notices a member that was killed.
SESSION_SECONDS = 6.0
HEARTBEAT_SECONDS = 1.5
#: How often the frameworks commit; their own defaults are 2.8 s (Faust) and 5 s (quixstreams), ours is 1 s.
COMMIT_SECONDS = 1.0
LOG_PARTITIONS = 12


@dataclass(frozen=True, slots=True)
class Given:
    """The settings of one contestant."""

    name: str
    kafka: str
    user: str
    password: str
    dsn: str
    disclose: str
    folder: str
    #: A light errand in the place of disclose's work.
    light: bool = False

    @property
    def group(self) -> str:
        """The consumer group."""
        return f"peer-{self.name}"

    @property
    def log(self) -> str:
        """The topic it reads: the same bytes as the ketenlog, in as many partitions."""
        return f"{self.name}.ketenlog"

    @property
    def receipts(self) -> str:
        """The topic of its receipts."""
        return f"{self.name}.receipts"

    @property
    def schema(self) -> str:
        """Its schema in PostgreSQL; its receipts are the table `receipt` there."""
        return f"peer_{self.name}"

    def view(self, topic: str) -> str:
        """Return its own topic for a view of the bus."""
        return f"{self.name}.{topic}"

    def views(self) -> tuple[str, ...]:
        """Return its topic of every view of the register."""
        return tuple(map(self.view, view_topics()))

    def work(self) -> Job:
        """Return what it does with every record; disclose's work signs and names with disclose's own keys."""
        return Errand(view_topics()) if self.light else Work(load(Path(self.disclose)))

    def librdkafka(self) -> dict[str, str | int | float | bool]:
        """Return how librdkafka reaches the broker."""
        return {
            "bootstrap.servers": self.kafka,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-256",
            "sasl.username": self.user,
            "sasl.password": self.password,
        }

    def write(self, path: Path) -> None:
        """Write the settings for `read`, readable by the owner alone."""
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self)), "utf-8")


def view_topics() -> tuple[str, ...]:
    """Return the bus's name of every view of the register."""
    return tuple(view_topic(*pair) for pair in load_register().views())


def read(arguments: list[str] = sys.argv) -> Given:
    """Return the settings in the file the command line names."""
    return Given(**json.loads(Path(arguments[1]).read_text("utf-8")))
