"""Prints what a made-up history holds: `python -m sandbox --scale 0.05 --targets random --seed 7`."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Mapping, Sequence

from sandbox.fit import fit
from sandbox.history import tell
from sandbox.partners import publishers
from sandbox.targets import Targets, published, random_targets, scaled
from sandbox.truth import expected


def wanted(targets: str, scale: float, seed: int) -> Targets:
    """Return the targets that go by this name on the command line."""
    return random_targets(seed, scale) if targets == "random" else scaled(published(), scale)


def made_up_oins() -> dict[str, str]:
    """Return an OIN for each partner that nobody has: twenty digits that begin with nines."""
    return {partner: f"99999999{at:012d}" for at, partner in enumerate(publishers(), start=1)}


def summary(targets: str, scale: float, seed: int) -> list[str]:
    """Return the lines that describe a history: its events, faults, slack per table, and what must come out."""
    plan = fit(wanted(targets, scale, seed), seed)
    story = tell(plan, seed, made_up_oins())
    truth = expected(story)
    reports = Counter({f"{outcome.outcome} {outcome.reason}": n for outcome, n in truth.reports.items()})
    return [
        f"persons {len(story.persons)} events {len(story.events)}",
        f"admitted {truth.admitted} repeated {truth.repeated} quarantined {sum(truth.quarantined.values())}",
        _line("events", Counter(event.type for event in story.events)),
        _line("reports", reports),
        _line("faults", truth.quarantined),
        _line("slack", plan.slack),
    ]


def _line(name: str, counts: Mapping[str, int]) -> str:
    return f"{name}: " + ", ".join(f"{key} {counts[key]}" for key in sorted(counts))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the summary, and on the last line how long it took."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--targets", choices=("published", "random"), default="published")
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args(arguments)
    began = time.perf_counter()
    print("\n".join(summary(chosen.targets, chosen.scale, chosen.seed)))
    print(f"seconds {time.perf_counter() - began:.1f}")


if __name__ == "__main__":
    main()
