"""What a processor is started with: one JSON file the platform writes, and the law it goes by."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import AfterValidator, BaseModel, ConfigDict, StrictBool

from consent.activities import Register, read_register
from consent.documents import Document, document
from consent.refusals import Vocabulary
from consent.terms import Term, read_terms
from ketenbus.contract import contract
from ketenbus.errors import ConfigurationError
from ketenbus.settings import KINDS_WITH_UNITS
from streams.runtime import files
from streams.runtime.files import Oin, PublicKey, Text

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


#: The keys that give out names which are stored and sent: under another, everything known has another name.
NAMING = ("subject", "views")


@dataclass(frozen=True, slots=True)
class ProcessorSettings:
    """Kafka and PostgreSQL as this processor may use them, and the keys it holds. Secrets stay out of its `repr`."""

    name: str
    kafka: str
    user: str
    password: str = field(repr=False)
    dsn: str = field(repr=False)
    partners: Path
    keys: Mapping[str, Any] = field(repr=False)
    law: Path | None = None
    #: The founding release of the register and who approves releases; a what-if run goes by its own files instead.
    release: Path | None = None
    approvers: Path | None = None
    #: The file they were read from.
    file: Path = Path("settings")

    def law_file(self, name: str) -> Path:
        """Return a file of the law in force: the what-if run's own where it has one, else the project's."""
        if self.law is not None and (self.law / name).exists():
            return self.law / name
        return LAW[name]

    def held(self, name: str) -> Any:
        """Return one of the things under `keys`; raises ConfigurationError naming the one that is missing."""
        try:
            return self.keys[name]
        except KeyError:
            raise ConfigurationError(f"{self.file}: settings hold no key {name}; run ./ketenbus up again") from None

    def key(self, name: str) -> bytes:
        """Return one of its keys; raises ConfigurationError naming the key that is missing."""
        return base64.b64decode(self.held(name))

    def naming(self) -> str | None:
        """Return a fingerprint of the key that what this processor stores is named with; None where it names nothing."""
        for name in NAMING:
            if name in self.keys:
                return hmac.digest(self.key(name), b"ketenbus-naming-key/1", "sha256")[:16].hex()
        return None


class _Keys(BaseModel):
    """What a processor may hold, each of the length that what uses it needs."""

    model_config = ConfigDict(extra="forbid")

    subject: Annotated[str, files.in_base64(32)] | None = None
    views: Annotated[str, files.in_base64(64, 65)] | None = None  # with its epoch before it, from the second on
    signing: Annotated[str, files.in_base64(32)] | None = None
    view_public_key: Annotated[str, files.in_base64(32)] | None = None
    keyring: list[tuple[Text, Text]] | None = None
    keyring_folder: Text | None = None
    partner: Text | None = None


class _Processor(BaseModel):
    """A processor's settings file."""

    model_config = ConfigDict(extra="forbid")

    name: Text
    kafka: Text
    user: Text
    password: Text
    dsn: Text
    partners: Path
    keys: _Keys
    release: Path | None = None
    approvers: Path | None = None


def load(path: Path, law: Path | None = None) -> ProcessorSettings:
    """Return the settings in that file; `law` is a folder with another register (the demo's what-if runs).

    Raises ConfigurationError that names the file and what in it to change, and shows no value of it.
    """
    read = files.read(path, _Processor, json.loads)
    return ProcessorSettings(
        name=read.name,
        kafka=read.kafka,
        user=read.user,
        password=read.password,
        dsn=read.dsn,
        partners=read.partners,
        keys=read.keys.model_dump(exclude_none=True),
        law=law,
        release=read.release if law is None else None,
        approvers=read.approvers,
        file=path,
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


class _Approver(BaseModel):
    """One who may approve a release of the register."""

    id: Text
    public_key: PublicKey


class _Approvers(BaseModel):
    """The file of the approvers. No two have one key: that would be one approver, who approves twice."""

    approvers: Annotated[list[_Approver], files.differing_in("id", "public_key")]


def load_approvers(path: Path | None) -> dict[str, Ed25519PublicKey]:
    """Return who may approve a release of the register, nobody where no file says who; raises as `load` does."""
    rows = [] if path is None else files.read(path, _Approvers, yaml.safe_load).approvers
    return {row.id: row.public_key for row in rows}


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

    id: Text
    oin: Oin
    name: Text
    kind: Annotated[str, files.code_of("publisher-kind")]
    unit: Annotated[str, files.code_of("police-unit")] | None
    backfill: StrictBool
    public_key: PublicKey = field(hash=False)  # it knows equality, but no hash


def _unit_fits(partner: Partner) -> Partner:
    if partner.unit is not None and partner.kind not in KINDS_WITH_UNITS:
        raise ValueError(f"has to have `unit: null`: only {', '.join(sorted(KINDS_WITH_UNITS))} has units")
    return partner


class _Registry(BaseModel):
    """The file of the partners."""

    partners: Annotated[list[Annotated[Partner, AfterValidator(_unit_fits)]], files.differing_in("id", "oin")]


def load_partners(path: Path) -> dict[str, Partner]:
    """Return the partners of a registry by OIN; raises as `load` does."""
    return {partner.oin: partner for partner in files.read(path, _Registry, yaml.safe_load).partners}
