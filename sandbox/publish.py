"""The made-up partners at work: a planned history becomes signed events on Kafka, the invalid ones spoiled as planned.

What is sound goes through the SDK as an agency would send it. What is planned to be invalid the SDK refuses to prepare,
so it is written here the way a faulty or hostile system would.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError

from ketenbus import connection, preparing
from ketenbus.connection import client_settings
from ketenbus.events import MODELS
from ketenbus.keyring import PublisherKeys
from ketenbus.preparing import Outgoing, Prepared, Refused
from ketenbus.settings import PartnerSettings
from sandbox.faulty import Spoiled, spoil
from sandbox.telling import Planned

CHUNK = 500
#: How long partners wait for a Kafka that is away; what they handed over before, aiokafka sends again by itself for ever.
AWAY_SECONDS = 1800.0
RETRY_SECONDS = 0.5


class Agencies:
    """Every partner's connection, keys and credentials; publishes a history in its order of arrival."""

    def __init__(self, partner_file: Callable[[str], Path], admin: Mapping[str, str]) -> None:
        """`admin` is the broker's administrator: what a partner has no right to write gets past the broker only so."""
        self._partner_file = partner_file
        self._admin = admin
        self._settings: dict[str, PartnerSettings] = {}
        self._keys: dict[str, PublisherKeys] = {}
        self._clients: dict[str, AIOKafkaProducer] = {}
        self._sent: dict[str, Prepared] = {}
        #: Where events are that the broker acknowledged, topic/partition/offset; not of those it knew already when sent again.
        self.acknowledged: list[str] = []

    async def publish(self, events: Sequence[Planned], progress: Callable[[int], None]) -> int:
        """Send every event and return how many were acknowledged; `progress` hears how many so far."""
        done = 0
        for start in range(0, len(events), CHUNK):
            chunk = events[start : start + CHUNK]
            ready = await asyncio.to_thread(self._prepare, chunk)
            waiting = [await self._send(planned, prepared) for planned, prepared in ready]
            placed = await asyncio.gather(*waiting)
            self.acknowledged += [f"{at.topic}/{at.partition}/{at.offset}" for at in placed if at.offset >= 0]
            done += len(placed)
            progress(done)
        return done

    async def close(self) -> None:
        """Close every connection and key file."""
        for client in self._clients.values():
            await client.stop()
        for keys in self._keys.values():
            keys.close()

    def _prepare(self, chunk: Sequence[Planned]) -> list[tuple[Planned, Prepared | Spoiled]]:
        fresh: dict[str, list[Planned]] = {}
        for planned in chunk:
            if planned.fault is None and planned.id not in self._sent:
                fresh.setdefault(planned.partner, []).append(planned)
        for partner, several in fresh.items():
            batch = [_outgoing(planned) for planned in several]
            for made in preparing.prepare_many(batch, self._of(partner), self._keys[partner]):
                if isinstance(made, Refused):
                    raise ValueError(f"{partner}: the SDK refused {made.id}: {', '.join(map(str, made.problems))}")
                self._sent[made.id] = made
        return [(planned, self._bytes(planned)) for planned in chunk]

    def _bytes(self, planned: Planned) -> Prepared | Spoiled:
        if planned.fault is None:
            return self._sent[planned.id]
        settings = self._of(planned.partner)
        made = preparing.signed(_outgoing(planned), settings, self._keys[planned.partner], os.urandom)
        assert isinstance(made, Prepared)
        return spoil(made, planned.fault, settings)

    def _of(self, partner: str) -> PartnerSettings:
        if partner not in self._settings:
            settings = PartnerSettings.load(self._partner_file(partner))
            self._settings[partner] = settings
            self._keys[partner] = PublisherKeys(settings.keyring, settings.oin)
        return self._settings[partner]

    async def _send(self, planned: Planned, prepared: Prepared | Spoiled) -> asyncio.Future[Any]:
        """Hand one event to its partner's connection; while Kafka is away, wait for it, so that the order stays."""
        user = "admin" if planned.fault == "not-authorised" else planned.partner
        until = time.monotonic() + AWAY_SECONDS
        while True:
            try:
                client = await self._client(user, planned.partner)
                waiting: asyncio.Future[Any] = await client.send(
                    prepared.topic, value=prepared.value, key=prepared.key, headers=list(prepared.headers)
                )
                return waiting
            except (KafkaError, OSError) as error:
                lasting = isinstance(error, KafkaError) and not error.retriable and type(error) is not KafkaTimeoutError
                if lasting or time.monotonic() > until:
                    raise
                await asyncio.sleep(RETRY_SECONDS)

    async def _client(self, user: str, partner: str) -> AIOKafkaProducer:
        if user not in self._clients:
            config = client_settings(self._of(partner))
            if user == "admin":
                config |= {"sasl_plain_username": self._admin["user"], "sasl_plain_password": self._admin["password"]}
            client = AIOKafkaProducer(**config, enable_idempotence=True, acks="all", linger_ms=5)
            await connection.start(client, self._of(partner))
            self._clients[user] = client
        return self._clients[user]


def _outgoing(planned: Planned) -> Outgoing:
    return Outgoing(MODELS[planned.type](**dict(planned.fields)), id=planned.id, time=planned.time)
