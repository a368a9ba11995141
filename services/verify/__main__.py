"""`python -m services.verify --data <platform data> --report <report.json>`: recount a platform that is running."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from ketenbus.errors import BusError
from services.verify.agreement import compare
from services.verify.recount import recount

REGISTER = Path(__file__).parents[2] / "consent" / "register"


def main() -> int:
    """Print every difference and `agree N of M`; return 0 only when all agree."""
    parser = argparse.ArgumentParser(prog="python -m services.verify", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the platform's data folder")
    parser.add_argument("--report", type=Path, required=True, help="the demo's report.json")
    parser.add_argument("--register", type=Path, default=REGISTER, help="folder of the register it was judged by")
    asked = parser.parse_args()
    try:
        admin = json.loads((asked.data / "secrets" / "admin.json").read_text("utf-8"))
        report = json.loads(asked.report.read_text("utf-8"))
        found = recount(admin, asked.data, asked.register, lambda line: print(line, file=sys.stderr))
    except (BusError, FileNotFoundError) as error:
        print(f"verify: {error}", file=sys.stderr)
        return 2
    for check in found.checks:
        print(check)
    agreement = compare(found, report)
    for difference in agreement.differences:
        print(f"differs: {difference}")
    print(agreement)
    return 0 if agreement.n == agreement.of else 1


if __name__ == "__main__":
    sys.exit(main())
