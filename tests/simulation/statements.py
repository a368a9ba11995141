"""What each SQL statement of positions, the outbox, admit and disclose does, by how it begins.

A statement that nobody taught the model is an error. Whether the model is true, `tests/broker/test_simulation_store.py`
asks a real PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import asyncpg

from tests.simulation.database import TABLES, Key, Row, Transaction, Values

Statement = Callable[[Transaction, str, Sequence[Any]], Awaitable[list[Row]]]
STATEMENTS: dict[str, Statement] = {}


def begins(text: str) -> Callable[[Statement], Statement]:
    """Teach the model the statements that begin so."""

    def teach(statement: Statement) -> Statement:
        STATEMENTS[text] = statement
        return statement

    return teach


def found(sql: str, others: Mapping[str, Statement]) -> Statement:
    """Return what a statement does: the longest beginning that is known, and `others` first."""
    text = _beginning(sql)
    return others.get(text) or STATEMENTS[text]


@cache
def _beginning(sql: str) -> str:
    for text in sorted(STATEMENTS, key=len, reverse=True):
        if sql.startswith(text):
            return text
    raise NotImplementedError(f"the model knows no statement like: {sql[:80]}; teach it in tests/simulation")


def rows_of(table: str, columns: Sequence[Sequence[Any]]) -> Iterator[tuple[Key, dict[str, Any]]]:
    """Yield each row that arrays of a table's first columns make, with its key."""
    names, key = TABLES[table]
    for row in zip(*columns, strict=True):
        values = dict(zip(names, row, strict=False))
        yield tuple(values[name] for name in key), values


def with_changed(values: Values, **changed: Any) -> dict[str, Any]:
    """Return a row with other values in some columns."""
    return {**values, **changed}


def places(arguments: Sequence[Any]) -> set[Key]:
    """Return the partitions that two arrays name."""
    return set(zip(arguments[0], arguments[1], strict=True))


