"""Run one processor: `python -m streams.worker admit --settings <file>`; stops on SIGTERM, and on any fault it cannot wait out."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from ketenbus.errors import BusError, ConfigurationError
from streams.admit import days
from streams.admit.binding import Admit
from streams.admit.recovery import AdmitRecovery
from streams.disclose.binding import Disclose
from streams.disclose.recovery import DiscloseRecovery
from streams.monitoring.binding import Monitoring
from streams.registration.binding import Registration
from streams.registration.recovery import RegistrationRecovery
from streams.runtime import metrics, quiet, telemetry, transaction
from streams.runtime.delivery import Processor, patiently
from streams.runtime.faust_lane import lane
from streams.runtime.health import Pulse, beat
from streams.runtime.life import OneLife, ReplacedError
from streams.runtime.recovery import KafkaTail, Recovery, recover, require_whole
from streams.runtime.sending import SENDING
from streams.runtime.settings import ProcessorSettings, load
from streams.runtime.watched import WatchedDelivery
from streams.runtime.wire import read_any_header_name

PROCESSORS: dict[str, type] = {
    "admit": Admit,
    "disclose": Disclose,
    "registration": Registration,
    "monitoring": Monitoring,
}


RECOVERIES: dict[str, Callable[[Any], Recovery]] = {
    "admit": lambda _: AdmitRecovery(),
    "disclose": DiscloseRecovery,
    "registration": RegistrationRecovery,
}
#: What a worker does beside its batches, for ever.
BESIDE: dict[str, Callable[[AIOKafkaProducer], Coroutine[Any, Any, None]]] = {"admit": days.tell}
#: A worker that is frozen in the middle of a batch holds its positions locked: so long, and no longer.
SESSION = {"idle_in_transaction_session_timeout": "15s"}


#: So long a stop may take; what is left of it while Kafka is away, a kill leaves too.
STOP_SECONDS = 5.0


async def nothing_to_reset(connection: Any) -> None:
    """Spare the statements that would undo what no processor does: each transaction ends by itself, and that is all."""


async def run(settings: ProcessorSettings, reports: Path | None, *, again: bool = False) -> None:
    """Serve, with a beat and metrics of it in the folder `reports` if one is given.

    A worker that starts `again` waits for Kafka; a first start is refused where Kafka does not let it in.
    """
    pulse = Pulse(settings.name)
    processor: Processor = PROCESSORS[settings.name](settings)
    if reports is None:
        await serve(processor, settings, pulse, again=again)
        return
    exporting = metrics.start(settings.name, pulse, reports / f"{settings.name}.metrics.jsonl")
    beating = asyncio.ensure_future(beat(pulse, reports / f"{settings.name}.health.json"))
    try:
        await serve(processor, settings, pulse, again=again)
    finally:
        beating.cancel()
        exporting.shutdown()


async def serve(processor: Processor, settings: ProcessorSettings, pulse: Pulse, *, again: bool) -> None:
    """Run the processor until it is told to stop; raises ReplacedError when its database begins another life."""
    read_any_header_name()
    life = OneLife()
    pool = await patiently(
        settings.name,
        lambda: asyncpg.create_pool(
            settings.dsn, min_size=1, max_size=2, init=life.check, reset=nothing_to_reset, server_settings=SESSION
        ),
    )
    sasl = {
        "bootstrap_servers": settings.kafka,
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-256",
        "sasl_plain_username": settings.user,
        "sasl_plain_password": settings.password,
    }
    cluster = await (patiently(settings.name, partial(cluster_of, sasl)) if again else cluster_of(sasl))
    tail = KafkaTail(sasl)
    await patiently(settings.name, lambda: make_ready(processor, pool, life, cluster, tail, settings.naming()))
    producer = await patiently(settings.name, partial(started_producer, sasl)) if processor.sends else None
    app = lane(WatchedDelivery(processor, pool, producer, pulse), settings)
    ending = []
    try:
        await app.start()
        if producer is not None and processor.name in BESIDE:
            ending.append(asyncio.ensure_future(BESIDE[processor.name](producer)))
        logging.info("%s: running", settings.name)
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        crashed = asyncio.ensure_future(app.wait_until_stopped())
        told = asyncio.ensure_future(stopping.wait())
        await asyncio.wait({crashed, told, *ending}, return_when=asyncio.FIRST_COMPLETED)
        for beside in ending:
            if beside.done():
                beside.result()  # it never ends but by a fault
        reason = app._crash_reason or next((a._crash_reason for a in app.agents.values() if a._crash_reason), None)
        if reason is not None:
            raise reason
    finally:
        for beside in ending:
            beside.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await app.stop()
                if producer is not None:
                    await producer.stop()
                await pool.close()


async def cluster_of(access: Mapping[str, Any]) -> str:
    """Return the id of the Kafka cluster; raises KafkaConnectionError where none lets us in."""
    admin = AIOKafkaAdminClient(**access)
    try:
        await admin.start()
        found: str = (await admin.describe_cluster())["cluster_id"]
    finally:
        await admin.close()
    return found


async def started_producer(access: Mapping[str, Any]) -> AIOKafkaProducer:
    """Return a producer that has reached Kafka; raises KafkaConnectionError where it does not."""
    producer = AIOKafkaProducer(**access, **SENDING)
    try:
        await producer.start()
    except BaseException:
        await producer.stop()
        raise
    return producer


async def make_ready(
    processor: Processor, pool: asyncpg.Pool, life: OneLife, cluster: str, tail: KafkaTail, naming: str | None
) -> None:
    """Make the tables, see that Kafka lost nothing, and bring a restored database up to what was sent.

    Raises CorruptLogError when Kafka did.
    """
    async with pool.acquire() as connection:
        await transaction.prepare(connection, cluster, naming, processor.schema)
        await life.begin(connection)
    await require_whole(processor, pool, tail)
    if processor.name in RECOVERIES:
        await recover(processor, RECOVERIES[processor.name](processor), pool, tail)


def start_anew() -> NoReturn:
    """Be a new process in the place of this one, under the same number and with the same words."""
    words = [word for word in sys.orig_argv[1:] if word != "--again"]
    os.execv(sys.executable, [sys.executable, *words, "--again"])  # noqa: S606


def main() -> int:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m streams.worker", description=__doc__)
    parser.add_argument("processor", choices=sorted(PROCESSORS))
    parser.add_argument("--settings", type=Path, required=True, help="the processor's settings file")
    parser.add_argument("--law", type=Path, help="a folder with another register and other tables (what-if runs)")
    parser.add_argument("--spans", type=Path, help="append OpenTelemetry spans to this file, one JSON line each")
    parser.add_argument("--reports", type=Path, help="write a beat (NAME.health.json) and metrics to this folder")
    parser.add_argument("--again", action="store_true", help="a worker that starts anew by itself: wait for Kafka, too")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    quiet.once()
    telemetry.start(arguments.processor, arguments.spans)
    try:
        settings = load(arguments.settings, arguments.law)
        if settings.name != arguments.processor:
            raise ConfigurationError(
                f"{arguments.settings}: `name` is another processor's: give --settings of this one"
            )
        asyncio.run(run(settings, arguments.reports, again=arguments.again))
    except BusError as error:
        print(f"{arguments.processor}: {error}", file=sys.stderr)
        return 2
    except (ReplacedError, KafkaError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        # Kafka may go away in the middle of a start, too: one that was made again is made once more.
        if isinstance(error, ReplacedError) or (arguments.again and isinstance(error, KafkaError) and error.retriable):
            logging.warning("%s: starting anew: %s", arguments.processor, error)
            start_anew()
        logging.getLogger(__name__).error("%s: what it stopped at", arguments.processor, exc_info=True)
        print(
            f"{arguments.processor}: stopped by {type(error).__name__} of Kafka or PostgreSQL; nothing is lost: "
            "see that both run (./ketenbus status) and start it again with ./ketenbus up",
            file=sys.stderr,
        )
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
