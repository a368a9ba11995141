"""A case played for real: the partners publish step by step through the SDK, and everything told is read back at rest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from consent.activities import view_topic
from infra.local.platform import Platform
from infra.local.processes import Process
from ketenbus import PartnerSettings, Producer, Refused
from ketenbus.errors import BusError, ConfigurationError
from services.cases import heard, receipts, zone
from services.cases.bookkeeping import Bookkeeping
from services.cases.casefile import Case, Step
from services.cases.heard import Happened, Receipt, Telling
from services.cases.views import Recipients
from services.cli import own_folder
from services.cli.workers import Workers
from services.lineage.asking import named
from services.quarantine.reading import read_topic
from streams.disclose.releases import founding
from streams.runtime import settings as runtime
from streams.runtime import topics
from streams.runtime.settled import Gauge, until_settled

STALLED_SECONDS = 60.0
Say = Callable[[str], None]


def run(case: Case, out: Path, say: Say) -> Telling:
    """Play a case on a platform of its own in `out`/platform, emptied first, and return how it went.

    Nothing that it started is left running. Raises ConfigurationError, and changes nothing, when `out` holds other
    things than an earlier run; BusError when the bus does not come to rest.
    """
    data = own_folder.fresh(out)
    with Platform(data, backfill=True, say=say).running() as platform:
        workers = Workers(data)
        try:
            return asyncio.run(Play(case, platform, workers, say).play())
        finally:
            workers.stop_all()


class Play:
    """One case on one platform."""

    def __init__(self, case: Case, platform: Platform, workers: Workers, say: Say) -> None:
        self._case = case
        self._platform = platform
        self._workers = workers
        self._say = say
        self._gauge = Gauge(platform.admin())
        self._auditor = runtime.load(platform.processor_file("auditor"))
        self._registration = runtime.load(platform.processor_file("registration"))
        self._monitoring = runtime.load(platform.processor_file("monitoring"))
        law = founding(self._auditor)
        self._names = named(self._auditor, {law.fingerprint: law.register})
        self._oins = {partner.id: oin for oin, partner in self._names.partners.items()}
        self._called = {partner.id: partner.name for partner in self._names.partners.values()}
        self._recipients = Recipients(platform, self._names.register, self._names.partners)
        self._steps = {
            (self._oins[step.partner], case.event_id(step.id)): step.id
            for step in case.steps
            if step.partner in self._oins
        }

    async def play(self) -> Telling:
        """Play every step, each at rest before the next."""
        for step in self._case.steps:
            if step.partner not in self._oins:
                raise ConfigurationError(f"case {self._case.name}, step {step.id}: no partner is named {step.partner}")
        running = self._workers.start_all()
        await self._ready(running)
        books = Bookkeeping(self._names, self._steps)
        told: list[Happened] = []
        async with AsyncExitStack() as stack:
            producers: dict[str, Producer] = {}
            for number, step in enumerate(self._case.steps, start=1):
                self._say(f"step {number} of {len(self._case.steps)}: {step.partner} publishes {step.type}")
                if step.partner not in producers:
                    settings = PartnerSettings.load(self._platform.partner_file(step.partner))
                    producers[step.partner] = await stack.enter_async_context(Producer(settings))
                told.append(await self._one(step, producers[step.partner], running, books))
        return Telling(self._case, tuple(told), self._receipts(books))

    async def _one(
        self, step: Step, producer: Producer, running: Mapping[str, Process], books: Bookkeeping
    ) -> Happened:
        event = self._case.event(step, self._oins)
        sent = await producer.send(event, id=self._case.event_id(step.id), time=step.time)
        if isinstance(sent, Refused):
            problems = ", ".join(map(str, sent.problems))
            raise ConfigurationError(f"case {self._case.name}, step {step.id}: the SDK refused it: {problems}")
        verdict = await producer.outcome(sent.id)
        await self._settle(running)
        ends = self._ends()
        auditors = read_topic(self._auditor, topics.RECEIPTS)
        public = self._recipients.partner("comensha").view_public_key
        said = receipts.read(auditors, public)
        told = books.entries(said, self._recipients.news(ends))
        return Happened(
            step=step,
            event_id=sent.id,
            publisher=self._called[step.partner],
            admitted=verdict.outcome if verdict.reason is None else f"{verdict.outcome}: {verdict.reason}",
            heard=told,
            registered=await zone.registered(self._registration, ends[view_topic("comensha", "REGISTRATIE")]),
            cells=await zone.cells(self._monitoring, [figure.cell for figure in self._case.figures]),
        )

    def _ends(self) -> dict[str, int]:
        views = [(view_topic(*which), 0) for which in self._names.register.views()]
        return {topic: end for (topic, _), end in self._gauge.ends(views).items()}

    def _receipts(self, books: Bookkeeping) -> tuple[Receipt, ...]:
        found = []
        for step in self._case.receipt_of:
            for stands in books.latest_of(step):
                ref = heard.EventRef(step, stands.type, stands.name.id)
                found.append(Receipt(ref, stands.outcomes, stands.signed))
        return tuple(found)

    async def _ready(self, running: Mapping[str, Process]) -> None:
        """Wait until every processor has begun: a space that nobody has opened yet cannot be read."""
        began = time.monotonic()
        while not await self._gauge.have_begun():
            self._workers.check(running)
            if time.monotonic() - began > STALLED_SECONDS:
                raise BusError(
                    f"no processor is ready after {STALLED_SECONDS:.0f} s; logs in {self._platform.data / 'logs'}"
                )
            await asyncio.sleep(0.05)

    async def _settle(self, running: Mapping[str, Process]) -> None:
        await until_settled(
            self._gauge.progress,
            lambda _: self._workers.check(running),
            self._platform.data / "logs",
            STALLED_SECONDS,
        )