@begins("INSERT INTO position (topic, partition) SELECT")
async def _positions(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    for topic, partition in zip(*arguments, strict=True):
        fresh = {"topic": topic, "partition": partition, "decided": 0, "sent": 0}
        await tx.insert("position", (topic, partition), fresh)
    return []


@begins("SELECT topic, partition, decided FROM position WHERE")
async def _decided(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    return [Row(row) for key in sorted(places(arguments)) if (row := tx.get("position", key)) is not None]


ADVANCE = "WITH n AS (SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) AS n(topic, partition, decided, sent))"
MARK_SENT = "WITH n AS (SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[]) AS n(topic, partition, sent))"


@begins(ADVANCE)
async def _advance(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    *ends, rows = arguments
    for key in sorted(places(ends)):
        await tx.lock("position", key)
    await forget(tx, rows)
    return advanced(tx, ends)


def advanced(tx: Transaction, ends: Sequence[Any]) -> list[Row]:
    """Move `decided` and `sent`, never back, and give back what was decided and what is sent."""
    found = []
    for topic, partition, decided, sent in zip(*ends, strict=True):
        was = tx.get("position", (topic, partition))
        if was is not None:
            now = with_changed(was, decided=max(was["decided"], decided), sent=max(was["sent"], sent))
            tx.write("position", (topic, partition), now)
            found.append(Row({**now, "decided": was["decided"]}))
    return found


@begins("INSERT INTO outbox")
async def _put(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    numbered = [(tx.database.next("outbox"), *row) for row in zip(*arguments, strict=True)]
    for row in numbered:
        tx.write("outbox", row[:1], dict(zip(TABLES["outbox"][0], row, strict=True)))
    return [Row({"seq": row[0]}) for row in numbered]


def is_from(values: Values, wanted: set[Key]) -> bool:
    """Return whether a row of the outbox follows from a record of these partitions."""
    return (values["origin_topic"], values["origin_partition"]) in wanted


@begins("SELECT * FROM outbox WHERE")
async def _left_over(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    wanted = places(arguments)
    return [Row(values) for _, values in sorted(tx.rows("outbox").items()) if is_from(values, wanted)]


@begins(MARK_SENT)
async def _mark_sent(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    *ends, rows = arguments
    await moved(tx, ends)
    return await forget(tx, rows)


async def moved(tx: Transaction, ends: Sequence[Any]) -> None:
    """Move `sent`, never back."""
    for topic, partition, end in zip(*ends, strict=True):
        await tx.change(
            "position", (topic, partition), lambda p, to=end: with_changed(p, sent=to) if p["sent"] < to else None
        )


async def forget(tx: Transaction, rows: Iterable[int]) -> list[Row]:
    """Forget rows of the outbox; those that are not there are forgotten already."""
    for number in rows:
        if tx.get("outbox", (number,)) is not None:
            await tx.delete("outbox", (number,))
    return []


@begins("INSERT INTO admitted SELECT")
async def take(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    return [Row(values) for key, values in rows_of("admitted", arguments) if await tx.insert("admitted", key, values)]


@begins("SELECT a.* FROM admitted a JOIN")
async def _holders(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    found = (tx.get("admitted", key) for key in zip(*arguments, strict=True))
    return [Row(values) for values in found if values is not None]


@begins("INSERT INTO period SELECT")
async def _remember(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    for key, values in rows_of("period", arguments):
        await tx.insert("period", key, values)
    return []


@begins("INSERT INTO today VALUES")
async def _today(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    zone, day = arguments
    if not await tx.insert("today", (zone,), {"zone": zone, "day": day}):
        await tx.change("today", (zone,), lambda was: with_changed(was, day=max(was["day"], day)))
    row = tx.get("today", (zone,))
    assert row is not None
    return [Row({"day": row["day"]})]


@begins("DELETE FROM period WHERE day <=")
async def _due(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    found = []
    for key, values in list(tx.rows("period").items()):
        if values["day"] <= arguments[0]:
            await tx.lock("period", key)
            if tx.get("period", key) is not None:  # another may have taken it while this one waited
                tx.write("period", key, None)
                found.append(Row(values))
    return found


@begins("INSERT INTO fact SELECT")
async def _learn(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    return [Row(values) for key, values in rows_of("fact", arguments) if await tx.insert("fact", key, values)]


@begins("SELECT * FROM fact WHERE subject = ANY")
async def _facts(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    return [Row(values) for key, values in tx.rows("fact").items() if key[0] in arguments[0]]


@begins("SELECT * FROM standing WHERE subject = ANY")
async def _standings(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    return [Row(values) for key, values in tx.rows("standing").items() if key[0] in arguments[0]]


@begins("WITH n AS (SELECT * FROM unnest($1::bytea[],$2::text[],$3::text[],$4::text[],$5::text[]")
async def _stand(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    for key, values in rows_of("standing", arguments[:11]):
        await tx.lock("standing", key)
        tx.write("standing", key, values)
    of_decision = sql[sql.index("INSERT INTO decision") :]
    names = [name.strip() for name in of_decision[of_decision.index("(") + 1 : of_decision.index(")")].split(",")]
    for row in zip(*arguments[:10], *arguments[11:], strict=True):
        seq = tx.database.next("decision")
        tx.write("decision", (seq,), {"seq": seq, **dict(zip(names, row, strict=True))})
    return []


@begins("SELECT DISTINCT ON (partition) partition, number, digest FROM release WHERE")
async def _newest_releases(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    newest = {key[0]: values for key, values in sorted(tx.rows("release").items()) if key[0] in arguments[0]}
    return [Row(values) for values in newest.values()]


@begins("INSERT INTO release (partition, number, digest, content, origin)")
async def _put_in_force(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    values = dict(zip(TABLES["release"][0], arguments, strict=True))
    if not await tx.insert("release", (values["partition"], values["number"]), values):
        raise asyncpg.UniqueViolationError("release_pkey")
    return []


@begins("SELECT digest, content FROM release WHERE")
async def _contents(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    return [Row(values) for values in tx.rows("release").values() if values["digest"] in arguments[0]]


@begins("SELECT DISTINCT subject, split_part(origin, '/', 2)::int AS partition FROM fact")
async def _subjects_in(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    found = {(values["subject"], int(values["origin"].split("/")[1])) for values in tx.rows("fact").values()}
    return [Row({"subject": subject, "partition": n}) for subject, n in sorted(found) if n in arguments[0]]


@begins("INSERT INTO confirmation SELECT")
async def _confirm(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    for key, values in rows_of("confirmation", arguments):
        await tx.insert("confirmation", key, values)
    return []


@begins("SET LOCAL idle_in_transaction_session_timeout = 0")
async def _patient(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    return []


@begins("SELECT pg_advisory_xact_lock")
async def _alone(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    await tx.lock("advisory", ())
    return [Row({"pg_advisory_xact_lock": ""})]


@begins("SELECT topic, partition, upto FROM written")
async def _written(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    return [Row(values) for values in tx.rows("written").values()]


@begins("INSERT INTO written SELECT")
async def _mark_written(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    await taken(tx, "written", "upto", rows_of("written", arguments))
    return []


async def taken(tx: Transaction, table: str, number: str, rows: Iterable[tuple[Key, dict[str, Any]]]) -> int:
    """Store rows that are new or of a higher number, and return how many those are."""
    count = 0
    for key, values in rows:
        is_new = await tx.insert(table, key, values)
        if not is_new:
            higher = await tx.change(table, key, lambda was, v=values: v if was[number] < v[number] else None)
            is_new = higher is not None
        count += is_new
    return count


@begins("WITH taken AS (INSERT INTO admitted")
async def _ids_back(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    fresh = [key for key, values in rows_of("admitted", arguments) if await tx.insert("admitted", key, values)]
    return [Row({"count": len(fresh)})]


@begins("WITH taken AS (INSERT INTO standing")
async def _standings_back(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    *name, masks, activities, changes, in_views = arguments
    outcomes = ["delivered" if holds else "withheld" for holds in in_views]
    columns = [*name, outcomes, masks, activities, ["[]"] * len(changes), changes, in_views]
    return [Row({"count": await taken(tx, "standing", "change", rows_of("standing", columns))})]


@begins("SELECT topic, key, value, headers, seq FROM outbox WHERE topic = ANY")
async def _unsent(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    return [Row(row) for _, row in sorted(tx.rows("outbox").items()) if row["topic"] in arguments[0]]


@begins("DELETE FROM outbox WHERE seq = ANY")
async def _forget(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    return await forget(tx, arguments[0])
