"""What a processor does not start with: each refusal names the file and the field, and shows nothing of what it holds."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ketenbus.errors import ConfigurationError
from streams import worker
from streams.runtime.settings import load, load_approvers, load_partners
from tests.made_up import DISCLOSE_KEY, SIGNING_KEY

#: In every value that is wrong: it must not be told.
SHOWN = "Z2VoZWlt"
OINS = (f"{1000:020d}", f"{2000:020d}")
REMEDY = r" \(correct it, or let \./ketenbus up write it again\)$"


def encoded(size: int) -> str:
    return base64.b64encode(bytes(range(size))).decode()


def public(key: Any) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def told(path: Path, caught: pytest.ExceptionInfo[ConfigurationError]) -> str:
    """What a refusal says, once it named the file and showed no value."""
    said = str(caught.value)
    assert said.startswith(str(path))
    assert SHOWN not in said
    assert caught.value.__cause__ is None and caught.value.__suppress_context__
    return said.removeprefix(str(path))


def settings_file(folder: Path, **changed: Any) -> Path:
    held = {
        "name": "admit",
        "kafka": "127.0.0.1:1",
        "user": "admit",
        "password": f"password-{SHOWN}",
        "dsn": f"postgresql://{SHOWN}",
        "partners": "partners.yaml",
        "keys": {"subject": encoded(32)},
    } | changed
    path = folder / "admit.json"
    path.write_text(json.dumps({name: value for name, value in held.items() if value is not ...}), "utf-8")
    return path


def test_secrets_stay_out_of_the_repr(tmp_path: Path) -> None:
    text = repr(load(settings_file(tmp_path, keys={"subject": encoded(32)})))
    assert SHOWN not in text
    assert encoded(32) not in text
    assert "127.0.0.1:1" in text


@pytest.mark.parametrize(
    "key", ["", SHOWN, f"%%{SHOWN}", f"{SHOWN}é", encoded(31), encoded(33), encoded(32) + "\n", 5, ["a"]]
)
@pytest.mark.parametrize("name", ["subject", "views", "signing", "view_public_key"])
def test_a_key_of_another_length_is_no_key(tmp_path: Path, name: str, key: object) -> None:
    path = settings_file(tmp_path, keys={name: key})
    with pytest.raises(ConfigurationError, match=rf": `keys\.{name}` has to be .*{REMEDY}") as caught:
        load(path)
    assert "bytes in base64" in told(path, caught) or not isinstance(key, str)


def test_each_key_has_the_length_that_is_drawn_for_it(tmp_path: Path) -> None:
    for views in (64, 65):
        sizes = {"subject": 32, "views": views, "signing": 32, "view_public_key": 32}
        found = load(settings_file(tmp_path, keys={name: encoded(size) for name, size in sizes.items()}))
        assert {name: len(found.key(name)) for name in sizes} == sizes


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"kafka": ...}, "`kafka` is missing"),
        ({"keys": ...}, "`keys` is missing"),
        ({"password": [SHOWN]}, "`password` has to be text"),
        ({"dsn": ""}, "`dsn` is empty"),
        ({"keys": [SHOWN]}, "`keys` has to hold fields"),
        ({"keys": {"keyring": SHOWN}}, "`keys.keyring` has to be a list"),
        ({"keys": {"keyring": [["*", 1]]}}, "`keys.keyring[0][1]` has to be text"),
        ({"keys": {"partner": 5}}, "`keys.partner` has to be text"),
        ({"aprovers": SHOWN}, "`aprovers` is no setting"),
        ({"user": 1, "kafka": None}, "`kafka` has to be text; `user` has to be text"),
    ],
)
def test_a_setting_that_cannot_be_is_named(tmp_path: Path, changed: dict[str, Any], rule: str) -> None:
    path = settings_file(tmp_path, **changed)
    with pytest.raises(ConfigurationError, match=REMEDY) as caught:
        load(path)
    assert f": {rule} (" in told(path, caught)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (f'{{"name": "{SHOWN}'.encode(), " is no JSON in UTF-8"),
        (f"\xff{SHOWN}".encode("latin-1"), " is no JSON in UTF-8"),
        (f'["{SHOWN}"]'.encode(), ": the whole has to hold fields"),
    ],
)
def test_a_file_that_is_no_settings_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "admit.json"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=REMEDY) as caught:
        load(path)
    assert told(path, caught).startswith(said)


def test_a_folder_is_no_settings_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no settings at .*\./ketenbus up"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["partner", "keyring", "keyring_folder"])
def test_what_a_zone_needs_and_has_not_is_named(tmp_path: Path, name: str) -> None:
    path = settings_file(tmp_path)
    with pytest.raises(ConfigurationError, match=f"settings hold no key {name}") as caught:
        load(path).held(name)
    assert "./ketenbus up" in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_worker_takes_no_other_processors_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = settings_file(tmp_path, name="disclose")
    monkeypatch.setattr(sys, "argv", ["worker", "admit", "--settings", str(path)])
    assert worker.main() == 2
    assert f"admit: {path}: `name` is another processor's" in capsys.readouterr().err


def test_what_names_subjects_and_events_has_a_fingerprint_that_shows_no_key(tmp_path: Path) -> None:
    def naming(**keys: str) -> str | None:
        return load(settings_file(tmp_path, keys=keys)).naming()

    redrawn = base64.b64encode(bytes(32)).decode()
    assert naming(subject=encoded(32)) == naming(subject=encoded(32), signing=redrawn)
    assert len({naming(subject=encoded(32)), naming(subject=redrawn), naming(views=encoded(64))}) == 3
    assert naming(signing=encoded(32)) is None
    assert naming(subject=encoded(32)) not in (bytes(range(32)).hex(), encoded(32))


def registry(folder: Path, *changes: dict[str, Any]) -> Path:
    row = {"id": "p0", "oin": OINS[0], "name": "P", "kind": "politie", "unit": "LIMBURG", "backfill": False}
    rows = [row | {"public_key": public(SIGNING_KEY)} | change for change in changes]
    path = folder / "partners.yaml"
    path.write_text(
        yaml.safe_dump({"partners": [{k: v for k, v in one.items() if v is not ...} for one in rows]}), "utf-8"
    )
    return path


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"backfill": "no"}, "`partners[0].backfill` has to be true or false"),
        ({"backfill": 1}, "`partners[0].backfill` has to be true or false"),
        ({"oin": 1000}, "`partners[0].oin` has to be 20 digits between quotes"),
        ({"oin": OINS[0][1:]}, "`partners[0].oin` has to be 20 digits between quotes"),
        ({"oin": OINS[0] + "\n"}, "`partners[0].oin` has to be 20 digits between quotes"),
        ({"oin": "²" * 20}, "`partners[0].oin` has to be 20 digits between quotes"),
        ({"kind": f"politie{SHOWN}"}, "`partners[0].kind` has to be a code of list publisher-kind"),
        ({"unit": SHOWN}, "`partners[0].unit` has to be a code of list police-unit"),
        ({"kind": "kmar"}, "`partners[0]` has to have `unit: null`: only politie has units"),
        ({"public_key": SHOWN}, "`partners[0].public_key` has to be 32 bytes in base64"),
        ({"public_key": f"%{SHOWN}"}, "`partners[0].public_key` has to be 32 bytes in base64"),
        ({"public_key": 5}, "`partners[0].public_key` has to be 32 bytes in base64"),
        ({"unit": ...}, "`partners[0].unit` is missing"),
        ({"id": 5}, "`partners[0].id` has to be text"),
    ],
)
def test_a_partner_that_cannot_be_is_named(tmp_path: Path, change: dict[str, Any], rule: str) -> None:
    path = registry(tmp_path, change)
    with pytest.raises(ConfigurationError, match=REMEDY) as caught:
        load_partners(path)
    assert told(path, caught).startswith(f": {rule} (")


@pytest.mark.parametrize(
    ("change", "name"), [({"id": "p1"}, "oin"), ({"oin": OINS[1]}, "id"), ({}, "id")], ids=["oin", "id", "both"]
)
def test_no_two_partners_are_one(tmp_path: Path, change: dict[str, Any], name: str) -> None:
    path = registry(tmp_path, {}, change)
    with pytest.raises(ConfigurationError, match=REMEDY) as caught:
        load_partners(path)
    assert f"`partners` hold one `{name}` twice, at [0] and [1]" in told(path, caught)


@pytest.mark.parametrize("content", [f"partners: [{SHOWN}", f"partners:\n\t{SHOWN}", f"- {SHOWN}", "partners:"])
def test_a_registry_that_is_none_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "partners.yaml"
    path.write_text(content, "utf-8")
    with pytest.raises(ConfigurationError, match=REMEDY) as caught:
        load_partners(path)
    told(path, caught)


def test_a_registry_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no settings at .*partners\.yaml"):
        load_partners(tmp_path / "partners.yaml")


def test_a_partner_without_units_is_one_and_can_be_in_a_set(tmp_path: Path) -> None:
    other = {"id": "p1", "oin": OINS[1], "kind": "kmar", "unit": None, "backfill": True}
    found = load_partners(registry(tmp_path, {}, other))
    assert [partner.backfill for partner in found.values()] == [False, True]
    assert len({*found.values()}) == 2


def approvers(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "approvers.yaml"
    path.write_text(yaml.safe_dump({"approvers": list(rows)}), "utf-8")
    return path


def test_approvers_are_read_by_name(tmp_path: Path) -> None:
    keys = {"fg": SIGNING_KEY, "beheer": DISCLOSE_KEY}
    path = approvers(tmp_path, *({"id": name, "public_key": public(key)} for name, key in keys.items()))
    assert load_approvers(path) == {name: key.public_key() for name, key in keys.items()}
    assert load_approvers(None) == {}


@pytest.mark.parametrize(
    ("second", "rule"),
    [
        (
            {"id": "beheer", "public_key": public(SIGNING_KEY)},
            "`approvers` hold one `public_key` twice, at [0] and [1]",
        ),
        ({"id": "fg", "public_key": public(DISCLOSE_KEY)}, "`approvers` hold one `id` twice, at [0] and [1]"),
        ({"id": "beheer", "public_key": SHOWN}, "`approvers[1].public_key` has to be 32 bytes in base64"),
        ({"id": "beheer"}, "`approvers[1].public_key` is missing"),
    ],
)
def test_two_approvers_are_two(tmp_path: Path, second: dict[str, Any], rule: str) -> None:
    path = approvers(tmp_path, {"id": "fg", "public_key": public(SIGNING_KEY)}, second)
    with pytest.raises(ConfigurationError, match=REMEDY) as caught:
        load_approvers(path)
    assert told(path, caught).startswith(f": {rule} (")
