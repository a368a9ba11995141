"""Run one processor: `python -m streams.worker admit --settings <file>`; stops on SIGTERM, and on any fault it cannot wait out."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from ketenbus.errors import BusError
from streams.admit.binding import Admit
from streams.disclose.binding import Disclose
from streams.monitoring.binding import Monitoring
from streams.registration.binding import Registration
from streams.runtime import telemetry, transaction
from streams.runtime.delivery import Delivery, Processor
from streams.runtime.faust_lane import lane
from streams.runtime.settings import ProcessorSettings, load

PROCESSORS: dict[str, type] = {
    "admit": Admit,
    "disclose": Disclose,
    "registration": Registration,
    "monitoring": Monitoring,
}


async def serve(settings: ProcessorSettings) -> None:
    """Run the processor until it is told to stop."""
    processor: Processor = PROCESSORS[settings.name](settings)
    pool = await asyncpg.create_pool(settings.dsn, min_size=1, max_size=2)
    sasl = {
        "bootstrap_servers": settings.kafka,
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-256",
        "sasl_plain_username": settings.user,
        "sasl_plain_password": settings.password,
    }
    admin = AIOKafkaAdminClient(**sasl)
    await admin.start()
    cluster = (await admin.describe_cluster())["cluster_id"]
    await admin.close()
    async with pool.acquire() as connection:
        await transaction.prepare(connection, cluster)
        await connection.execute(processor.schema)
    producer = None
    if processor.sends:
        producer = AIOKafkaProducer(
            **sasl, enable_idempotence=True, acks="all", linger_ms=2, max_request_size=2 * 1024 * 1024
        )
        await producer.start()
    app = lane(Delivery(processor, pool, producer), settings)
    try:
        await app.start()
        logging.info("%s: running", settings.name)
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        crashed = asyncio.ensure_future(app.wait_until_stopped())
        await asyncio.wait({crashed, asyncio.ensure_future(stopping.wait())}, return_when=asyncio.FIRST_COMPLETED)
        reason = app._crash_reason or next((a._crash_reason for a in app.agents.values() if a._crash_reason), None)
        if reason is not None:
            raise reason
    finally:
        await app.stop()
        if producer is not None:
            await producer.stop()
        await pool.close()


def main() -> int:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m streams.worker", description=__doc__)
    parser.add_argument("processor", choices=sorted(PROCESSORS))
    parser.add_argument("--settings", type=Path, required=True, help="the processor's settings file")
    parser.add_argument("--law", type=Path, help="a folder with another register and other tables (what-if runs)")
    parser.add_argument("--spans", type=Path, help="append OpenTelemetry spans to this file, one JSON line each")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    telemetry.start(arguments.processor, arguments.spans)
    try:
        asyncio.run(serve(load(arguments.settings, arguments.law)))
    except BusError as error:
        print(f"{arguments.processor}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
