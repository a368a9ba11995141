"""The law with one rule left out, as data: what `demo --without RULE` runs the same code on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from streams.runtime.settings import LAW

Documents = dict[str, Any]


def _linking(law: Documents) -> None:
    law["persons.yaml"] |= {"join_by": [], "desk_links": False}


def _deduplication(law: Documents) -> None:
    for table in law["tables"].values():
        table["once_per"] = []


def _kmar_exclusion(law: Documents) -> None:
    for table in law["tables"].values():
        table["exclude"] = []
        table["series"] = {name: [] for name in table.get("series", {})}


def _hierarchy(law: Documents) -> None:
    for table in law["tables"].values():
        table["hierarchy"] = False


def _consent(law: Documents) -> None:
    for activity in law["activities.yaml"]:
        activity["consent"] = "none"


def _correction(law: Documents) -> None:
    law["rules.yaml"] |= {"withhold_superseded": False, "withhold_retracted": False}


def _recall(law: Documents) -> None:
    for activity in law["activities.yaml"]:
        activity["recalls"] = False


RULES: dict[str, Callable[[Documents], None]] = {
    "linking": _linking,
    "deduplication": _deduplication,
    "kmar-exclusion": _kmar_exclusion,
    "hierarchy": _hierarchy,
    "consent": _consent,
    "correction": _correction,
    "recall": _recall,
}


def write(rule: str, folder: Path) -> Path:
    """Write the law without `rule` into `folder`, and return the folder."""
    law: Documents = {name: yaml.safe_load(path.read_text("utf-8")) for name, path in LAW.items() if name != "tables"}
    law["tables"] = {
        path.name: yaml.safe_load(path.read_text("utf-8")) for path in sorted(LAW["tables"].glob("*.yaml"))
    }
    RULES[rule](law)
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    for name, document in law["tables"].items():
        _dump(folder / "tables" / name, document)
    for name in ("activities.yaml", "rules.yaml", "persons.yaml"):
        _dump(folder / name, law[name])
    return folder


def _dump(path: Path, document: Any) -> None:
    path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), "utf-8")
