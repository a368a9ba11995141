"""What a processor is started with: one JSON file the platform writes, and the law it goes by."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from consent.activities import Register, read_register
from consent.documents import Document, document
from consent.refusals import Vocabulary
from consent.terms import Term, read_terms
from ketenbus.contract import contract
from ketenbus.errors import ConfigurationError

ROOT = Path(__file__).parents[2]
REGISTER = ROOT / "consent" / "register"
#: Law as data, by the name it has in a what-if folder.
LAW = {
    "activities.yaml": REGISTER / "activities.yaml",
    "rules.yaml": REGISTER / "rules.yaml",
    "terms.yaml": REGISTER / "terms.yaml",
    "persons.yaml": ROOT / "streams" / "registration" / "persons.yaml",
    "tables": ROOT / "streams" / "monitoring" / "tables",
}


@dataclass(frozen=True, slots=True)
class ProcessorSettings:
    """Kafka and PostgreSQL as this processor may use them, and the keys it holds."""

    name: str
    kafka: str
    user: str
    password: str
    dsn: str
    partners: Path
    keys: Mapping[str, Any]
    law: Path | None = None
    #: The founding release of the register and who approves releases; a what-if run goes by its own files instead.
    release: Path | None = None
    approvers: Path | None = None

    def law_file(self, name: str) -> Path:
        """Return a file of the law in force: the what-if run's own where it has one, else the project's."""
        if self.law is not None and (self.law / name).exists():
            return self.law / name
        return LAW[name]

    def key(self, name: str) -> bytes:
        """Return one of its keys; raises ConfigurationError naming the key that is missing."""
        try:
            return base64.b64decode(self.keys[name])
        except KeyError:
            raise ConfigurationError(f"{self.name}: settings hold no key {name}; run ./ketenbus up again") from None


def load(path: Path, law: Path | None = None) -> ProcessorSettings:
    """Return the settings in that file; `law` is a folder with another register (the demo's what-if runs)."""
    try:
        raw = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"no settings at {path}: start the platform with ./ketenbus up") from None
    return ProcessorSettings(
        name=raw["name"],
        kafka=raw["kafka"],
        user=raw["user"],
        password=raw["password"],
        dsn=raw["dsn"],
        partners=Path(raw["partners"]),
        keys={**raw["keys"], **{k: raw[k] for k in ("partner", "keyring") if k in raw}},
        law=law,
        release=Path(raw["release"]) if law is None and "release" in raw else None,
        approvers=Path(raw["approvers"]) if "approvers" in raw else None,
    )


def load_register(activities: Path = LAW["activities.yaml"], rules: Path = LAW["rules.yaml"]) -> Register:
    """Return the register in those files; raises ConfigurationError with file, line and reason of every fault."""
    return read_law(lambda: (_document(activities), _document(rules)))


def read_law(documents: Callable[[], tuple[Document, Document]]) -> Register:
    """Return the register that two documents, activities and rules, say; raises ConfigurationError as `load_register` does."""
    try:
        return read_register(*documents(), contract_words())
    except (ValueError, OSError) as error:
        raise ConfigurationError(f"register refused\n{error}") from error


def contract_words() -> Vocabulary:
    """Return the words that a register may use: the contract's, and the articles and questions that are listed."""
    return Vocabulary(contract(), _ids("articles.yaml"), _ids("questions.yaml"))


def load_approvers(path: Path | None) -> dict[str, Ed25519PublicKey]:
    """Return who may approve a release of the register; nobody where no file says who."""
    rows = [] if path is None else yaml.safe_load(path.read_text("utf-8"))["approvers"]
    return {row["id"]: Ed25519PublicKey.from_public_bytes(base64.b64decode(row["public_key"])) for row in rows}


def load_terms(terms: Path = LAW["terms.yaml"]) -> dict[str, Term]:
    """Return the terms in that file by id; raises ConfigurationError with file, line and reason of every fault."""
    try:
        return read_terms(_document(terms), _ids("articles.yaml"), _ids("questions.yaml"))
    except (ValueError, OSError) as error:
        raise ConfigurationError(f"register refused\n{error}") from error


def _document(path: Path) -> Document:
    return document(path.name, path.read_text("utf-8"))


def _ids(name: str) -> frozenset[str]:
    """Return the ids that a list of the project's own register gives out."""
    return frozenset(row["id"] for row in _document(REGISTER / name).value)


@dataclass(frozen=True, slots=True)
class Partner:
    """One partner as the bus knows it."""

    id: str
    oin: str
    name: str
    kind: str
    unit: str | None
    backfill: bool
    public_key: bytes


def load_partners(path: Path) -> dict[str, Partner]:
    """Return the partners of a registry by OIN."""
    rows = yaml.safe_load(path.read_text("utf-8"))["partners"]
    return {
        row["oin"]: Partner(
            id=row["id"],
            oin=row["oin"],
            name=row["name"],
            kind=row["kind"],
            unit=row["unit"],
            backfill=row["backfill"],
            public_key=base64.b64decode(row["public_key"]),
        )
        for row in rows
    }
