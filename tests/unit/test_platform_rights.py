"""What the layout of the topics allows whom."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from confluent_kafka.admin import AclOperation, AclPermissionType, ResourcePatternType, ResourceType

from infra.local.access import rights
from infra.local.postgres import reachable


@dataclass(frozen=True)
class Topic:
    name: str
    partitions: int
    readers: tuple[str, ...]
    writers: tuple[str, ...]
    largest_bytes: int = 1_000_000


def test_a_layout_gives_reading_writing_and_nothing_else() -> None:
    given = {
        (right.principal, right.restype, right.name, right.resource_pattern_type, right.operation)
        for right in rights([Topic("log", 1, ("reader",), ("writer",))])
    }
    literal = ResourcePatternType.LITERAL
    assert given == {
        ("User:reader", ResourceType.TOPIC, "log", literal, AclOperation.READ),
        ("User:reader", ResourceType.GROUP, "reader.", ResourcePatternType.PREFIXED, AclOperation.READ),
        ("User:writer", ResourceType.TOPIC, "log", literal, AclOperation.WRITE),
        ("User:writer", ResourceType.BROKER, "kafka-cluster", literal, AclOperation.IDEMPOTENT_WRITE),
    }


def test_every_right_allows_and_none_denies() -> None:
    layout = [Topic("log", 1, ("reader",), ("writer",))]
    assert {right.permission_type for right in rights(layout)} == {AclPermissionType.ALLOW}


@pytest.mark.parametrize(
    ("name", "mode", "whose", "expected"),
    [
        ("its owner passes", 0o700, 0, True),
        ("its owner has shut it", 0o600, 0, False),
        ("a stranger is kept out", 0o700, 1, False),
    ],
)
def test_a_folder_is_reachable_as_its_mode_says(
    name: str, mode: int, whose: int, expected: bool, tmp_path: Path
) -> None:
    owner = (os.getuid() + whose, os.getgid() + whose)
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(mode)
    assert reachable(folder / "inside", owner) is expected


def test_our_own_account_needs_no_looking(tmp_path: Path) -> None:
    assert reachable(tmp_path / "inside", None)
