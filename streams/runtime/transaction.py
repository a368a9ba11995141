"""Positions and the outbox: what makes a batch happen once, in the transaction of its result.

`decided` is how far a processor has judged a partition, `sent` how far its results have been acknowledged by the broker.
Between the two it only sends again, the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg

from ketenbus.errors import ConfigurationError, CorruptLogError
from streams.runtime.records import Record, ToSend, pack_headers, unpack_headers

Connection = asyncpg.pool.PoolConnectionProxy
Place = tuple[str, int]
#: topic, key, value and packed headers
Words = tuple[str, bytes, bytes | None, str]

SCHEMA = """
CREATE TABLE IF NOT EXISTS position (
    topic text NOT NULL, partition int NOT NULL, decided bigint NOT NULL DEFAULT 0, sent bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, partition), CHECK (sent <= decided));
CREATE TABLE IF NOT EXISTS outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, origin_topic text NOT NULL, origin_partition int NOT NULL,
    topic text NOT NULL, key bytea NOT NULL, value bytea, headers text NOT NULL);
CREATE INDEX IF NOT EXISTS outbox_origin ON outbox (origin_topic, origin_partition);
CREATE TABLE IF NOT EXISTS written (
    topic text NOT NULL, partition int NOT NULL, upto bigint NOT NULL, PRIMARY KEY (topic, partition));
CREATE TABLE IF NOT EXISTS cluster (id text PRIMARY KEY);
CREATE TABLE IF NOT EXISTS naming (fingerprint text PRIMARY KEY);
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """What the broker has acknowledged: how far each partition is with it, and the outbox rows of it."""

    ends: Mapping[Place, int] = field(default_factory=dict)
    rows: Sequence[int] = ()


NOTHING = Sent()


async def prepare(connection: Connection, cluster_id: str, naming: str | None = None, tables: str = "") -> None:
    """Create the tables, `tables` too, and bind this database to one Kafka cluster and one naming key, told by its fingerprint.

    Raises ConfigurationError when the database belongs to another cluster, where its positions mean nothing, or another key:
    a subject would get another name, and a withdrawal never meet its grant.
    """
    async with connection.transaction():
        # One worker of a processor at a time: two that make the same table, or grant the same right, fail on each other.
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('tables ' || current_schema()))")
        await connection.execute(SCHEMA + tables)
        await connection.execute("INSERT INTO cluster SELECT $1 WHERE NOT EXISTS (SELECT FROM cluster)", cluster_id)
        bound = await connection.fetchval("SELECT id FROM cluster")
        if bound != cluster_id:
            raise ConfigurationError(
                f"this database holds positions of Kafka cluster {bound}, not {cluster_id}: "
                "point the processor at the cluster it belongs to, or at an empty database"
            )
        if naming is not None:
            await _bind_naming(connection, naming)


async def _bind_naming(connection: Connection, naming: str) -> None:
    await connection.execute("INSERT INTO naming SELECT $1 WHERE NOT EXISTS (SELECT FROM naming)", naming)
    if await connection.fetchval("SELECT fingerprint FROM naming") != naming:
        raise ConfigurationError(
            "this database was filled under another key for subjects or views than the settings hold: start with the "
            "secrets it was filled under (secrets/drawn.json is in the backup); a key that is drawn again renames everything"
        )


def require_there(place: Place, end: int, upto: int) -> None:
    """Raise CorruptLogError where a partition ends before what this database knows of it."""
    if upto > end:
        raise CorruptLogError(lost_by_kafka(place, end, upto))


def lost_by_kafka(place: Place, end: int, upto: int) -> str:
    """Return what to say of a partition that ends before what this database knows of it."""
    return (
        f"{place[0]}/{place[1]} ends at {end}, and this database knows it up to {upto}: Kafka lost what it had acknowledged. "
        "Nothing is read until both are of one moment: docs/operating.md says how"
    )


async def take_up(connection: Connection, places: Iterable[Place]) -> None:
    """Give each partition that has no position yet one, at its beginning."""
    wanted = sorted(places)
    await connection.execute(
        "INSERT INTO position (topic, partition) SELECT * FROM unnest($1::text[], $2::int[]) ON CONFLICT DO NOTHING",
        [t for t, _ in wanted],
        [p for _, p in wanted],
    )


def ends_of(records: Iterable[Record]) -> dict[Place, int]:
    """Return how far these records reach in each partition.

    A batch may hold a record twice, the second time behind later ones: a partition that comes back to a worker is read again from
    what is sent, while what was fetched before still waits.
    """
    ends: dict[Place, int] = {}
    for record in records:
        place = (record.topic, record.partition)
        ends[place] = max(record.offset + 1, ends.get(place, 0))
    return ends


