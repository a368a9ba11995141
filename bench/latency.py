"""Publish to the recipient's view at a fixed rate, against a bare round trip of the same bytes in the same run.

The yardstick has the shape of the bus's way: two relays between three topics, each committing a row before it sends on.

Open loop: every event has its moment, kept whether or not earlier ones have arrived, and its latency counts from that
moment; a stall is paid by everything that was due meanwhile. The ways are measured in turns of a few seconds, so that
what else the machine does hits all. Where the bus's time goes is read from the broker's append times on each topic.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import ConsumerRecord

from bench import bare
from bench.figures import Figure, quantile
from bench.place import Say, own_platform, publisher, report, sasl
from bench.reading import records, stop
from infra.local.platform import Platform
from ketenbus import Outgoing, PartnerSettings, Producer, Refused
from ketenbus.events import VictimReported
from ketenbus.keyring import PublisherKeys
from ketenbus.preparing import Prepared, prepare
from services.cli.workers import Workers
from streams.disclose.tokens import EventName, Tokens
from streams.runtime import settings as runtime
from streams.runtime.records import Record
from streams.runtime.topics import KETENLOG

BUS, YARDSTICK, PLAIN = "publish to view", "bare two hops, two commits", "bare, no commit"
VIEW = "view.comensha.registratie"
LIMIT_MS = 500.0
#: What the bus may take of the yardstick's p99.
LIMIT_TIMES = 3.0
RATE = 100
#: The same at these rates too: they show what the machine adds as it fills up.
SLOWER = (50, 25)
TURN_SECONDS = 5
WARM_UP_SECONDS = 5
ARRIVE_SECONDS = 60.0
START_SECONDS = 60.0

Send = Callable[[int], Awaitable[None]]
Marker = Callable[[ConsumerRecord | Record], str]


@dataclass(slots=True)
class Way:
    """One way to send: when each event was due, and when which arrived; `send` gives the event number its marker."""

    send: Send
    due: dict[str, float] = field(default_factory=dict)
    arrived: dict[str, float] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    busy_percent: list[float] = field(default_factory=list)

    async def all_arrived(self, seconds: float) -> None:
        """Wait until everything that was due has arrived; raises TimeoutError saying how much has not."""
        try:
            async with asyncio.timeout(seconds):
                while not self.due.keys() <= self.arrived.keys():
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            missing = len(self.due.keys() - self.arrived.keys())
            raise TimeoutError(f"after {seconds:.0f} s {missing} of {len(self.due)} events have not arrived") from None

    def latencies_ms(self) -> list[float]:
        """Return the milliseconds of every event that was due."""
        return [(self.arrived[marker] - due) * 1000 for marker, due in self.due.items()]


def measure(say: Say, seconds: int = 20) -> tuple[list[Figure], dict[str, object]]:
    """Measure every way for `seconds` each, and return the figures and what they rest on."""
    with own_platform(say) as platform:
        workers = Workers(platform.data)
        running = workers.start_all()
        try:
            at_rates = asyncio.run(_all(platform, seconds, say))
        finally:
            workers.check(running)
        ways = at_rates[RATE]
        hops = _hops(platform, ways[BUS])
    taken_ms = {name: way.latencies_ms() for name, way in ways.items()}
    figures = []
    for name, found in taken_ms.items():
        limit = LIMIT_MS if name == BUS else None
        for label, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)):
            figures.append(Figure(f"{name}, {label}", quantile(found, share), "ms", limit if label == "p99" else None))
    p99 = {name: quantile(found, 0.99) for name, found in taken_ms.items()}
    figures.append(Figure("publish to view, p99 / two commits, p99", p99[BUS] / p99[YARDSTICK], "x", LIMIT_TIMES))
    figures.append(Figure("publish to view, p99 / no commit, p99", p99[BUS] / p99[PLAIN], "x"))
    for hop, taken in hops.items():
        figures += [
            Figure(f"of which {hop}, {label}", quantile(taken, q), "ms") for label, q in (("p50", 0.5), ("p99", 0.99))
        ]
    for name, way in ways.items():
        figures.append(Figure(f"{name}, whole machine busy", statistics.mean(way.busy_percent), "%"))
    for rate in SLOWER:
        figures += _beside(rate, at_rates[rate])
    details: dict[str, object] = {
        "events": len(taken_ms[BUS]),
        "per_second": RATE,
        "ms": {name: _rounded(found) for name, found in taken_ms.items()},
    }
    return figures, details


def _beside(rate: int, ways: dict[str, Way]) -> list[Figure]:
    """Return the bus beside the yardstick at a rate that no limit is set for."""
    ours, bare_two = (quantile(ways[name].latencies_ms(), 0.99) for name in (BUS, YARDSTICK))
    return [
        Figure(f"at {rate} events/s: publish to view, p99", ours, "ms"),
        Figure(f"at {rate} events/s: two commits, p99", bare_two, "ms"),
        Figure(f"at {rate} events/s: p99 / two commits, p99", ours / bare_two, "x"),
        Figure(f"at {rate} events/s: whole machine busy", statistics.mean(ways[BUS].busy_percent), "%"),
    ]


async def _all(platform: Platform, seconds: int, say: Say) -> dict[int, dict[str, Way]]:
    admin = platform.admin()
    await bare.make_topics(admin)
    async with AsyncExitStack() as stack:
        settings = publisher(platform)
        producer = await stack.enter_async_context(Producer(settings))
        plain = AIOKafkaProducer(**sasl(admin), enable_idempotence=True, acks="all")
        await plain.start()
        stack.push_async_callback(plain.stop)
        access_file = platform.data / "secrets" / "admin.json"
        await stack.enter_async_context(bare.relaying(access_file, bare.PLAIN))
        await stack.enter_async_context(bare.relaying(access_file, bare.COMMITTING, commits=True))
        sample = _sample(settings)
        ways = {
            BUS: Way(_to_bus(producer, settings)),
            YARDSTICK: Way(_to_topic(plain, bare.COMMITTING[0], sample)),
            PLAIN: Way(_to_topic(plain, bare.PLAIN[0], sample)),
        }
        access = json.loads(platform.partner_file("comensha").read_text("utf-8"))
        arriving = [
            (ways[BUS], await bare.from_now(access, VIEW), _view_marker(platform)),
            (ways[YARDSTICK], await bare.from_now(admin, bare.COMMITTING[-1]), _key_marker),
            (ways[PLAIN], await bare.from_now(admin, bare.PLAIN[-1]), _key_marker),
        ]
        for way, consumer, marker in arriving:
            task = asyncio.create_task(_read(way, consumer, marker))
            stack.push_async_callback(stop, task, consumer)
        say(f"warming up, {WARM_UP_SECONDS} s each")
        await _first_arrival(ways[BUS])
        number = 1
        for way in ways.values():
            number = await _turn(way, number, WARM_UP_SECONDS, RATE)
        at_rates = {}
        for rate in (RATE, *SLOWER):
            at_rates[rate] = {name: replace(way, due={}, busy_percent=[]) for name, way in ways.items()}
            for turn in range(seconds // TURN_SECONDS):
                say(f"turn {turn + 1} of {seconds // TURN_SECONDS}: {TURN_SECONDS} s each at {rate} events/s")
                for way in at_rates[rate].values():
                    number = await _turn(way, number, TURN_SECONDS, rate)
        return at_rates


async def _first_arrival(bus: Way) -> None:
    """Wait until every worker has started: until one event has gone the whole way."""
    bus.due["0"] = time.monotonic()
    await bus.send(0)
    await bus.all_arrived(START_SECONDS)


async def _turn(way: Way, number: int, seconds: int, rate: int) -> int:
    """Send at the rate for that long, wait until all has arrived, and return the next number."""
    psutil.cpu_percent()  # measures from here
    began = time.monotonic()
    sending = []
    for step in range(seconds * rate):
        due = began + step / rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        way.due[str(number)] = due
        sending.append(asyncio.ensure_future(way.send(number)))
        number += 1
    await asyncio.gather(*sending)
    await way.all_arrived(ARRIVE_SECONDS)
    way.busy_percent.append(psutil.cpu_percent())
    return number


def _to_bus(producer: Producer, settings: PartnerSettings) -> Send:
    async def send(number: int) -> None:
        answer = await producer.send(report(number, settings), id=f"bench-{number}")
        if isinstance(answer, Refused):
            raise ValueError(f"the SDK refused a report: {', '.join(map(str, answer.problems))}")

    return send


def _to_topic(producer: AIOKafkaProducer, topic: str, like: Prepared) -> Send:
    async def send(number: int) -> None:
        headers = list(like.headers)
        await producer.send_and_wait(topic, value=like.value, key=str(number).encode(), headers=headers)

    return send


def _sample(settings: PartnerSettings) -> Prepared:
    """Return a report as the SDK makes it: the bytes the bare way carries."""
    keys = PublisherKeys(settings.keyring, settings.oin)
    made = prepare(Outgoing(report(0, settings)).stamped(datetime.now(UTC)), settings, keys)
    keys.close()
    assert isinstance(made, Prepared)
    return made


async def _read(way: Way, consumer: AIOKafkaConsumer, marker: Marker) -> None:
    async for record in consumer:
        now = time.monotonic()
        way.arrived.setdefault(marker(record), now)
        way.news.set()


def _view_marker(platform: Platform) -> Marker:
    """Return what tells which report a record of the view is about: its name there, translated back with disclose's key."""
    disclose = runtime.load(platform.processor_file("disclose"))
    tokens = Tokens(disclose.key("views"), VIEW)

    def marker(record: ConsumerRecord | Record) -> str:
        name = tokens.read(dict(record.headers)["ce_id"].decode())
        assert isinstance(name, EventName)
        return name.id.removeprefix("bench-")

    return marker


