"""Who is who on the local platform: made-up partners, processors, and the keys and passwords each of them holds.

    <data>/partners.yaml                     public: every partner with its public key
    <data>/secrets/admin.json                the administrator of both servers
    <data>/secrets/partners/<id>.json        what one partner needs to publish and receive
    <data>/secrets/processors/<name>.json    what one processor needs to run
    <data>/secrets/drawn.json                everything drawn at random, once; the files above are written from it
    <data>/approvers.yaml                    public: who approves a release of the register
    <data>/secrets/approvers/<id>.json       the key one approver signs with
    <data>/release-1.json                    the founding release of the register, approved at the first start

What was drawn is never drawn again: a second start finds the same keys, a new partner gets its own.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.local.files import private_folder, read_json, write_json, write_private
from infra.local.settings import KafkaAdmin

PARTNERS = Path(__file__).with_name("partners.yaml")
PROCESSORS = ("admit", "disclose", "registration", "monitoring", "auditor", "replay", "register")
#: Who approves a release of the register on this platform; made up, as the partners are.
APPROVERS = ("registerbeheerder", "functionaris-gegevensbescherming")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the servers are, and their administrators."""

    kafka: KafkaAdmin
    dsn: str = field(repr=False)


class Identities:
    """The keys and passwords of one data folder."""

    def __init__(self, data: Path, partners: Path = PARTNERS) -> None:
        self.data = data
        self.partners: list[dict[str, Any]] = yaml.safe_load(partners.read_text("utf-8"))["partners"]
        self._file = data / "secrets" / "drawn.json"
        self._drawn: dict[str, dict[str, str]] = read_json(self._file) or {}

    def draw(self) -> None:
        """Draw what is missing and keep it, before anything uses it."""
        for folder in ("secrets", "secrets/partners", "secrets/processors", "secrets/approvers", "keyring"):
            private_folder(self.data / folder)
        for partner in self.partners:
            self._need(partner["id"], password=_password, signing=_signing_key)
        for name in PROCESSORS:
            self._need(name, password=_password)
        for name in APPROVERS:
            self._need(name, signing=_signing_key)
        self._need("admin", password=_password)
        self._need("admit", subject=lambda: _random(32))
        self._need("disclose", views=_view_key, signing=_signing_key)
        write_json(self._file, self._drawn)

    @property
    def users(self) -> tuple[str, ...]:
        """Every Kafka user but the administrator: the partners and the processors."""
        return (*(partner["id"] for partner in self.partners), *PROCESSORS)

    @property
    def ever(self) -> tuple[str, ...]:
        """Every name but the administrator's that this folder ever drew for: who is none of `users` any more has no rights."""
        return tuple(name for name in self._drawn if name != "admin")

    def password(self, user: str) -> str:
        """Return the password of a user of Kafka or PostgreSQL."""
        return self._drawn[user]["password"]

    def write(self, addresses: Addresses, *, backfill: bool | None) -> None:
        """Write the registry and every settings file for servers at these addresses.

        `backfill` lets every partner say itself when it recorded a fact; None is as the registry that is there has it.
        """
        self._write_registry(backfill)
        self._write_approvers()
        admin = {
            "kafka": addresses.kafka.address,
            "user": addresses.kafka.user,
            "password": addresses.kafka.password,
            "dsn": addresses.dsn,
        }
        write_json(self.data / "secrets" / "admin.json", admin)
        for partner in self.partners:
            write_json(self._partner_file(partner["id"]), self._partner(partner, addresses.kafka.address))
        for name in PROCESSORS:
            write_json(self.data / "secrets" / "processors" / f"{name}.json", self._processor(name, addresses))

    def _need(self, name: str, **makers: Any) -> None:
        held = self._drawn.setdefault(name, {})
        for key, make in makers.items():
            if key not in held:
                held[key] = make()

    def _write_registry(self, backfill: bool | None) -> None:
        held = self._backfill_held() if backfill is None else {}
        rows = [
            partner
            | {
                "backfill": held.get(partner["id"], backfill or partner["backfill"]),
                "system": _system(partner["id"]),
                "public_key": _public_key(self._drawn[partner["id"]]["signing"]),
            }
            for partner in self.partners
        ]
        text = yaml.safe_dump({"partners": rows}, allow_unicode=True, sort_keys=False)
        write_private(self.data / "partners.yaml", text, mode=0o644)

    def _backfill_held(self) -> dict[str, bool]:
        """Return which partners may say so, by the registry that is there; nothing where there is none."""
        file = self.data / "partners.yaml"
        rows = yaml.safe_load(file.read_text("utf-8"))["partners"] if file.exists() else []
        return {row["id"]: row["backfill"] for row in rows}

    def _write_approvers(self) -> None:
        for name in APPROVERS:
            held = {"id": name, "signing_key": self._drawn[name]["signing"]}
            write_json(self.data / "secrets" / "approvers" / f"{name}.json", held)
        rows = [{"id": name, "public_key": _public_key(self._drawn[name]["signing"])} for name in APPROVERS]
        write_private(self.data / "approvers.yaml", yaml.safe_dump({"approvers": rows}, sort_keys=False), mode=0o644)

    def _partner(self, partner: dict[str, Any], kafka: str) -> dict[str, Any]:
        name = partner["id"]
        return {field: partner[field] for field in ("id", "oin", "kind", "unit")} | {
            "system": _system(name),
            "kafka": kafka,
            "user": name,
            "password": self.password(name),
            "signing_key": self._drawn[name]["signing"],
            "keyring": str(self.data / "keyring"),
            "view_public_key": self._view_public_key(),
        }

    def _processor(self, name: str, addresses: Addresses) -> dict[str, Any]:
        return {
            "name": name,
            "kafka": addresses.kafka.address,
            "user": name,
            "password": self.password(name),
            "dsn": dsn_for(addresses.dsn, name, self.password(name)),
            "partners": str(self.data / "partners.yaml"),
            "approvers": str(self.data / "approvers.yaml"),
            "release": str(self.data / "release-1.json"),
            "keys": self._keys(name),
        }

    def _keys(self, processor: str) -> dict[str, Any]:
        """Return the keys a processor may hold; only the two zones may open anything sealed."""
        match processor:
            case "admit":
                return {"subject": self._drawn["admit"]["subject"]}
            case "disclose":
                return {"views": self._drawn["disclose"]["views"], "signing": self._drawn["disclose"]["signing"]}
            case "auditor":
                return {"views": self._drawn["disclose"]["views"]}
            case "registration":
                return {
                    "keyring": [["*", "identity"], ["*", "special"]],
                    "keyring_folder": str(self.data / "keyring"),
                    "partner": str(self._partner_file("comensha")),
                    "view_public_key": self._view_public_key(),
                }
            case "monitoring":
                return {
                    "keyring": [[self._oin("comensha"), "special"]],
                    "keyring_folder": str(self.data / "keyring"),
                    "partner": str(self._partner_file("rapporteur")),
                    "view_public_key": self._view_public_key(),
                }
            case _:
                return {}

    def _partner_file(self, name: str) -> Path:
        return self.data / "secrets" / "partners" / f"{name}.json"

    def _oin(self, name: str) -> str:
        return next(str(partner["oin"]) for partner in self.partners if partner["id"] == name)

    def _view_public_key(self) -> str:
        return _public_key(self._drawn["disclose"]["signing"])


