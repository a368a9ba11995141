"""What a partner's system needs to take part: who it is, where the bus is, its signing key and its key ring."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ketenbus.contract import contract
from ketenbus.envelope import source_of
from ketenbus.errors import ConfigurationError

VARIABLE = "KETENBUS_PARTNER"
RAW_KEY_BYTES = 32
#: Of these kinds of publisher each unit is a partner of its own; `police_unit` is theirs alone.
KINDS_WITH_UNITS = frozenset({"politie"})
PROTOCOLS = ("SASL_PLAINTEXT", "SASL_SSL")


@dataclass(frozen=True, slots=True)
class PartnerSettings:
    """One partner's settings, as the operator of the bus hands them out. Secrets stay out of its `repr`."""

    id: str
    oin: str
    kind: str
    unit: str | None
    system: str
    kafka: str
    user: str
    password: str = field(repr=False)
    signing_key: Ed25519PrivateKey = field(repr=False)
    keyring: Path
    view_public_key: Ed25519PublicKey = field(repr=False)
    protocol: str = "SASL_PLAINTEXT"
    ca_file: Path | None = None

    @property
    def source(self) -> str:
        """The CloudEvents source of this partner's events."""
        return source_of(self.oin, self.system)

    @classmethod
    def load(cls, path: Path | str) -> PartnerSettings:
        """Return the settings in a JSON file; raises ConfigurationError that names what to change."""
        try:
            text = Path(path).read_text("utf-8")
        except OSError as error:
            raise ConfigurationError(
                f"no partner settings at {path}: start the platform with `./ketenbus up`, or name the file that the"
                " operator of the bus gave you"
            ) from error
        except UnicodeDecodeError as error:
            raise ConfigurationError(f"{path} is no UTF-8 text: ask the operator of the bus for a new one") from error
        try:
            values = json.loads(text)
        except ValueError as error:
            raise ConfigurationError(f"{path} is no JSON: ask the operator of the bus for a new one") from error
        if not isinstance(values, dict):
            raise ConfigurationError(f"{path} holds no JSON object: ask the operator of the bus for a new one")
        return cls.of(values, str(path))

    @classmethod
    def from_environment(cls) -> PartnerSettings:
        """Return the settings in the file that the variable KETENBUS_PARTNER names."""
        path = os.environ.get(VARIABLE)
        if not path:
            raise ConfigurationError(f"set {VARIABLE} to the path of your partner settings (a JSON file)")
        return cls.load(path)

    @classmethod
    def of(cls, values: Mapping[str, object], place: str) -> PartnerSettings:
        """Return the settings in a parsed file; `place` names it in errors."""
        oin = _text(values, "oin", place)
        if not re.fullmatch(r"[0-9]{20}", oin):
            raise ConfigurationError(f"{place}: `oin` is 20 digits")
        system = _text(values, "system", place)
        if not re.fullmatch(r"[a-z0-9-]{1,64}", system):
            raise ConfigurationError(f"{place}: `system` is 1 to 64 of a-z, 0-9 and -")
        kind = _text(values, "kind", place)
        if kind not in contract().codelists["publisher-kind"].codes:
            raise ConfigurationError(f"{place}: `kind` is a code of list publisher-kind")
        unit = _text(values, "unit", place) if values.get("unit") is not None else None
        if unit is not None and unit not in contract().codelists["police-unit"].codes:
            raise ConfigurationError(f"{place}: `unit` is a code of list police-unit, or null")
        if unit is not None and kind not in KINDS_WITH_UNITS:
            raise ConfigurationError(f"{place}: `unit` is null for a partner of kind {kind}")
        protocol = _text(values, "protocol", place) if "protocol" in values else PROTOCOLS[0]
        if protocol not in PROTOCOLS:
            raise ConfigurationError(f"{place}: `protocol` is one of {', '.join(PROTOCOLS)}")
        return cls(
            id=_text(values, "id", place),
            oin=oin,
            kind=kind,
            unit=unit,
            system=system,
            kafka=_text(values, "kafka", place),
            user=_text(values, "user", place),
            password=_text(values, "password", place),
            signing_key=Ed25519PrivateKey.from_private_bytes(_raw_key(values, "signing_key", place)),
            keyring=Path(_text(values, "keyring", place)),
            view_public_key=Ed25519PublicKey.from_public_bytes(_raw_key(values, "view_public_key", place)),
            protocol=protocol,
            ca_file=Path(_text(values, "ca_file", place)) if values.get("ca_file") is not None else None,
        )


def _text(values: Mapping[str, object], name: str, place: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise ConfigurationError(f"{place}: `{name}` is missing or no text")
    return value


def _raw_key(values: Mapping[str, object], name: str, place: str) -> bytes:
    try:
        raw = base64.b64decode(_text(values, name, place), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ConfigurationError(f"{place}: `{name}` is no base64") from error
    if len(raw) != RAW_KEY_BYTES:
        raise ConfigurationError(f"{place}: `{name}` is {RAW_KEY_BYTES} bytes, base64")
    return raw
