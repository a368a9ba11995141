"""Who takes part in the made-up worlds: a few partners with their keys, and the four processors as they are released."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent.release import Release
from ketenbus.keyring import PublisherKeys, ZoneKeys
from ketenbus.settings import PartnerSettings
from streams.disclose.tokens import Tokens
from streams.runtime.settings import LAW, ProcessorSettings
from streams.worker import PROCESSORS

#: id, kind and unit; none of these organisations exists.
PARTNERS = (
    ("politie-limburg", "politie", "LIMBURG"),
    ("kmar", "kmar", None),
    ("overige-1", "overige-melder", None),
    ("zorgcoordinatie-1", "zorgcoordinator", None),
    ("comensha", "comensha", None),
    ("rapporteur", "rapporteur", None),
)
OINS: Mapping[str, str] = {name: f"9999999{number:013d}" for number, (name, _, _) in enumerate(PARTNERS, 1)}
SUBJECT_KEY, VIEW_KEY = bytes(32), bytes((2, *range(64)))
APPROVERS = {name: Ed25519PrivateKey.from_private_bytes(bytes([n] * 32)) for n, name in ((211, "fg"), (212, "beheer"))}
#: What each later release says otherwise than the one before it.
CHANGES = (
    (
        ("  consent: required\n  mask: [neutral, quasi, identity, special]", "  consent: none\n  mask: [neutral, quasi, identity, special]"),
        ("  mask: [neutral, quasi, identity, special]", "  mask: [neutral-generalised, quasi-generalised, identity, special]"),
        ("  mask: [neutral-generalised, quasi, special]", "  mask: [neutral-generalised, quasi-generalised, special]"),
    ),
    (("publishers: [zorgcoordinator, fairwork, overige-melder,", "publishers: [zorgcoordinator, fairwork,"),),
)  # fmt: skip
DISCLOSE = Ed25519PrivateKey.from_private_bytes(bytes([200] * 32))


@dataclass(frozen=True)
class Premises:
    """What is the same in every world of this process: keys, settings and processors."""

    partners: Mapping[str, PartnerSettings]
    keys: Mapping[str, PublisherKeys]
    processors: Mapping[str, Any]
    registry: Path
    releases: tuple[Release, ...]
    opening: ZoneKeys
    folder: tempfile.TemporaryDirectory[str]

    @staticmethod
    @cache
    def tokens(view: str) -> Tokens:
        """How an auditor translates the names of a view."""
        return Tokens(VIEW_KEY, view)


@cache
def premises() -> Premises:
    """Return the premises of this process, made at the first call and gone when the process ends."""
    folder = tempfile.TemporaryDirectory(prefix="ketenbus-simulation-")
    root = Path(folder.name)
    partners = {name: _partner(root, name, kind, unit) for name, kind, unit in PARTNERS}
    for name, raw in partners.items():
        (root / f"{name}.json").write_text(json.dumps(raw), "utf-8")
    settings = {name: PartnerSettings.of(raw, name) for name, raw in partners.items()}
    registry = root / "partners.yaml"
    registry.write_text(yaml.safe_dump({"partners": [_row(one) for one in settings.values()]}), "utf-8")
    keys = {name: PublisherKeys(one.keyring, one.oin) for name, one in settings.items()}
    releases = _releases()
    founding, approvers = root / "release-1.json", root / "approvers.yaml"
    founding.write_text(releases[0].text(), "utf-8")
    public = {name: _text(key.public_key().public_bytes_raw()) for name, key in APPROVERS.items()}
    rows = [{"id": name, "public_key": key} for name, key in public.items()]
    approvers.write_text(yaml.safe_dump({"approvers": rows}), "utf-8")
    processors = {
        name: made(
            ProcessorSettings(
                name, "", name, "", "", registry, _keys(root, name), release=founding, approvers=approvers
            )
        )
        for name, made in PROCESSORS.items()
    }
    opening = ZoneKeys(root / "keyring", [("*", "identity"), ("*", "special")])
    return Premises(settings, keys, processors, registry, releases, opening, folder)


def _releases() -> tuple[Release, ...]:
    """The project's register; one that asks less consent and shows less of who it is; one by which fewer report. Each names the same types."""
    texts = [LAW["activities.yaml"].read_text("utf-8")]
    for changes in CHANGES:
        text = texts[-1]
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        texts.append(text)
    made: list[Release] = []
    for number, text in enumerate(texts, 1):
        previous = made[-1].digest if made else ""
        release = Release(number=number, previous=previous, activities=text, rules=LAW["rules.yaml"].read_text("utf-8"))
        for name, key in APPROVERS.items():
            release = release.approved_by(name, key)
        made.append(release)
    return tuple(made)


def _partner(root: Path, name: str, kind: str, unit: str | None) -> dict[str, Any]:
    return {
        "id": name,
        "oin": OINS[name],
        "kind": kind,
        "unit": unit,
        "system": f"{name}-systeem",
        "kafka": "127.0.0.1:1",
        "user": name,
        "password": "made-up",
        "signing_key": base64.b64encode(bytes([int(OINS[name][-2:])] * 32)).decode(),
        "keyring": str(root / "keyring"),
        "view_public_key": _text(DISCLOSE.public_key().public_bytes_raw()),
    }


def _row(one: PartnerSettings) -> dict[str, Any]:
    public = _text(one.signing_key.public_key().public_bytes_raw())
    held = {"id": one.id, "oin": one.oin, "name": one.id, "kind": one.kind, "unit": one.unit}
    return {**held, "backfill": False, "public_key": public}


def _keys(root: Path, processor: str) -> dict[str, Any]:
    zone = {
        "keyring_folder": str(root / "keyring"),
        "view_public_key": _text(DISCLOSE.public_key().public_bytes_raw()),
    }
    match processor:
        case "admit":
            return {"subject": _text(SUBJECT_KEY)}
        case "disclose":
            return {"views": _text(VIEW_KEY), "signing": _text(DISCLOSE.private_bytes_raw())}
        case "registration":
            return {**zone, "keyring": [["*", "identity"], ["*", "special"]], "partner": str(root / "comensha.json")}
        case _:
            return {**zone, "keyring": [[OINS["comensha"], "special"]], "partner": str(root / "rapporteur.json")}


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
