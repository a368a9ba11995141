"""Users, topics and access lists in Kafka: made once, completed at every start, and refused where they differ.

Rights follow the layout alone: a user of ours that has more than the layout gives loses it at the next start.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ConfigResource,
    NewTopic,
    OffsetSpec,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from ketenbus.errors import ConfigurationError

# Kafka deletes what is older than its retention by record time; our history is older than any retention.
TOPIC_SETTINGS = {
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "message.timestamp.type": "LogAppendTime",
    "cleanup.policy": "delete",
    # Stored as plain bytes: what is larger than a topic takes is then refused however small it was compressed, and
    # no reader meets a record that a few bytes blow up, or a compression that it has no library for.
    "compression.type": "uncompressed",
}
TIMEOUT_SECONDS = 60.0
LEADER_SECONDS = 20.0
SCRAM_ITERATIONS = 4096  # the least Kafka takes; passwords are 24 random bytes, so stretching adds nothing


class TopicSpec(Protocol):
    """One topic of the bus, as `streams.runtime.topics` lays it out."""

    @property
    def name(self) -> str: ...
    @property
    def partitions(self) -> int: ...
    @property
    def readers(self) -> tuple[str, ...]: ...
    @property
    def writers(self) -> tuple[str, ...]: ...
    @property
    def largest_bytes(self) -> int: ...


def ensure_users(client: AdminClient, users: Sequence[str], password: Callable[[str], str], *, renew: bool) -> None:
    """Make the users that are missing; with `renew`, set every password again (a cluster others prepared)."""
    there: set[str] = set() if renew else set(_done(client.describe_user_scram_credentials()))
    changes: list[UserScramCredentialAlteration] = [
        UserScramCredentialUpsertion(
            user, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, SCRAM_ITERATIONS), password(user).encode()
        )
        for user in users
        if user not in there
    ]
    if changes:
        _all_done(client.alter_user_scram_credentials(changes).values(), "users")
        _wait_until(lambda: set(users) <= set(_done(client.describe_user_scram_credentials())), "users")


def ensure_topics(client: AdminClient, layout: Iterable[TopicSpec], *, replicas: int) -> int:
    """Make the missing topics and refuse existing ones that differ; return how many were made."""
    wanted = {spec.name: spec for spec in layout}
    there = {name: len(topic.partitions) for name, topic in client.list_topics(timeout=TIMEOUT_SECONDS).topics.items()}
    for name, spec in wanted.items():
        if there.get(name, spec.partitions) != spec.partitions:
            raise _differs(name, "partitions", str(there[name]), str(spec.partitions))
    _check_settings(client, [spec for name, spec in wanted.items() if name in there])
    missing = [spec for name, spec in wanted.items() if name not in there]
    if missing:
        topics = [NewTopic(spec.name, spec.partitions, replicas, config=_settings(spec)) for spec in missing]
        _all_done(client.create_topics(topics, operation_timeout=TIMEOUT_SECONDS).values(), "topics")
        _wait_until(lambda: wanted.keys() <= client.list_topics(timeout=TIMEOUT_SECONDS).topics.keys(), "topics")
    return len(missing)


def wait_for_leaders(client: AdminClient, layout: Sequence[TopicSpec]) -> None:
    """Return when every partition answers for itself; a node that was just started answers before all its logs do.

    Raises ConfigurationError naming a partition that still does not after LEADER_SECONDS.
    """
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    wanted = {TopicPartition(spec.name, n): latest for spec in layout for n in range(spec.partitions)}
    deadline = time.monotonic() + LEADER_SECONDS
    while wanted:
        for place, asked in client.list_offsets(wanted, request_timeout=LEADER_SECONDS).items():
            try:
                asked.result()
            except KafkaException as error:
                if time.monotonic() > deadline:
                    raise ConfigurationError(
                        f"Kafka runs, but {place.topic}/{place.partition} does not answer ({error.args[0].name()}): "
                        "see ./ketenbus logs kafka"
                    ) from error
            else:
                del wanted[place]
        if wanted:
            time.sleep(0.05)


def ensure_rights(client: AdminClient, layout: Iterable[TopicSpec], users: Sequence[str]) -> None:
    """Give every user exactly the rights of the layout."""
    wanted = set(rights(layout))
    ours = {f"User:{user}" for user in users}
    anything: Any = None  # the library means "any" by None, its annotations do not say so
    any_binding = AclBindingFilter(
        ResourceType.ANY, anything, ResourcePatternType.ANY, anything, anything, AclOperation.ANY, AclPermissionType.ANY
    )

    def granted() -> set[AclBinding]:
        return {binding for binding in _done(client.describe_acls(any_binding)) if binding.principal in ours}

    there = granted()
    if missing := wanted - there:
        _all_done(client.create_acls(list(missing)).values(), "access lists")
    if surplus := there - wanted:
        exactly = [
            AclBindingFilter(
                b.restype, b.name, b.resource_pattern_type, b.principal, b.host, b.operation, b.permission_type
            )
            for b in surplus
        ]
        _all_done(client.delete_acls(exactly).values(), "access lists")
    _wait_until(lambda: granted() == wanted, "access lists")


def rights(layout: Iterable[TopicSpec]) -> Iterable[AclBinding]:
    """Return what the layout allows: topics, a reader's own groups, and what an idempotent writer needs."""
    readers: set[str] = set()
    writers: set[str] = set()
    for spec in layout:
        for user in spec.readers:
            yield _allow(user, ResourceType.TOPIC, spec.name, AclOperation.READ)
        for user in spec.writers:
            yield _allow(user, ResourceType.TOPIC, spec.name, AclOperation.WRITE)
        readers.update(spec.readers)
        writers.update(spec.writers)
    for user in sorted(readers):
        # Reading implies describing, for topics and groups alike; the dot keeps one user's prefix out of another's.
        yield _allow(user, ResourceType.GROUP, f"{user}.", AclOperation.READ, ResourcePatternType.PREFIXED)
    for user in sorted(writers):
        yield _allow(user, ResourceType.BROKER, "kafka-cluster", AclOperation.IDEMPOTENT_WRITE)