def dsn_for(dsn: str, user: str, password: str) -> str:
    """Return the DSN of the same database for another role.

    >>> dsn_for("postgresql://admin:a@127.0.0.1:5432/ketenbus", "admit", "p/w")
    'postgresql://admit:p%2Fw@127.0.0.1:5432/ketenbus'
    """
    parts = urlsplit(dsn)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{place}"))


def known_names(data: Path) -> Iterable[str]:
    """Return every name that has a settings file in this data folder."""
    yield "admin"
    for kind in ("partners", "processors"):
        yield from sorted(path.stem for path in (data / "secrets" / kind).glob("*.json"))


def settings_file(data: Path, name: str) -> Path | None:
    """Return the settings file of a partner, a processor or the administrator, if there is one."""
    places = [data / "secrets" / kind / f"{name}.json" for kind in ("partners", "processors")]
    if name == "admin":
        places = [data / "secrets" / "admin.json"]
    return next((path for path in places if path.exists()), None)


def _system(name: str) -> str:
    return f"{name}-systeem"


def _password() -> str:
    return secrets.token_urlsafe(24)


def _random(size: int) -> str:
    return base64.b64encode(secrets.token_bytes(size)).decode()


def _view_key() -> str:
    return base64.b64encode(b"\2" + secrets.token_bytes(64)).decode()  # of epoch 2 (docs/decisions/029)


def _signing_key() -> str:
    return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def _public_key(signing_key: str) -> str:
    private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(signing_key))
    return base64.b64encode(private.public_key().public_bytes_raw()).decode()
