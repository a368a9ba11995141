"""The made-up partners at work: a planned history becomes signed events on Kafka, the invalid ones spoiled as planned.

What is sound goes through the SDK as an agency would send it. What is planned to be invalid the SDK refuses to prepare,
so it is written here the way a faulty or hostile system would.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from ketenbus import envelope, preparing
from ketenbus.codec import FRAME
from ketenbus.connection import client_settings
from ketenbus.envelope import SIGNATURE, Headers
from ketenbus.events import MODELS
from ketenbus.keyring import PublisherKeys
from ketenbus.preparing import Outgoing, Prepared, Refused
from ketenbus.settings import PartnerSettings
from sandbox.telling import Planned

CHUNK = 500
NO_SUCH_SCHEMA = 4_000_000


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

    async def publish(self, events: Sequence[Planned], progress: Callable[[int], None]) -> int:
        """Send every event and return how many were acknowledged; `progress` hears how many so far."""
        done = 0
        for start in range(0, len(events), CHUNK):
            chunk = events[start : start + CHUNK]
            ready = await asyncio.to_thread(self._prepare, chunk)
            waiting = [await self._send(planned, prepared) for planned, prepared in ready]
            done += len(await asyncio.gather(*waiting))
            progress(done)
        return done

    async def close(self) -> None:
        """Close every connection and key file."""
        for client in self._clients.values():
            await client.stop()
        for keys in self._keys.values():
            keys.close()

    def _prepare(self, chunk: Sequence[Planned]) -> list[tuple[Planned, Prepared]]:
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

    def _bytes(self, planned: Planned) -> Prepared:
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

    async def _send(self, planned: Planned, prepared: Prepared) -> asyncio.Future[Any]:
        user = "admin" if planned.fault == "not-authorised" else planned.partner
        if user not in self._clients:
            config = client_settings(self._of(planned.partner))
            if user == "admin":
                config |= {"sasl_plain_username": self._admin["user"], "sasl_plain_password": self._admin["password"]}
            client = AIOKafkaProducer(**config, enable_idempotence=True, acks="all", linger_ms=5)
            await client.start()
            self._clients[user] = client
        waiting: asyncio.Future[Any] = await self._clients[user].send(
            prepared.topic, value=prepared.value, key=prepared.key, headers=list(prepared.headers)
        )
        return waiting


def _outgoing(planned: Planned) -> Outgoing:
    return Outgoing(MODELS[planned.type](**dict(planned.fields)), id=planned.id, time=planned.time)


def spoil(made: Prepared, fault: str, settings: PartnerSettings) -> Prepared:
    """Return a sound event made invalid as the fault says; the rest of it stays whole and signed by its publisher."""
    headers: Headers = tuple(h for h in made.headers if h[0] != SIGNATURE)
    topic, key, value = made.topic, made.key, made.value
    match fault:
        case "unknown-type":
            headers = tuple(_other_type(headers))
        case "unknown-schema":
            value = FRAME.pack(0, NO_SUCH_SCHEMA) + value[FRAME.size :]
        case "undecodable":
            value = value[: FRAME.size + (len(value) - FRAME.size) // 2]
        case "trailing-bytes":
            value += b"\0"
        case "wrong-key":
            key += b"9"
    if fault == "missing-signature":
        return Prepared(made.id, topic, key, value, headers)
    signed = envelope.sign(headers, key, value, settings.signing_key)
    if fault == "bad-signature":
        value += b"\0"  # changed on the way, after it was signed
    return Prepared(made.id, topic, key, value, signed)


def _other_type(headers: Headers) -> Iterator[tuple[str, bytes]]:
    for name, content in headers:
        yield name, b"nl.mensenhandel.no-such-type.v1" if name == "ce_type" else content
