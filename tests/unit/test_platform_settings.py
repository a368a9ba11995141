"""Settings of the local platform, and what they refuse."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from infra.local import postgres
from infra.local.identities import Addresses, dsn_for
from infra.local.java import parse_version
from infra.local.platform import Platform
from infra.local.settings import ROOT, KafkaAdmin, Settings, default_data, read
from ketenbus.errors import ConfigurationError


def test_without_settings_the_data_is_in_the_clone_and_both_servers_are_ours() -> None:
    assert default_data({}) == ROOT / ".ketenbus"
    assert read({"XDG_CACHE_HOME": "/cache"}) == Settings(cache=Path("/cache/ketenbus"))


def test_one_setting_points_at_an_existing_kafka() -> None:
    given = {"KETENBUS_CACHE": "/c", "KETENBUS_KAFKA": "kafka.example:9092", "KETENBUS_KAFKA_PASSWORD": "p"}
    assert read(given).kafka == KafkaAdmin("kafka.example:9092", "admin", "p")


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("no port", {"KETENBUS_KAFKA": "kafka.example"}, "give host:port"),
        ("no password", {"KETENBUS_KAFKA": "kafka.example:9092"}, "KETENBUS_KAFKA_PASSWORD"),
    ],
)
def test_an_existing_kafka_needs_its_address_and_password(name: str, given: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read(given)


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_202"', 8),
        ('openjdk version "25" 2025-09-16 LTS', 25),
        ("Unrecognized option", None),
    ],
)
def test_a_java_tells_its_major_version(said: str, version: int | None) -> None:
    assert parse_version(said) == version


def test_no_administrators_password_is_in_a_repr() -> None:
    given = {
        "KETENBUS_KAFKA": "a:1",
        "KETENBUS_KAFKA_PASSWORD": "geheim",
        "KETENBUS_POSTGRES": "postgresql://a:geheim@b/c",
    }
    held = read(given)
    assert held.kafka is not None
    assert "geheim" not in repr((held, Addresses(held.kafka, given["KETENBUS_POSTGRES"])))


def test_a_dsn_for_a_processor_keeps_everything_but_the_user() -> None:
    admin = "postgresql://root:a%40b@db.example:6543/bus?sslmode=require"
    assert dsn_for(admin, "admit", "p/w@x") == "postgresql://admit:p%2Fw%40x@db.example:6543/bus?sslmode=require"


def test_a_folder_with_other_things_in_it_is_neither_used_nor_wiped(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    platform = Platform(tmp_path, layout=tuple, given=Settings(cache=tmp_path))
    for act in (platform.up, lambda: platform.down(wipe=True)):
        with pytest.raises(ConfigurationError, match="holds other things than a platform"):
            act()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def brought_up(data: Path, database: Path) -> Path:
    """Return a data folder as `up` leaves it, with its database in that folder."""
    (database / "data").mkdir(parents=True)
    data.mkdir(exist_ok=True)
    (data / "platform.json").write_text(json.dumps({"postgres": {"folder": str(database), "port": 1, "pid": 1}}))
    return data


def test_a_copy_of_a_data_folder_uses_and_wipes_its_own_database_and_never_that_of_the_original(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "account", lambda: None)  # as root it may be outside: where `nobody` cannot reach
    original = brought_up(tmp_path / "original", tmp_path / "original" / "postgres")
    shutil.copytree(original, tmp_path / "copy")
    copy = Platform(tmp_path / "copy", layout=tuple, given=Settings(cache=tmp_path))
    assert copy.postgres.folder == tmp_path / "copy" / "postgres"
    copy.down(wipe=True)
    assert not (tmp_path / "copy").exists()
    assert (original / "postgres" / "data").exists()


def test_a_copy_without_its_database_does_not_begin_with_an_empty_one(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    copy = brought_up(tmp_path / "copy", elsewhere)
    platform = Platform(copy, layout=tuple, given=Settings(cache=tmp_path))
    with pytest.raises(ConfigurationError, match="is a copy or was moved, and its database is not with it"):
        platform.up()
    platform.down(wipe=True)
    assert (elsewhere / "data").exists()


def test_a_data_folder_reached_by_another_path_has_the_database_it_had(tmp_path: Path) -> None:
    data = brought_up(tmp_path / "data", tmp_path / "data" / "postgres")
    (tmp_path / "link").symlink_to(data)
    assert Platform(tmp_path / "link", layout=tuple).postgres.folder == data / "postgres"
