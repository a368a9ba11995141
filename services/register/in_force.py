"""Which releases of the register a bus goes by, as disclose has taken them up: by SELECT only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from consent.activities import Register
from consent.release import read_release
from services.lineage.store import Connection
from streams.disclose.releases import Law, founding, law_of
from streams.runtime import topics
from streams.runtime.settings import ProcessorSettings, load_approvers


@dataclass(frozen=True, slots=True)
class Releases:
    """Every law this bus ever went by, by its digest, and the one in force in each partition of the log."""

    laws: Mapping[str, Law]
    by_partition: Mapping[int, Law]
    #: Where each release came into force: digest to coordinates by partition.
    places: Mapping[str, Mapping[int, str]]

    @property
    def registers(self) -> Mapping[str, Register]:
        """Every register by its fingerprint, the newest last."""
        return {law.fingerprint: law.register for law in sorted(self.laws.values(), key=lambda law: law.number)}

    @property
    def newest(self) -> Law:
        """The newest that is in force anywhere."""
        return max(self.by_partition.values(), key=lambda law: law.number)


async def releases(connection: Connection, settings: ProcessorSettings) -> Releases:
    """Return what the bus with these settings goes by and went by.

    Raises ConfigurationError where the founding release is not approved, and ValueError where a later one is not.
    """
    start = founding(settings)
    laws = {start.digest: start}
    by_partition = dict.fromkeys(range(topics.KETENLOG_PARTITIONS), start)
    places: dict[str, dict[int, str]] = {start.digest: {}}
    approvers = load_approvers(settings.approvers)
    rows = await connection.fetch(
        "SELECT partition, number, digest, content, origin FROM disclose.release ORDER BY number, partition"
    )
    for row in rows:
        if row["digest"] not in laws:
            laws[row["digest"]] = law_of(read_release(row["content"]), approvers)
        by_partition[row["partition"]] = laws[row["digest"]]
        places.setdefault(row["digest"], {})[row["partition"]] = row["origin"]
    return Releases(laws, by_partition, places)
