"""The decisions of the real register, one row a case: `python -m tests.golden.decisions --write` after a change of law.

The rows are every (type, kind of publisher that may publish it, recipient, purpose, consent, safety); a review of the
difference in decisions.csv is a review of what the change of the register does.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from consent.known import Fact, replay
from consent.policy import decide
from consent.precedence import Consent, consent
from ketenbus.contract import contract
from tests.consent_facts import case, given, quarantined, refused, the_register, unobtainable, withdrawn

FILE = Path(__file__).with_name("decisions.csv")

#: How consent may stand, each made by facts that make it so for every recipient and purpose.
STATES: Mapping[Consent, Sequence[Fact]] = {
    Consent.GIVEN: [given()],
    Consent.QUARANTINED: [given(), quarantined("q")],
    Consent.CONFLICT: [given(), refused(given_by="REPRESENTATIVE")],
    Consent.REFUSED: [refused()],
    Consent.WITHDRAWN: [given("a"), withdrawn("a")],
    Consent.NOT_EXPLICIT: [given(explicit=False)],
    Consent.NO_AUTHORITY: [given(age_group="MINOR")],
    Consent.UNOBTAINABLE: [unobtainable()],
    Consent.NONE: [],
}


class Row(NamedTuple):
    """One decision, by a name that says what is decided."""

    name: str
    type: str
    publisher: str
    recipient: str
    purpose: str
    consent: str
    safety: str
    outcome: str
    activity: str
    mask: str
    reason: str


def rows() -> Iterator[Row]:
    """Yield every decision of the register as it is."""
    for declared in sorted(contract().types.values(), key=lambda t: t.name):
        for publisher in sorted(declared.publishers):
            for state, facts in STATES.items():
                known = replay(facts)
                for safety in (False, True):
                    for d in decide(the_register(), case(declared.name, publisher, safety=safety), known):
                        assert consent(known, d.recipient, d.purpose) is state
                        said = f"{publisher}'s {declared.name} to {d.recipient} for {d.purpose}, {state.value}"
                        yield Row(
                            f"{said}, safety" if safety else said,
                            declared.name,
                            publisher,
                            d.recipient,
                            d.purpose,
                            state.value,
                            "recorded" if safety else "none",
                            d.outcome,
                            d.activity,
                            d.mask_name,
                            " ".join(d.reasons),
                        )


def write(path: Path = FILE) -> None:
    """Write the decisions of the register as it is."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(Row._fields)
        writer.writerows(sorted(rows()))


def read(path: Path = FILE) -> list[Row]:
    """Return the decisions as they were written."""
    with path.open(encoding="utf-8", newline="") as text:
        reader = csv.reader(text)
        assert tuple(next(reader)) == Row._fields
        return [Row(*row) for row in reader]


def differences(was: Sequence[Row], now: Sequence[Row]) -> list[str]:
    """Return a line for every decision that came, went or changed."""
    before, after = {row.name: row for row in was}, {row.name: row for row in now}
    lines = [f"- {name}: {_said(before[name])}" for name in sorted(before.keys() - after.keys())]
    lines += [f"+ {name}: {_said(after[name])}" for name in sorted(after.keys() - before.keys())]
    lines += [
        f"~ {name}: {_said(before[name])} -> {_said(after[name])}"
        for name in sorted(before.keys() & after.keys())
        if before[name] != after[name]
    ]
    return lines


def _said(row: Row) -> str:
    return f"{row.outcome} [{row.mask}] by {row.activity or 'no activity'} ({row.reason})"


def main() -> int:
    """Print what differs from decisions.csv; with --write, write it."""
    parser = argparse.ArgumentParser(prog="python -m tests.golden.decisions", description=__doc__)
    parser.add_argument("--write", action="store_true")
    found = differences(read() if FILE.exists() else [], sorted(rows()))
    print(*found, sep="\n", end="\n" if found else "")
    if parser.parse_args().write:
        write()
        return 0
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
