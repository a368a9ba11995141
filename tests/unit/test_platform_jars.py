"""The jars are checked, count and hash, before every start."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from infra import bootstrap
from infra.local.jars import KAFKA_VERSION, Jar, check, ensure_jars, read_lock
from ketenbus.errors import ConfigurationError

LOCKED = tuple(
    Jar(hashlib.sha256(name.encode()).hexdigest(), len(name), f"org.example:{name}:1") for name in ("one", "two")
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for jar in LOCKED:
        (tmp_path / jar.filename).write_text(jar.coordinate.split(":")[1])
    return tmp_path


def test_jars_as_locked_pass(folder: Path) -> None:
    assert [path.name for path in check(LOCKED, folder)] == ["one-1.jar", "two-1.jar"]


def test_a_jar_with_another_hash_refuses_the_start(folder: Path) -> None:
    (folder / "two-1.jar").write_text("changed")
    with pytest.raises(ConfigurationError, match=r"two-1\.jar is not what kafka-jars\.lock says .* remove this file"):
        check(LOCKED, folder)


def test_a_jar_too_many_refuses_the_start(folder: Path) -> None:
    (folder / "three-1.jar").write_text("three")
    with pytest.raises(ConfigurationError, match=r"has 3 jars where the lock has 2: remove three-1\.jar"):
        check(LOCKED, folder)


def test_a_jar_too_few_refuses_the_start(folder: Path) -> None:
    (folder / "one-1.jar").unlink()
    with pytest.raises(ConfigurationError, match="no such file"):
        check(LOCKED, folder)


def test_a_changed_jar_in_the_cache_is_not_replaced_silently(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    (cache / f"kafka-{KAFKA_VERSION}").mkdir(parents=True)
    lock = tmp_path / "lock"
    lock.write_text(f"# comment\n{LOCKED[0].sha256} 3 {LOCKED[0].coordinate}\n")
    (cache / f"kafka-{KAFKA_VERSION}" / LOCKED[0].filename).write_text("changed")
    with pytest.raises(ConfigurationError, match="is not what"):
        ensure_jars(cache, print, lock)


def test_the_committed_lock_has_kafka_and_what_set_up_says_it_weighs() -> None:
    jars = read_lock()
    assert len(jars) == 46
    assert f"kafka_2.13-{KAFKA_VERSION}.jar" in {jar.filename for jar in jars}
    assert sum(jar.size for jar in jars) == pytest.approx(bootstrap.KAFKA_BYTES, rel=0.02)
