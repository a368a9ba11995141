"""What a run of the demo was asked and what it found: kept in memory, written as JSON and CSV, read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from infra.local.files import read_json
from infra.local.settings import ROOT
from ketenbus.errors import BusError
from sandbox import targets, truth
from services.account.account import Account, fingerprint
from services.cli.chaos import Strike
from services.cli.compare import Compared

OUT = ROOT / "out" / "demo"


@dataclass(frozen=True, slots=True)
class Options:
    """What to run."""

    scale: float = 1.0
    targets: str = "published"
    seed: int = 1
    without: str | None = None
    shuffle: int | None = None
    times: int = 1
    chaos: str | None = None
    out: Path = OUT


@dataclass(slots=True)
class Result:
    """What a run found."""

    options: Options
    compared: tuple[Compared, ...]
    account: Account
    expected: truth.Expected
    standing: tuple[str, ...]
    events: int
    kills: list[Strike]
    seconds: dict[str, float] = field(default_factory=dict)
    peak_bytes: int = 0
    slack: Mapping[str, int] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """The hash of the standing of partners' events and the content of the records in force."""
        return fingerprint(self.standing)

    def count(self, state: str) -> int:
        """Return how many cells are in that state."""
        return sum(c.state == state for c in self.compared)

    @property
    def wrong_outcomes(self) -> list[tuple[tuple[str, str, str, str], int, int]]:
        """Return the outcomes whose count is not what the history intends: (outcome, counted, intended)."""
        intended = {(o.recipient, o.purpose, o.outcome, o.reason): n for o, n in self.expected.outcomes.items()}
        return [
            (key, self.account.outcomes.get(key, 0), intended.get(key, 0))
            for key in sorted({*self.account.outcomes, *intended})
            if self.account.outcomes.get(key, 0) != intended.get(key, 0)
        ]


def stored_report(out: Path = OUT) -> dict[str, Any]:
    """Return the last run's report; raises BusError when there is none."""
    found = read_json(out / "report.json")
    if found is None:
        raise BusError(f"no report in {out}: run ./ketenbus demo first")
    report: dict[str, Any] = found
    return report


def report(result: Result) -> dict[str, object]:
    """Return what a run found as plain data: `report.json`."""
    by_table: dict[str, dict[str, dict[str, float]]] = {}
    for c in result.compared:
        by_table.setdefault(c.cell.table, {}).setdefault(c.cell.row, {})[c.cell.column] = c.counted
    balance = asdict(result.account.balance) | {"difference": result.account.balance.difference}
    return {
        "options": {k: str(v) if isinstance(v, Path) else v for k, v in asdict(result.options).items()},
        "tables": by_table,
        "targets": [
            {
                "table": c.cell.table,
                "row": c.cell.row,
                "column": c.cell.column,
                "target": c.target,
                "bounds": c.bounds,
                "state": c.state,
            }
            for c in result.compared
        ],
        "errata": [asdict(e) for e in targets.errata()]
        if result.options.scale == 1 and result.options.targets == "published"
        else [],
        "outcomes": [
            {"recipient": r, "purpose": p, "outcome": o, "reason": why, "count": n}
            for (r, p, o, why), n in sorted(result.account.outcomes.items())
        ],
        "quarantine": dict(sorted(result.account.quarantine.items())),
        "balance": balance,
        "standing": result.sha256,
        "events": result.events,
        "kills": [asdict(k) for k in result.kills],
        "seconds": {name: round(value, 2) for name, value in result.seconds.items()},
        "peak_mib": round(result.peak_bytes / 2**20, 1),
    }


def write_json_report(result: Result) -> Path:
    """Write report.json and the tables as CSV, and return the folder."""
    out = result.options.out
    content = report(result)
    (out / "report.json").write_text(json.dumps(content, indent=1), "utf-8")
    (out / "standing.txt").write_text("\n".join(sorted(result.standing)), "utf-8")
    folder = out / "tables"
    folder.mkdir(exist_ok=True)
    for table, rows in content["tables"].items():  # type: ignore[attr-defined]
        columns = list(next(iter(rows.values())))
        wanted = sorted(
            {c for row in rows.values() for c in row}, key=lambda c: columns.index(c) if c in columns else 99
        )
        lines = [",".join(["row", *wanted])]
        lines += [",".join([row, *(str(values.get(c, "")) for c in wanted)]) for row, values in rows.items()]
        (folder / f"figure-{table}.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return out
