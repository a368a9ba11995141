"""Which subject of the log is meant: the bus keeps a keyed hash of a client number, and the auditor holds no key to hash with."""

from __future__ import annotations

import re

from ketenbus.errors import ConfigurationError
from services.lineage import arrivals
from services.lineage.names import Names
from services.lineage.store import Connection
from streams.disclose.binding import logged
from streams.disclose.store import StoredFact

HASHED = re.compile(r"[0-9a-f]{12,32}")


async def find(connection: Connection, names: Names, said: str) -> bytes:
    """Return the subject that `PARTNER/NUMBER` names, or its hash as lineage prints it.

    A partner is named by its id, its OIN or a CloudEvents source. Its number stands in the events it published; the subject
    is the one those events are logged under. Raises ConfigurationError where there is none, or more than one.
    """
    if HASHED.fullmatch(said):
        query = "SELECT DISTINCT subject FROM disclose.fact WHERE encode(subject, 'hex') LIKE $1 || '%'"
        found = {row["subject"] for row in await connection.fetch(query, said)}
    else:
        partner, slash, number = said.partition("/")
        if not slash or not number:
            raise ConfigurationError(f"{said} names no subject: say PARTNER/NUMBER, or the hash that lineage prints")
        found = await _by_number(connection, arrivals.named(partner, names.partners) or "", number)
    if len(found) != 1:
        raise ConfigurationError(
            "no event about this subject was admitted"
            if not found
            else "more than one subject begins so: say more of it"
        )
    return bytes(found.pop())


async def _by_number(connection: Connection, oin: str, number: str) -> set[bytes]:
    """Return the subjects of this partner's events that hold its number; a text elsewhere in an event is no subject."""
    rows = await connection.fetch(
        "SELECT * FROM disclose.fact WHERE oin = $1 AND position($2::bytea in value) > 0", oin, number.encode()
    )
    events = [logged(StoredFact(*row)) for row in rows]
    return {e.subject for e in events if getattr(e.event, "subject", None) == number and len(e.subjects) == 1}
