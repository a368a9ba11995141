"""Publishing: an event is checked, sealed and signed here, stored, then sent until every in-sync replica has it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError
from aiokafka.structs import RecordMetadata
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ketenbus import telemetry
from ketenbus.acknowledgements import Acknowledgements, Outcome
from ketenbus.connection import FAULTS, client_settings, fault, start
from ketenbus.errors import Broken, BusError, CorruptLogError, RetryableError
from ketenbus.keyring import PublisherKeys
from ketenbus.lots import Lots
from ketenbus.outbox import Accepted, Outbox
from ketenbus.preparing import Outgoing, Prepared, Refused, prepare, prepare_many
from ketenbus.settings import PartnerSettings
from ketenbus.values import Event

__all__ = ["Accepted", "Outcome", "Outgoing", "Prepared", "Producer", "Refused", "prepare", "prepare_many"]

LINGER_MS = 3
BATCH_BYTES = 262_144
AT_ONCE = 2_000
STOP_SECONDS = 5.0


def clock() -> datetime:
    """Return the time now, in UTC."""
    return datetime.now(UTC)


class Producer:
    """Publishes one partner's events.

    With an `outbox` path, what `send` and `send_many` have begun survives a kill at any line: the next Producer on
    that path sends the same bytes with `flush_outbox`, or with its first send. Without one, the same holds for as
    long as the process lives.

    A RetryableError means: kept, not (all) acknowledged yet. Try again with `flush_outbox`, or offer the same events
    under the same ids: an id names one event for good, and is answered from the outbox once it was sent.
    """

    def __init__(
        self,
        settings: PartnerSettings,
        outbox: Path | None = None,
        now: Callable[[], datetime] = clock,
        deadline_seconds: float = 30.0,
    ) -> None:
        self._settings = settings
        self._path = outbox
        self._now = now
        self._deadline_seconds = deadline_seconds
        self._keys = PublisherKeys(settings.keyring, settings.oin)
        self._acknowledgements = Acknowledgements(settings)
        self._client: AIOKafkaProducer | None = None
        self._storing = Lots(self._store, AT_ONCE)
        self._sending = asyncio.Lock()
        self._fingerprint_key = hashlib.sha256(
            b"ketenbus outbox" + settings.signing_key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        ).digest()

    async def __aenter__(self) -> Self:
        """Open the outbox. Kafka is reached at the first send, so that events can be stored while it is away."""
        self._outbox = await asyncio.to_thread(Outbox, self._path)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close everything. What was not acknowledged stays in the outbox."""
        await self._acknowledgements.close()
        async with self._sending:
            await self._drop_client()
        self._keys.close()
        self._outbox.close()

    async def send(
        self, event: Event, *, id: str | None = None, time: datetime | None = None, traceparent: str | None = None
    ) -> Accepted | Refused:
        """Publish one event; return when every in-sync replica has it, or the rules it breaks and nothing is sent."""
        return (await self.send_many([Outgoing(event, id, time, traceparent)]))[0]

    async def send_many(self, batch: Sequence[Outgoing]) -> list[Accepted | Refused]:
        """Publish a batch, judged per event: a refused one does not hold up its neighbours. Answers in its order.

        Raises RetryableError when a broker did not acknowledge in time; every sound event is then in the outbox.
        """
        stamped = [outgoing.stamped(self._now()) for outgoing in batch]
        spans = [telemetry.publishing(o.event.TYPE, str(o.id)) for o in stamped]
        try:
            stamped = [
                o if o.traceparent else Outgoing(o.event, o.id, o.time, telemetry.traceparent_of(span))
                for o, span in zip(stamped, spans, strict=True)
            ]
            judged = await self._storing.ask(stamped)
            awaited = [judgement.id for judgement in judged if isinstance(judgement, Prepared)]
            accepted = await self._sent(awaited) if awaited else {}
            answers = [accepted[j.id] if isinstance(j, Prepared) else j for j in judged]
            for answer, span in zip(answers, spans, strict=True):
                if isinstance(answer, Refused):
                    telemetry.failed(span, "refused")
            return answers
        except BusError as error:
            for span in spans:
                telemetry.failed(span, type(error).__name__)
            raise
        finally:
            for span in spans:
                span.end()

    async def flush_outbox(self) -> int:
        """Send everything the outbox still holds, byte for byte as it was, and return how many events that were."""
        async with self._sending:
            count, error = await self._drain()
        if error is not None:
            raise error
        return count

    async def outcome(self, id: str, timeout_seconds: float = 30.0) -> Outcome:
        """Return what the bus made of an event of this partner: admitted, quarantined (and why) or repeated.

        Raises RetryableError when the bus has not said so within the time.
        """
        return await self._acknowledgements.outcome(id, timeout_seconds)

    def _store(self, stamped: Sequence[Outgoing]) -> list[Prepared | Accepted | Refused]:
        """Judge and prepare the batch, and store what is new in one commit before anything is sent."""
        prints = [self._fingerprint(outgoing.event) for outgoing in stamped]
        earlier = self._outbox.stored(str(outgoing.id) for outgoing in stamped)
        first: dict[str, bytes] = {id: stored.fingerprint for id, stored in earlier.items()}
        answers: list[Prepared | Accepted | Refused] = []
        new: list[tuple[Prepared, bytes]] = []
        for judged, fingerprint in zip(prepare_many(stamped, self._settings, self._keys), prints, strict=True):
            if isinstance(judged, Refused):
                answers.append(judged)
            elif first.setdefault(judged.id, fingerprint) != fingerprint:
                answers.append(Refused(judged.id, (Broken("id", "names another event of this partner already"),)))
            elif judged.id in earlier:
                answers.append(earlier[judged.id].accepted or judged)
            else:
                new.append((judged, fingerprint))
                answers.append(judged)
        if new:
            self._outbox.put(new)
        return answers

    def _fingerprint(self, event: Event) -> bytes:
        """Return what tells one event from another without holding its content: keyed, for contents can be guessed."""
        text = f"{event.TYPE}\n{event.model_dump_json()}"
        return hmac.digest(self._fingerprint_key, text.encode(), "sha256")

    async def _sent(self, ids: Sequence[str]) -> dict[str, Accepted]:
        """Send what is pending, oldest first, and return where these ids went.

        One sender at a time: whoever waits finds its events sent by the one before, so many small sends go as few.
        """
        error: BusError | None = None
        async with self._sending:
            stored = await asyncio.to_thread(self._outbox.stored, ids)
            if any(stored[id].accepted is None for id in ids):
                _, error = await self._drain()
                stored = await asyncio.to_thread(self._outbox.stored, ids)
        accepted = {id: held.accepted for id, held in stored.items() if held.accepted is not None}
        if len(accepted) < len(set(ids)):
            raise error or CorruptLogError("the outbox holds events that were neither sent nor refused: call support")
        return accepted

    async def _drain(self) -> tuple[int, BusError | None]:
        """Offer each pending event to Kafka once; return how many were acknowledged, and the first failure.

        A lasting failure (a topic this user may not write) does not stop the others; a passing one stops the round.
        """
        count, failure, position = 0, None, 0
        while pending := await asyncio.to_thread(self._outbox.pending, AT_ONCE, position):
            position = pending[-1][0]
            accepted, errors = await self._deliver([event for _, event in pending])
            if accepted:
                await asyncio.to_thread(self._outbox.done, accepted)
            count += len(accepted)
            if errors:
                await self._drop_client()
                failure = failure or errors[0]
            if any(isinstance(error, RetryableError) for error in errors):
                break
        return count, failure

    async def _deliver(self, pending: Sequence[Prepared]) -> tuple[list[Accepted], list[BusError]]:
        doing = f"publishing {len(pending)} events"
        errors: dict[str, BusError] = {}
        sent: list[tuple[Prepared, asyncio.Future[RecordMetadata]]] = []
        try:
            async with asyncio.timeout(self._deadline_seconds):
                client = await self._connected()
                for event in pending:  # one after the other: that keeps a topic's order
                    if event.topic not in errors:
                        try:
                            sent.append(
                                (
                                    event,
                                    await client.send(event.topic, event.value, event.key, headers=list(event.headers)),
                                )
                            )
                        except KafkaError as error:
                            errors[event.topic] = fault(error, doing)
                if sent:
                    await asyncio.wait([future for _, future in sent])
        except FAULTS as error:
            errors[""] = fault(error, doing)
        accepted = []
        for event, future in sent:
            if not future.done():
                future.cancel()
            elif (failed := future.exception()) is not None:
                errors[event.topic] = fault(failed, doing)
            else:
                at = future.result()
                accepted.append(Accepted(event.id, at.topic, at.partition, at.offset))
        return accepted, list(errors.values())

    async def _connected(self) -> AIOKafkaProducer:
        if self._client is None:
            client = AIOKafkaProducer(
                **client_settings(self._settings),
                enable_idempotence=True,
                acks="all",
                linger_ms=LINGER_MS,
                max_batch_size=BATCH_BYTES,
                request_timeout_ms=int(self._deadline_seconds * 1000),
            )
            await start(client, self._settings)
            self._client = client
        return self._client

    async def _drop_client(self) -> None:
        """Close the connection within a bounded time, giving up what it still holds: the outbox has it."""
        client, self._client = self._client, None
        if client is None:
            return
        # aiokafka 0.14 has no public way to give up: an idempotent producer retries for ever, in stop() too. Its sender
        # waits for its requests when cancelled, so it is cancelled until it has let go of each; the batches then fail.
        sender = client._sender.sender_task
        while not sender.done():
            sender.cancel()
            await asyncio.sleep(0)
        client._message_accumulator.fail_all(KafkaTimeoutError())
        with suppress(TimeoutError):
            await asyncio.wait_for(client.stop(), STOP_SECONDS)
