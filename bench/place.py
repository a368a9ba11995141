"""Where a measurement runs: a platform of its own, gone afterwards, and made-up reports to send through it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from infra.local.platform import Platform
from ketenbus import Outgoing, PartnerSettings, Producer, Refused
from ketenbus.events import VictimReported
from services.cli.workers import Workers

PUBLISHER = "politie-limburg"
CHUNK = 500
FIRST_BIRTHDAY = date(1960, 1, 1)

Say = Callable[[str], None]


@contextmanager
def own_folder() -> Iterator[Path]:
    """Give an empty folder, and remove it afterwards with every server and worker that a platform in it left."""
    with tempfile.TemporaryDirectory(prefix="ketenbus-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)  # as root, PostgreSQL runs under an account that has to pass through
        yield folder


@contextmanager
def own_platform(say: Say) -> Iterator[Platform]:
    """Run a platform with both servers and every topic, and no worker yet; nothing of it is left afterwards."""
    with own_folder() as folder:
        data = folder / "platform"
        with Platform(data, backfill=True, say=say).running(wipe=True) as running:
            try:
                yield running
            finally:
                Workers(data).stop_all()


def report(number: int, settings: PartnerSettings, at: datetime | None = None) -> VictimReported:
    """Return a police report on a made-up person of its own: no two numbers share an identity."""
    now = at or datetime.now(UTC)
    return VictimReported(
        subject=f"bench-{number}",
        occurred_at=now,
        occurred_precision="INSTANT",
        reporter_kind="POLITIE",
        police_unit=settings.unit,
        reported_on=now.date(),
        age_group="ADULT",
        sex="VROUW" if number % 2 else "MAN",
        nationality="PL",
        forms=("AU",),
        name=f"Meting Voorbeeld {number}",
        birth_date=FIRST_BIRTHDAY + timedelta(days=number % 15_000),
    )


def publisher(platform: Platform) -> PartnerSettings:
    """Return the settings of the police unit that publishes."""
    return PartnerSettings.load(platform.partner_file(PUBLISHER))


async def publish(platform: Platform, numbers: Sequence[int]) -> None:
    """Publish a report for each number through the SDK, all acknowledged by the broker on return."""
    settings = publisher(platform)
    async with Producer(settings) as producer:
        for start in range(0, len(numbers), CHUNK):
            chunk = numbers[start : start + CHUNK]
            for answer in await producer.send_many([Outgoing(report(number, settings)) for number in chunk]):
                if isinstance(answer, Refused):
                    raise ValueError(f"the SDK refused a report: {', '.join(map(str, answer.problems))}")


def sasl(access: Mapping[str, str]) -> dict[str, Any]:
    """Return aiokafka's settings for the user of a settings file (kafka, user, password)."""
    return {
        "bootstrap_servers": access["kafka"],
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-256",
        "sasl_plain_username": access["user"],
        "sasl_plain_password": access["password"],
    }
