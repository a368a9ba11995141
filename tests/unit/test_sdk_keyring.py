"""The local key ring: who makes keys, who may open them, and what destroying them does."""

from __future__ import annotations

import multiprocessing
import sqlite3
import stat
from pathlib import Path

import pytest

from ketenbus import keyring
from ketenbus.errors import ConfigurationError, CorruptLogError
from ketenbus.keyring import KEY_ID, PublisherKeys, ZoneKeys
from ketenbus.sealing import hidden
from tests.made_up import OIN

OTHER_OIN = "00000009900000000002"


def test_a_subject_and_class_have_one_key(tmp_path: Path) -> None:
    keys = PublisherKeys(tmp_path, OIN)
    key_id, secret = keys.key("client-1", "identity")
    assert KEY_ID.fullmatch(key_id)
    assert key_id.startswith(f"{OIN}.identity.")
    assert len(secret) == 32
    assert (
        keys.key("client-1", "identity") == (key_id, secret) == PublisherKeys(tmp_path, OIN).key("client-1", "identity")
    )


def test_another_subject_or_class_has_another_key(tmp_path: Path) -> None:
    keys = PublisherKeys(tmp_path, OIN)
    made = keys.keys_for([("a", "identity"), ("b", "identity"), ("a", "special"), ("a", "identity")])
    assert len(set(made.values())) == len(made) == 3


def test_no_file_is_made_before_a_key_is_asked_for(tmp_path: Path) -> None:
    PublisherKeys(tmp_path, OIN).keys_for([])
    assert list(tmp_path.iterdir()) == []


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    PublisherKeys(tmp_path, OIN).key("client-1", "identity")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / OIN).iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE((tmp_path / OIN).stat().st_mode) == 0o700


def test_a_key_id_says_nothing_of_the_subject(tmp_path: Path) -> None:
    assert "client-1" not in PublisherKeys(tmp_path, OIN).key("client-1", "identity")[0]


@pytest.mark.parametrize(
    ("grants", "opens"),
    [
        ([("*", "identity")], True),
        ([(OIN, "identity")], True),
        ([("*", "special")], False),
        ([(OTHER_OIN, "identity")], False),
        ([], False),
    ],
)
def test_a_zone_opens_what_its_grants_name(tmp_path: Path, grants: list[tuple[str, str]], opens: bool) -> None:
    key_id, secret = PublisherKeys(tmp_path, OIN).key("client-1", "identity")
    assert ZoneKeys(tmp_path, grants).key(key_id) == ((key_id, secret) if opens else None)
    assert ZoneKeys(tmp_path, grants).key(hidden(key_id)) == ((key_id, secret) if opens else None)


def test_a_zone_does_not_open_files_it_has_no_grant_for(tmp_path: Path) -> None:
    key_id, _ = PublisherKeys(tmp_path, OIN).key("client-1", "identity")
    zone = ZoneKeys(tmp_path, [("*", "special")])
    assert zone.key(key_id) is zone.key(hidden(key_id)) is None
    assert zone._files == {}


@pytest.mark.parametrize(
    "key_id",
    [
        "",
        "x",
        f"{OIN}.identity.{'0' * 24}",
        f"../{OIN}.identity.0",
        f"{OIN}.../..{'0' * 24}",
        f"identity.{'0' * 24}",
        f"../{OIN}.{'0' * 24}",
    ],
)
def test_a_key_id_that_names_no_key_opens_nothing(tmp_path: Path, key_id: str) -> None:
    assert ZoneKeys(tmp_path, [("*", "identity")]).key(key_id) is None


def test_a_hidden_key_is_found_among_those_of_many_publishers_also_of_who_came_later(tmp_path: Path) -> None:
    zone = ZoneKeys(tmp_path, [("*", "identity"), (OIN, "special")])
    for number in range(40):
        keys = PublisherKeys(tmp_path, f"{number:020d}")
        key_id, secret = keys.key("client-1", "identity")
        assert zone.key(hidden(key_id)) == zone.key(hidden(key_id)) == (key_id, secret)
        assert zone.key(hidden(keys.key("client-1", "special")[0])) is None