def _hops(platform: Platform, bus: Way) -> dict[str, list[float]]:
    """Return the milliseconds each part of the way took: from the moment due to the topic, and on from append to append."""
    of_view = _view_marker(platform)
    appended: dict[str, dict[str, int]] = {topic: {} for topic in (VictimReported.TYPE, KETENLOG, VIEW)}
    for topic, times in appended.items():
        for record in records(platform, [topic]):
            marker = of_view(record) if topic == VIEW else _id_marker(record)
            times.setdefault(marker, record.appended_ms)
    published, logged, viewed = appended.values()
    wall_ms = (time.time() - time.monotonic()) * 1000
    return {
        "SDK, until on its topic": [published[m] - (due * 1000 + wall_ms) for m, due in bus.due.items()],
        "admit": [float(logged[m] - published[m]) for m in bus.due],
        "disclose": [float(viewed[m] - logged[m]) for m in bus.due],
        "reading the view": [bus.arrived[m] * 1000 + wall_ms - viewed[m] for m in bus.due],
    }


def _id_marker(record: ConsumerRecord | Record) -> str:
    return str(dict(record.headers)["ce_id"], "ascii").removeprefix("bench-")


def _key_marker(record: ConsumerRecord | Record) -> str:
    return str(record.key or b"", "ascii")


def _rounded(values: list[float]) -> list[float]:
    return [round(value, 1) for value in values]
