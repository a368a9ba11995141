"""A partner's settings: what loads, and what each refusal says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ketenbus.errors import ConfigurationError
from ketenbus.settings import VARIABLE, PartnerSettings
from tests.made_up import OIN, file_of, partner


def test_a_file_loads(tmp_path: Path) -> None:
    path = tmp_path / "partner.json"
    path.write_text(json.dumps(file_of(tmp_path)))
    settings = PartnerSettings.load(path)
    assert (settings.id, settings.oin, settings.unit, settings.protocol) == (
        "politie-limburg",
        OIN,
        "LIMBURG",
        "SASL_PLAINTEXT",
    )
    assert settings.source == f"urn:nld:oin:{OIN}:systeem:bvh"


def test_the_environment_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "partner.json"
    path.write_text(json.dumps(file_of(tmp_path)))
    monkeypatch.setenv(VARIABLE, str(path))
    assert PartnerSettings.from_environment().id == "politie-limburg"


def test_without_the_variable_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(ConfigurationError, match=VARIABLE):
        PartnerSettings.from_environment()


def test_secrets_stay_out_of_the_repr(tmp_path: Path) -> None:
    text = repr(partner(tmp_path))
    assert "secret-of-kafka" not in text
    assert "Key" not in text


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"oin": "123"}, "`oin` is 20 digits"),
        ({"system": "BVH 2"}, "`system`"),
        ({"kind": "gemeentehuis"}, "list publisher-kind"),
        ({"unit": "UTRECHT"}, "list police-unit"),
        ({"kind": "kmar"}, "`unit` is null for a partner of kind kmar"),
        ({"password": ""}, "`password` is missing"),
        ({"kafka": None}, "`kafka` is missing"),
        ({"signing_key": "%%"}, "`signing_key` is no base64"),
        ({"signing_key": "AAAA"}, "`signing_key` is 32 bytes"),
        ({"view_public_key": None}, "`view_public_key` is missing"),
        ({"protocol": "PLAINTEXT"}, "`protocol` is one of"),
    ],
)
def test_a_setting_that_cannot_work_is_named(tmp_path: Path, changed: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        partner(tmp_path, **changed)


@pytest.mark.parametrize(("content", "told"), [(b"{", "no JSON"), (b"[]", "no JSON object"), (b"\xff", "UTF-8")])
def test_a_file_that_is_no_settings_is_named(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "partner.json"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=told) as raised:
        PartnerSettings.load(path)
    assert str(path) in str(raised.value)


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="ketenbus up"):
        PartnerSettings.load(tmp_path / "absent.json")
