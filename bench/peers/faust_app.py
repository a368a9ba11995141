"""The plain Faust contestant: `python -m bench.peers.faust_app <settings.json>`.

As Faust's user guide shows it: an agent over a topic, a Table for what is known, `topic.send`, and a second agent that
takes the receipts in lots and stores them.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from typing import Any

import asyncpg
import faust

from bench.peers import given
from bench.peers.given import COMMIT_SECONDS, HEARTBEAT_SECONDS, LOG_PARTITIONS, SESSION_SECONDS, Given
from ketenbus.envelope import headers_of

TAKE_RECORDS = 500
TAKE_SECONDS = 0.1


def app_of(settings: Given, connection: asyncpg.Connection) -> faust.App:
    """Return the app."""
    app = faust.App(
        settings.group,
        broker=f"kafka://{settings.kafka}",
        broker_credentials=faust.SASLCredentials(
            username=settings.user, password=settings.password, mechanism="SCRAM-SHA-256"
        ),
        broker_session_timeout=SESSION_SECONDS,
        broker_heartbeat_interval=HEARTBEAT_SECONDS,
        broker_commit_interval=COMMIT_SECONDS,
        topic_partitions=LOG_PARTITIONS,
        topic_replication_factor=1,
        topic_disable_leader=True,
        store="memory://",
        datadir=settings.folder,
        web_enabled=False,
        key_serializer="raw",
        value_serializer="raw",
    )

    def topic(name: str) -> Any:
        return app.topic(name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    work = settings.work()
    log, receipts = topic(settings.log), topic(settings.receipts)
    views = {name: topic(name) for name in settings.views()}
    known = app.Table("known", partitions=LOG_PARTITIONS, key_type=bytes, value_type=bytes)

    @app.agent(log)
    async def judge(stream: Any) -> None:
        async for event in stream.events():
            taken = work.take(event.key, event.value, headers_of(event.headers), known.get(event.key))
            known[event.key] = taken.state
            for one in taken.told:
                await views[settings.view(one.topic)].send(key=one.key, value=one.value, headers=list(one.headers))
            for receipt in taken.receipts:
                await receipts.send(
                    key=receipt.id.encode(), value=receipt.outcomes.encode(), headers=list(receipt.headers)
                )

    @app.agent(receipts)
    async def store(stream: Any) -> None:
        async for events in stream.take_events(TAKE_RECORDS, within=TAKE_SECONDS):
            await connection.execute(
                "INSERT INTO receipt (id, outcomes) SELECT * FROM unnest($1::text[], $2::text[])",
                [event.key.decode() for event in events],
                [event.value.decode() for event in events],
            )

    return app


async def serve(settings: Given) -> None:
    """Work until SIGTERM."""
    connection = await asyncpg.connect(settings.dsn, server_settings={"search_path": settings.schema})
    app = app_of(settings, connection)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    try:
        await app.start()
        ended = asyncio.ensure_future(app.wait_until_stopped())
        await asyncio.wait({ended, asyncio.ensure_future(stopping.wait())}, return_when=asyncio.FIRST_COMPLETED)
        if app._crash_reason is not None:
            raise app._crash_reason
    finally:
        await app.stop()
        await connection.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    asyncio.run(serve(given.read()))
