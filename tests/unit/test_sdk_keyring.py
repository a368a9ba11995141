"""The local key ring: who makes keys, who may open them, and what destroying them does."""

from __future__ import annotations

import multiprocessing
import stat
from pathlib import Path

import pytest

from ketenbus import keyring
from ketenbus.errors import ConfigurationError, CorruptLogError
from ketenbus.keyring import KEY_ID, PublisherKeys, ZoneKeys
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
    assert ZoneKeys(tmp_path, grants).secret(key_id) == (secret if opens else None)


def test_a_zone_does_not_open_files_it_has_no_grant_for(tmp_path: Path) -> None:
    key_id, _ = PublisherKeys(tmp_path, OIN).key("client-1", "identity")
    zone = ZoneKeys(tmp_path, [("*", "special")])
    zone.secret(key_id)
    assert zone._files == {}


@pytest.mark.parametrize(
    "key_id", ["", "x", f"{OIN}.identity.{'0' * 24}", f"../{OIN}.identity.0", f"{OIN}.../..{'0' * 24}"]
)
def test_a_key_id_that_names_no_key_opens_nothing(tmp_path: Path, key_id: str) -> None:
    assert ZoneKeys(tmp_path, [("*", "identity")]).secret(key_id) is None


def test_destroyed_keys_are_gone_at_once_everywhere(tmp_path: Path) -> None:
    here, there = PublisherKeys(tmp_path, OIN), PublisherKeys(tmp_path, OIN)
    zone = ZoneKeys(tmp_path, [("*", "identity")])
    key_id, secret = here.key("client-1", "identity")
    kept_id, kept = here.key("client-2", "identity")
    there.key("client-1", "identity")
    assert zone.secret(key_id) == secret
    assert here.destroy("client-1") == 1
    assert zone.secret(key_id) is None
    assert zone.secret(kept_id) == kept
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
    assert all(zone.secret(key_id) == secret for key_id, secret in made.values())
    assert {subject: keys.key(subject, "identity") for subject in made} == made
    assert len(keys.keys_for([(subject, "identity") for subject in made])) == 50  # a batch larger than what is kept
    keys.key("client-0", "identity")
    [file], [read] = keys._files.values(), zone._files.values()
    assert max(len(file._keys), len(read._secrets)) <= 10
