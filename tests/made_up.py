"""A made-up partner and made-up events, for tests of the SDK."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ketenbus.events import VictimReported
from ketenbus.sealing import Keys, hidden
from ketenbus.settings import PartnerSettings

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
OIN = "00000009900000000001"
SIGNING_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
DISCLOSE_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))


def file_of(keyring: Path, **changed: object) -> dict[str, object]:
    """A partner's settings file, as a dict."""
    values: Mapping[str, object] = {
        "id": "politie-limburg",
        "oin": OIN,
        "kind": "politie",
        "unit": "LIMBURG",
        "system": "bvh",
        "kafka": "127.0.0.1:1",
        "user": "politie-limburg",
        "password": "secret-of-kafka",
        "signing_key": base64.b64encode(SIGNING_KEY.private_bytes_raw()).decode(),
        "keyring": str(keyring),
        "view_public_key": base64.b64encode(DISCLOSE_KEY.public_key().public_bytes_raw()).decode(),
    }
    return {**values, **changed}


def partner(keyring: Path, **changed: object) -> PartnerSettings:
    """A police unit's settings."""
    return PartnerSettings.of(file_of(keyring, **changed), "a test")


def report(**changed: Any) -> VictimReported:
    """A report by that police unit that keeps every rule."""
    held: dict[str, Any] = {
        "subject": "client-1",
        "occurred_at": NOW,
        "occurred_precision": "INSTANT",
        "reporter_kind": "POLITIE",
        "police_unit": "LIMBURG",
        "reported_on": date(2026, 5, 4),
        "age_group": "ADULT",
        "sex": "VROUW",
        "nationality": "PL",
        "forms": ("AU",),
        "name": "Ada Voorbeeld",
        "birth_date": date(1990, 1, 31),
    }
    return VictimReported(**{**held, **changed})


def ring(held: Mapping[str, bytes]) -> Keys:
    """A key ring that holds these keys, by their own ids."""
    own = {id: key for key in held for id in (key, hidden(key))}
    return lambda key_id: (own[key_id], held[own[key_id]]) if key_id in own else None
