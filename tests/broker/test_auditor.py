"""The auditor follows everything and reads nothing that was sealed, also not where a zone keeps it opened."""

from __future__ import annotations

import json

import asyncpg
import pytest

from infra.local.platform import Platform
from streams.monitoring import store as monitoring
from streams.registration import store as registration
from streams.runtime import transaction


async def connect(platform: Platform, processor: str) -> asyncpg.Connection:
    return await asyncpg.connect(json.loads(platform.processor_file(processor).read_text("utf-8"))["dsn"])


@pytest.mark.parametrize(
    ("zone", "names", "opened"), [
        ("registration", "SELECT event, subject, stands FROM registration.report", "SELECT content FROM registration.report"),
        ("registration", "SELECT number, version FROM registration.record", "SELECT state FROM registration.record"),
        ("registration", "SELECT event FROM registration.told", "SELECT digest FROM registration.identity_key"),
        ("registration", "SELECT event FROM registration.told", "SELECT secret FROM registration.zone_key"),
        ("monitoring", "SELECT record, version, ended FROM monitoring.named_version", "SELECT content FROM monitoring.version"),
        ("monitoring", "SELECT type FROM monitoring.counted", "SELECT record FROM monitoring.version"),
    ],
)  # fmt: skip
async def test_the_auditor_may_not_read_what_a_zone_opened(
    platform: Platform, zone: str, names: str, opened: str
) -> None:
    owner = await connect(platform, zone)
    await owner.execute(transaction.SCHEMA)
    await owner.execute({"registration": registration.SCHEMA, "monitoring": monitoring.SCHEMA}[zone])
    await owner.close()
    auditor = await connect(platform, "auditor")
    try:
        assert await auditor.fetch(names) is not None
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await auditor.fetch(opened)
    finally:
        await auditor.close()