def _allow(
    user: str,
    kind: ResourceType,
    name: str,
    operation: AclOperation,
    pattern: ResourcePatternType = ResourcePatternType.LITERAL,
) -> AclBinding:
    return AclBinding(kind, name, pattern, f"User:{user}", "*", operation, AclPermissionType.ALLOW)


def _settings(spec: TopicSpec) -> dict[str, str]:
    return {**TOPIC_SETTINGS, "max.message.bytes": str(spec.largest_bytes)}


def _check_settings(client: AdminClient, specs: Sequence[TopicSpec]) -> None:
    if not specs:
        return
    resources = {ConfigResource(ConfigResource.Type.TOPIC, spec.name): spec for spec in specs}
    for resource, answer in client.describe_configs([*resources], request_timeout=TIMEOUT_SECONDS).items():
        entries = _done(answer)
        for setting, wanted in _settings(resources[resource]).items():
            if entries[setting].value != wanted:
                raise _differs(resource.name, setting, entries[setting].value, wanted)


def _differs(topic: str, setting: str, found: str, wanted: str) -> ConfigurationError:
    return ConfigurationError(
        f"topic {topic} has {setting} {found}, the bus needs {wanted}: nothing was changed; "
        f"put it right, or start with another data folder or cluster"
    )


def _wait_until(in_force: Callable[[], bool], what: str) -> None:
    """Wait until the broker goes by what its controller accepted: measured, the first requests after it are refused."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not in_force():
        if time.monotonic() > deadline:
            raise ConfigurationError(
                f"Kafka accepted the {what} but does not go by them after {TIMEOUT_SECONDS:.0f} s: "
                f"run `./ketenbus up` again, and see its log if that does not help"
            )
        time.sleep(0.02)


def _done(future: Any) -> Any:
    return future.result(timeout=TIMEOUT_SECONDS)


def _all_done(futures: Iterable[Future[Any]], what: str) -> None:
    try:
        for future in futures:
            _done(future)
    except KafkaException as error:
        raise ConfigurationError(f"Kafka refused to make {what}: {error.args[0].str()}") from error