def test_whose_hidden_keys_are_found_is_looked_at_before_all_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {
        oin: PublisherKeys(tmp_path, oin).key("client-1", "identity")[0] for oin in (f"{n:020d}" for n in range(40))
    }
    zone, shelter = ZoneKeys(tmp_path, [("*", "identity")]), f"{39:020d}"
    zone.key(hidden(made[shelter]))
    asked: list[str] = []
    there = zone._file
    monkeypatch.setattr(zone, "_file", lambda oin, field_class: asked.append(oin) or there(oin, field_class))
    zone.key(hidden(made[shelter]))
    assert asked == [shelter]


def test_a_publisher_that_gives_its_key_the_number_of_anothers_keeps_nothing_shut(tmp_path: Path) -> None:
    keys = {oin: PublisherKeys(tmp_path, oin).key("client-1", "identity") for oin in (OIN, OTHER_OIN)}
    same = f"{OTHER_OIN}.identity.{keys[OIN][0].rpartition('.')[2]}"
    with sqlite3.connect(tmp_path / OTHER_OIN / "identity.sqlite") as database:
        database.execute("UPDATE key SET key_id = ?", (same,))
        database.execute("INSERT INTO key VALUES (?, 'client-2', ?)", (f"{same}.no.id", bytes(32)))
    zone = ZoneKeys(tmp_path, [("*", "identity")])
    assert zone.key(hidden(keys[OIN][0])) == keys[OIN]
    assert zone.key(hidden(same)) == (same, keys[OTHER_OIN][1])


def test_destroyed_keys_are_gone_at_once_everywhere(tmp_path: Path) -> None:
    here, there = PublisherKeys(tmp_path, OIN), PublisherKeys(tmp_path, OIN)
    zone = ZoneKeys(tmp_path, [("*", "identity")])
    key_id, secret = here.key("client-1", "identity")
    kept_id, kept = here.key("client-2", "identity")
    there.key("client-1", "identity")
    assert zone.key(key_id) == zone.key(hidden(key_id)) == (key_id, secret)
    assert here.destroy("client-1") == 1
    assert zone.key(key_id) is zone.key(hidden(key_id)) is None
    assert zone.key(kept_id) == zone.key(hidden(kept_id)) == (kept_id, kept)
    assert there.key("client-1", "identity")[0] != key_id


def test_no_copy_of_a_destroyed_key_is_left_in_the_files(tmp_path: Path) -> None:
    keys = PublisherKeys(tmp_path, OIN)
    _, secret = keys.key("client-1", "identity")
    keys.destroy("client-1")
    assert not any(secret in path.read_bytes() for path in (tmp_path / OIN).iterdir())


def test_destroying_a_subject_without_keys_destroys_none(tmp_path: Path) -> None:
    assert PublisherKeys(tmp_path, OIN).destroy("nobody") == 0


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_processes_that_make_the_same_keys_at_once_agree(tmp_path: Path) -> None:
    with multiprocessing.get_context("fork").Pool(2) as pool:
        made = pool.starmap(_made, [(tmp_path, 20)] * 4)
    assert all(keys == made[0] for keys in made)


def test_a_damaged_file_stops_everything(tmp_path: Path) -> None:
    (tmp_path / OIN).mkdir()
    (tmp_path / OIN / "identity.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(CorruptLogError, match="damaged"):
        PublisherKeys(tmp_path, OIN).key("client-1", "identity")


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "keyring").write_text("a file")
    with pytest.raises(ConfigurationError, match="check the keyring folder"):
        PublisherKeys(tmp_path / "keyring", OIN).key("client-1", "identity")


def _made(folder: Path, count: int) -> dict[tuple[str, str], tuple[str, bytes]]:
    return PublisherKeys(folder, OIN).keys_for([(f"client-{n}", "identity") for n in range(count)])


def test_of_many_keys_a_bounded_number_is_remembered_and_each_stays_what_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "REMEMBERED", 10)
    keys, zone = PublisherKeys(tmp_path, OIN), ZoneKeys(tmp_path, [(OIN, "identity")])
    made = {f"client-{n}": keys.key(f"client-{n}", "identity") for n in range(50)}
    assert all(zone.key(id) == zone.key(hidden(id)) == (id, secret) for id, secret in made.values())
    assert {subject: keys.key(subject, "identity") for subject in made} == made
    assert len(keys.keys_for([(subject, "identity") for subject in made])) == 50  # a batch larger than what is kept
    keys.key("client-0", "identity")
    [file], [read] = keys._files.values(), zone._files.values()
    assert max(len(file._keys), len(read._secrets)) <= 10