async def advance(
    connection: Connection, records: Sequence[Record], earlier: Sent = NOTHING
) -> tuple[tuple[Record, ...], bool]:
    """Lock the positions of the batch, move `decided` past it, and return the records not decided before.

    Also return whether another worker decided some of them, or what comes before them, and was not seen to send what followed.
    `earlier` is marked as sent on the way: a worker has sent its own by then, so what is still unsent is another's.

    Raises CorruptLogError on a gap (records below this batch were never decided) or a partition that was not taken up.
    """
    ends = ends_of(records)
    places = sorted(ends.keys() | earlier.ends.keys())
    rows = await connection.fetch(
        "WITH n AS (SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) AS n(topic, partition, decided, sent)), "
        "was AS (SELECT p.* FROM position p JOIN n USING (topic, partition) ORDER BY p.topic, p.partition FOR UPDATE OF p), "
        "gone AS (DELETE FROM outbox WHERE seq = ANY($5::bigint[])) "
        "UPDATE position p SET decided = greatest(was.decided, n.decided), sent = greatest(was.sent, n.sent) "
        "FROM n JOIN was USING (topic, partition) WHERE p.topic = n.topic AND p.partition = n.partition "
        "RETURNING p.topic, p.partition, was.decided, p.sent",
        [topic for topic, _ in places],
        [partition for _, partition in places],
        [ends.get(place, 0) for place in places],
        [earlier.ends.get(place, 0) for place in places],
        list(earlier.rows),
    )
    was = {(row["topic"], row["partition"]): row for row in rows}
    expected: dict[Place, int] = {place: row["decided"] for place, row in was.items()}
    fresh = []
    for record in records:
        place = (record.topic, record.partition)
        if place not in expected:
            raise CorruptLogError(f"{record.origin} comes from a partition that was not taken up")
        if record.offset < expected[place]:
            continue
        if record.offset > expected[place]:
            raise CorruptLogError(f"gap before {record.origin}: decided up to {expected[place]}")
        expected[place] = record.offset + 1
        fresh.append(record)
    others = len(fresh) < len(records) or any(was[place]["sent"] < was[place]["decided"] for place in ends)
    return tuple(fresh), others


async def put(connection: Connection, outgoing: Sequence[ToSend]) -> tuple[int, ...]:
    """Store what is to be sent, in order, in the transaction of the batch; return the numbers of the rows."""
    rows = await connection.fetch(
        "INSERT INTO outbox (origin_topic, origin_partition, topic, key, value, headers) "
        "SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::bytea[], $5::bytea[], $6::text[]) RETURNING seq",
        [o.origin.topic for o in outgoing],
        [o.origin.partition for o in outgoing],
        [o.topic for o in outgoing],
        [o.key for o in outgoing],
        [o.value for o in outgoing],
        [pack_headers(o.headers) for o in outgoing],
    )
    return tuple(row["seq"] for row in rows)


async def left_over(connection: Connection, places: Iterable[Place]) -> tuple[list[ToSend], tuple[int, ...]]:
    """Return what is stored for these partitions and was never seen acknowledged, in order, and the rows' numbers."""
    wanted = sorted(places)
    rows = await connection.fetch(
        "SELECT * FROM outbox WHERE (origin_topic, origin_partition) IN (SELECT * FROM unnest($1::text[], $2::int[])) ORDER BY seq",
        [t for t, _ in wanted],
        [p for _, p in wanted],
    )
    unsent = [
        ToSend(
            Record(r["origin_topic"], r["origin_partition"], -1, 0, None, None, ()),
            r["topic"],
            r["key"],
            r["value"],
            unpack_headers(r["headers"]),
        )
        for r in rows
    ]
    return unsent, tuple(row["seq"] for row in rows)


async def unsent(connection: Connection, topics: Iterable[str]) -> dict[Words, int]:
    """Return what the outbox holds for these topics, word for word, each with its row's number."""
    rows = await connection.fetch(
        "SELECT topic, key, value, headers, seq FROM outbox WHERE topic = ANY($1::text[])", sorted(topics)
    )
    return {(r["topic"], r["key"], r["value"], r["headers"]): r["seq"] for r in rows}


async def forget(connection: Connection, rows: Sequence[int]) -> None:
    """Forget these rows of the outbox: the topics have them."""
    await connection.execute("DELETE FROM outbox WHERE seq = ANY($1::bigint[])", list(rows))


async def mark_sent(connection: Connection, ends: Mapping[Place, int], rows: Sequence[int]) -> None:
    """Move `sent`, and forget these rows of the outbox: exactly those are acknowledged.

    Never more: a worker that lost a partition may store others until it notices, of higher or of lower numbers (a row is
    numbered when it is written, and seen when it is committed), and die before it sends them.
    """
    places = sorted(ends)
    await connection.execute(
        "WITH n AS (SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[]) AS n(topic, partition, sent)), "
        "moved AS (UPDATE position p SET sent = n.sent FROM n "
        "WHERE p.topic = n.topic AND p.partition = n.partition AND p.sent < n.sent) "
        "DELETE FROM outbox WHERE seq = ANY($4::bigint[])",
        [topic for topic, _ in places],
        [partition for _, partition in places],
        [ends[place] for place in places],
        list(rows),
    )


async def written(connection: Connection) -> dict[Place, int]:
    """Return how far this processor remembers to have written topics; it may have written further, never less."""
    rows = await connection.fetch("SELECT topic, partition, upto FROM written")
    return {(row["topic"], row["partition"]): row["upto"] for row in rows}


async def mark_written(connection: Connection, ends: Mapping[Place, int]) -> None:
    """Remember how far topics are written."""
    places = sorted(ends)
    await connection.execute(
        "INSERT INTO written SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[]) ON CONFLICT (topic, partition) "
        "DO UPDATE SET upto = excluded.upto WHERE written.upto < excluded.upto",
        [topic for topic, _ in places],
        [partition for _, partition in places],
        [ends[place] for place in places],
    )


async def decided(connection: Connection, places: Iterable[Place]) -> dict[Place, int]:
    """Return how far each partition is decided; 0 where it never was."""
    wanted = sorted(places)
    rows = await connection.fetch(
        "SELECT topic, partition, decided FROM position WHERE (topic, partition) IN (SELECT * FROM unnest($1::text[], $2::int[]))",
        [t for t, _ in wanted],
        [p for _, p in wanted],
    )
    known = {(r["topic"], r["partition"]): r["decided"] for r in rows}
    return {place: known.get(place, 0) for place in wanted}
