"""Releases of the register: proposed, approved by two, announced in every partition of the log."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path

from confluent_kafka import KafkaException, Producer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent.release import Release, read_release, register_of, require_approved, require_next
from ketenbus.errors import ConfigurationError, RetryableError
from streams.disclose.releases import CONTROL, Law
from streams.runtime import topics
from streams.runtime.settings import LAW, ProcessorSettings, contract_words, load_approvers
from streams.runtime.settled import log_in

SEND_SECONDS = 60.0


def first() -> Release:
    """Return the project's register as the first release of a platform, not approved yet."""
    return _release(1, "", LAW["activities.yaml"].read_text("utf-8"))


def propose(activities: str, after: Law) -> Release:
    """Return these activities as the release after the one in force.

    Raises ConfigurationError with file, line and reason where they are no valid register.
    """
    release = _release(after.number + 1, after.digest, activities)
    try:
        register_of(release, contract_words())
    except ValueError as error:
        raise ConfigurationError(f"register refused\n{error}") from error
    return release


def approve(release: Release, approver: Path) -> Release:
    """Return the release signed with the key in that file; raises ConfigurationError where it holds none."""
    try:
        held = json.loads(approver.read_text("utf-8"))
        key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(held["signing_key"]))
        return release.approved_by(held["id"], key)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{approver} holds no approver's key ({type(error).__name__})") from error


def read_file(file: Path) -> Release:
    """Return the release in a file; raises ConfigurationError where there is none."""
    try:
        return read_release(file.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}; ./ketenbus register propose writes a release") from error
    except ValueError as error:
        raise ConfigurationError(f"{file}: {error}; ./ketenbus register propose writes one") from error


def announce(release: Release, settings: ProcessorSettings, after: Mapping[int, Law]) -> list[str]:
    """Put the release's control record in every partition of the log where it is not in force, and return where they lie.

    Raises ConfigurationError where two have not approved it, or it does not follow what is in force (`after`, by partition);
    RetryableError where Kafka does not take it: announced again, it goes where it is still missing.
    """
    missing = [partition for partition, law in sorted(after.items()) if law.digest != release.digest]
    try:
        require_approved(release, load_approvers(settings.approvers))
        register_of(release, contract_words())
        for partition in missing:
            require_next(release, after[partition].number, after[partition].digest)
    except ValueError as error:
        raise ConfigurationError(f"not announced: {error}") from error
    placed: list[str] = []
    failed: list[str] = []

    def heard(error: object, message: object) -> None:
        if error is not None:
            failed.append(str(error))
        else:
            placed.append(f"{message.topic()}/{message.partition()}/{message.offset()}")  # type: ignore[attr-defined]

    producer = Producer({**log_in(settings.kafka, settings.user, settings.password), "enable.idempotence": True})
    try:
        for partition in missing:
            producer.produce(
                topics.KETENLOG, release.text().encode(), partition=partition, headers=[CONTROL], on_delivery=heard
            )
        left = producer.flush(SEND_SECONDS)
    except KafkaException as error:
        raise RetryableError(f"Kafka did not take the release: {error}; announce it again") from error
    if failed or left:
        raise RetryableError(f"Kafka took {len(placed)} of {len(missing)} control records: announce it again")
    return sorted(placed)


def _release(number: int, previous: str, activities: str) -> Release:
    return Release(number=number, previous=previous, activities=activities, rules=LAW["rules.yaml"].read_text("utf-8"))
