"""The quixstreams contestant, run in an environment of its own: `python -m bench.peers.quix_app <settings.json>`.

A StreamingDataFrame with state, topics by a callback, and receipts through the library's own PostgreSQL sink.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from quixstreams import Application
from quixstreams.kafka.configuration import ConnectionConfig
from quixstreams.models import SerializationContext, Serializer
from quixstreams.sinks.community.postgresql import PostgreSQLSink

from bench.peers import given
from bench.peers.given import COMMIT_SECONDS, HEARTBEAT_SECONDS, SESSION_SECONDS, Given
from bench.peers.work import Receipt, Told
from ketenbus.envelope import headers_of


class ValueOf(Serializer):
    """The bytes of a record for a view; a recall has none."""

    def __call__(self, value: Told, ctx: SerializationContext) -> Any:  # noqa: ARG002  # the library's signature
        """Return them."""
        return value.value


class OutcomesOf(Serializer):
    """The bytes of a receipt."""

    def __call__(self, value: Receipt, ctx: SerializationContext) -> bytes:  # noqa: ARG002  # the library's signature
        """Return them."""
        return value.outcomes.encode()


def main(settings: Given) -> None:
    """Work until SIGTERM."""
    app = Application(
        broker_address=ConnectionConfig.from_librdkafka_dict(settings.librdkafka()),
        consumer_group=settings.group,
        auto_offset_reset="earliest",
        commit_interval=COMMIT_SECONDS,
        state_dir=settings.folder,
        consumer_extra_config={
            "session.timeout.ms": round(SESSION_SECONDS * 1000),
            "heartbeat.interval.ms": round(HEARTBEAT_SECONDS * 1000),
        },
        loglevel="INFO",
    )
    work = settings.work()
    log = app.topic(settings.log, key_deserializer="bytes", value_deserializer="bytes")
    views = {name: app.topic(name, key_serializer="bytes", value_serializer=ValueOf()) for name in settings.views()}
    receipts_topic = app.topic(settings.receipts, key_serializer="bytes", value_serializer=OutcomesOf())

    def judge(value: bytes, key: bytes, timestamp: int, headers: Any, state: Any) -> tuple[Any, Any]:
        taken = work.take(key, value, headers_of(headers), state.get_bytes("known"))
        state.set_bytes("known", taken.state)
        return taken.told, taken.receipts

    judged = app.dataframe(log).apply(judge, stateful=True, metadata=True)
    told = judged.apply(lambda both: list(both[0]), expand=True)
    told = told.set_headers(lambda one, key, timestamp, headers: list(one.headers))
    told.to_topic(lambda one, key, timestamp, headers: views[settings.view(one.topic)], key=lambda one: one.key)
    receipts = judged.apply(lambda both: list(both[1]), expand=True)
    sent = receipts.set_headers(lambda one, key, timestamp, headers: list(one.headers))
    sent.to_topic(receipts_topic, key=lambda one: one.id.encode())
    receipts.apply(lambda one: {"id": one.id, "outcomes": one.outcomes}).sink(_sink(settings))
    app.run()


def _sink(settings: Given) -> PostgreSQLSink:
    server = urlsplit(settings.dsn)
    return PostgreSQLSink(
        host=server.hostname or "",
        port=server.port or 5432,
        dbname=server.path.removeprefix("/"),
        user=unquote(server.username or ""),
        password=unquote(server.password or ""),
        table_name="receipt",
        schema_name=settings.schema,
        schema_auto_update=False,
        include_metadata=False,
    )


if __name__ == "__main__":
    main(given.read())
