"""People of one test module, made up, and what partners tell of them to a bus whose answers an auditor then asks for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import uuid4

from infra.local.platform import Platform
from sandbox.publish import Agencies
from sandbox.telling import Planned
from services.cli.workers import Workers
from streams.runtime.settled import Gauge, is_settled

WHEN = datetime(2020, 5, 4, 12, tzinfo=UTC)
SETTLED_WITHIN_SECONDS = 90.0


@dataclass(frozen=True)
class People:
    """Client numbers, names and ids that no other test module on the platform has."""

    run: str = field(default_factory=lambda: uuid4().hex[:8])

    def client(self, name: str) -> str:
        return f"client-{name}-{self.run}"

    def reported(self, name: str, partner: str, kind: str, unit: str | None = None, **changed: object) -> Planned:
        """A report on an adult by this partner."""
        fields: dict[str, object] = {
            "subject": self.client(name),
            "occurred_at": WHEN,
            "occurred_precision": "INSTANT",
            "reporter_kind": kind,
            "reported_on": date(2020, 5, 4),
            "age_group": "ADULT",
            "sex": "VROUW",
            "nationality": "PL",
            "forms": ("AU",),
            "name": f"Ada Voorbeeld {name} {self.run}",
            "birth_date": date(1990, 1, 31),
        }
        given = {} if unit is None else {"police_unit": unit}
        return Planned(partner, "victim-reported", f"report-{name}-{self.run}", WHEN, fields | given | changed)

    def spoken(self, name: str, kind: str, partner: str, **changed: object) -> Planned:
        """What an adult says about consent."""
        fields: dict[str, object] = {
            "subject": self.client(name),
            "occurred_at": WHEN,
            "occurred_precision": "INSTANT",
            "given_by": "PERSON",
            "age_group": "ADULT",
        }
        return Planned(partner, kind, f"{kind}-{name}-{self.run}", WHEN, fields | changed)

    def granted(self, name: str, partner: str, **changed: object) -> Planned:
        held = {
            "channel": "IN_PERSON",
            "language": "en",
            "text_version": "2018-05.1",
            "explicit": True,
            "unbundled": True,
        }
        return self.spoken(name, "consent-given", partner, **held | changed)


@contextmanager
def telling(platform: Platform, stages: Sequence[Sequence[Planned]]) -> Iterator[None]:
    """Publish stage by stage, each when all before it is at rest; the workers stop afterwards."""
    workers = Workers(platform.data)

    async def tell() -> None:
        agencies = Agencies(platform.partner_file, platform.admin())
        try:
            for stage in stages:
                await agencies.publish(stage, lambda _: None)
                await _settle(platform, workers)
        finally:
            await agencies.close()

    try:
        asyncio.run(tell())
        yield
    finally:
        workers.stop_all()


async def _settle(platform: Platform, workers: Workers) -> None:
    """Wait until every processor has sent on everything there is."""
    gauge, running = Gauge(platform.admin()), workers.start_all()
    deadline = time.monotonic() + SETTLED_WITHIN_SECONDS
    while not is_settled(progress := await gauge.progress()):
        workers.check(running)
        assert time.monotonic() < deadline, progress
        await asyncio.sleep(0.1)
