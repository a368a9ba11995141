"""Which register is in force in which partition of the log: the founding release, and those that control records announce.

A control record lies in every partition of the log (docs/decisions/020): from there on disclose judges that partition's subjects by
it, those it judged before too. The release it holds is checked again at every start.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from consent.activities import Register, fingerprint
from consent.release import Release, read_release, register_of, require_approved, require_next
from ketenbus.errors import ConfigurationError, CorruptLogError
from streams.runtime.records import Record
from streams.runtime.settings import ProcessorSettings, contract_words, load_approvers, load_register
from streams.runtime.transaction import Connection

log = logging.getLogger(__name__)

#: The header that tells a control record from an event, and what it says.
CONTROL = ("ketenbus-control", b"register-released")
SCHEMA = """
CREATE TABLE IF NOT EXISTS release (
    partition int NOT NULL, number int NOT NULL, digest text NOT NULL, content text NOT NULL, origin text NOT NULL,
    PRIMARY KEY (partition, number));
"""


@dataclass(frozen=True, slots=True)
class Law:
    """A register in force: its release's number and digest, the fingerprint by which decisions name it, and its text."""

    number: int
    digest: str
    register: Register
    fingerprint: str
    activities: str


def law_of(release: Release, approvers: Mapping[str, Ed25519PublicKey]) -> Law:
    """Return the law of a release; raises ValueError where it is not approved, was altered, or holds no valid register."""
    require_approved(release, approvers)
    register = register_of(release, contract_words())
    return Law(release.number, release.digest, register, fingerprint(register), release.activities)


def is_control(record: Record) -> bool:
    """Return whether a record of the log is a control record, no event."""
    return CONTROL in record.headers


def founding(settings: ProcessorSettings) -> Law:
    """Return the law in force from the beginning of the log: the founding release, or a what-if run's own files.

    Raises ConfigurationError where it is not approved, was altered, or holds no valid register.
    """
    if settings.release is None:
        activities = settings.law_file("activities.yaml")
        register = load_register(activities, settings.law_file("rules.yaml"))
        return Law(1, "", register, fingerprint(register), activities.read_text("utf-8"))
    try:
        return law_of(read_release(settings.release.read_bytes()), load_approvers(settings.approvers))
    except (ValueError, OSError) as error:
        raise ConfigurationError(
            f"{settings.name} does not start without a register that is approved: {error}"
        ) from error


class Laws:
    """The laws of one disclose, by the partition of the log."""

    def __init__(self, founding: Law, approvers: Mapping[str, Ed25519PublicKey]) -> None:
        """`founding` is in force where no control record was met."""
        self.founding = founding
        self._approvers = approvers
        self._by_digest = {founding.digest: founding}

    @cached_property
    def views(self) -> tuple[tuple[str, str], ...]:
        """Every view there is a topic of: what the founding release names, and the project's own register."""
        return tuple(sorted({*self.founding.register.views(), *load_register().views()}))

    async def take_up(self, connection: Connection, records: Iterable[Record]) -> dict[int, Record]:
        """Put the releases of these control records in force, and return the record that did so by partition.

        One that is in force already, or was before, changes nothing. Raises CorruptLogError on one that is not approved or skips one.
        """
        announced = [record for record in records if is_control(record)]
        if not announced:
            return {}
        now = await self.in_force(connection, {record.partition for record in announced})
        changed: dict[int, Record] = {}
        for record in announced:
            before = now[record.partition]
            try:
                release = read_release(record.value or b"")
                law = self._by_digest.get(release.digest) or law_of(release, self._approvers)
                if law.number <= before.number:
                    log.warning("%s: release %d is not newer than what is in force", record.origin, law.number)
                    continue
                require_next(release, before.number, before.digest)
            except ValueError as error:
                raise CorruptLogError(f"{record.origin}: {error}") from error
            await store(connection, record, law, release.text())
            self._by_digest[law.digest] = now[record.partition] = law
            changed[record.partition] = record
        return changed

    async def in_force(self, connection: Connection, partitions: Iterable[int]) -> dict[int, Law]:
        """Return the law in force in each of these partitions.

        Raises ConfigurationError where what is stored is not what was approved.
        """
        wanted = sorted(partitions)
        stored = await newest(connection, wanted)
        unknown = {digest for _, digest in stored.values()} - self._by_digest.keys()
        for digest, text in (await contents(connection, sorted(unknown))).items() if unknown else ():
            try:
                law = law_of(read_release(text), self._approvers)
            except ValueError as error:
                raise ConfigurationError(f"the register in force cannot be trusted: {error}") from error
            if law.digest != digest:
                raise ConfigurationError(f"the register in force cannot be trusted: release {law.number} was altered")
            self._by_digest[digest] = law
        return {n: self._by_digest[stored[n][1]] if n in stored else self.founding for n in wanted}


async def store(connection: Connection, record: Record, law: Law, text: str) -> None:
    """Keep the release that a control record put in force in its partition."""
    await connection.execute(
        "INSERT INTO release (partition, number, digest, content, origin) VALUES ($1, $2, $3, $4, $5)",
        record.partition, law.number, law.digest, text, record.origin,
    )  # fmt: skip


async def newest(connection: Connection, partitions: Sequence[int]) -> dict[int, tuple[int, str]]:
    """Return the number and digest of the newest release of each of these partitions that has one."""
    rows = await connection.fetch(
        "SELECT DISTINCT ON (partition) partition, number, digest FROM release WHERE partition = ANY($1::int[]) "
        "ORDER BY partition, number DESC",
        partitions,
    )
    return {row["partition"]: (row["number"], row["digest"]) for row in rows}


async def contents(connection: Connection, digests: Sequence[str]) -> dict[str, str]:
    """Return what these releases say."""
    rows = await connection.fetch("SELECT digest, content FROM release WHERE digest = ANY($1::text[])", digests)
    return {row["digest"]: row["content"] for row in rows}
