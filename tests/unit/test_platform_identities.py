"""Who holds which key."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.local.identities import PARTNERS, PROCESSORS, Addresses, Identities
from infra.local.settings import KafkaAdmin
from streams.disclose.tokens import Tokens

ADDRESSES = Addresses(KafkaAdmin("127.0.0.1:20001", "admin", "a"), "postgresql://admin:a@127.0.0.1:20002/ketenbus")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    identities = Identities(folder)
    identities.draw()
    identities.write(ADDRESSES, backfill=True)
    return folder


def held(data: Path, kind: str, name: str) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads((data / "secrets" / kind / f"{name}.json").read_text())
    return settings


def test_the_partners_are_made_up_and_each_has_its_own_number() -> None:
    partners = yaml.safe_load(PARTNERS.read_text())["partners"]
    assert all(re.fullmatch("00000099[0-9]{12}", partner["oin"]) for partner in partners)
    assert (
        len({partner["oin"] for partner in partners}) == len({partner["id"] for partner in partners}) == len(partners)
    )
    assert len({partner["unit"] for partner in partners} - {None}) == 11
    assert not any(partner["backfill"] for partner in partners)


def test_nobody_but_the_owner_reads_a_secret(data: Path) -> None:
    secrets = list((data / "secrets").rglob("*.json"))
    assert len(secrets) > 40
    assert {path.stat().st_mode & 0o777 for path in secrets} == {0o600}
    assert (data / "secrets").stat().st_mode & 0o777 == 0o700


def test_what_was_drawn_is_not_drawn_again(data: Path) -> None:
    before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    again = Identities(data)
    again.draw()
    again.write(ADDRESSES, backfill=True)
    assert before == {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}


def test_a_partner_added_later_gets_keys_and_the_others_keep_theirs(tmp_path: Path) -> None:
    fewer = tmp_path / "partners.yaml"
    partners = yaml.safe_load(PARTNERS.read_text())["partners"]
    fewer.write_text(yaml.safe_dump({"partners": [p for p in partners if p["id"] != "om"]}))
    Identities(tmp_path, fewer).draw()
    kmar = Identities(tmp_path).password("kmar")
    grown = Identities(tmp_path)
    grown.draw()
    assert grown.password("kmar") == kmar
    assert grown.password("om")


def test_who_is_no_partner_any_more_is_no_user_and_is_remembered_to_lose_its_rights(tmp_path: Path) -> None:
    fewer = tmp_path / "partners.yaml"
    partners = yaml.safe_load(PARTNERS.read_text())["partners"]
    fewer.write_text(yaml.safe_dump({"partners": [p for p in partners if p["id"] != "om"]}))
    Identities(tmp_path).draw()
    shrunk = Identities(tmp_path, fewer)
    shrunk.draw()
    assert "om" not in shrunk.users
    assert set(shrunk.ever) >= {*shrunk.users, "om"}
    assert "admin" not in shrunk.ever


def test_a_new_address_reaches_every_settings_file(tmp_path: Path) -> None:
    identities = Identities(tmp_path)
    identities.draw()
    identities.write(ADDRESSES, backfill=False)
    identities.write(Addresses(KafkaAdmin("127.0.0.1:20009", "admin", "a"), ADDRESSES.dsn), backfill=False)
    assert (
        held(tmp_path, "partners", "kmar")["kafka"]
        == held(tmp_path, "processors", "admit")["kafka"]
        == "127.0.0.1:20009"
    )


def backfill_of(data: Path) -> dict[str, bool]:
    return {row["id"]: row["backfill"] for row in yaml.safe_load((data / "partners.yaml").read_text())["partners"]}


def test_who_may_say_when_it_recorded_a_fact_stays_as_it_is_unless_that_is_said(tmp_path: Path) -> None:
    identities = Identities(tmp_path)
    identities.draw()
    identities.write(ADDRESSES, backfill=None)
    assert not any(backfill_of(tmp_path).values())
    for said in (True, False):
        identities.write(ADDRESSES, backfill=said)
        identities.write(ADDRESSES, backfill=None)
        assert set(backfill_of(tmp_path).values()) == {said}


def test_a_registry_that_lets_one_partner_say_so_and_misses_another_is_completed_and_kept(tmp_path: Path) -> None:
    identities = Identities(tmp_path)
    identities.draw()
    (tmp_path / "partners.yaml").write_text(yaml.safe_dump({"partners": [{"id": "kmar", "backfill": True}]}))
    identities.write(ADDRESSES, backfill=None)
    held = backfill_of(tmp_path)
    assert {name for name, may in held.items() if may} == {"kmar"}
    assert len(held) == len(identities.partners)


def test_only_the_zones_get_keys_that_open_what_is_sealed(data: Path) -> None:
    keys = {name: held(data, "processors", name)["keys"] for name in PROCESSORS}
    assert {name for name in PROCESSORS if "keyring" in keys[name]} == {"registration", "monitoring"}
    assert keys["registration"]["keyring"] == [["*", "identity"], ["*", "special"]]
    assert keys["monitoring"]["keyring"] == [[held(data, "partners", "comensha")["oin"], "special"]]
    assert set(keys["admit"]) == {"subject"}
    assert set(keys["disclose"]) == {"views", "signing"}
    assert keys["auditor"] == {"views": keys["disclose"]["views"]}
    assert Tokens(base64.b64decode(keys["disclose"]["views"]), "view.x.y").subject(bytes(16)).startswith("2.")


def test_the_registry_is_public_and_holds_no_secret(data: Path) -> None:
    text = (data / "partners.yaml").read_text()
    rows = {row["id"]: row for row in yaml.safe_load(text)["partners"]}
    drawn = json.loads((data / "secrets" / "drawn.json").read_text())
    assert all(row["backfill"] and row["public_key"] for row in rows.values())
    assert not any(secret in text for names in drawn.values() for secret in names.values())
