"""Withdrawal to recall: from the moment a withdrawal is due until the last recipient's view tells to stop using what it got.

Open loop, as in `latency`: every event has its moment. One in ten of them withdraws the consent of a person whose report
and move three views hold; the others are police reports, which keep the bus busy.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka import AIOKafkaConsumer

from bench import bare
from bench.figures import Figure, quantile
from bench.place import Say, own_platform, publisher, report
from bench.reading import stop
from consent.activities import view_topic
from infra.local.platform import Platform
from ketenbus import Event, Outgoing, PartnerSettings, Producer, Refused
from ketenbus.events import ConsentGiven, ConsentWithdrawn, PlacementMoved, VictimReported
from services.cli.workers import Workers
from streams.disclose.tokens import EventName, Tokens
from streams.runtime import settings as runtime

CARE = "zorgcoordinatie-1"
#: The views that rest on the consent, and who reads each.
VIEWS = {
    view_topic("comensha", "REGISTRATIE"): "comensha",
    view_topic("comensha", "PLAATSING"): "comensha",
    view_topic("opvang", "PLAATSING"): "opvang-1",
}
RATE = 100
ONE_IN = 10
SECONDS = 30
LIMIT_MS = 5_000.0
WAIT_SECONDS = 120.0


@dataclass(slots=True)
class Heard:
    """When each view was told to stop about which person, and what it holds of how many."""

    recalled: dict[str, dict[int, float]] = field(default_factory=lambda: {view: {} for view in VIEWS})
    delivered: dict[str, set[int]] = field(default_factory=lambda: {view: set() for view in VIEWS})
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, told: str, people: int) -> None:
        """Wait until every view has heard of so many people; raises TimeoutError saying how many are missing."""
        found: dict[str, Any] = getattr(self, told)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while any(len(heard) < people for heard in found.values()):
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            missing = {view: people - len(heard) for view, heard in found.items()}
            raise TimeoutError(f"after {WAIT_SECONDS:.0f} s not {told}: {missing}") from None


def measure(say: Say, seconds: int = SECONDS) -> tuple[list[Figure], dict[str, object]]:
    """Measure for so many seconds, and return the figures and what they rest on."""
    with own_platform(say) as platform:
        workers = Workers(platform.data)
        running = workers.start_all()
        try:
            taken_ms = asyncio.run(_run(platform, seconds, say))
        finally:
            workers.check(running)
    figures = [
        Figure(f"withdrawal to recall in the last of {len(VIEWS)} views, {label}", quantile(taken_ms, share), "ms",
               LIMIT_MS if label == "p99" else None)
        for label, share in (("p50", 0.5), ("p99", 0.99), ("most", 1.0))
    ]  # fmt: skip
    return figures, {"withdrawals": len(taken_ms), "per_second": RATE, "ms": [round(ms, 1) for ms in taken_ms]}


async def _run(platform: Platform, seconds: int, say: Say) -> list[float]:
    people = seconds * RATE // ONE_IN
    heard = Heard()
    async with AsyncExitStack() as stack:
        for view, partner in VIEWS.items():
            access = json.loads(platform.partner_file(partner).read_text("utf-8"))
            task = asyncio.create_task(_read(heard, view, consumer := await bare.from_now(access, view), platform))
            stack.push_async_callback(stop, task, consumer)
        care = await stack.enter_async_context(Producer(PartnerSettings.load(platform.partner_file(CARE))))
        police = await stack.enter_async_context(Producer(settings := publisher(platform)))
        say(f"{people} people whose report and move {len(VIEWS)} views hold")
        for number in range(people):
            _refuse_none(await care.send_many([Outgoing(e, id=name) for name, e in _told_of(number).items()]))
        await heard.until("delivered", people)
        say(f"{RATE} events/s for {seconds} s, one in {ONE_IN} a withdrawal")
        due: dict[int, float] = {}
        sending = []
        began = time.monotonic()
        for step in range(seconds * RATE):
            at = began + step / RATE
            await asyncio.sleep(max(0.0, at - time.monotonic()))
            if step % ONE_IN:
                sending.append(asyncio.ensure_future(police.send(report(step, settings))))
            else:
                due[step // ONE_IN] = at
                sending.append(asyncio.ensure_future(care.send(_withdrawal(step // ONE_IN))))
        _refuse_none(await asyncio.gather(*sending))
        await heard.until("recalled", people)
        return [(max(view[number] for view in heard.recalled.values()) - at) * 1000 for number, at in due.items()]


def _told_of(number: int) -> dict[str, Event]:
    """Return what is told of a made-up person, by id: consent, a report and a move."""
    now = datetime.now(UTC) - timedelta(hours=1)
    said: dict[str, Any] = {
        "subject": f"bench-{number}",
        "occurred_at": now,
        "occurred_precision": "INSTANT",
        "age_group": "ADULT",
    }
    return {
        f"grant-{number}": ConsentGiven(
            **said,
            given_by="PERSON",
            channel="IN_PERSON",
            language="nl",
            text_version="1",
            explicit=True,
            unbundled=True,
        ),
        f"report-{number}": VictimReported(
            **said,
            reporter_kind="ZORGCOORDINATOR",
            reported_on=now.date(),
            sex="VROUW",
            nationality="PL",
            forms=("AU",),
        ),
        f"move-{number}": PlacementMoved(
            **said, moved_on=now.date(), shelter_type="COSM", provider_id="0123456789abcdef", safety_at_stake=False
        ),
    }


def _withdrawal(number: int) -> Event:
    return ConsentWithdrawn(
        subject=f"bench-{number}",
        occurred_at=datetime.now(UTC),
        occurred_precision="INSTANT",
        age_group="ADULT",
        given_by="PERSON",
        withdraws=f"grant-{number}",
    )


def _refuse_none(answers: list[Any]) -> None:
    for answer in answers:
        if isinstance(answer, Refused):
            raise ValueError(f"the SDK refused an event: {', '.join(map(str, answer.problems))}")


async def _read(heard: Heard, view: str, consumer: AIOKafkaConsumer, platform: Platform) -> None:
    tokens = Tokens(runtime.load(platform.processor_file("disclose")).key("views"), view)
    async for record in consumer:
        now = time.monotonic()
        headers = dict(record.headers)
        name = tokens.read(headers["ce_id"].decode())
        assert isinstance(name, EventName)
        if not name.id.startswith(("report-", "move-")):
            continue  # a police report of the load
        number = int(name.id.partition("-")[2])
        if headers["ce_ketenbuskind"] == b"recall":
            heard.recalled[view].setdefault(number, now)
        else:
            heard.delivered[view].add(number)
        heard.news.set()
