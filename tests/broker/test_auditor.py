"""The auditor follows everything and reads nothing that was sealed, also not where a zone keeps it opened."""

from __future__ import annotations

import json

import asyncpg
import pytest

from infra.local.platform import Platform
from streams.registration import store
from streams.runtime import transaction


async def connect(platform: Platform, processor: str) -> asyncpg.Connection:
    return await asyncpg.connect(json.loads(platform.processor_file(processor).read_text("utf-8"))["dsn"])


@pytest.mark.parametrize(
    "opened", ["SELECT content FROM registration.report", "SELECT state FROM registration.record",
               "SELECT digest FROM registration.identity_key", "SELECT secret FROM registration.zone_key"],
)  # fmt: skip
async def test_the_auditor_may_not_read_what_the_registration_opened(platform: Platform, opened: str) -> None:
    zone = await connect(platform, "registration")
    await zone.execute(transaction.SCHEMA)
    await zone.execute(store.SCHEMA)
    await zone.close()
    auditor = await connect(platform, "auditor")
    try:
        assert await auditor.fetch("SELECT event, subject, stands FROM registration.report LIMIT 1") is not None
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await auditor.fetch(opened)
    finally:
        await auditor.close()
