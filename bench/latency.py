"""Publish to the recipient's view at a fixed rate, against a bare two-hop round trip of the same bytes in the same run.

Open loop: every event has its moment, kept whether or not earlier ones have arrived, and its latency counts from that
moment; a stall is paid by everything that was due meanwhile. The two are measured in turns of a few seconds, so that
what else the machine does hits both.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench import bare
from bench.figures import Figure, quantile
from bench.place import Say, own_platform, publisher, report, sasl, within
from infra.local.platform import Platform
from ketenbus import Outgoing, PartnerSettings, Producer, Refused
from ketenbus.keyring import PublisherKeys
from ketenbus.preparing import Prepared, prepare
from services.cli.workers import Workers
from streams.disclose.tokens import EventName, Tokens
from streams.runtime import settings as runtime

VIEW = "view.comensha.registratie"
LIMIT_MS = 500.0
RATE = 100
TURN_SECONDS = 5
WARM_UP_SECONDS = 5
ARRIVE_SECONDS = 60.0
START_SECONDS = 60.0

Send = Callable[[int], Awaitable[None]]


@dataclass(slots=True)
class Way:
    """One way to send: when each event was due, and when which arrived; `send` gives the event number its marker."""

    send: Send
    due: dict[str, float] = field(default_factory=dict)
    arrived: dict[str, float] = field(default_factory=dict)

    def latencies_ms(self) -> list[float]:
        """Return the milliseconds of every event that was due."""
        return [(self.arrived[marker] - due) * 1000 for marker, due in self.due.items()]


def measure(say: Say, seconds: int = 20) -> tuple[list[Figure], dict[str, object]]:
    """Measure both ways for `seconds` each, and return the figures and what they rest on."""
    with own_platform(say) as platform:
        workers = Workers(platform.data)
        running = workers.start_all()
        try:
            bus, plain = asyncio.run(_both(platform, seconds, say))
        finally:
            workers.check(running)
    figures = []
    for name, limit, found in (("publish to view", LIMIT_MS, bus), ("bare two hops", None, plain)):
        for label, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)):
            figures.append(Figure(f"{name}, {label}", quantile(found, share), "ms", limit if label == "p99" else None))
    figures.append(Figure("publish to view, p99 / bare p99", quantile(bus, 0.99) / quantile(plain, 0.99), "x"))
    details = {"events": len(bus), "per_second": RATE, "bus_ms": _rounded(bus), "bare_ms": _rounded(plain)}
    return figures, details


async def _both(platform: Platform, seconds: int, say: Say) -> tuple[list[float], list[float]]:
    admin = platform.admin()
    await bare.make_topics(admin)
    async with AsyncExitStack() as stack:
        settings = publisher(platform)
        producer = await stack.enter_async_context(Producer(settings))
        plain = AIOKafkaProducer(**sasl(admin), enable_idempotence=True, acks="all")
        await plain.start()
        stack.push_async_callback(plain.stop)
        await stack.enter_async_context(bare.relaying(platform.data / "secrets" / "admin.json"))
        bus = Way(_to_bus(producer, settings))
        two_hops = Way(_to_topic(plain, _sample(settings)))
        access = json.loads(platform.partner_file("comensha").read_text("utf-8"))
        arriving = [
            (bus, await bare.from_now(access, VIEW), _view_marker(platform)),
            (two_hops, await bare.from_now(admin, bare.SECOND), _key_marker),
        ]
        for way, consumer, marker in arriving:
            task = asyncio.create_task(_read(way, consumer, marker))
            stack.push_async_callback(_stop, task, consumer)
        say(f"warming up, {WARM_UP_SECONDS} s each")
        await _first_arrival(bus)
        number = 1
        for way in (bus, two_hops):
            number = await _turn(way, number, WARM_UP_SECONDS)
            way.due.clear()
        for turn in range(seconds // TURN_SECONDS):
            say(f"turn {turn + 1} of {seconds // TURN_SECONDS}: {TURN_SECONDS} s each at {RATE} events/s")
            for way in (bus, two_hops):
                number = await _turn(way, number, TURN_SECONDS)
        return bus.latencies_ms(), two_hops.latencies_ms()


async def _first_arrival(bus: Way) -> None:
    """Wait until every worker has started: until one event has gone the whole way."""
    await bus.send(0)
    await within(START_SECONDS, "the first event in the view", lambda: "0" in bus.arrived)


async def _turn(way: Way, number: int, seconds: int) -> int:
    """Send at the rate for that long, wait until all has arrived, and return the next number."""
    began = time.monotonic()
    sending = []
    for step in range(seconds * RATE):
        due = began + step / RATE
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        way.due[str(number)] = due
        sending.append(asyncio.create_task(_sent(way, number)))
        number += 1
    await asyncio.gather(*sending)
    await within(ARRIVE_SECONDS, "events that were published to arrive", lambda: way.due.keys() <= way.arrived.keys())
    return number


async def _sent(way: Way, number: int) -> None:
    await way.send(number)


def _to_bus(producer: Producer, settings: PartnerSettings) -> Send:
    async def send(number: int) -> None:
        answer = await producer.send(report(number, settings), id=f"bench-{number}")
        if isinstance(answer, Refused):
            raise ValueError(f"the SDK refused a report: {', '.join(map(str, answer.problems))}")

    return send


def _to_topic(producer: AIOKafkaProducer, like: Prepared) -> Send:
    async def send(number: int) -> None:
        headers = list(like.headers)
        await producer.send_and_wait(bare.FIRST, value=like.value, key=str(number).encode(), headers=headers)

    return send


def _sample(settings: PartnerSettings) -> Prepared:
    """Return a report as the SDK makes it: the bytes the bare way carries."""
    keys = PublisherKeys(settings.keyring, settings.oin)
    made = prepare(Outgoing(report(0, settings)).stamped(_now()), settings, keys)
    keys.close()
    assert isinstance(made, Prepared)
    return made
