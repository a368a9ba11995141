"""What each SQL statement of the zones does, registration's and monitoring's, by how it begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg

from tests.simulation.database import TABLES, Row, Transaction
from tests.simulation.statements import begins, rows_of, taken, with_changed


@begins("SELECT secret FROM zone_key")
async def _zone_key(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    return [Row(values) for values in tx.rows("zone_key").values()]


@begins("INSERT INTO told SELECT")
async def _news(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    news = []
    for key, values in rows_of("told", arguments):
        is_new = await tx.insert("told", key, values)
        higher = None
        if not is_new:
            higher = await tx.change("told", key, lambda t, v=values: v if t["change"] < v["change"] else None)
        if is_new or higher is not None:
            news.append(Row(values))
    return news


@begins("INSERT INTO report SELECT")
async def _reports(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    for event, subject, content, unmapped in zip(*arguments, strict=True):
        fresh = {"event": event, "subject": subject, "stands": True, "content": content, "unmapped": unmapped}
        if not await tx.insert("report", (event,), fresh):
            await tx.change("report", (event,), lambda r, f=fresh: {**f, "subject": r["subject"]})
    return []


@begins("DELETE FROM identity_key WHERE event = ANY")
async def _forget(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    for key in [k for k, values in tx.rows("identity_key").items() if values["event"] in arguments[0]]:
        await tx.delete("identity_key", key)
    return []


@begins("INSERT INTO identity_key SELECT")
async def _identify(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    return await _insert_all(tx, "identity_key", arguments)


@begins("INSERT INTO link VALUES")
async def _link(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    return await _stands(tx, "link", arguments)


@begins("INSERT INTO unlink VALUES")
async def _unlink(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    return await _stands(tx, "unlink", arguments)


async def _stands(tx: Transaction, table: str, arguments: Sequence[Any]) -> list[Row]:
    values = dict(zip(TABLES[table][0], (*arguments, True), strict=True))
    if not await tx.insert(table, (arguments[0],), values):
        await tx.change(table, (arguments[0],), lambda row: with_changed(row, stands=True))
    return []


@begins("UPDATE report SET stands = false, content = ''")
async def _recall_reports(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    found = []
    for event in arguments[0]:
        row = await tx.change("report", (event,), lambda r: with_changed(r, stands=False, content=""))
        if row is not None:
            found.append(Row({"a": row["subject"], "b": row["subject"]}))
    return found


@begins("UPDATE link SET stands = false")
async def _recall_links(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    found = []
    for event in arguments[0]:
        row = await tx.change("link", (event,), lambda r: with_changed(r, stands=False))
        if row is not None:
            found.append(Row({"a": row["a"], "b": row["b"]}))
    return found


@begins("WITH gone AS (UPDATE unlink SET stands = false")
async def _recall_unlinks(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    found = []
    for event in arguments[0]:
        gone = await tx.change("unlink", (event,), lambda r: with_changed(r, stands=False))
        link = tx.get("link", (gone["withdraws"],)) if gone is not None else None
        if link is not None:
            found.append(Row({"a": link["a"], "b": link["b"]}))
    return found


@begins("SELECT DISTINCT other FROM (")
async def _neighbours(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    edge, known = set(arguments[0]), set(arguments[1])
    keys = tx.rows("identity_key").values()
    digests = {(k["kind"], k["digest"]) for k in keys if k["subject"] in edge}
    found = {k["subject"] for k in keys if (k["kind"], k["digest"]) in digests}
    for link in tx.rows("link").values():
        found |= {link["b"]} if link["a"] in edge else set()
        found |= {link["a"]} if link["b"] in edge else set()
    held = tx.rows("record_subject").values()
    numbers = {row["number"] for row in held if row["subject"] in edge}
    found |= {row["subject"] for row in held if row["number"] in numbers}
    return [Row({"other": other}) for other in found - known]


@begins("SELECT content FROM report WHERE stands")
async def _reports_of(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    return [Row(r) for r in tx.rows("report").values() if r["stands"] and r["subject"] in arguments[0]]


@begins("SELECT event, a, b FROM link l WHERE stands")
async def _links_of(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    undone = {u["withdraws"] for u in tx.rows("unlink").values() if u["stands"]}
    return [
        Row({"event": link["event"], "a": link["a"], "b": link["b"]})
        for link in tx.rows("link").values()
        if link["stands"] and {link["a"], link["b"]} <= set(arguments[0]) and link["event"] not in undone
    ]


@begins("SELECT * FROM record WHERE number = ANY")
async def _records_of(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    numbers = {r["number"] for r in tx.rows("record_subject").values() if r["subject"] in arguments[0]}
    numbers.update(arguments[1])
    return [Row(r) for r in tx.rows("record").values() if r["number"] in numbers]


@begins("DELETE FROM record_subject WHERE subject = ANY")
async def _let_go(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    for key in [k for k in tx.rows("record_subject") if k[0] in arguments[0]]:
        await tx.delete("record_subject", key)
    return []


@begins("INSERT INTO record_subject SELECT")
async def _hold(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    return await _insert_all(tx, "record_subject", arguments)


async def _insert_all(tx: Transaction, table: str, arguments: Sequence[Any]) -> list[Row]:
    for key, values in rows_of(table, arguments):
        if not await tx.insert(table, key, values):
            raise asyncpg.UniqueViolationError(f"{table}_pkey")
    return []


@begins("INSERT INTO record SELECT")
async def _record(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    for key, values in rows_of("record", arguments):
        await tx.lock("record", key)
        tx.write("record", key, values)
    return []


@begins("WITH taken AS (INSERT INTO record ")
async def _records_back(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    return [Row({"count": await taken(tx, "record", "version", rows_of("record", arguments))})]


@begins("SELECT * FROM record r WHERE NOT ended AND NOT EXISTS")
async def _held_by_nobody(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    held = {row["number"] for row in tx.rows("record_subject").values()}
    return [Row(r) for key, r in sorted(tx.rows("record").items()) if not r["ended"] and key[0] not in held]


@begins("SELECT s.subject, r.at FROM record_subject s JOIN record r")
async def _held_unknown(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    unknown = {key[0]: r["at"] for key, r in tx.rows("record").items() if r["state"] == arguments[0]}
    held = tx.rows("record_subject").values()
    return [Row({"subject": r["subject"], "at": unknown[r["number"]]}) for r in held if r["number"] in unknown]


@begins("INSERT INTO version VALUES")
async def _version(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    return await _highest(tx, "version", arguments)


@begins("INSERT INTO counted VALUES")
async def _counted(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    return await _highest(tx, "counted", arguments)


async def _highest(tx: Transaction, table: str, arguments: Sequence[Any]) -> list[Row]:
    values = dict(zip(TABLES[table][0], arguments, strict=True))
    if not await tx.insert(table, (values["event"],), values):
        await tx.change(
            table,
            (values["event"],),
            lambda row: values if row["change"] < values["change"] else None,
        )
    return []


@begins("SELECT DISTINCT ON (record) record, content FROM version")
async def _registered(tx: Transaction, sql: str, arguments: Sequence[Any]) -> list[Row]:
    latest: dict[str, Any] = {}
    for values in tx.rows("version").values():
        held = latest.get(values["record"])
        if values["stands"] and (held is None or held["version"] < values["version"]):
            latest[values["record"]] = values
    return [Row({"record": record, "content": latest[record]["content"]}) for record in sorted(latest)]
