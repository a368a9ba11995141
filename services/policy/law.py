"""The register as its files say it, before anything of ours has read it: for who translates, and for who weakens it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from streams.runtime.settings import LAW


@dataclass(frozen=True, slots=True)
class RawLaw:
    """The rows of the register and the rules over all of them, as parsed YAML."""

    activities: list[dict[str, Any]]
    rules: dict[str, Any]


def raw_law() -> RawLaw:
    """Return the released register."""
    return RawLaw(
        yaml.safe_load(LAW["activities.yaml"].read_text("utf-8")), yaml.safe_load(LAW["rules.yaml"].read_text("utf-8"))
    )
